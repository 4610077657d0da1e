import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { workerdConfig } from '../support/deployment.ts'
import { ask } from '../support/http.ts'
import { bundleWorker, compileSample, installSample, QUIET, runIn } from '../support/packed.ts'
import { freePorts } from '../support/ports.ts'
import { mustOpen, openSocket } from '../support/socket-client.ts'
import { startWire, type Wire } from '../support/wire.ts'

/** Two instances in one Worker: each has a host of its own, bindings of its own, and its own idea of how long guests live. */
const WORKER = `
import { defineGateway } from 'postern/config'
import { postern } from 'postern'
import bundle from './.postern/policies.json' with { type: 'json' }

const definition = (origin: string, guest: '20s' | '24h') =>
  defineGateway((env) => ({
    origin: env(origin) ?? '',
    upstreams: { game: { url: env('GAME') ?? '', events: '/events' }, site: { url: env('GAME') ?? '' } },
    guests: 'on',
    session: { guest, cacheSeconds: 0 },
  }))
const short = postern(definition('SHORT', '20s'), bundle, { store: 'SHORT_STORE', sockets: 'SHORT_SOCKETS' })
const long = postern(definition('LONG', '24h'), bundle, { store: 'LONG_STORE', sockets: 'LONG_SOCKETS' })

export const ShortStore = short.StoreObject
export const ShortSockets = short.SocketObject
export const LongStore = long.StoreObject
export const LongSockets = long.SocketObject
export default {
  fetch: (request: Request, env: unknown): Response | Promise<Response> =>
    (new URL(request.url).hostname === 'localhost' ? short : long).fetch(request, env),
}
`
const OBJECTS = {
  SHORT_STORE: 'ShortStore',
  SHORT_SOCKETS: 'ShortSockets',
  LONG_STORE: 'LongStore',
  LONG_SOCKETS: 'LongSockets',
}

const folder = mkdtempSync(join(tmpdir(), 'postern-library-two-'))
const told: { readonly iss: string; readonly users: readonly string[] }[] = []
let game: Wire
let worker: ChildProcess
let printed = ''
let short = ''
let long = ''

function claimsOf(token: string): { readonly iss: string; readonly events: Readonly<Record<string, unknown>> } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

async function untilReady(origin: string): Promise<void> {
  const end = Date.now() + 30_000
  const isReady = () =>
    ask(`${origin}/auth/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    )
  while (!(await isReady())) {
    if (worker.exitCode !== null || Date.now() > end) throw new Error(`${origin} is not ready\n${printed}`)
    await new Promise((done) => setTimeout(done, 100))
  }
}

beforeAll(async () => {
  installSample(folder)
  compileSample(folder)
  writeFileSync(join(folder, 'worker.ts'), WORKER)
  const toml = readFileSync(join(folder, 'wrangler.toml'), 'utf8')
  const bound = Object.entries(OBJECTS).map(
    ([name, kind]) => `[[durable_objects.bindings]]\nname = "${name}"\nclass_name = "${kind}"\n`,
  )
  const migration = `[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ${JSON.stringify(Object.values(OBJECTS))}\n`
  writeFileSync(join(folder, 'wrangler.toml'), [toml.slice(0, toml.indexOf('[build]')), ...bound, migration].join('\n'))
  bundleWorker(folder)
  game = await startWire()
  game.answer = (request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      if (request.url === '/events') {
        const { iss, events } = claimsOf(Buffer.concat(parts).toString())
        const ended = events[`${iss}/events/guests-ended`] as { readonly users: readonly string[] }
        told.push({ iss, users: ended.users })
      }
      response.end(JSON.stringify(request.headers))
    })
  }
  const port = await freePorts(1)
  short = `http://localhost:${port}`
  long = `http://127.0.0.1:${port}`
  const texts = { SHORT: short, LONG: long, GAME: `http://127.0.0.1:${game.port}` }
  writeFileSync(join(folder, 'config.capnp'), workerdConfig(port, folder, texts, OBJECTS))
  worker = spawn(resolve('node_modules/.bin/workerd'), ['serve', 'config.capnp'], { cwd: folder, env: QUIET })
  worker.stdout?.on('data', (chunk) => (printed += chunk))
  worker.stderr?.on('data', (chunk) => (printed += chunk))
  await untilReady(short)
  await untilReady(long)
}, 180_000)
afterAll(async () => {
  if (worker?.exitCode === null) {
    const gone = once(worker, 'exit')
    worker.kill('SIGKILL')
    await gone
  }
  await game?.stop()
  rmSync(folder, { recursive: true, force: true })
}, 30_000)

async function guestAt(origin: string): Promise<{ readonly cookie: string; readonly id: string }> {
  const headers = { origin, 'sec-fetch-site': 'same-origin', accept: 'application/json' }
  const made = await ask(`${origin}/auth/guest`, { method: 'POST', headers })
  const cookie = made.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .join('; ')
  const state = await ask(`${origin}/auth/session`, { headers: { ...headers, cookie } })
  return { cookie, id: ((await state.json()) as { user: { id: string } }).user.id }
}

async function played(origin: string, cookie: string): Promise<readonly [number, string | undefined]> {
  const answer = await ask(`${origin}/play/1`, { headers: { cookie, accept: 'application/json' } })
  const said = (await answer.json()) as Readonly<Record<string, string>>
  return [answer.status, said['postern-user']]
}

test('two instances in one Worker have sessions, keys and sockets of their own', async () => {
  const [a, b] = [await guestAt(short), await guestAt(long)]
  expect(await played(short, a.cookie)).toEqual([200, a.id])
  expect(await played(long, b.cookie)).toEqual([200, b.id])
  expect((await played(short, b.cookie))[0]).toBe(401)
  expect((await played(long, a.cookie))[0]).toBe(401)

  const kids = async (origin: string) => {
    const jwks = (await (await ask(`${origin}/auth/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }
    return jwks.keys.map(({ kid }) => kid)
  }
  expect(await kids(short)).not.toEqual(await kids(long))

  const socket = await mustOpen(`${long}/room/1`, { headers: { cookie: b.cookie, origin: long } })
  socket.raw.send('hello')
  expect(await socket.next()).toBe('hello')
  socket.raw.close()
  expect(await openSocket(`${short}/room/1`, { headers: { cookie: b.cookie, origin: short } })).toMatchObject({
    status: 401,
  })
})

test('guests end where their life says so, the game is told, and those of the other instance stay', async () => {
  const [gone, stays] = [await guestAt(short), await guestAt(long)]
  await expect
    .poll(() => told.flatMap(({ users }) => users).includes(gone.id), { timeout: 200_000, interval: 500 })
    .toBe(true)
  expect(new Set(told.map(({ iss }) => iss))).toEqual(new Set([`${short}/auth`]))
  expect((await played(short, gone.cookie))[0]).toBe(401)
  expect(await played(long, stays.cookie)).toEqual([200, stays.id])
}, 240_000)

test('its types are those of a Worker', () => {
  const tsc = resolve('node_modules/typescript/bin/tsc')
  expect(runIn(folder, process.execPath, [tsc, '-p', 'tsconfig.json'])).toBe('')
}, 60_000)
