import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Deployment, type RuntimeName, startDeployment } from '../support/deployment.ts'
import { ask } from '../support/http.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { startUpstashBridge, type UpstashBridge } from '../support/upstash-bridge.ts'

const ROOT = 'a root secret for tests of exactly fifty characters'
/** Within which time a silent store is told of (SPEC 10). */
const BOUND_MS = 500
const PROGRAM = { accept: 'application/json' }

/** A server that answers nothing while it is told to wait. */
class Gate {
  #waiting: ServerResponse[] = []
  #isShut = false
  readonly server: Server = createServer((_, response) => {
    if (this.#isShut) this.#waiting.push(response)
    else response.end()
  })

  shut(): void {
    this.#isShut = true
  }

  open(): void {
    this.#isShut = false
    for (const response of this.#waiting.splice(0)) response.end()
  }
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}

/** A game that says yes to everything. */
const game = createServer((_, response) => response.end('played'))
let gamePort = 0
beforeAll(async () => {
  gamePort = await listening(game)
})
afterAll(() => void game.close())

/** What a silent store does to players: everything asked once, while the machine is not too busy to tell how long it took. */
function silence(begun: () => Deployment, fall: () => void, rise: () => void): void {
  const url = (path: string) => `${begun().gateway}${path}`
  let cookie = ''

  async function once(path: string, init: RequestInit) {
    const began = performance.now()
    const answer = await ask(url(path), { ...init, headers: { ...PROGRAM, ...init.headers } })
    return { answer, ms: performance.now() - began }
  }

  async function timed(path: string, init: RequestInit = {}) {
    let best = await once(path, init)
    for (let tries = 0; tries < 3 && best.ms >= BOUND_MS; tries++) best = await once(path, init)
    return best
  }

  test('503 with Retry-After within 500 ms, the cookie kept, public routes go on, and all is well afterwards', async () => {
    const origin = begun().gateway
    const made = await ask(url('/auth/guest'), { method: 'POST', headers: { ...PROGRAM, origin } })
    expect(made.status).toBe(200)
    cookie = made.headers
      .getSetCookie()
      .map((line) => line.split(';')[0] ?? '')
      .join('; ')
    const play = () => timed('/play', { headers: { cookie } })
    await expect.poll(async () => (await play()).answer.status, { timeout: 10_000 }).toBe(200)
    fall()
    try {
      const asked = [
        await play(),
        await timed('/play', { headers: { cookie, accept: 'text/html', 'sec-fetch-mode': 'navigate' } }),
        await timed('/auth/session', { headers: { cookie } }),
        await timed('/auth/session/touch', { method: 'POST', headers: { cookie, origin } }),
        await timed('/auth/sign-out', { method: 'POST', headers: { cookie, origin } }),
        await timed('/auth/guest', { method: 'POST', headers: { origin } }),
      ]
      for (const { answer, ms } of asked) {
        expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)])
        expect(answer.headers.getSetCookie()).toEqual([])
        expect(ms).toBeLessThan(BOUND_MS)
      }
      const ready = await timed('/auth/readyz')
      expect([ready.answer.status, ready.ms < BOUND_MS]).toEqual([503, true])
      for (const path of ['/open', '/auth/livez', '/auth/.well-known/jwks.json']) {
        const open = await timed(path, { headers: { cookie } })
        expect([path, open.answer.status, open.ms < BOUND_MS]).toEqual([path, 200, true])
      }
      expect((await timed('/play')).answer.status).toBe(401)
    } finally {
      rise()
    }
    await expect.poll(async () => (await play()).answer.status, { timeout: 10_000 }).toBe(200)
  }, 60_000)
}

describe.each<RuntimeName>(['node', 'deno', 'workerd'])('%s with an Upstash that hangs', (runtime) => {
  let redis: RedisServer
  let bridge: UpstashBridge
  let deployment: Deployment
  beforeAll(async () => {
    redis = await startRedis()
    bridge = await startUpstashBridge(redis.url)
    const store = { POSTERN_STORE: 'upstash', UPSTASH_URL: bridge.url, UPSTASH_TOKEN: bridge.token }
    const environment = { ...store, POSTERN_ROOT_SECRET: ROOT, GAME_PORT: String(gamePort) }
    deployment = await startDeployment({ runtime, name: 'silent', environment })
  }, 90_000)
  afterAll(async () => {
    await deployment?.stop()
    await bridge?.stop()
    await redis?.stop()
  }, 30_000)

  silence(
    () => deployment,
    () => redis.signal('SIGSTOP'),
    () => redis.signal('SIGCONT'),
  )
})

describe('workerd with Durable Objects that hang', () => {
  const gate = new Gate()
  let deployment: Deployment
  beforeAll(async () => {
    const wait = `http://127.0.0.1:${await listening(gate.server)}/`
    const environment = { STORE_WAITS_FOR: wait, GAME_PORT: String(gamePort) }
    deployment = await startDeployment({ runtime: 'workerd', name: 'silent', environment })
  }, 90_000)
  afterAll(async () => {
    gate.open()
    await deployment?.stop()
    gate.server.close()
  }, 30_000)

  silence(
    () => deployment,
    () => gate.shut(),
    () => gate.open(),
  )
})

describe.each<RuntimeName>(['node', 'deno'])('%s with its file', (runtime) => {
  test('nobody else can lock the file while it serves, and players notice nothing of the try', async () => {
    const environment = { GAME_PORT: String(gamePort) }
    const deployment = await startDeployment({ runtime, name: 'silent', environment })
    try {
      const database = new DatabaseSync(deployment.storeFile)
      expect(() => database.prepare('BEGIN EXCLUSIVE').all()).toThrow(/locked/)
      database.close()
      const headers = { ...PROGRAM, origin: deployment.gateway }
      const made = await ask(`${deployment.gateway}/auth/guest`, { method: 'POST', headers })
      expect(made.status).toBeLessThan(400)
    } finally {
      await deployment.stop()
    }
  }, 60_000)
})
