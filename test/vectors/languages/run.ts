import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { VectorFile } from '../generate.ts'

const run = promisify(execFile)

export const DOCS: string = fileURLToPath(new URL('../../../docs/upstreams/', import.meta.url))
export const HERE: string = fileURLToPath(new URL('./', import.meta.url))

/** What a verifier said about one vector. */
export interface Said {
  readonly name: string
  readonly verdict: 'user' | 'refused'
  readonly sub?: string
  readonly why?: string
}

/** A program with its arguments, ready to be given a vector file. */
export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** A work folder of a language, kept between runs so that libraries are fetched once. */
export function workFolder(language: string): string {
  const folder = join(tmpdir(), 'postern-upstreams', language)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Runs a tool; throws with its output when it fails. */
export async function tool(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await run(command, args, { cwd, maxBuffer: 16_000_000, timeout: 240_000 })
  return stdout
}

/** Why a language cannot be tried on this machine; null when its tools answer. */
export async function lacks(...commands: readonly (readonly string[])[]): Promise<string | null> {
  for (const [command = '', ...args] of commands) {
    try {
      await run(command, args, { timeout: 30_000 })
    } catch {
      return command
    }
  }
  return null
}

/** Whether a language can be tried here; in CI every one must be. */
export async function tried(missing: string | null, skip: (note: string) => void): Promise<boolean> {
  if (missing === null) return true
  const problem = `NOT TESTED HERE: ${missing} does not run on this machine`
  if (process.env['CI'] === 'true') throw new Error(problem)
  process.stderr.write(`\n${problem}\n`)
  skip(problem)
  return false
}

/** Judges all vectors with a program: the keys come over HTTP; `fetches` counts how often it asked for them. */
export async function judge(program: Program, file: VectorFile): Promise<{ said: readonly Said[]; fetches: number }> {
  let fetches = 0
  const server = createServer((_, response) => {
    fetches += 1
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(file.jwks))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const path = join(workFolder('vectors'), `${port}.json`)
  writeFileSync(path, JSON.stringify(file))
  try {
    const { stdout } = await run(program.command, [...program.args, path], {
      env: {
        ...process.env,
        ...program.env,
        POSTERN_ISSUER: file.issuer,
        POSTERN_AUDIENCE: file.audience,
        POSTERN_JWKS: `http://127.0.0.1:${port}/jwks.json`,
      },
      timeout: 60_000,
    })
    return { said: JSON.parse(stdout), fetches }
  } finally {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
}

/** Python 3 with PyJWT in a virtual environment. */
export async function python(): Promise<Program> {
  const folder = workFolder('python')
  const [bin, requirements] = [join(folder, 'venv', 'bin'), join(HERE, 'python', 'requirements.txt')]
  await tool('python3', ['-m', 'venv', join(folder, 'venv')], folder)
  await tool(join(bin, 'pip'), ['install', '--quiet', '--disable-pip-version-check', '-r', requirements], folder)
  const env = { PYTHONPATH: join(DOCS, 'python'), PYTHONDONTWRITEBYTECODE: '1' }
  return { command: join(bin, 'python'), args: [join(HERE, 'python', 'run.py')], env }
}

/** Go with golang-jwt and keyfunc; `other` is one text of the verifier that is written otherwise. */
export async function go(other?: { readonly minute: string; readonly short: string }): Promise<Program> {
  const folder = workFolder(other === undefined ? 'go' : 'go-hastened')
  cpSync(join(HERE, 'go'), folder, { recursive: true })
  const code = readFileSync(join(DOCS, 'go', 'verify.go'), 'utf8')
  mkdirSync(join(folder, 'postern'), { recursive: true })
  writeFileSync(
    join(folder, 'postern', 'verify.go'),
    other === undefined ? code : code.replace(other.minute, other.short),
  )
  await tool('go', ['vet', './...'], folder)
  await tool('go', ['build', '-o', 'vectors', '.'], folder)
  return { command: join(folder, 'vectors'), args: [] }
}

/** Verifiers of which the folder is to be removed. */
export interface Hastened {
  readonly folder: string
  readonly python: Readonly<Record<string, string>>
  readonly node: Program
}

/**
 * The verifiers of Python and Node as docs/upstreams have them but for one number: for how long they do not ask again
 * for a key they do not know.
 */
export function hastened(seconds: number): Hastened {
  const folder = mkdtempSync(join(tmpdir(), 'postern-hastened-'))
  const rewrite = (path: string, minute: string, short: string) => {
    const code = readFileSync(join(DOCS, path), 'utf8')
    if (code.split(minute).length !== 2) throw new Error(`docs/upstreams/${path} does not say "${minute}" once`)
    writeFileSync(join(folder, path.split('/').at(-1) ?? ''), code.replace(minute, short))
  }
  rewrite('python/postern_verify.py', 'cooldown_duration=60', `cooldown_duration=${seconds}`)
  rewrite('node/postern-verify.mjs', 'cooldownDuration: 60_000', `cooldownDuration: ${seconds}_000`)
  symlinkSync(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(folder, 'node_modules'))
  const env = { POSTERN_VERIFIER: join(folder, 'postern-verify.mjs') }
  return {
    folder,
    python: { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
    node: { command: process.execPath, args: [join(HERE, 'node', 'run.mjs')], env },
  }
}

/** PHP with nothing beside it. */
export async function php(): Promise<Program> {
  const env = { POSTERN_VERIFIER: join(DOCS, 'php', 'postern_verify.php') }
  return { command: 'php', args: [join(HERE, 'php', 'run.php')], env }
}

/** Java with Nimbus. */
export async function java(): Promise<Program> {
  const folder = workFolder('java')
  const [libraries, classes] = [join(folder, 'libraries'), join(folder, 'classes')]
  const pom = join(HERE, 'java', 'pom.xml')
  await tool('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${libraries}`], folder)
  const sources = [join(DOCS, 'java', 'PosternVerifier.java'), join(HERE, 'java', 'Run.java')]
  await tool('javac', ['-d', classes, '-cp', `${libraries}/*`, ...sources], folder)
  return { command: 'java', args: ['-cp', `${classes}:${libraries}/*`, 'Run'] }
}

/** A Spring resource server, which configures itself from the issuer alone. */
export async function spring(): Promise<Program> {
  const folder = workFolder('spring')
  const [libraries, classes] = [join(folder, 'libraries'), join(folder, 'classes')]
  const pom = join(HERE, 'spring', 'pom.xml')
  await tool('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${libraries}`], folder)
  await tool('javac', ['-d', classes, '-cp', `${libraries}/*`, join(HERE, 'spring', 'Run.java')], folder)
  return { command: 'java', args: ['-cp', `${classes}:${libraries}/*`, 'Run'] }
}
