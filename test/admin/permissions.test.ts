import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { secret } from '../../src/config/define.ts'
import { ORIGIN, type Workbench } from '../support/gateway.ts'
import { type Answered, atDoor, type Benches, benchesOn, read, STORES } from './support/bench.ts'

// What is asked of a session's assertion is in test/admin/records.test.ts.

const POLICY = {
  'roles.yaml': `users: { defaultRole: player }
permissions: [players.view, players.edit, admin.users]
roles:
  player: { level: 0, permissions: [players.view] }
  keeper: { level: 1, permissions: [players.view, players.edit] }
  chief: { level: 2, permissions: ["*"] }
upstream: game
rules:
  - path: /players
    permission: players.view
    tokens: allow
`,
}
const SETTINGS = {
  staticTokens: [{ name: 'scraper', secret: secret('TEST_SCRAPER'), permissions: ['players.view'] }],
} as const

describe.each(STORES)('GET {prefix}/permissions for the assertion of a token on %s', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
  })
  afterAll(() => benches.stop())
  beforeEach(async () => {
    bench = await benches.bench(POLICY, SETTINGS)
  })

  /** The assertion that the game is sent with a token. */
  async function assertionFor(token: string): Promise<string> {
    const passed = await bench.request('/players', { headers: { authorization: `Bearer ${token}` } })
    expect(passed.status).toBe(200)
    return bench.sent.at(-1)?.headers.get('postern-assertion') ?? ''
  }

  async function asked(assertion: string): Promise<Answered> {
    return read(await bench.request('/auth/permissions', { headers: { authorization: `Bearer ${assertion}` } }))
  }

  /** A keeper with a session and a token that may less than they do. */
  async function keeper() {
    const { cookie, user } = await bench.signedIn(['keeper'])
    const headers = { cookie, origin: ORIGIN, 'content-type': 'application/json' }
    const body = JSON.stringify({ name: 'bot', scopes: ['players.view'] })
    const made = await read(await bench.request('/auth/account/tokens', { method: 'POST', headers, body }))
    expect(made.status).toBe(201)
    return { user, id: String(made.body['id']), assertion: await assertionFor(String(made.body['token'])) }
  }

  test('lists what the token may, and not what its owner may', async () => {
    const { user, assertion } = await keeper()
    const { status, body } = await asked(assertion)
    expect([status, body['sub'], body['permissions']]).toEqual([200, user.id, ['players.view']])
  })

  test('is 401 once the token is revoked, although its owner is still signed in', async () => {
    const { user, id, assertion } = await keeper()
    expect((await atDoor(bench, 'tokens.revoke', { user: user.id, token: id })).status).toBe(200)
    expect((await asked(assertion)).status).toBe(401)
  })

  test('is 401 while the owner is banned, and after a suspension it answers again', async () => {
    const { user, assertion } = await keeper()
    const until = bench.clock.now + 10
    expect((await atDoor(bench, 'users.suspend', { user: user.id, until, reason: 'test' })).status).toBe(200)
    expect((await asked(assertion)).status).toBe(401)
    bench.clock.now = until
    expect((await asked(assertion)).status).toBe(200)
    expect((await atDoor(bench, 'users.ban', { user: user.id, reason: 'test' })).status).toBe(200)
    expect((await asked(assertion)).status).toBe(401)
  })

  test('lists what a static token may, who is nobody', async () => {
    const { status, body } = await asked(await assertionFor('a-test-secret-value'))
    expect([status, body]).toMatchObject([
      200,
      { sub: 'token:scraper', roles: [], primary_role: null, permissions: ['players.view'] },
    ])
  })
})
