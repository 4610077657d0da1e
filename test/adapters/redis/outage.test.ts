import { createServer, type Server } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { redisStore } from '../../../src/adapters/redis/store.ts'
import { connectTcp, type TcpConnection } from '../../../src/adapters/redis/tcp.ts'
import { upstashDriver } from '../../../src/adapters/redis/upstash.ts'
import { type RoleName, type SessionKey, seconds, type Tag, type UserId } from '../../../src/core/brand.ts'
import type { User } from '../../../src/core/person.ts'
import type { AuditNote } from '../../../src/ports/audit.ts'
import type { LoginTransaction } from '../../../src/ports/login-store.ts'
import { type Store, StoreUnavailable } from '../../../src/ports/store.ts'
import { startCuttable } from '../../support/cuttable.ts'
import { ownTime } from '../../support/own-time.ts'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { type BridgeOptions, startUpstashBridge } from '../../support/upstash-bridge.ts'

const T0 = seconds(1_800_000_000)
const user = { id: 'u1' as UserId, tag: 'tag0000001' as Tag }
const key = `${user.tag}.secret-hash` as SessionKey
const note: AuditNote = {
  ...{ event: 'sign-in', at: T0, actor: 'system', subject: user.id, requestId: 'r', policy: 'p', detail: {} },
}
const guest: User = {
  ...user,
  origin: 'guest',
  guest: true,
  profile: { name: 'guest', email: null, emailVerified: false, picture: null },
  roles: ['guest' as RoleName],
  ...{ primaryRole: null, standing: { kind: 'active' }, attributes: {}, epoch: 1 },
  ...{ createdAt: T0, lastSignInAt: T0, endsAt: null },
}

const attempt: LoginTransaction = {
  ...{ key: 'state', provider: 'p', purpose: 'sign-in', codeVerifier: 'v', nonce: 'n', returnTo: '/', sid: null },
  ...{ browser: 'b', remember: false, createdAt: T0, expiresAt: T0, posted: null },
}

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function redis(): Promise<RedisServer> {
  const server = await startRedis()
  closers.push(() => server.stop())
  return server
}

/** Stands still, as a process does that is not given the processor. */
function standStill(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until) Math.random()
}

async function overTcp(server: RedisServer, timeoutMs = 300): Promise<Store> {
  const connection: TcpConnection = await connectTcp({ urls: [server.url], cluster: false, timeoutMs })
  closers.push(() => connection.close())
  return redisStore(connection.driver, { prefix: 'out', turns: 'none' })
}

async function overRest(server: RedisServer, options: BridgeOptions = {}, token?: string): Promise<Store> {
  const bridge = await startUpstashBridge(server.url, options)
  closers.push(() => bridge.stop())
  const driver = upstashDriver({ url: bridge.url, token: token ?? bridge.token, timeoutMs: 300 })
  return redisStore(driver, { prefix: 'out', turns: 'none' })
}

/** Every question whose honest answer may be "there is none". */
function questions(store: Store): Readonly<Record<string, () => Promise<unknown>>> {
  return {
    'sessions.read': () => store.sessions.read(key, T0),
    'sessions.extend': () => store.sessions.extend(key, 1, T0, T0),
    'sessions.revoke': () => store.sessions.revoke(key, 'kicked', T0, note),
    'sessions.list': () => store.sessions.list(user, T0),
    'sessions.count': () => store.sessions.count(T0, 0),
    'sessions.presence': () => store.sessions.presence(user, T0),
    'directory.read': () => store.directory.read(user.id),
    'directory.find': () => store.directory.find('https://issuer.example', 's'),
    'directory.search': () => store.directory.search('', { after: null, limit: 10 }),
    'logins.take': () => store.logins.take('state', T0),
    'logins.peek': () => store.logins.peek('state', T0),
    'logins.claim': () => store.logins.claim(attempt, T0),
    'logins.followers': () => store.logins.followers('provider-sid.x', T0),
    'tokens.read': () => store.tokens.read(key, T0),
    'tickets.take': () => store.tickets.take('ticket', T0),
    'rates.hit': () => store.rates.hit('bucket', 1, seconds(60), T0),
    'quotas.used': () => store.quotas.used(user.id, user.tag, 'rooms', T0),
    'audit.verify': () => store.audit.verify(),
    'keys.list': () => store.keys.list('assertion', T0),
    'policies.active': () => store.policies.active(),
  }
}

/** Asks everything at once; what did not end as an outage within 500 ms, by name. */
async function honest(store: Store): Promise<readonly string[]> {
  const wrong = await Promise.all(
    Object.entries(questions(store)).map(async ([name, ask]) => {
      const { value: outcome, ms } = await ownTime(() =>
        ask().then(
          (value) => `answered ${JSON.stringify(value)}`,
          (thrown: unknown) => (thrown instanceof StoreUnavailable ? 'unavailable' : `threw ${String(thrown)}`),
        ),
      )
      return outcome === 'unavailable' && ms < 500 ? [] : [`${name}: ${outcome} after ${Math.round(ms)} ms`]
    }),
  )
  return wrong.flat()
}

test('tcpDriver throws StoreUnavailable within 500 ms when the server is silent, and never answers an absence', async () => {
  const server = await redis()
  const store = await overTcp(server)
  await store.directory.createGuest(guest, note)
  server.signal('SIGSTOP')
  expect(await honest(store)).toEqual([])
})

test('tcpDriver hears an answer that came while its own process stood still: that is no silent server', async () => {
  const store = await overTcp(await redis())
  await store.directory.createGuest(guest, note)
  await store.directory.read(user.id)
  const reading = store.directory.read(user.id)
  // Sent, and then nothing runs here until long after the answer came.
  await new Promise((resolve) => setImmediate(resolve))
  standStill(600)
  expect(await reading).toMatchObject({ id: user.id })
})

test('tcpDriver answers again when a silent server goes on', async () => {
  const server = await redis()
  const store = await overTcp(server)
  await store.directory.createGuest(guest, note)
  server.signal('SIGSTOP')
  await expect(store.directory.read(user.id)).rejects.toBeInstanceOf(StoreUnavailable)
  server.signal('SIGCONT')
  await expect.poll(() => store.directory.read(user.id).catch(() => null), { timeout: 5_000 }).not.toBeNull()
})

test('tcpDriver throws StoreUnavailable when the server is gone, and connects again when it is back', async () => {
  const server = await redis()
  const store = await overTcp(server)
  await store.directory.createGuest(guest, note)
  server.signal('SIGKILL')
  await server.ended()
  expect(await honest(store)).toEqual([])
  await server.restart()
  await expect.poll(() => store.keys.list('root', T0).catch(() => null), { timeout: 5_000 }).toEqual([])
})

test('tcpDriver gives a connection up that swallows what is sent on it, and hears again what is told', async () => {
  const wire = await startCuttable(Number(new URL((await redis()).url).port))
  closers.push(() => wire.stop())
  const url = `redis://127.0.0.1:${wire.port}`
  const connection = await connectTcp({ urls: [url], cluster: false, timeoutMs: 300 })
  closers.push(() => connection.close())
  const store = redisStore(connection.driver, { prefix: 'out', turns: 'none' })
  const heard: string[] = []
  connection.hear('news', (text) => heard.push(text))
  const read = () =>
    store.sessions.read(key, T0).then(
      (found) => JSON.stringify(found),
      (error: unknown) => (error instanceof StoreUnavailable ? 'silent' : String(error)),
    )
  const isHeard = async (text: string) => {
    await connection.tell('news', text)
    return heard.includes(text)
  }
  await expect.poll(() => isHeard('before')).toBe(true)
  const known = await read()
  expect(known).not.toBe('silent')
  wire.swallow()
  expect(await read()).toBe('silent')
  await expect.poll(read, { timeout: 10_000, interval: 50 }).toBe(known)
  await expect.poll(() => isHeard('after'), { timeout: 5_000 }).toBe(true)
}, 30_000)

test('connectTcp() starts without a server, and its calls say that there is none', async () => {
  const server = await redis()
  server.signal('SIGKILL')
  await server.ended()
  expect(await honest(await overTcp(server))).toEqual([])
})

test('tcpDriver throws StoreUnavailable when whoever listens is not Redis', async () => {
  const stranger = createTcpServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  closers.push(() => stranger.close())
  const address = stranger.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const connection = await connectTcp({ urls: [`redis://127.0.0.1:${port}`], cluster: false, timeoutMs: 300 })
  closers.push(() => connection.close())
  expect(await honest(redisStore(connection.driver, { prefix: 'out', turns: 'none' }))).toEqual([])
})

test('tcpDriver sends a script in full when the server has forgotten it', async () => {
  const server = await redis()
  const store = await overTcp(server)
  await store.directory.createGuest(guest, note)
  await server.command('SCRIPT', 'FLUSH')
  expect((await store.directory.read(user.id))?.id).toBe(user.id)
})

test('upstashDriver sends a script in full when the server has forgotten it', async () => {
  const server = await redis()
  const store = await overRest(server)
  await store.directory.createGuest(guest, note)
  await server.command('SCRIPT', 'FLUSH')
  expect((await store.directory.read(user.id))?.id).toBe(user.id)
})

test('upstashDriver throws StoreUnavailable within 500 ms when Redis behind it is silent', async () => {
  const server = await redis()
  const store = await overRest(server)
  await store.directory.createGuest(guest, note)
  server.signal('SIGSTOP')
  expect(await honest(store)).toEqual([])
})

test('upstashDriver throws StoreUnavailable when nobody listens', async () => {
  const store = redisStore(upstashDriver({ url: 'http://127.0.0.1:1', token: 't', timeoutMs: 300 }), {
    prefix: 'out',
    turns: 'none',
  })
  expect(await honest(store)).toEqual([])
})

test('upstashDriver throws StoreUnavailable when the token is refused', async () => {
  expect(await honest(await overRest(await redis(), {}, 'another'))).toEqual([])
})

test('upstashDriver throws StoreUnavailable for an answer that is not JSON', async () => {
  const store = await overRest(await redis(), { intercept: () => ({ status: 502, body: '<html>Bad Gateway</html>' }) })
  expect(await honest(store)).toEqual([])
})

test.each([
  ['an object, as the client makes up for an aborted call (users.md U1)', '{"result":{}}'],
  ['a text, as the client makes up for an abort with a reason (users.md U1)', '{"result":"QWJvcnRlZA=="}'],
  ['nothing', '{"result":null}'],
  ['a number', '{"result":1}'],
  ['an empty list', '{"result":[]}'],
  ['a list without a word', '{"result":[null,null]}'],
  ['a word that no script says', '{"result":["c29tZXRoaW5n"]}'],
  ['no result at all', '{}'],
])('upstashDriver throws StoreUnavailable for a success with %s', async (_, body) => {
  const store = await overRest(await redis(), { intercept: () => ({ status: 200, body }) })
  expect(await honest(store)).toEqual([])
})

test('an error of Upstash is told without what was sent (users.md U1)', async () => {
  const store = await overRest(await redis(), {
    intercept: () => ({ status: 400, body: '{"error":"ERR failed to parse tag0000001 secret-hash"}' }),
  })
  const thrown: unknown = await store.sessions.read(key, T0).catch((error: unknown) => error)
  expect(thrown).toBeInstanceOf(StoreUnavailable)
  expect(thrown).toMatchObject({ message: 'session-read: ERR', operation: 'session-read' })
  expect(String((thrown as StoreUnavailable).stack)).not.toContain('secret-hash')
  expect((thrown as StoreUnavailable).cause).toBeUndefined()
})

test('upstashDriver tries once: a call that takes something is not made a second time', async () => {
  let calls = 0
  const server: Server = createServer((request) => {
    calls += 1
    request.socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const store = redisStore(upstashDriver({ url: `http://127.0.0.1:${port}`, token: 't', timeoutMs: 300 }), {
    prefix: 'out',
    turns: 'none',
  })
  await expect(store.logins.take('state', T0)).rejects.toBeInstanceOf(StoreUnavailable)
  expect(calls).toBe(1)
})
