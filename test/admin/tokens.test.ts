import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RoleName, UserId } from '../../src/core/brand.ts'
import { ORIGIN, type Workbench } from '../support/gateway.ts'
import { type Answered, atDoor, type Benches, benchesOn, byToken, read, STORES } from './support/bench.ts'

const POLICY = {
  'roles.yaml': `users: { defaultRole: player }
permissions: [players.view, players.edit, players.ban, admin.users, admin.config, admin.logs]
roles:
  player: { level: 0, permissions: [players.view] }
  keeper: { level: 1, permissions: [players.view, players.edit, players.ban, admin.users] }
  chief: { level: 2, permissions: ["*"] }
upstream: game
rules:
  - path: /players
    permission: players.view
    tokens: allow
  - path: /players/edit
    permission: players.edit
    tokens: allow
  - path: /session-only
    permission: players.view
`,
}

describe.each(STORES)('API tokens on %s', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
  })
  afterAll(() => benches.stop())
  beforeEach(async () => {
    bench = await benches.bench(POLICY)
  })

  async function own(cookie: string, method: string, path: string, body?: unknown): Promise<Answered> {
    const headers = { cookie, origin: ORIGIN, 'content-type': 'application/json' }
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    return read(await bench.request(`/auth/account/${path}`, { method, headers, ...sent }))
  }

  async function get(path: string, headers: Readonly<Record<string, string>>): Promise<number> {
    return (await bench.request(path, { headers })).status
  }

  async function tokenOf(cookie: string, input: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const made = await own(cookie, 'POST', 'tokens', { name: 'bot', ...input })
    expect(made.status).toBe(201)
    return String(made.body['token'])
  }

  test('T1: every form of a good token is accepted, and a bad one is never tried twice', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const good = await tokenOf(cookie)
    const bad = `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`
    expect(await get('/players', { authorization: `Bearer ${good}` })).toBe(200)
    expect(await get('/players', { authorization: `Token ${good}` })).toBe(200)
    expect(await get('/players', { authorization: good })).toBe(200)
    expect(await get('/players', { 'x-api-token': good })).toBe(200)
    expect(await get('/players', { authorization: `Bearer ${good}`, 'x-api-token': bad })).toBe(200)
    expect(await get('/players', { authorization: `Bearer ${bad}`, 'x-api-token': good })).toBe(401)
    expect(await get('/players', { authorization: `bEaReR ${good}` })).toBe(200)
    expect(await get('/players', { authorization: `Bearer   ${good}  ` })).toBe(200)
    expect(await get('/players', { authorization: 'Bearer' })).toBe(401)
    expect(await get('/players', { authorization: '', 'x-api-token': good })).toBe(200)
    expect(await get('/players', { authorization: `Bearer ${good}, ${good}` })).toBe(400)
    expect(await get('/players', { authorization: `Bearer ${bad}`, cookie })).toBe(401)
  })

  test('T2: a token with a wrong mac is refused without asking the store', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const good = await tokenOf(cookie)
    bench.calls.length = 0
    expect(
      await get('/players', { authorization: `${good.slice(0, 20)}${good[20] === 'x' ? 'y' : 'x'}${good.slice(21)}` }),
    ).toBe(401)
    expect(await get('/players', { authorization: `${good}x` })).toBe(401)
    expect(bench.calls.filter((call) => call.startsWith('tokens.'))).toEqual([])
  })

  test('T3: an invented token is refused where none was ever made', async () => {
    expect(await get('/players', { authorization: 'Bearer pst_abcdefghij_invented' })).toBe(401)
  })

  test('T4: an accepted token does not reach the upstream, in whichever header it came', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const good = await tokenOf(cookie)
    await get('/players', { authorization: `Bearer ${good}` })
    await get('/players', { 'x-api-token': good })
    const sent = bench.sent.map(({ headers }) => JSON.stringify([...headers]))
    expect(sent).toHaveLength(2)
    expect(sent.join('')).not.toContain(good)
  })

  test('T5, T7: a token opens only what its rule opens to tokens', async () => {
    const { cookie } = await bench.signedIn(['player'])
    expect(await get('/session-only', { authorization: `Bearer ${await tokenOf(cookie)}` })).toBe(403)
  })

  test('T6: a token has name, description, status, use, end and limit, and is shown once', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    const input = { description: 'reads', scopes: ['players.view'], expires_in: '10d', hourly_limit: 100 }
    const text = await tokenOf(cookie, input)
    await get('/players', { authorization: `Bearer ${text}` })
    await bench.settle()
    const listed = await own(cookie, 'GET', 'tokens')
    expect(listed.body['tokens']).toMatchObject([
      { name: 'bot', description: 'reads', status: 'active', scopes: ['players.view'], hourly_limit: 100, uses: 1 },
    ])
    expect(listed.text).not.toContain(text.slice(15))
    expect((await atDoor(bench, 'tokens.list', { user: user.id })).text).not.toContain(text.slice(15))
    bench.clock.now += 10 * 86_400
    expect(await get('/players', { authorization: `Bearer ${text}` })).toBe(401)
  })

  test('T6: seeing tokens of others needs the permission for it', async () => {
    const { cookie } = await bench.signedIn(['keeper'])
    const { user } = await bench.signedIn(['player'])
    const headers = { cookie, origin: ORIGIN, 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify({ user: user.id }) }
    expect((await bench.request('/auth/admin/api/tokens.list', init)).status).toBe(403)
  })

  test('createToken() makes 50 of 60 at once, and the next one when one of them is over', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const make = (n: number) => own(cookie, 'POST', 'tokens', { name: `bot ${n}`, expires_in: n === 0 ? '1h' : '10d' })
    const made = [await make(0), ...(await Promise.all(Array.from({ length: 59 }, (_, n) => make(n + 1))))]
    const refused = made.filter(({ status }) => status === 403)
    expect(refused).toHaveLength(10)
    expect(refused[0]).toMatchObject({ body: { code: 'quota_exceeded', limit: 50 } })
    bench.clock.now += 3600
    expect([(await make(60)).status, (await make(61)).status]).toEqual([201, 403])
    expect((await own(cookie, 'GET', 'tokens')).body['tokens']).toHaveLength(50)
  })

  test('no token is made with more than its owner may', async () => {
    const { cookie } = await bench.signedIn(['keeper'])
    const beyond = await own(cookie, 'POST', 'tokens', { name: 'x', scopes: ['players.view', 'admin.config'] })
    expect(beyond).toMatchObject({ status: 403, body: { where: 'scopes', missing: ['admin.config'] } })
    expect((await own(cookie, 'POST', 'tokens', { name: 'x', scopes: ['*'] })).status).toBe(403)
    expect((await own(cookie, 'POST', 'tokens', { name: 'x', scopes: ['admin.*'] })).status).toBe(403)
    expect((await own(cookie, 'POST', 'tokens', { name: 'x', scopes: ['nothing.*'] })).status).toBe(403)
    expect((await own(cookie, 'POST', 'tokens', { name: 'x', scopes: ['players.*'] })).status).toBe(201)
    expect((await own(cookie, 'POST', 'tokens', { name: 'x', scopes: [] })).status).toBe(400)
  })

  test('a guest has no API token, made by themselves or by the operator: it would outlive what they prove', async () => {
    const policy = { 'roles.yaml': POLICY['roles.yaml'].replace('defaultRole: player', '$&, guestRole: player') }
    bench = await benches.bench(policy)
    const headers = { origin: ORIGIN, accept: 'application/json' }
    const made = await bench.request('/auth/guest', { method: 'POST', headers })
    const cookie = made.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ')
    const refused = { status: 403, body: { code: 'guest_refused' } }
    expect(await own(cookie, 'POST', 'tokens', { name: 'x' })).toMatchObject(refused)
    const { items } = await bench.store.directory.search('', { after: null, limit: 9 })
    expect(items).toMatchObject([{ guest: true }])
    expect(await atDoor(bench, 'tokens.create', { user: items[0]?.id, name: 'x' })).toMatchObject(refused)
    expect((await own(cookie, 'GET', 'tokens')).body).toEqual({ tokens: [] })
  })

  test('a scope may be every name that a permission may have, and an area of it; anything else is told', async () => {
    const policy = { 'roles.yaml': POLICY['roles.yaml'].replaceAll('players.edit', 'world-map.re-draw') }
    bench = await benches.bench(policy)
    const { cookie } = await bench.signedIn(['keeper'])
    for (const scope of ['world-map.re-draw', 'world-map.*'])
      expect((await own(cookie, 'POST', 'tokens', { name: 'x', scopes: [scope] })).status, scope).toBe(201)
    for (const scope of ['', 'World.map', 'world..map', 'world.', 'world*', '*.map', '.*', 'world map', 'a\nb']) {
      const refused = await own(cookie, 'POST', 'tokens', { name: 'x', scopes: [scope] })
      expect(refused, scope).toMatchObject({ status: 400, body: { code: 'bad_body' } })
    }
  })

  test("a token's scopes shrink with its owner's role, at the next use", async () => {
    const { cookie, user } = await bench.signedIn(['keeper'])
    const edit = { authorization: `Bearer ${await tokenOf(cookie, { scopes: ['players.edit'] })}` }
    const all = { authorization: `Bearer ${await tokenOf(cookie)}` }
    expect([await get('/players/edit', edit), await get('/players/edit', all)]).toEqual([200, 200])
    await atDoor(bench, 'roles.replace', { user: user.id, roles: ['player'] })
    expect([await get('/players/edit', edit), await get('/players/edit', all)]).toEqual([403, 403])
    expect([await get('/players', edit), await get('/players', all)]).toEqual([403, 200])
  })

  test('a token does in the admin API what its scopes say, and no more', async () => {
    const { cookie } = await bench.signedIn(['keeper'])
    const { user } = await bench.signedIn(['player'])
    const looks = await tokenOf(cookie, { scopes: ['admin.users'] })
    expect((await byToken(bench, looks, 'users.list')).status).toBe(200)
    expect((await byToken(bench, looks, 'users.ban', { user: user.id, reason: 'x' })).status).toBe(403)
    const bans = await tokenOf(cookie, { scopes: ['players.ban'] })
    expect((await byToken(bench, bans, 'users.ban', { user: user.id, reason: 'x' })).status).toBe(200)
  })

  test("a banned owner's token is refused, and works for no admin call", async () => {
    const { cookie, user } = await bench.signedIn(['keeper'])
    const text = await tokenOf(cookie)
    await atDoor(bench, 'users.ban', { user: user.id, reason: 'x' })
    expect(await get('/players', { authorization: `Bearer ${text}` })).toBe(403)
    expect((await byToken(bench, text, 'users.list')).body['code']).toBe('account_suspended')
  })

  test('a token makes no tokens and ends no sessions', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const headers = { authorization: `Bearer ${await tokenOf(cookie)}`, 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: '{"name":"child"}' }
    expect((await bench.request('/auth/account/tokens', init)).status).toBe(401)
    expect((await bench.request('/auth/account/sessions', { headers })).status).toBe(401)
  })

  test('rotation brings back no token that is over, and keeps no old one beyond its own end', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    const old = await tokenOf(cookie, { expires_in: '60s' })
    const [{ id }] = (await own(cookie, 'GET', 'tokens')).body['tokens'] as [{ id: string }]
    bench.clock.now += 30
    const rotated = await atDoor(bench, 'tokens.rotate', { user: user.id, token: id, overlap: '1d' })
    expect(rotated.status).toBe(200)
    bench.clock.now += 30
    expect(await get('/players', { authorization: `Bearer ${old}` })).toBe(401)
    expect(await get('/players', { authorization: `Bearer ${String(rotated.body['token'])}` })).toBe(200)
    const late = await atDoor(bench, 'tokens.rotate', { user: user.id, token: id, overlap: '60s' })
    expect(late).toMatchObject({ status: 404, body: { code: 'not_found', where: 'token' } })
  })

  test('rotation: the new secret at once, the old one until the overlap ends', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    const old = await tokenOf(cookie)
    const [{ id }] = (await own(cookie, 'GET', 'tokens')).body['tokens'] as [{ id: string }]
    const rotated = await atDoor(bench, 'tokens.rotate', { user: user.id, token: id, overlap: '60s' })
    const fresh = String(rotated.body['token'])
    const both = async () => [
      await get('/players', { authorization: `Bearer ${old}` }),
      await get('/players', { authorization: `Bearer ${fresh}` }),
    ]
    expect(await both()).toEqual([200, 200])
    bench.clock.now += 59
    expect(await both()).toEqual([200, 200])
    bench.clock.now += 1
    expect(await both()).toEqual([401, 200])
  })

  test('revoking ends a token at once, and only an own one', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const other = await bench.signedIn(['player'])
    const text = await tokenOf(cookie)
    const [{ id }] = (await own(cookie, 'GET', 'tokens')).body['tokens'] as [{ id: string }]
    expect((await own(other.cookie, 'DELETE', `tokens/${id}`)).status).toBe(404)
    expect((await own(cookie, 'DELETE', `tokens/${id}`)).status).toBe(200)
    expect(await get('/players', { authorization: `Bearer ${text}` })).toBe(401)
  })

  test('an own device is seen and ended; one of others is not found', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    const other = await bench.signedIn(['player'])
    const listed = (await own(cookie, 'GET', 'sessions')).body['sessions'] as { sid: string; current: boolean }[]
    expect(listed).toMatchObject([{ user: user.id, current: true }])
    const sid = listed[0]?.sid ?? ''
    expect((await own(other.cookie, 'DELETE', `sessions/${sid}`)).status).toBe(404)
    expect((await own(cookie, 'DELETE', `sessions/${sid}`)).status).toBe(200)
    expect((await own(cookie, 'GET', 'sessions')).status).toBe(401)
  })

  test('the own account is changed only from a page of ours (CSRF)', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const headers = { cookie, origin: 'https://evil.example', 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: '{"name":"x"}' }
    expect((await bench.request('/auth/account/tokens', init)).status).toBe(403)
    expect((await bench.request('/auth/account/sessions/x', { method: 'DELETE', headers: { cookie } })).status).toBe(
      403,
    )
  })

  test('an invitation makes its bearer an administrator, once and within 15 minutes', async () => {
    const first = await bench.signedIn(['player'])
    const second = await bench.signedIn(['player'])
    const { code } = (await atDoor(bench, 'admin.invite')).body
    expect(await own(first.cookie, 'POST', 'invite', { code })).toMatchObject({ status: 200, body: { role: 'chief' } })
    expect(await own(second.cookie, 'POST', 'invite', { code })).toMatchObject({
      status: 400,
      body: { code: 'invite_invalid' },
    })
    expect((await bench.store.directory.read(first.user.id as UserId))?.roles).toContain('chief' as RoleName)
    const late = (await atDoor(bench, 'admin.invite')).body['code']
    bench.clock.now += 900
    expect((await own(second.cookie, 'POST', 'invite', { code: late })).status).toBe(400)
  })

  test('an invitation is taken exactly once by two at a time', async () => {
    const people = [await bench.signedIn(['player']), await bench.signedIn(['player'])]
    const { code } = (await atDoor(bench, 'admin.invite')).body
    const took = await Promise.all(people.map(({ cookie }) => own(cookie, 'POST', 'invite', { code })))
    expect(took.map(({ status }) => status).sort()).toEqual([200, 400])
  })

  test('codes are not guessed: the 11th try in a minute is 429', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const code = 'x'.repeat(32)
    for (let n = 0; n < 10; n++) expect((await own(cookie, 'POST', 'invite', { code })).status).toBe(400)
    expect((await own(cookie, 'POST', 'invite', { code })).status).toBe(429)
  })
})
