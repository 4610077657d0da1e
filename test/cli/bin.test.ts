import { spawnSync } from 'node:child_process'
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { deployment } from './support/deployment.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BIN = join(ROOT, 'bin', 'postern.mjs')

function postern(cwd: string, args: readonly string[], bin: string = BIN) {
  const ended = spawnSync(process.execPath, [bin, ...args], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '' },
  })
  return { code: ended.status, out: ended.stdout, err: ended.stderr }
}

/** `bin` of Postern in a folder of its own, as it would be installed. */
function installed(place: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bin-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const root = join(folder, place)
  mkdirSync(join(root, 'bin'), { recursive: true })
  cpSync(BIN, join(root, 'bin', 'postern.mjs'))
  return root
}

test('postern.mjs runs the command line of the repository in the folder where it is called', () => {
  const here = deployment()
  expect(postern(here.folder, ['check'])).toEqual({ code: 0, out: '6 rules, 3 roles, 4 tests: no problem\n', err: '' })
})

test('postern.mjs hands on the exit code', () => {
  expect(postern(deployment({}).folder, ['check']).code).toBe(3)
  expect(postern(deployment({}).folder, ['chekc']).code).toBe(2)
})

test('postern.mjs prints no color to a pipe', () => {
  const here = deployment()
  here.write('policies/game.yaml', 'rules: [')
  expect(postern(here.folder, ['check']).out).not.toContain('\u001b')
})

test('postern.mjs runs what the package was built into', () => {
  const root = installed('node_modules/postern')
  mkdirSync(join(root, 'dist', 'cli'), { recursive: true })
  mkdirSync(join(root, 'src', 'cli'), { recursive: true })
  writeFileSync(join(root, 'dist', 'cli', 'postern.js'), 'console.log("built")')
  writeFileSync(join(root, 'src', 'cli', 'postern.ts'), 'console.log("sources")')
  expect(postern(root, [], join(root, 'bin', 'postern.mjs'))).toMatchObject({ code: 0, out: 'built\n' })
})

test('postern.mjs says that an installation is not complete', () => {
  const root = installed('node_modules/postern')
  const { code, err } = postern(root, [], join(root, 'bin', 'postern.mjs'))
  expect(code).toBe(3)
  expect(err).toMatch(/^postern: this installation is not complete: .*dist is missing; install it again\n$/)
})

/** A Node of another age than this one: the same, which says so. */
function pretendVersion(root: string): string {
  const preload = join(root, 'old.cjs')
  writeFileSync(
    preload,
    "if (!process.env.POSTERN_HANDED_OVER) Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.1' } })\n",
  )
  return preload
}

test('postern.mjs hands over to the Node of the project when this one is too old', () => {
  const root = installed('project')
  mkdirSync(join(root, 'src', 'cli'), { recursive: true })
  mkdirSync(join(root, 'node_modules', '.bin'), { recursive: true })
  symlinkSync(process.execPath, join(root, 'node_modules', '.bin', 'node'))
  writeFileSync(join(root, 'src', 'cli', 'postern.ts'), 'console.log(...process.argv.slice(2)); process.exitCode = 1')
  const args = ['--require', pretendVersion(root), join(root, 'bin', 'postern.mjs'), 'check', '--json']
  const ended = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  expect({ code: ended.status, out: ended.stdout, err: ended.stderr }).toEqual({
    code: 1,
    out: 'check --json\n',
    err: '',
  })
})

test('postern.mjs says which Node is needed when there is none', () => {
  const root = installed('project')
  mkdirSync(join(root, 'src', 'cli'), { recursive: true })
  writeFileSync(join(root, 'src', 'cli', 'postern.ts'), '')
  const args = ['--require', pretendVersion(root), join(root, 'bin', 'postern.mjs')]
  const ended = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  expect({ code: ended.status, err: ended.stderr }).toEqual({
    code: 3,
    err: 'postern: Node 20.19.1 is too old, 22.18 or later is needed: run "npm ci" to get one, or install a newer Node\n',
  })
})

test('postern.mjs may be executed', () => {
  expect(statSync(BIN).mode & 0o111).toBe(0o111)
})

test.runIf(existsSync('/dev/full'))('postern.mjs says that its output could not be written', () => {
  const full = openSync('/dev/full', 'w')
  onTestFinished(() => closeSync(full))
  const { status, stderr } = spawnSync(process.execPath, [BIN, 'keys', 'generate'], {
    encoding: 'utf8',
    stdio: ['ignore', full, 'pipe'],
  })
  expect(status).toBe(3)
  expect(stderr).toMatch(/^standard output cannot be written: ENOSPC.*; what was printed is not whole\n$/)
})
