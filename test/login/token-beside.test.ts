import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import { freshApiToken } from '../../src/session/api-token.ts'
import { noteOf, POLICIES } from '../session/scene.ts'
import { ORIGIN, type Workbench, workbench } from '../support/gateway.ts'

const FIXED = 'a-fixed-token-of-a-machine-that-backs-up'
const SETTINGS = {
  session: { touchEvery: 1 },
  staticTokens: [{ name: 'backup', secret: { secret: 'BACKUP_TOKEN' }, permissions: ['players.edit'] }],
}

let bench: Workbench
let cookie: string
let good: string
beforeEach(async () => {
  bench = await workbench(POLICIES, SETTINGS, { secrets: { BACKUP_TOKEN: FIXED } })
  const signedIn = await bench.signedIn(['warden'])
  cookie = signedIn.cookie
  const { user } = signedIn
  const { text, key, id } = await freshApiToken(bench.gateway.apiMac, user.tag, bench.gateway.runtime.random)
  const token = {
    ...{ id, key, owner: user.id, name: 'bot', description: '', scopes: null, createdAt: seconds(bench.clock.now) },
    ...{ expiresAt: null, lastUsedAt: null, uses: 0, hourlyLimit: null },
  }
  await bench.store.tokens.create(user, token, 50, noteOf(bench, 'token-created'))
  good = text
  bench.clock.now += 300
})
afterEach(() => bench.close())

const ENDPOINTS = [
  ['GET', '/auth/session'],
  ['POST', '/auth/session/touch'],
  ['POST', '/auth/ticket?path=/players'],
  ['GET', '/auth/account'],
  ['POST', '/auth/devices/end-others'],
] as const

/** What an endpoint says to this, and what it asked of the store about sessions. */
async function said(method: string, path: string, headers: Readonly<Record<string, string>>) {
  const before = bench.calls.length
  const all = { accept: 'application/json', origin: ORIGIN, 'sec-fetch-site': 'same-origin', ...headers }
  const answer = await bench.request(path, { method, headers: all })
  await bench.settle()
  const { code } = (await answer.json()) as { readonly code?: string }
  const sessions = bench.calls.slice(before).filter((call) => call.startsWith('sessions.'))
  return { status: answer.status, code: code ?? null, sessions }
}

const REFUSED = { status: 403, code: 'permission_denied', sessions: [] }

describe.each(ENDPOINTS)('T1: at %s %s', (method, path) => {
  test('a good token beside the cookie decides, and is no session: the cookie is not read', async () => {
    expect(await said(method, path, { cookie, authorization: `Bearer ${good}` })).toEqual(REFUSED)
    expect(await said(method, path, { cookie, 'x-api-token': good })).toEqual(REFUSED)
    expect(await said(method, path, { authorization: `Bearer ${good}` })).toEqual(REFUSED)
  })

  test('a fixed token does too', async () => {
    expect(await said(method, path, { cookie, authorization: `Bearer ${FIXED}` })).toEqual(REFUSED)
  })

  test('a bad token is refused, whatever is beside it', async () => {
    const bad = `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`
    const refused = { status: 401, code: 'token_invalid', sessions: [] }
    expect(await said(method, path, { cookie, authorization: `Bearer ${bad}` })).toEqual(refused)
  })

  test('two tokens in one header are 400', async () => {
    const refused = { status: 400, code: 'bad_credential', sessions: [] }
    expect(await said(method, path, { cookie, authorization: `${good}, ${good}` })).toEqual(refused)
  })

  test('what is not ours leaves the decision to the cookie', async () => {
    const { status } = await said(method, path, { cookie, authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' })
    expect([200, 303]).toContain(status)
  })
})

test('sign-out ends the session of the cookie whatever is beside it', async () => {
  const headers = { cookie, authorization: `Bearer ${good}`, accept: 'application/json', origin: ORIGIN }
  const answer = await bench.request('/auth/sign-out', { method: 'POST', headers })
  expect(await answer.json()).toMatchObject({ signed_out: 1 })
})
