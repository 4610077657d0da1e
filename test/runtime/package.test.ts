import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePorts } from '../support/ports.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-package-'))
const home = join(folder, 'node_modules', 'postern')

/** A program of somebody who installed the package: it verifies a good assertion of the shared vectors. */
const PROGRAM = `
import { readFileSync } from 'node:fs'
import { localKeys, verifyAssertion } from 'postern/verify'
const vectors = JSON.parse(readFileSync('vectors.json', 'utf8'))
const wanted = vectors.vectors.find((one) => one.name === 'good')
const { issuer, audience, now, jwks } = vectors
const verified = await verifyAssertion(wanted.token, { keys: localKeys(jwks), issuer, audience, now: () => now })
console.log(verified.kind)
`

/** The same as a Worker: what it verified is its answer. */
const WORKER = `
import { localKeys, verifyAssertion } from 'postern/verify'
import vectors from './vectors.json'
const { issuer, audience, now, jwks } = vectors
const options = { keys: localKeys(jwks), issuer, audience, now: () => now }
export default {
  async fetch() {
    const said = await Promise.all(
      vectors.vectors.map(({ token }) => verifyAssertion(token, options).then(({ kind }) => kind, ({ code }) => code)),
    )
    return Response.json(said)
  },
}
`

/** What a TypeScript upstream writes. */
const TYPED = `
import { guard, remoteKeys, type Verified, type VerifiedUser, verifyAssertion } from 'postern/verify'
const options = { issuer: 'https://play.example.com/auth', audience: 'rooms', keys: remoteKeys('https://play.example.com/k') }
export const strict = guard(options, (_request, player: VerifiedUser) => new Response(player.id))
export const loose = guard({ ...options, anonymous: 'allow' }, (_request, caller) => new Response(caller.kind))
export const either: Promise<Verified> = verifyAssertion('a.b.c', options)
`

/** The same with one line that must not compile: nobody has no id. */
const MISTYPED = `${TYPED}export const wrong = guard({ ...options, anonymous: 'allow' }, (_request, caller) => new Response(caller.id))
`

const capnp = (port: number) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .upstream)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const upstream :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-08-01",
);
`

async function untilSaid(url: string): Promise<unknown> {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await fetch(url).catch(() => null)
    if (answer !== null) return answer.json()
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error('the Worker does not answer')
}

beforeAll(() => {
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { encoding: 'utf8' })
  const [{ filename }] = JSON.parse(packed.slice(packed.indexOf('['))) as [{ filename: string }]
  mkdirSync(home, { recursive: true })
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', home, '--strip-components=1'])
  // What npm would install beside it.
  for (const name of ['jose', 'hono']) symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name))
  cpSync('test/vectors/assertions.vectors.json', join(folder, 'vectors.json'))
  writeFileSync(join(folder, 'program.mjs'), PROGRAM)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the packed package', () => {
  test('holds JavaScript and types, and no TypeScript source, test or secret', () => {
    const files = execFileSync('find', [home, '-type', 'f'], { encoding: 'utf8' }).trim().split('\n')
    const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    expect(sources).toEqual([])
    expect(files.some((file) => file.endsWith('dist/verify/index.js'))).toBe(true)
    expect(files.filter((file) => /\.test\.|\.dev\.vars|\.sqlite$/.test(file.slice(home.length)))).toEqual([])
    expect(readFileSync(join(home, 'dist/verify/index.d.ts'), 'utf8')).toContain('verifyAssertion')
  })

  test('postern/verify runs on Node', () => {
    const said = execFileSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' })
    expect(said.trim()).toBe('user')
  })

  test('postern/verify judges every vector in a Worker', async () => {
    writeFileSync(join(folder, 'worker.mjs'), WORKER)
    const out = join(folder, 'out')
    const bundler = [
      resolve('node_modules/wrangler/bin/wrangler.js'),
      'deploy',
      'worker.mjs',
      '--dry-run',
      '--outdir',
      out,
    ]
    const quiet = { WRANGLER_SEND_METRICS: 'false', WRANGLER_WRITE_LOGS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' }
    const named = ['--name', 'upstream', '--compatibility-date', '2026-08-01']
    execFileSync(process.execPath, [...bundler, ...named], { cwd: folder, env: { ...process.env, ...quiet } })
    const port = await freePorts(1)
    writeFileSync(join(out, 'config.capnp'), capnp(port))
    const worker = spawn(resolve('node_modules/.bin/workerd'), ['serve', join(out, 'config.capnp')])
    const said = await untilSaid(`http://127.0.0.1:${port}/`).finally(() => worker.kill())
    const { vectors } = JSON.parse(readFileSync('test/vectors/assertions.vectors.json', 'utf8'))
    const wanted = (vectors as { expect: string; says: string }[]).map((one) =>
      one.expect === 'refused' ? one.says : one.expect,
    )
    expect(said).toEqual(wanted)
  }, 60_000)

  test('postern/verify is typed: who may be nobody has no id', () => {
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'esnext',
      '--lib',
      'esnext,dom',
      '--types',
      '',
    ]
    const compiled = (text: string) => {
      writeFileSync(join(folder, 'typed.ts'), text)
      const tsc = [resolve('node_modules/typescript/bin/tsc'), ...options, 'typed.ts']
      return spawnSync(process.execPath, tsc, { cwd: folder, encoding: 'utf8' }).stdout.trim().split('\n')
    }
    expect(compiled(TYPED)).toEqual([''])
    const line = MISTYPED.split('\n').findIndex((text) => text.includes('wrong')) + 1
    expect(compiled(MISTYPED)[0]).toMatch(
      new RegExp(`^typed\\.ts\\(${line},\\d+\\): error TS2339: Property 'id' does not exist`),
    )
  }, 60_000)

  test('postern/verify runs on Deno', () => {
    const deno = resolve('node_modules/deno/deno')
    const args = ['run', '--node-modules-dir=manual', '--allow-read', '--allow-env', 'program.mjs']
    expect(execFileSync(deno, args, { cwd: folder, encoding: 'utf8' }).trim()).toBe('user')
  })
})
