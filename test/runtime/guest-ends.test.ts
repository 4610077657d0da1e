import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Deployment, type RuntimeName, startDeployment } from '../support/deployment.ts'
import { ask } from '../support/http.ts'
import { startRedis } from '../support/redis-server.ts'
import { startUpstashBridge } from '../support/upstash-bridge.ts'

interface Arrived {
  readonly type: string
  readonly token: string
  readonly said: number
}

/** A game that refuses the first event of each gateway, and keeps what came. */
const arrived = new Map<string, Arrived[]>()
const game = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { 'content-type': type = '' } = request.headers
    const token = Buffer.concat(chunks).toString()
    const { iss } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString() || '{}') as {
      iss?: string
    }
    const before = arrived.get(iss ?? '') ?? []
    response.statusCode = before.length === 0 ? 503 : 202
    if (request.method === 'POST' && request.url === '/internal/events')
      arrived.set(iss ?? '', [...before, { type, token, said: response.statusCode }])
    // WHY: as services do that say why; nobody reads it, and that is no reason to fall over.
    response.end('{"heard":true}')
  })
})
let port = 0
beforeAll(async () => {
  await new Promise<void>((resolve) => game.listen(0, '127.0.0.1', resolve))
  port = (game.address() as AddressInfo).port
})
afterAll(() => void game.close())

async function guestOf({ gateway }: Deployment): Promise<string> {
  const headers = { accept: 'application/json', origin: gateway }
  const made = await ask(`${gateway}/auth/guest`, { method: 'POST', headers })
  const cookie = made.headers.getSetCookie().map((line) => line.split(';')[0] ?? '')
  const state = await ask(`${gateway}/auth/session`, { headers: { ...headers, cookie: cookie.join('; ') } })
  return ((await state.json()) as { user: { id: string } }).user.id
}

/** How many accounts a store has by an id, once the gateway has let go of it. */
function accountsIn(file: string, id: string): number {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    return Number(database.prepare('SELECT count(*) AS n FROM users WHERE id = ?').get(id)?.['n'])
  } finally {
    database.close()
  }
}

/** What a deployment needs to keep its records in Redis over REST, and how to end that. */
async function upstash() {
  const redis = await startRedis()
  const bridge = await startUpstashBridge(redis.url)
  const environment = {
    POSTERN_STORE: 'upstash',
    UPSTASH_URL: bridge.url,
    UPSTASH_TOKEN: bridge.token,
    POSTERN_ROOT_SECRET: 'a root secret for tests of exactly fifty characters',
  }
  const stop = async () => {
    await bridge.stop()
    await redis.stop()
  }
  return { environment, stop }
}

/**
 * By the alarm of the index on workerd, by the clock of the process on Node and Deno, by requests where neither is: a
 * look a minute.
 */
test.concurrent.each<[RuntimeName, 'embedded' | 'upstash']>([
  ['node', 'embedded'],
  ['deno', 'embedded'],
  ['workerd', 'embedded'],
  ['node', 'upstash'],
  ['workerd', 'upstash'],
])(
  '%s, %s: a guest account that is over ends, and the game is told until it has taken it (seeds G1, G2)',
  async (runtime, kind) => {
    const store = kind === 'upstash' ? await upstash() : null
    const environment = { GAME_PORT: String(port), GUEST_LIFE: '20s', ...store?.environment }
    const deployment = await startDeployment({ runtime, name: 'silent', environment })
    try {
      const issuer = `${deployment.gateway}/auth`
      const id = await guestOf(deployment)
      const events = async () => {
        if (kind === 'upstash') await ask(`${deployment.gateway}/open`)
        return arrived.get(issuer) ?? []
      }
      await expect.poll(async () => (await events()).length, { timeout: 200_000, interval: 500 }).toBe(2)
      expect((await events()).map(({ said, type }) => [said, type])).toEqual([
        [503, 'application/secevent+jwt'],
        [202, 'application/secevent+jwt'],
      ])
      const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
      const checks = { issuer, audience: 'game#events' }
      const { payload } = await jwtVerify((await events())[1]?.token ?? '', keys, checks)
      expect(payload['events']).toEqual({ [`${issuer}/events/guests-ended`]: { users: [id] } })
      // That it was answered is not that it was taken: whoever sent it is there, and missed the first alone.
      expect((await ask(`${deployment.gateway}/auth/livez`)).status).toBe(200)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      expect(deployment.output().match(/"event-untaken"/g)).toHaveLength(1)
      if (runtime === 'workerd' || kind === 'upstash') return
      expect(await deployment.stop('keep')).toBe(0)
      expect(accountsIn(deployment.storeFile, id)).toBe(0)
    } finally {
      await deployment.stop()
      await store?.stop()
    }
  },
  280_000,
)
