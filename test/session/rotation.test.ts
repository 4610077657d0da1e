import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RoleName } from '../../src/core/brand.ts'
import type { User } from '../../src/core/person.ts'
import { ORIGIN, type Workbench, workbench } from '../support/gateway.ts'
import { noteOf, POLICIES, silence } from './scene.ts'

const VISIT = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

let bench: Workbench
beforeEach(async () => {
  bench = await workbench(POLICIES)
})
afterEach(() => bench.close())

async function grant(user: User, ...roles: readonly string[]): Promise<void> {
  await bench.store.directory.setRoles(user, roles as readonly string[] as readonly RoleName[], null, [], noteOf(bench))
  bench.gateway.sessions.drop(user.tag)
}

function visit(path: string, cookie: string): Promise<Response> {
  return bench.request(path, { headers: { ...VISIT, cookie } })
}

function newCookie(answer: Response): string {
  return (
    answer.headers
      .getSetCookie()
      .find((line) => line.startsWith('__Host-postern='))
      ?.split(';')[0] ?? ''
  )
}

async function sidOf(cookie: string): Promise<unknown> {
  return ((await (await bench.request('/auth/session', { headers: { cookie } })).json()) as { sid: unknown }).sid
}

describe('a role grant rotates the key at the next page visit (DECISIONS 5)', () => {
  test('the visit is sent to its own address with a new cookie; sid stays', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    const sid = await sidOf(cookie)
    await grant(user, 'player', 'warden')
    const answer = await visit('/players?page=%32', cookie)
    expect(answer.status).toBe(302)
    expect(answer.headers.get('location')).toBe('/players?page=%32')
    expect(newCookie(answer)).not.toBe(cookie)
    expect(await sidOf(newCookie(answer))).toBe(sid)
    expect((await visit('/players', newCookie(answer))).status).toBe(200)
    expect(bench.calls.filter((call) => call === 'sessions.rotate')).toHaveLength(1)
  })

  test('what breaks on the way to a new key is no outage: the visit is not answered as if nothing were', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    await grant(user, 'player', 'warden')
    const rotate = () => Promise.reject(new TypeError('a bug of ours'))
    Object.assign(bench.store.sessions, { rotate })
    expect((await visit('/players', cookie)).status).toBe(500)
    expect(bench.observed.filter(({ kind }) => kind === 'store-unavailable')).toEqual([])
    expect(bench.sent).toEqual([])
  })

  test.each([
    ['a program', {}],
    ['a frame', { ...VISIT, 'sec-fetch-dest': 'iframe' }],
  ])('%s rotates nothing', async (_, headers) => {
    const { cookie, user } = await bench.signedIn(['player'])
    await grant(user, 'player', 'warden')
    const answer = await bench.request('/players', { headers: { ...headers, cookie } })
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, []])
  })

  test('neither a form that is sent, whose body would be lost, nor a look at the headers is sent round', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    await grant(user, 'player', 'warden')
    const form = { ...VISIT, cookie, origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await bench.request('/players', { method: 'POST', headers: form, body: 'name=Ada' })
    expect([answer.status, answer.headers.getSetCookie(), bench.sent.length]).toEqual([200, [], 1])
    const head = await bench.request('/players', { method: 'HEAD', headers: { ...VISIT, cookie } })
    expect([head.status, head.headers.getSetCookie()]).toEqual([200, []])
  })

  test('losing a role rotates nothing', async () => {
    const { cookie, user } = await bench.signedIn(['player', 'warden'])
    await grant(user, 'player')
    expect((await visit('/players', cookie)).status).toBe(200)
  })

  test('two visits at once: one is sent round, the other is served, and nobody is signed out', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    await grant(user, 'player', 'warden')
    const answers = await Promise.all([visit('/players', cookie), visit('/players', cookie)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 302])
  })

  test('a store that is silent in that moment stops nobody: the next visit rotates', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    await grant(user, 'player', 'warden')
    const heal = silence(bench.store.sessions, 'rotate')
    expect((await visit('/players', cookie)).status).toBe(200)
    expect(bench.observed.map(({ kind }) => kind)).toContain('store-unavailable')
    heal()
    expect((await visit('/players', cookie)).status).toBe(302)
  })

  test('ends come nearer with a stricter role, and never move away', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    bench.clock.now += 600
    await grant(user, 'player', 'strict')
    const strict = newCookie(await visit('/players', cookie))
    expect(await endOf(strict)).toBe(bench.clock.now + 3_600)
    await grant(user, 'player', 'strict', 'warden')
    expect(await endOf(newCookie(await visit('/players', strict)))).toBe(bench.clock.now + 3_600)
  })
})

async function endOf(cookie: string): Promise<number> {
  const state = (await (await bench.request('/auth/session', { headers: { cookie } })).json()) as { expires: string }
  return Date.parse(state.expires) / 1000
}

describe('the replaced key', () => {
  async function replaced(): Promise<{ readonly old: string; readonly fresh: string; readonly user: User }> {
    const { cookie, user } = await bench.signedIn(['player'])
    await grant(user, 'player', 'warden')
    return { old: cookie, fresh: newCookie(await visit('/players', cookie)), user }
  }

  test('reads for 30 seconds, and is unknown from then on', async () => {
    const { old } = await replaced()
    bench.clock.now += 29
    expect((await bench.request('/players', { headers: { cookie: old } })).status).toBe(200)
    bench.clock.now += 1
    bench.gateway.sessions.clear()
    const late = await bench.request('/players', { headers: { cookie: old } })
    expect([late.status, await late.json()]).toMatchObject([401, { code: 'session_invalid' }])
  })

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'never acts: %s is refused, with the new key it is not',
    async (method) => {
      const { old, fresh } = await replaced()
      const refused = await bench.request('/players', { method, headers: { cookie: old } })
      expect([refused.status, await refused.json()]).toMatchObject([401, { code: 'session_invalid' }])
      expect((await bench.request('/players', { method, headers: { cookie: fresh } })).status).toBe(200)
    },
  )

  test('opens no socket', async () => {
    const { old } = await replaced()
    const headers = { cookie: old, upgrade: 'websocket', connection: 'Upgrade', origin: 'https://play.example.com' }
    expect((await bench.request('/players', { headers })).status).toBe(401)
  })

  test('slides nothing, by traffic or by heartbeat', async () => {
    bench.close()
    bench = await workbench(POLICIES, { session: { touchEvery: 1 } })
    const { old } = await replaced()
    bench.clock.now += 10
    await bench.request('/players', { headers: { cookie: old } })
    const beat = await bench.request('/auth/session/touch', { method: 'POST', headers: { cookie: old } })
    await bench.settle()
    expect(beat.status).toBe(401)
    expect(bench.calls).not.toContain('sessions.extend')
  })

  test('is rotated no second time, so that a browser that kept it is not sent round and round', async () => {
    const { old } = await replaced()
    expect((await visit('/players', old)).status).toBe(200)
  })

  test('signs out: ending a session always works', async () => {
    const { old, fresh } = await replaced()
    await bench.request('/auth/sign-out', { method: 'POST', headers: { cookie: old } })
    expect((await bench.request('/players', { headers: { cookie: fresh } })).status).toBe(401)
  })
})
