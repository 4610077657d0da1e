import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type RoleName, seconds } from '../../src/core/brand.ts'
import type { User } from '../../src/core/person.ts'
import { renewSession } from '../../src/session/open.ts'
import { askOf } from '../support/ask.ts'
import { type Workbench, workbench } from '../support/gateway.ts'
import { noteOf, POLICIES, silence } from './scene.ts'

const VISIT = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const MORE = {
  'more.yaml': `
upstream: game
rules:
  - path: /vault
    freshWithin: 2m
  - path: /shared
    origins: [https://partner.example.com]
  - path: /shared/maybe
    access: optional
    origins: [https://partner.example.com]
`,
}

let bench: Workbench
let token: string
let cookie: string
let user: User
beforeEach(async () => {
  bench = await workbench({ ...POLICIES, ...MORE }, { session: { touchEvery: 1 } })
  const signedIn = await bench.signedIn(['player'])
  ;({ cookie, user } = signedIn)
  token = signedIn.accessToken
})
afterEach(() => bench.close())

function send(path: string, method = 'GET', more: Readonly<Record<string, string>> = {}): Promise<Response> {
  return bench.request(path, { method, headers: { authorization: `Bearer ${token}`, ...more } })
}

/** Claims the upstream was given with a request, without what is new in each. */
function claimsOf(at: number): unknown {
  const assertion = bench.sent.at(at)?.headers.get('postern-assertion') ?? ''
  const { iat: _iat, exp: _exp, jti: _jti, ...claims } = JSON.parse(atob(assertion.split('.')[1] ?? ''))
  return claims
}

async function codeOf(answer: Response): Promise<readonly unknown[]> {
  return [answer.status, ((await answer.json()) as { code?: string }).code, answer.headers.getSetCookie()]
}

async function grant(...roles: readonly string[]): Promise<void> {
  await bench.store.directory.setRoles(user, roles as readonly string[] as readonly RoleName[], null, [], noteOf(bench))
  bench.gateway.sessions.drop(user.tag)
}

describe('a session as a bearer is a session in all respects', () => {
  test('the upstream is told the same of it, and sees neither form', async () => {
    await bench.request('/players', { headers: { cookie } })
    await send('/players')
    expect(claimsOf(1)).toEqual(claimsOf(0))
    expect(claimsOf(1)).toMatchObject({ sub: user.id })
    expect(bench.sent.at(1)?.headers.has('authorization')).toBe(false)
  })

  test('it opens what takes no API tokens, and no more than its person may', async () => {
    expect((await send('/players')).status).toBe(200)
    expect((await codeOf(await send('/edit'))).slice(0, 2)).toEqual([403, 'permission_denied'])
  })

  test('its activity moves the idle end, and none where the rule says so', async () => {
    bench.clock.now += 60
    await send('/quiet')
    await bench.settle()
    expect(bench.calls).not.toContain('sessions.extend')
    await send('/players')
    await bench.settle()
    expect(bench.calls.filter((call) => call === 'sessions.extend')).toHaveLength(1)
  })

  test('it plays a character or none', async () => {
    expect((await codeOf(await send('/arena'))).slice(0, 2)).toEqual([409, 'character_required'])
  })

  test('where a recent sign-in is asked for it is told so, and not that the token is bad (RFC 9470)', async () => {
    expect((await send('/vault')).status).toBe(200)
    bench.clock.now += 121
    const stale = await send('/vault', 'GET', VISIT)
    expect(stale.headers.get('www-authenticate')).toBe(
      'Bearer realm="play.example.com", error="insufficient_user_authentication", max_age="120"',
    )
    expect(await codeOf(stale)).toEqual([401, 'insufficient_user_authentication', []])
  })

  test('an outage is 503, never "not signed in"', async () => {
    const heal = silence(bench.store.sessions, 'read')
    expect(await codeOf(await send('/players'))).toEqual([503, 'store_unavailable', []])
    heal()
    expect((await send('/players')).status).toBe(200)
  })
})

describe('what is said of a bearer that is over', () => {
  test('where ends are not told, it is unknown to its holder, and known to the log (seeds S28)', async () => {
    const quiet = await workbench(POLICIES, { session: { tellEnds: false } })
    try {
      const { accessToken } = await quiet.signedIn(['player'])
      quiet.clock.now += 9 * 3600
      for (const path of ['/players', '/auth/session', '/auth/can?GET=/open']) {
        const answer = await quiet.request(path, { headers: { authorization: `Bearer ${accessToken}` } })
        expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
        expect(await answer.json()).toMatchObject({ status: 401, code: 'session_invalid' })
      }
      expect(JSON.stringify(quiet.observed)).toContain('challenge:expired')
    } finally {
      quiet.close()
    }
  })

  test('where ends are told its holder learns how, and is not taken for nobody where nobody is needed', async () => {
    expect((await send('/shared/maybe')).status).toBe(200)
    await bench.store.sessions.revokeUser(user, 'kicked', seconds(bench.clock.now), noteOf(bench))
    bench.gateway.sessions.clear()
    const answer = await send('/shared/maybe')
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect((await codeOf(answer)).slice(0, 2)).toEqual([401, 'session_revoked'])
  })

  test('the origins of a rule can read it, also where nobody is needed', async () => {
    const origin = 'https://partner.example.com'
    for (const path of ['/shared', '/shared/maybe']) {
      const answer = await send(path, 'GET', { origin, authorization: `Bearer ${token}x` })
      expect([path, answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([path, 401, origin])
      expect((await send(path, 'POST', { origin })).status).toBe(200)
    }
  })
})

describe('the key of a session that is a bearer', () => {
  test('is not replaced by a page visit after a role grant: the role counts at once, by the same token', async () => {
    await grant('player', 'warden')
    for (const at of [0, 31, 3600]) {
      bench.clock.now += at
      const answer = await send('/edit', 'GET', VISIT)
      expect([answer.status, answer.headers.getSetCookie(), answer.headers.get('location')]).toEqual([200, [], null])
      expect((await send('/edit', 'POST')).status).toBe(200)
    }
    expect(bench.calls).not.toContain('sessions.rotate')
    // The same visit by cookie replaces it: what is held here is that of the bearer alone.
    expect((await bench.request('/edit', { headers: { ...VISIT, cookie } })).status).toBe(302)
    expect(bench.calls).toContain('sessions.rotate')
  })

  test('that a renewed sign-in replaced reads for 30 seconds, never acts, and is invalid_token from then on', async () => {
    const [session] = await bench.store.sessions.list(user, seconds(bench.clock.now))
    if (session === undefined) throw new Error('no session')
    const at = seconds(bench.clock.now)
    const opening = { user, provider: 'google', authTime: at, provenAt: at, remember: 'forget' } as const
    const renewed = await renewSession(askOf({}), bench.gateway, session, opening)
    if (!renewed.ok) throw new Error(renewed.fault)
    bench.clock.now += 29
    expect((await send('/players')).status).toBe(200)
    const act = await send('/players', 'POST')
    expect(act.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(await codeOf(act)).toEqual([401, 'session_invalid', []])
    expect((await codeOf(await send('/auth/session/touch', 'POST'))).slice(0, 2)).toEqual([401, 'session_invalid'])
    bench.clock.now += 1
    bench.gateway.sessions.clear()
    const late = await send('/players')
    expect(late.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(await codeOf(late)).toEqual([401, 'session_invalid', []])
    token = renewed.value.accessToken
    expect((await send('/players', 'POST')).status).toBe(200)
  })
})
