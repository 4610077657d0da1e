import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import type { User } from '../../src/core/person.ts'
import { noteOf } from '../session/scene.ts'
import { corpus, unquoted } from '../support/corpus.ts'
import { ORIGIN, type Workbench } from '../support/gateway.ts'
import { arrived, gameBench } from './support/bench.ts'

// Source: RFC 6750 sections 2.1, 3.1, 5.2 and 5.3; RFC 9700 section 4.9; seeds T1, T4.

const VISIT = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const FOREIGN = 'eyJhbGciOiJub25lIn0.e30.'

let bench: Workbench
let token: string
let bare: string
let cookie: string
let user: User
beforeEach(async () => {
  bench = await gameBench()
  const signedIn = await bench.signedIn(['player'])
  ;({ cookie, user } = signedIn)
  token = signedIn.accessToken
  bare = token.slice('pss_'.length)
})
afterEach(() => bench.close())

interface Said {
  readonly status: number
  readonly code: string | null
  readonly error: string | null
}

/** What a request comes to; whatever it is, it is no page, no redirect, and brings no cookie. */
async function said(path: string, headers: Readonly<Record<string, string>>, init: RequestInit = {}): Promise<Said> {
  const answer = await bench.request(path, { ...init, headers })
  await bench.settle()
  expect(answer.headers.getSetCookie()).toEqual([])
  expect(answer.headers.get('location')).toBe(null)
  expect(answer.headers.get('content-type') ?? '').not.toContain('html')
  const isProblem = answer.headers.get('content-type') === 'application/problem+json'
  const { code = null } = isProblem ? ((await answer.json()) as { code?: string }) : {}
  const error = /error="([a-z_]+)"/.exec(answer.headers.get('www-authenticate') ?? '')?.[1] ?? null
  return { status: answer.status, code, error }
}

const play = (authorization: string) => said('/play', { ...VISIT, authorization })

test.each(corpus('bearers.txt'))('%s', async (text, status, code, error) => {
  const header = unquoted(text).replaceAll('{token}', token).replaceAll('{bare}', bare).replaceAll('{foreign}', FOREIGN)
  const expected = { status: Number(status), code: code === '-' ? null : code, error: error === '-' ? null : error }
  expect(await play(header)).toEqual(expected)
  // No upstream sees any of it, whether it was read or not.
  await bench.request('/open', { headers: { authorization: header } })
  await bench.request('/open', { headers: { authorization: 'Basic eHl6', 'x-api-token': header } })
  const isOurs = header.includes(token)
  if (isOurs) expect(arrived(bench)).not.toContain(token)
})

describe('one byte of an access token', () => {
  test('in any place makes it nobody’s', async () => {
    for (let at = 0; at < token.length; at++) {
      const wrong = `${token.slice(0, at)}${token[at] === 'a' ? 'b' : 'a'}${token.slice(at + 1)}`
      // The last character of the secret and of the mac has bits that say nothing; one spelling of them counts.
      expect([at, (await play(`Bearer ${wrong}`)).status]).toEqual([at, 401])
    }
    expect((await play(`Bearer ${token}`)).status).toBe(200)
  })
})

describe('each form is the one where it belongs', () => {
  test('an access token in the cookie is no session', async () => {
    const name = cookie.slice(0, cookie.indexOf('='))
    const answer = await bench.request('/play', { headers: { accept: 'application/json', cookie: `${name}=${token}` } })
    expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'session_invalid' }])
    expect((await bench.request('/play', { headers: { cookie } })).status).toBe(200)
  })

  test('in X-Api-Token it is refused, and never reaches the upstream', async () => {
    expect(await said('/play', { 'x-api-token': token })).toMatchObject({ status: 401, code: 'token_invalid' })
    expect(await said('/play', { 'x-api-token': `Bearer ${token}` })).toMatchObject({ status: 400 })
    for (const path of ['/open', '/play'])
      for (const value of [token, `a, ${token}`, `"${token}"`, `t=${token}`])
        await bench.request(path, { headers: { cookie, authorization: 'Basic eHl6', 'x-api-token': value } })
    expect(bench.sent.length).toBeGreaterThan(3)
    expect(arrived(bench)).not.toContain(bare.slice(11))
  })

  test.each(['a=1&t=', 't='])('in a query it is 400 and believed by nobody: %s', async (query) => {
    for (const path of ['/open', '/play', '/auth/session', '/auth/can', '/auth/sign-in']) {
      const bearer = { authorization: `Bearer ${token}` }
      for (const headers of [{}, bearer]) {
        const answer = await said(`${path}?${query}${token}`, headers)
        expect([path, answer]).toMatchObject([path, { status: 400, code: 'token_in_url' }])
      }
    }
    expect(bench.sent).toEqual([])
  })

  test('in a path it is 400, and in no log', async () => {
    expect((await said(`/p/${token}`, {})).status).toBe(400)
    const lookalike = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
    await said(`/p/${lookalike}`, {})
    expect(JSON.stringify(bench.observed)).toContain('/p/pss_[redacted]')
    expect(JSON.stringify(bench.observed)).not.toContain(bare.slice(11, 40))
  })
})

describe('beside another credential', () => {
  test('a good bearer decides: the cookie of somebody else is neither read nor passed on', async () => {
    const other = await bench.signedIn([])
    expect((await said('/play', { authorization: `Bearer ${token}`, cookie: other.cookie })).status).toBe(200)
    expect(arrived(bench)).toContain(user.id)
    expect(arrived(bench)).not.toContain(other.user.id)
    expect(arrived(bench)).not.toContain('__Host-')
  })

  test('a bad bearer is refused, whatever is beside it', async () => {
    const bad = `Bearer ${token}x`
    const refused = { status: 401, code: 'session_invalid', error: 'invalid_token' }
    expect(await said('/play', { authorization: bad, cookie })).toEqual(refused)
    expect(await said('/maybe', { authorization: bad, cookie })).toEqual(refused)
    expect(await said('/maybe', { authorization: bad, 'x-api-token': token })).toEqual(refused)
    expect(bench.sent).toEqual([])
  })

  test('a foreign one passes on and leaves the decision to the cookie', async () => {
    const answer = await bench.request('/play', { headers: { cookie, authorization: `Bearer ${FOREIGN}` } })
    expect(answer.status).toBe(200)
    expect(arrived(bench)).toContain(FOREIGN)
  })
})

describe('one that is over', () => {
  const over = (code: string) => ({ status: 401, code, error: 'invalid_token' })

  test('signed out', async () => {
    const answer = await said('/auth/sign-out', { authorization: `Bearer ${token}` }, { method: 'POST' })
    expect(answer.status).toBe(200)
    for (const path of ['/play', '/maybe', '/auth/session', '/auth/can?GET=/play', '/auth/account/sessions'])
      expect([path, await said(path, { authorization: `Bearer ${token}` })]).toEqual([path, over('session_revoked')])
    expect((await bench.request('/play', { headers: { cookie } })).status).toBe(401)
  })

  test('expired', async () => {
    bench.clock.now += 8 * 3600
    expect(await play(`Bearer ${token}`)).toEqual(over('session_expired'))
    expect(await said('/auth/session/touch', { authorization: `Bearer ${token}` }, { method: 'POST' })).toEqual(
      over('session_expired'),
    )
  })

  test('kicked', async () => {
    await bench.store.sessions.revokeUser(user, 'kicked', seconds(bench.clock.now), noteOf(bench, 'session-revoked'))
    bench.gateway.sessions.clear()
    expect(await play(`Bearer ${token}`)).toEqual(over('session_revoked'))
  })

  test('banned: the session ended with the account, and says why no more than a cookie would', async () => {
    const note = noteOf(bench, 'standing-changed')
    await bench.store.directory.setStanding(user, { kind: 'banned', reason: 'aimbot' }, [], note.at, note)
    bench.gateway.sessions.clear()
    const byCookie = await bench.request('/play', { headers: { cookie } })
    const byBearer = await bench.request('/play', { headers: { authorization: `Bearer ${token}` } })
    const told = async (answer: Response) => ({
      ...((await answer.json()) as object),
      instance: null,
      request_id: null,
    })
    expect([byBearer.status, await told(byBearer)]).toEqual([byCookie.status, await told(byCookie)])
    expect(byBearer.status).toBe(403)
    expect((await said('/maybe', { authorization: `Bearer ${token}` })).status).toBe(403)
    expect(bench.sent).toEqual([])
  })
})

describe('cross-site', () => {
  const EVIL = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }

  test('a bearer is set by who holds it: a client without Origin acts, and so does a page of another site', async () => {
    for (const headers of [{}, EVIL, { origin: 'null' }])
      expect((await said('/play', { ...headers, authorization: `Bearer ${token}` }, { method: 'POST' })).status).toBe(
        200,
      )
  })

  test('what is no good bearer takes the guard off nothing', async () => {
    const foreign = { ...EVIL, cookie, authorization: `Bearer ${FOREIGN}`, accept: 'application/json' }
    expect((await bench.request('/play', { method: 'POST', headers: foreign })).status).toBe(403)
    const bad = await said('/play', { ...EVIL, cookie, authorization: 'Bearer pss_' }, { method: 'POST' })
    expect(bad.status).toBe(401)
    const headers = { cookie, ...EVIL, authorization: 'Bearer pss_' }
    await said('/auth/sign-out', headers, { method: 'POST' })
    expect((await bench.request('/play', { headers: { cookie, origin: ORIGIN } })).status).toBe(200)
  })
})
