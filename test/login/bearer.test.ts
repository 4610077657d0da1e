import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { User } from '../../src/core/person.ts'
import { POLICIES, silence } from '../session/scene.ts'
import { ORIGIN, type Workbench, workbench } from '../support/gateway.ts'

const FOREIGN = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
const ENDPOINTS = [
  ['GET', '/auth/session'],
  ['POST', '/auth/session/touch'],
  ['POST', '/auth/ticket?path=/players'],
  ['GET', '/auth/can?GET=/edit'],
  ['GET', '/auth/account'],
  ['GET', '/auth/account/sessions'],
  ['GET', '/auth/account/tokens'],
  ['POST', '/auth/devices/end-others'],
] as const

let bench: Workbench
let bearer: Readonly<Record<string, string>>
let cookie: string
let user: User
beforeEach(async () => {
  bench = await workbench(POLICIES, {
    session: { touchEvery: 1 },
    providers: { google: { clientId: 'x', clientSecret: { secret: 'TEST_SECRET' } } },
  })
  const signedIn = await bench.signedIn(['warden'])
  ;({ cookie, user } = signedIn)
  bearer = { accept: 'application/json', authorization: `Bearer ${signedIn.accessToken}` }
})
afterEach(() => bench.close())

interface Said {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly challenge: string | null
}

/** What an endpoint says; no cookie and nothing about the browser comes with it. */
async function said(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | null = null,
): Promise<Said> {
  const answer = await bench.request(path, { method, headers, body })
  await bench.settle()
  expect(answer.headers.getSetCookie()).toEqual([])
  expect(answer.headers.get('clear-site-data')).toBe(null)
  expect(answer.headers.get('content-type')).toMatch(/json/)
  const told = (await answer.json()) as Readonly<Record<string, unknown>>
  return { status: answer.status, body: told, challenge: answer.headers.get('www-authenticate') }
}

describe.each(ENDPOINTS)('a session as a bearer, at %s %s', (method, path) => {
  test('is told what a session by cookie is told, without any Origin', async () => {
    const byCookie = await said(method, path, { accept: 'application/json', cookie, origin: ORIGIN })
    const byBearer = await said(method, path, bearer)
    expect([byBearer.status, Object.keys(byBearer.body)]).toEqual([byCookie.status, Object.keys(byCookie.body)])
    expect(byBearer.status).toBe(200)
  })

  test('decides alone: the cookie of somebody else beside it, and where the page is from, count for nothing', async () => {
    const other = await bench.signedIn([])
    const reads = bench.calls.length
    expect((await said(method, path, { ...bearer, ...FOREIGN, cookie: other.cookie })).status).toBe(200)
    expect(bench.calls.slice(reads).filter((call) => call === 'sessions.read').length).toBeLessThanOrEqual(1)
  })

  test('that is wrong is 401 with its error, also beside a good cookie', async () => {
    const wrong = { ...bearer, authorization: `${bearer['authorization']}x` }
    for (const headers of [wrong, { ...wrong, cookie, origin: ORIGIN }]) {
      const { status, body, challenge } = await said(method, path, headers)
      expect([status, body['code']]).toEqual([401, 'session_invalid'])
      expect(challenge).toBe('Bearer realm="play.example.com", error="invalid_token"')
    }
  })

  test('is 503 when the store is silent, and good again after', async () => {
    const heal = silence(bench.store.sessions, 'read')
    expect(await said(method, path, bearer)).toMatchObject({ status: 503, body: { code: 'store_unavailable' } })
    heal()
    expect((await said(method, path, bearer)).status).toBe(200)
  })
})

describe('what a bearer comes to', () => {
  test('the session of the cookie: one sid, one device in the list', async () => {
    const { body } = await said('GET', '/auth/session', bearer)
    const byCookie = await said('GET', '/auth/session', { accept: 'application/json', cookie })
    expect(body['sid']).toBe(byCookie.body['sid'])
    expect(body['user']).toMatchObject({ id: user.id })
    const listed = (await said('GET', '/auth/account/sessions', bearer)).body
    expect(listed).toMatchObject({ sessions: [{ sid: body['sid'], current: true }] })
  })

  test('the heartbeat keeps it alive', async () => {
    bench.clock.now += 3600
    expect((await said('POST', '/auth/session/touch', bearer)).status).toBe(200)
    bench.gateway.sessions.clear()
    const { body } = await said('GET', '/auth/session', bearer)
    expect(Date.parse(String(body['last_seen'])) / 1000).toBe(bench.clock.now)
  })

  test('a ticket for a socket, which opens it', async () => {
    const { body } = await said('POST', '/auth/ticket?path=/quiet', bearer)
    const upgrade = { upgrade: 'websocket', connection: 'Upgrade' }
    const opened = await bench.request(`/quiet?postern_ticket=${body['ticket']}`, { headers: upgrade })
    expect(opened.status).toBe(101)
  })

  test('can answers for it, and never as for nobody once it is over', async () => {
    const can = '/auth/can?GET=/edit&GET=/open'
    expect((await said('GET', can, bearer)).body).toMatchObject({ answers: [{ allowed: true }, { allowed: true }] })
    await said('POST', '/auth/sign-out', bearer)
    expect(await said('GET', can, bearer)).toMatchObject({ status: 401, body: { code: 'session_revoked' } })
  })

  test('other devices are ended by it, and its own is the one that stays', async () => {
    const here = await said('GET', '/auth/session', bearer)
    expect(here.status).toBe(200)
    expect((await said('POST', '/auth/devices/end-others', bearer)).body).toEqual({ ended: 0 })
    const own = await said('POST', `/auth/devices/end?sid=${here.body['sid']}`, bearer)
    expect(own).toMatchObject({ status: 200, body: { signed_out: 1 } })
    expect((await said('GET', '/auth/session', bearer)).status).toBe(401)
  })
})

describe('sign-out by a bearer', () => {
  test('ends its own session, and leaves that of the cookie beside it alone', async () => {
    const other = await bench.signedIn(['player'])
    const out = await said('POST', '/auth/sign-out', { ...bearer, cookie: other.cookie, origin: ORIGIN })
    expect(out).toMatchObject({ status: 200, body: { signed_out: 1 } })
    expect((await said('GET', '/auth/session', bearer)).body).toMatchObject({ reason: 'signed-out' })
    expect((await bench.request('/players', { headers: { cookie: other.cookie } })).status).toBe(200)
  })

  test('a second time, or with one that is wrong, ends nothing and succeeds (seeds S24)', async () => {
    const wrong = { ...bearer, authorization: `${bearer['authorization']}x` }
    expect(await said('POST', '/auth/sign-out', { ...wrong, cookie })).toMatchObject({ body: { signed_out: 0 } })
    expect(await said('POST', '/auth/sign-out', bearer)).toMatchObject({ status: 200, body: { signed_out: 1 } })
    expect(await said('POST', '/auth/sign-out', bearer)).toMatchObject({ status: 200, body: { signed_out: 0 } })
  })

  test('everywhere ends the others too', async () => {
    const out = await said('POST', '/auth/sign-out/everywhere', bearer)
    expect(out).toMatchObject({ status: 200, body: { signed_out: 1 } })
    expect((await bench.request('/players', { headers: { cookie } })).status).toBe(401)
  })
})

describe('what needs a browser', () => {
  test('starts nothing for a bearer, and gives it no cookie', async () => {
    for (const path of ['/auth/link/google', '/auth/start/google', '/auth/choose/x/guest', '/auth/choose/x/existing'])
      expect([path, await said('POST', path, bearer)]).toMatchObject([
        path,
        { status: 400, body: { code: 'not_navigation' } },
      ])
    expect((await said('GET', '/auth/start/google', { ...bearer, accept: 'text/html' })).status).toBe(400)
  })

  test('a sign-in that comes back is that of the cookie, whatever bearer is beside it', async () => {
    const { status, body } = await said('GET', '/auth/callback/google?state=x&code=y', bearer)
    expect([status, body['code']]).toEqual([400, 'sign_in_interrupted'])
    const browser = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', cookie }
    expect((await bench.request('/auth/callback/google?state=x&code=y', { headers: browser })).status).toBe(303)
  })

  test('no own endpoint gives a bearer a cookie, not even one that gives a browser one without asking who it is', async () => {
    const path = `/auth/invite?code=${'a'.repeat(32)}`
    const browser = await bench.request(path, { headers: { accept: 'text/html' } })
    expect(browser.headers.getSetCookie()).toHaveLength(1)
    const answer = await bench.request(path, { headers: bearer })
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([303, []])
  })

  test('a bearer that is over makes no guest, and one that is good needs none', async () => {
    expect(
      await said('POST', '/auth/guest', { ...bearer, authorization: `${bearer['authorization']}x` }),
    ).toMatchObject({
      status: 401,
      body: { code: 'session_invalid' },
    })
    expect((await said('POST', '/auth/guest', bearer)).status).toBe(200)
    expect(bench.calls).not.toContain('directory.createGuest')
  })
})

describe('the admin API', () => {
  test('takes a bearer without Origin, by the permission of its person and no other', async () => {
    const chief = await workbench(
      {
        'roles.yaml': `
users: { defaultRole: player }
permissions: [admin.users]
roles:
  player: { level: 1, permissions: [] }
  chief: { level: 2, permissions: [admin.users] }
`,
        'game.yaml': 'upstream: game\nrules: [{ path: /open, access: public }]\n',
      },
      {},
    )
    try {
      const may = await chief.signedIn(['chief'])
      const not = await chief.signedIn(['player'])
      const list = async (headers: Readonly<Record<string, string>>, method = 'POST') =>
        (
          await chief.request('/auth/admin/api/users.list', {
            method,
            headers: { 'content-type': 'application/json', ...headers },
            ...(method === 'POST' ? { body: '{}' } : {}),
          })
        ).status
      expect(await list({ authorization: `Bearer ${may.accessToken}` })).toBe(200)
      expect(await list({ authorization: `Bearer ${may.accessToken}` }, 'GET')).toBe(200)
      expect(await list({ cookie: may.cookie })).toBe(403)
      expect(await list({ authorization: `Bearer ${not.accessToken}` })).toBe(403)
      expect(await list({ authorization: `Bearer ${not.accessToken}`, cookie: may.cookie, origin: ORIGIN })).toBe(403)
      expect(await list({ authorization: `Bearer ${may.accessToken}x`, cookie: may.cookie, origin: ORIGIN })).toBe(401)
      expect(await list({ authorization: may.accessToken, cookie: may.cookie, origin: ORIGIN })).toBe(401)
    } finally {
      chief.close()
    }
  })
})
