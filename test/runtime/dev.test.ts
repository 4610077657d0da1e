import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask } from '../support/http.ts'
import { freePorts } from '../support/ports.ts'

const BIN = fileURLToPath(new URL('../../bin/postern.mjs', import.meta.url))
const ENV = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' }

let folder: string
let port: number
let child: ChildProcess | null = null
let printed = ''

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'postern-dev-'))
  port = await freePorts(2)
  printed = ''
  spawnSync(process.execPath, [BIN, 'init', '--upstream', `game=http://127.0.0.1:${port + 1}`], {
    cwd: folder,
    env: ENV,
  })
})
afterEach(async () => {
  await end('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await check()) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${what} did not come about within 30 s\n${printed}`)
}

const said = (text: string, times = 1) => until(`"${text}"`, () => printed.split(text).length > times)

function start(...more: readonly string[]): void {
  const started = spawn(process.execPath, [BIN, 'dev', '--port', String(port), ...more], { cwd: folder, env: ENV })
  started.stdout.on('data', (chunk) => (printed += chunk))
  started.stderr.on('data', (chunk) => (printed += chunk))
  child = started
}

async function end(signal: NodeJS.Signals): Promise<number | null> {
  const ending = child
  child = null
  if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return ending?.exitCode ?? null
  const gone = new Promise<number | null>((resolve) => ending.once('exit', resolve))
  ending.kill(signal)
  return gone
}

const get = (path: string) => ask(`http://localhost:${port}${path}`, { headers: { accept: 'application/json' } })
const isSilent = () =>
  get('/auth/livez').then(
    () => false,
    () => true,
  )

function edit(path: string, from: string, to: string): void {
  const text = readFileSync(join(folder, path), 'utf8')
  expect(text).toContain(from)
  writeFileSync(join(folder, path), text.replace(from, to))
}

describe('postern dev in a folder that init wrote', () => {
  test('serves, tells what there is, keeps the old policy while the new one is bad, and ends with 0', async () => {
    start()
    await said(`gateway: http://localhost:${port} serves`)
    expect(printed).toContain('policy: 3 rules, 2 roles, 7 tests')
    expect(printed).toContain('rule: * /admin/* -> game: session; admin.system  (policies/game.yaml:13)')
    expect(printed).toContain(`provider google: callback URL http://localhost:${port}/auth/callback/google`)
    expect(printed).toContain('provider google: GOOGLE_CLIENT_SECRET is not set, so no sign-in will succeed')
    expect(printed).toContain(`upstream game: nothing listens at http://127.0.0.1:${port + 1}`)
    expect((await get('/play')).status).toBe(401)
    await said('GET /play: challenge:no-session 401, by * /*')

    edit('policies/game.yaml', 'permission: admin.system', 'permission: admin.sytem')
    await said('policies/game.yaml:14:17: PST204 unknown permission "admin.sytem"; did you mean "admin.system"?')
    expect((await get('/play')).status).toBe(401)

    edit(
      'policies/game.yaml',
      'permission: admin.sytem\n',
      'permission: admin.system\n  - path: /news\n    access: deny\n',
    )
    await said('policies reloaded: 4 rules')
    expect((await get('/news')).status).toBe(403)

    expect(await end('SIGINT')).toBe(0)
    expect(await isSilent()).toBe(true)
  }, 90_000)

  test('takes up a configuration that is saved, and keeps the old one while the new one is bad', async () => {
    start()
    await said('serves; Ctrl-C ends it')
    edit('hono.config.ts', 'origin:', 'orign: 1,\n  origin:')
    await said('hono.config.ts: PST501 orign is not a known setting; did you mean "origin"?')
    expect((await get('/auth/livez')).status).toBe(200)
    edit('hono.config.ts', 'orign: 1,', 'nonsense: {')
    await until('its line', () => /hono\.config\.ts:\d+:\d+: PST500 cannot be loaded: /.test(printed))
    expect((await get('/auth/livez')).status).toBe(200)
    edit('hono.config.ts', 'nonsense: {', "prefix: '/door',")
    await said('serves; Ctrl-C ends it', 2)
    expect((await get('/door/livez')).status).toBe(200)
    expect(await end('SIGTERM')).toBe(0)
  }, 90_000)

  test('prints JSON lines for programs, and its gateway does not outlive it', async () => {
    start('--json')
    await said('"event":"started"')
    const [first = '', ...more] = printed.slice(0, printed.lastIndexOf('\n')).split('\n')
    expect(JSON.parse(first)).toMatchObject({ event: 'dev', origin: `http://localhost:${port}` })
    expect(more.map((line) => typeof JSON.parse(line).event)).toEqual(more.map(() => 'string'))
    await end('SIGKILL')
    await until('the end of the gateway', isSilent)
  }, 90_000)
})
