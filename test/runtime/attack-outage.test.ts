import { randomBytes } from 'node:crypto'
import { Client } from '@colyseus/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, startDemo } from '../support/demo.ts'
import { ask } from '../support/http.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { Visitor } from '../support/visitor.ts'

const PROGRAM = { accept: 'application/json' }
const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }

/** How the store is lost: it says nothing any more, or it is gone. */
const LOSSES = ['silent', 'gone'] as const

for (const runtime of ['node', 'deno']) {
  describe(`${runtime} without its Redis (security.md row 245, class "fail open")`, () => {
    const visitor = new Visitor()
    let redis: RedisServer
    let demo: Demo
    let cookie = ''

    beforeAll(async () => {
      redis = await startRedis('append-only-always')
      demo = await startDemo({
        environment: {
          DEMO_RUNTIME: runtime,
          POSTERN_STORE: 'redis',
          REDIS_URL: redis.url,
          POSTERN_ROOT_SECRET: randomBytes(48).toString('base64'),
        },
      })
      await visitor.signIn(demo.gateway, 'google', 'ada@players.example')
      cookie = visitor.cookie(demo.gateway) ?? ''
    }, 90_000)
    afterAll(async () => {
      redis?.signal('SIGCONT')
      await demo?.stop()
      await redis?.stop()
    }, 30_000)

    async function once(path: string, init: RequestInit) {
      const began = performance.now()
      const answer = await ask(`${demo.gateway}${path}`, { ...init, headers: { ...PROGRAM, cookie, ...init.headers } })
      return { answer, ms: performance.now() - began }
    }

    /** An answer and its time; asked again while the machine is too busy to tell how long it took. */
    async function timed(path: string, init: RequestInit = {}) {
      let best = await once(path, init)
      for (let tries = 0; tries < 3 && best.answer.status === 503 && best.ms >= 500; tries++)
        best = await once(path, init)
      return best
    }

    async function lose(how: (typeof LOSSES)[number]): Promise<void> {
      redis.signal(how === 'silent' ? 'SIGSTOP' : 'SIGKILL')
      if (how === 'gone') await redis.ended()
      // Past the cache of sessions, so that each request would have to ask.
      await new Promise((resolve) => setTimeout(resolve, 5_200))
    }

    async function back(how: (typeof LOSSES)[number]): Promise<void> {
      if (how === 'silent') redis.signal('SIGCONT')
      else await redis.restart()
      await expect.poll(async () => (await timed('/players')).answer.status, { timeout: 10_000 }).toBe(200)
    }

    test.each(LOSSES)(
      '%s: 503 within 500 ms, the cookie kept, public routes go on, a socket stays',
      async (how) => {
        const client = new Client(demo.gateway, { headers: { cookie, origin: demo.gateway } })
        const room = await client.joinOrCreate('arena')
        room.reconnection.maxRetries = 0
        for (const word of ['history', 'said']) room.onMessage(word, () => undefined)
        const closes: number[] = []
        room.onLeave((code) => closes.push(code))
        try {
          await lose(how)
          const asked = await Promise.all([
            timed('/players'),
            timed('/players', { headers: PAGE }),
            timed('/players/1', { method: 'DELETE', headers: { origin: demo.gateway } }),
            timed('/auth/session'),
            timed('/auth/can?GET=/players'),
            timed('/auth/start/google', { headers: PAGE }),
            timed('/auth/callback/google?code=a&state=b', { headers: PAGE }),
            timed('/auth/sign-out', { method: 'POST', headers: { origin: demo.gateway } }),
            timed('/auth/guest', { method: 'POST', headers: { origin: demo.gateway, cookie: 'a=1' } }),
            timed('/matchmake/joinOrCreate/lobby', { method: 'POST', headers: { origin: demo.gateway } }),
          ])
          for (const { answer, ms } of asked) {
            expect([answer.url, answer.status]).toEqual([answer.url, 503])
            expect(ms).toBeLessThan(500)
            expect(answer.headers.get('retry-after')).not.toBeNull()
            expect(answer.headers.get('cache-control')).toBe('no-store')
            expect(answer.headers.getSetCookie()).toEqual([])
          }
          const ready = await timed('/auth/readyz')
          expect([ready.answer.status, ready.ms < 500]).toEqual([503, true])
          for (const path of ['/', '/assets/app.js', '/auth/livez', '/auth/providers', '/auth/.well-known/jwks.json']) {
            const open = await timed(path)
            expect([path, open.answer.status < 500, open.ms < 500]).toEqual([path, true, true])
          }
          expect((await timed('/players', { headers: { cookie: 'a=1' } })).answer.status).toBe(401)
          expect(closes).toEqual([])
        } finally {
          await back(how)
          await room.leave()
        }
      },
      60_000,
    )

    test('the same cookie is good again afterwards', async () => {
      expect((await timed('/players')).answer.status).toBe(200)
      expect((await timed('/auth/session')).answer.status).toBe(200)
    })
  })
}
