import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, startDemo } from '../support/demo.ts'
import { ask } from '../support/http.ts'
import { Visitor } from '../support/visitor.ts'

/** Lives short enough to be seen ending, in seconds. */
const IDLE = 5
const ABSOLUTE = 20
const PROGRAM = { accept: 'application/json' }

interface State {
  readonly state: string
  readonly sid: string
  readonly refreshed: string | null
  readonly character: unknown
  readonly idle_until: string
  readonly expires: string
}

function inSeconds(ms: number): number {
  return Math.floor(ms / 1000)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Asks every half second until the answer is as wanted; the tries are counted, not the time. */
async function until(tries: number, check: () => Promise<boolean>): Promise<boolean> {
  for (let n = 0; n < tries; n++) {
    if (await check()) return true
    await pause(500)
  }
  return false
}

for (const runtime of ['node', 'deno', 'workers']) {
  describe(`the life of a session on ${runtime}`, () => {
    let demo: Demo
    beforeAll(async () => {
      const lives = { POSTERN_SESSION_IDLE: String(IDLE), POSTERN_SESSION_ABSOLUTE: String(ABSOLUTE) }
      demo = await startDemo({ environment: { DEMO_RUNTIME: runtime, ...lives } })
    }, 90_000)
    afterAll(() => demo?.stop(), 30_000)

    const url = (path: string) => `${demo.gateway}${path}`

    async function signedIn(): Promise<Visitor> {
      const visitor = new Visitor()
      await visitor.signIn(demo.gateway, 'google', 'ada@players.example')
      return visitor
    }

    function sessionCookie(visitor: Visitor): string {
      const all = (visitor.cookie(demo.gateway) ?? '').split('; ')
      return all.find((pair) => pair.startsWith('__Host-postern')) ?? ''
    }

    const players = (cookie: string) => ask(url('/players'), { headers: { ...PROGRAM, cookie } })
    const look = (cookie: string) => ask(url('/auth/session'), { headers: { ...PROGRAM, cookie } })
    const stateOf = async (cookie: string) => (await (await look(cookie)).json()) as State
    const beat = (cookie: string) =>
      ask(url('/auth/session/touch'), { method: 'POST', headers: { ...PROGRAM, cookie, origin: demo.gateway } })

    test('S7, S8: the cookie is __Host-, HttpOnly, Secure, Lax, for the whole site, and lives in seconds', async () => {
      const visitor = new Visitor()
      const heard: { readonly line: string; readonly from: number; readonly to: number }[] = []
      const send = visitor.send.bind(visitor)
      visitor.send = async (address, init) => {
        const from = inSeconds(Date.now())
        const answer = await send(address, init)
        const to = inSeconds(Date.now())
        heard.push(...answer.headers.getSetCookie().map((line) => ({ line, from, to })))
        return answer
      }
      await visitor.signIn(demo.gateway, 'google', 'ada@players.example')
      const cookie = heard.find(({ line }) => line.startsWith('__Host-postern'))
      const { port } = new URL(demo.gateway)
      const form = new RegExp(
        `^__Host-postern-${port}=[\\w.-]{55}; Path=/; Max-Age=(\\d+); HttpOnly; Secure; SameSite=Lax$`,
      )
      expect(cookie?.line).toMatch(form)
      const { from, to } = cookie ?? { from: 0, to: 0 }
      const { expires } = await stateOf(sessionCookie(visitor))
      const ends = inSeconds(Date.parse(expires))
      expect(ends).toBeGreaterThanOrEqual(from + ABSOLUTE)
      expect(ends).toBeLessThanOrEqual(to + ABSOLUTE)
      // WHY: a second may turn between the start of the session and its cookie; the cookie ends with the session.
      const maxAge = Number(form.exec(cookie?.line ?? '')?.[1])
      expect(maxAge).toBeGreaterThanOrEqual(ends - to)
      expect(maxAge).toBeLessThanOrEqual(ends - from)
    })

    test('states none and invalid have codes of their own, and nobody loses a cookie', async () => {
      const none = await look('')
      expect([none.status, await none.json()]).toMatchObject([401, { code: 'session_required' }])
      const name = sessionCookie(await signedIn()).split('=')[0] ?? ''
      const invalid = await look(`${name}=abcdefghij.${'A'.repeat(32)}.${'A'.repeat(11)}`)
      expect([invalid.status, await invalid.json()]).toMatchObject([401, { code: 'session_invalid' }])
      expect(invalid.headers.getSetCookie()).toEqual([])
    })

    test('state active: a new session has no character and was never refreshed (C1)', async () => {
      const state = await stateOf(sessionCookie(await signedIn()))
      expect(state).toMatchObject({ state: 'active', character: null, refreshed: null })
    })

    test('S14, S17, S22, S28: traffic and the heartbeat keep a session, looking does not, and its end is told', async () => {
      const quiet = sessionCookie(await signedIn())
      const beating = sessionCookie(await signedIn())
      expect((await beat(beating)).status).toBe(200)
      const busy = sessionCookie(await signedIn())
      const ended = await until(40, async () => {
        const [work, pulse] = await Promise.all([players(busy), beat(beating)])
        expect([work.status, pulse.status]).toEqual([200, 200])
        return (await look(quiet)).status === 401
      })
      expect(ended).toBe(true)
      const answer = await look(quiet)
      expect(await answer.json()).toMatchObject({ code: 'session_expired', reason: 'expired' })
      expect(answer.headers.getSetCookie()).toEqual([])
      expect(await (await players(quiet)).json()).toMatchObject({ code: 'session_expired' })
    }, 60_000)

    test('S1, S15: no traffic carries a session beyond its absolute end', async () => {
      const cookie = sessionCookie(await signedIn())
      const { expires } = await stateOf(cookie)
      expect(await until(80, async () => (await players(cookie)).status === 401)).toBe(true)
      // One second for the rounding of clocks that count whole seconds.
      expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expires) - 1_000)
      expect(await (await players(cookie)).json()).toMatchObject({ code: 'session_expired' })
    }, 90_000)

    test('state refreshed: signing in again renews the key and keeps sid; it is told once, with the time', async () => {
      const visitor = await signedIn()
      const old = sessionCookie(visitor)
      const before = await stateOf(old)
      await visitor.signIn(demo.gateway, 'google', 'ada@players.example')
      const fresh = sessionCookie(visitor)
      expect(fresh).not.toBe(old)
      const first = await stateOf(fresh)
      expect(first).toMatchObject({ state: 'refreshed', sid: before.sid, refreshed: expect.stringContaining('Z') })
      expect(await stateOf(fresh)).toMatchObject({ state: 'active', refreshed: first.refreshed })
    })

    test('the replaced key reads for a moment and never acts (DECISIONS 5)', async () => {
      const visitor = await signedIn()
      const old = sessionCookie(visitor)
      await visitor.signIn(demo.gateway, 'google', 'ada@players.example')
      expect((await players(old)).status).toBe(200)
      const act = await ask(url('/players/1'), { method: 'DELETE', headers: { ...PROGRAM, cookie: old } })
      expect([act.status, await act.json()]).toMatchObject([401, { code: 'session_invalid' }])
      expect((await beat(old)).status).toBe(401)
    })

    test('state revoked: signing out elsewhere ends the others too, and says so (S24, S31, S32)', async () => {
      const [here, there] = [await signedIn(), await signedIn()]
      const other = sessionCookie(there)
      const headers = { ...PROGRAM, origin: demo.gateway }
      const out = await here.send(url('/auth/sign-out/everywhere'), { method: 'POST', headers })
      expect(((await out.json()) as { signed_out: number }).signed_out).toBeGreaterThanOrEqual(2)
      const answer = await look(other)
      expect([answer.status, await answer.json()]).toMatchObject([
        401,
        { code: 'session_revoked', reason: 'signed-out' },
      ])
      const again = await ask(url('/auth/sign-out'), { method: 'POST', headers: { ...headers, cookie: other } })
      expect(await again.json()).toEqual({ signed_out: 0 })
      expect(again.headers.getSetCookie().join()).toContain('Max-Age=0')
    })

    test('S36, S37: readiness tells how many are active and how many there are', async () => {
      const counts = async () =>
        (await (await ask(url('/auth/readyz'))).json()) as { sessions_active: number; sessions_total: number }
      await signedIn()
      const { sessions_active, sessions_total } = await counts()
      expect(sessions_active).toBeGreaterThanOrEqual(1)
      expect(sessions_total).toBeGreaterThanOrEqual(sessions_active)
    })

    test('S25: fifty requests at once with one cookie all get the same person', async () => {
      const cookie = sessionCookie(await signedIn())
      const answers = await Promise.all(Array.from({ length: 50 }, () => look(cookie)))
      const sids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as State).sid))
      expect(new Set(sids).size).toBe(1)
    })
  })
}
