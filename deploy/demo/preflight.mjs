// biome-ignore-all lint/style/useNodejsImportProtocol: Node 12 and 14 do not know the prefix in modules.
// WHY: this file and start.mjs are read by whatever Node the machine has, so they are written in old syntax (Node 12).
import { spawn } from 'child_process'
import { existsSync } from 'fs'
import { join } from 'path'

/** The oldest Node that runs this repository: it strips types by itself. */
export const NEEDED = [22, 18]

/** Whether a version such as `20.19.1` is new enough. 23.0 to 23.5 do not strip types. */
export function isNewEnough(version) {
  const parts = version.split('.').map(Number)
  if (parts[0] === 23) return parts[1] >= 6
  return parts[0] > NEEDED[0] || (parts[0] === NEEDED[0] && parts[1] >= NEEDED[1])
}

/** The Node that was installed with the project; null when there is none. */
export function ownNode(root) {
  const names = process.platform === 'win32' ? ['node.exe', 'node.cmd'] : ['node']
  for (let index = 0; index < names.length; index += 1) {
    const path = join(root, 'node_modules', '.bin', names[index])
    if (existsSync(path)) return path
  }
  return null
}

/**
 * What to do on this machine: `run` with this Node, `hand-over` to the project's own, or `stop` with one clear line.
 *
 * @param {string} root - the repository
 * @param {string} version - of the running Node, without the `v`
 * @param {readonly string[]} packages - that must be installed
 */
export function judge(root, version, packages) {
  const missing = packages.filter((name) => !existsSync(join(root, 'node_modules', name, 'package.json')))
  if (missing.length > 0) {
    const what = missing.length === packages.length ? 'the packages are' : `${missing.join(', ')} is`
    return { kind: 'stop', message: `${what} not installed; run "npm ci" in ${root}` }
  }
  if (isNewEnough(version)) return { kind: 'run' }
  const own = ownNode(root)
  if (own !== null) return { kind: 'hand-over', node: own }
  const needed = NEEDED.join('.')
  return {
    kind: 'stop',
    message: `Node ${version} is too old, ${needed} is needed; run "npm ci" to get one, or install a newer Node`,
  }
}

/** Runs the same program on another Node; signals go on to it, its end is ours. */
export function handOver(node, file, args) {
  const child = spawn(node, [file].concat(args), { stdio: 'inherit' })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  signals.forEach((signal) => {
    process.on(signal, () => child.kill(signal))
  })
  child.on('error', (error) => {
    console.error(`postern demo: ${node} does not start: ${error.message}`)
    process.exit(3)
  })
  child.on('exit', (code) => process.exit(code === null ? 1 : code))
}
