import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type RuntimeName, startDeployment } from '../support/deployment.ts'
import { ask } from '../support/http.ts'
import { startRedis } from '../support/redis-server.ts'

const TOKEN = 'a-scraper-token-of-some-length'

test.each<RuntimeName>(['node', 'deno'])(
  '%s: a Redis that is full is told of by readiness and metrics, nothing that it refused is answered as done, and all is well once it has room',
  async (runtime) => {
    const game = createServer((_, response) => response.end('played'))
    await new Promise<void>((resolve) => game.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void game.close())
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const deployment = await startDeployment({
      runtime,
      name: 'closings',
      environment: {
        ...{ CLOSINGS_STORE: 'redis', REDIS_URL: redis.url, SCRAPER_TOKEN: TOKEN },
        ...{ POSTERN_ROOT_SECRET: 'a root secret for tests of exactly fifty characters' },
        GAME_PORT: String((game.address() as AddressInfo).port),
      },
    })
    onTestFinished(async () => void (await deployment.stop()))
    const asked = (path: string, method = 'GET', headers: Readonly<Record<string, string>> = {}) =>
      ask(`${deployment.gateway}${path}`, {
        method,
        headers: { accept: 'application/json', origin: deployment.gateway, ...headers },
      })
    const readiness = async () => {
      const answer = await asked('/auth/readyz')
      const { status, store } = (await answer.json()) as { readonly status: string; readonly store: string }
      return [answer.status, status, store]
    }
    const isUp = async () => {
      const answer = await asked('/auth/metrics', 'GET', { authorization: `Bearer ${TOKEN}` })
      return /^postern_store_up (\d)$/m.exec(await answer.text())?.[1]
    }
    const made = await asked('/auth/guest', 'POST')
    const cookie = made.headers
      .getSetCookie()
      .map((line) => line.split(';')[0] ?? '')
      .join('; ')
    expect([await readiness(), await isUp()]).toEqual([[200, 'ok', 'ok'], '1'])

    await redis.command('CONFIG', 'SET', 'maxmemory', '1mb')
    await expect.poll(readiness, { timeout: 10_000 }).toEqual([200, 'degraded', 'refuses_changes'])
    await expect.poll(isUp, { timeout: 10_000 }).toBe('0')
    const refused = await asked('/auth/sign-out', 'POST', { cookie })
    expect([refused.status, refused.headers.get('retry-after'), refused.headers.getSetCookie()]).toEqual([
      503,
      expect.stringMatching(/^\d+$/),
      [],
    ])
    expect((await asked('/auth/session', 'GET', { cookie })).status).toBe(200)
    await expect.poll(() => deployment.output(), { timeout: 10_000 }).toMatch(/"event":"store-unavailable".*OOM/)

    await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    await expect.poll(readiness, { timeout: 10_000 }).toEqual([200, 'ok', 'ok'])
    expect((await asked('/auth/sign-out', 'POST', { cookie })).status).toBeLessThan(400)
    expect((await asked('/auth/session', 'GET', { cookie })).status).toBe(401)
  },
  60_000,
)
