#!/usr/bin/env node
// biome-ignore-all lint/style/useNodejsImportProtocol: Node 12 and 14 do not know the prefix in modules.
// WHY: read by whatever Node the machine has, so it is written in old syntax (Node 12): no top-level await, no `??`.
import { spawnSync } from 'child_process'
import { existsSync } from 'fs'
import { dirname, join, sep } from 'path'
import { fileURLToPath, pathToFileURL } from 'url'

const ENVIRONMENT = 3
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const isInstalled = root.split(sep).indexOf('node_modules') !== -1

/** Whether a Node strips types, and has what the command line uses: 22.18 and later, but not 23.0 to 23.5. */
function isNewEnough(version) {
  const parts = version.split('.').map(Number)
  if (parts[0] === 22) return parts[1] >= 18
  if (parts[0] === 23) return parts[1] >= 6
  return parts[0] > 23
}

/** The program: the sources of the repository, or what the package was built into; no types are stripped below node_modules. */
function findProgram() {
  const built = join(root, 'dist', 'cli', 'postern.js')
  const sources = join(root, 'src', 'cli', 'postern.ts')
  const inOrder = isInstalled ? [built] : [sources, built]
  return inOrder.filter(existsSync)[0]
}

/** A Node that was installed as a package: beside this one, or with the project that uses it. */
function findNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const places = [root, process.cwd(), join(root, '..', '..')]
  return places.map((place) => join(place, 'node_modules', '.bin', name)).filter(existsSync)[0]
}

function stop(message) {
  console.error(`postern: ${message}`)
  process.exitCode = ENVIRONMENT
}

function handOver(node) {
  // WHY: the other Node runs this file again; a mark keeps two old ones from calling each other for ever.
  const env = Object.assign({}, process.env, { POSTERN_HANDED_OVER: '1' })
  const file = fileURLToPath(import.meta.url)
  const ended = spawnSync(node, [file].concat(process.argv.slice(2)), { stdio: 'inherit', env: env })
  if (ended.error) stop(`${node} does not start: ${ended.error.message}`)
  else process.exitCode = ended.status === null ? ENVIRONMENT : ended.status
}

const program = findProgram()
const version = process.versions.node
const own = isNewEnough(version) || process.env.POSTERN_HANDED_OVER ? undefined : findNode()

if (program === undefined) stop(`this installation is not complete: ${join(root, 'dist')} is missing; install it again`)
else if (isNewEnough(version)) {
  delete process.env.POSTERN_HANDED_OVER
  import(pathToFileURL(program).href).catch((error) => stop(error.stack || String(error)))
} else if (own !== undefined) handOver(own)
else stop(`Node ${version} is too old, 22.18 or later is needed: run "npm ci" to get one, or install a newer Node`)
