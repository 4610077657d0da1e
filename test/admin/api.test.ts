import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { secret } from '../../src/config/define.ts'
import type { Sid } from '../../src/core/brand.ts'
import { ORIGIN, type Workbench } from '../support/gateway.ts'
import { asPerson, atDoor, type Benches, benchesOn, byToken, PLATFORM, read, STORES } from './support/bench.ts'

const SETTINGS = {
  attributes: { level: { type: 'number' }, title: { type: 'string', maxLength: 10 } },
  staticTokens: [{ name: 'game', secret: secret('TEST_GAME_TOKEN'), permissions: ['admin.users'] }],
} as const
const GAME_TOKEN = 'a-test-secret-value'

describe.each(STORES)('the admin API on %s', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
  })
  afterAll(() => benches.stop())
  beforeEach(async () => {
    bench = await benches.bench(PLATFORM, SETTINGS)
  })

  async function sidOf(cookie: string): Promise<Sid> {
    const response = await bench.request('/auth/session', { headers: { cookie } })
    return ((await response.json()) as { sid: Sid }).sid
  }

  test('a cookie without our own Origin changes nothing (CSRF)', async () => {
    const { cookie } = await bench.signedIn(['system_admin'])
    const { user } = await bench.signedIn(['padawan'])
    const body = JSON.stringify({ user: user.id })
    const from = async (headers: Readonly<Record<string, string>>) => {
      const init = { method: 'POST', body, headers: { cookie, 'content-type': 'application/json', ...headers } }
      return (await bench.request('/auth/admin/api/users.kick', init)).status
    }
    expect(await from({})).toBe(403)
    expect(await from({ origin: 'https://evil.example' })).toBe(403)
    expect(await from({ origin: 'null' })).toBe(403)
    expect(await from({ origin: `${ORIGIN}.evil.example` })).toBe(403)
    expect(await from({ 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await from({ origin: ORIGIN })).toBe(200)
  })

  test('a form that pretends to be JSON is refused', async () => {
    const { cookie } = await bench.signedIn(['system_admin'])
    const headers = { cookie, origin: ORIGIN, 'content-type': 'text/plain' }
    const init = { method: 'POST', body: '{"user":"x"}', headers }
    expect((await bench.request('/auth/admin/api/users.kick', init)).status).toBe(400)
  })

  test('reading operations answer GET, writing ones do not', async () => {
    const { cookie } = await bench.signedIn(['system_admin'])
    const listed = await read(await bench.request('/auth/admin/api/users.list?limit=1', { headers: { cookie } }))
    expect(listed).toMatchObject({ status: 200, body: { users: [{ roles: ['system_admin'] }] } })
    const cleared = await bench.request('/auth/admin/api/sessions.clear', { headers: { cookie } })
    expect(cleared.status).toBe(405)
  })

  test('a write with a query is refused: there is no rehearsal here, and input is in the body', async () => {
    const { cookie } = await bench.signedIn(['system_admin'])
    const { user } = await bench.signedIn(['padawan'])
    const headers = { cookie, origin: ORIGIN, 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify({ user: user.id, reason: 'test' }) }
    for (const query of ['?dry_run=1', '?until=2030-01-01']) {
      const refused = await read(await bench.request(`/auth/admin/api/users.ban${query}`, init))
      expect(refused, query).toMatchObject({ status: 400, body: { code: 'bad_body', where: 'query' } })
    }
    expect((await bench.store.directory.read(user.id))?.standing.kind).toBe('active')
    expect((await bench.request('/auth/admin/api/users.ban', init)).status).toBe(200)
  })

  test('what the operator alone may do is refused to everybody else', async () => {
    const { cookie, user } = await bench.signedIn(['system_admin'])
    for (const operation of ['admin.invite', 'keys.rotate', 'policies.unpush', 'assertion.make', 'audit.retain']) {
      expect(await asPerson(bench, cookie, operation)).toMatchObject({ status: 403 })
    }
    expect((await asPerson(bench, cookie, 'tokens.create', { user: user.id, name: 'x' })).status).toBe(403)
  })

  test('403 names the missing permission as this policy calls it', async () => {
    const { cookie } = await bench.signedIn(['guild_leader'])
    const answered = await asPerson(bench, cookie, 'audit.list')
    expect(answered).toMatchObject({ status: 403, body: { code: 'permission_denied', missing: ['admin.logs'] } })
  })

  test('a suspended administrator administers nothing', async () => {
    const { cookie, user } = await bench.signedIn(['system_admin'])
    await bench.signedIn(['system_admin'])
    const standing = { kind: 'suspended', until: bench.gateway.runtime.now() + 60, reason: 'x' } as const
    const note = {
      event: 'standing-changed',
      at: bench.gateway.runtime.now(),
      actor: 'test',
      subject: user.id,
    } as const
    const at = bench.gateway.runtime.now()
    await bench.store.directory.setStanding(
      user,
      { ...standing, until: standing.until as typeof at },
      ['system_admin' as never],
      at,
      { ...note, requestId: 'r', policy: '', detail: {} },
    )
    expect(await asPerson(bench, cookie, 'users.list')).toMatchObject({
      status: 403,
      body: { code: 'account_suspended' },
    })
  })

  test('S38: a listed session has its public name, age and character, and never its key', async () => {
    const { cookie, user } = await bench.signedIn(['padawan'], 'Ada')
    bench.clock.now += 30
    const sid = await sidOf(cookie)
    const listed = await atDoor(bench, 'sessions.list')
    expect(listed.body['sessions']).toMatchObject([
      { sid, user: user.id, user_name: 'Ada', age_seconds: 30, character: null },
    ])
    expect(listed.text).not.toContain(user.tag)
  })

  test('S36: the count has active and total', async () => {
    await bench.signedIn(['padawan'])
    expect(await atDoor(bench, 'sessions.count')).toMatchObject({ body: { active: 1, total: 1 } })
    bench.clock.now += 3600
    expect(await atDoor(bench, 'sessions.count')).toMatchObject({ body: { active: 0, total: 1 } })
  })

  test('S31: a session is ended by its public name, with and without its user', async () => {
    const one = await bench.signedIn(['padawan'])
    const two = await bench.signedIn(['padawan'])
    const ended = { status: 200, body: { ended: true } }
    expect(await atDoor(bench, 'sessions.revoke', { session: await sidOf(one.cookie) })).toMatchObject(ended)
    const named = { session: await sidOf(two.cookie), user: two.user.id }
    expect(await atDoor(bench, 'sessions.revoke', named)).toMatchObject(ended)
    expect((await bench.request('/auth/session', { headers: { cookie: two.cookie } })).status).toBe(401)
    expect(await atDoor(bench, 'sessions.revoke', named)).toMatchObject({ status: 200, body: { ended: false } })
  })

  test('S35: one session by its public name: user name and roles, or nothing once it is over or nobody is left', async () => {
    const ada = await bench.signedIn(['padawan', 'ghost'], 'Ada')
    const session = await sidOf(ada.cookie)
    const shown = {
      status: 200,
      body: {
        sid: session,
        user: ada.user.id,
        user_name: 'Ada',
        roles: ['padawan', 'ghost'],
        unknown_roles: ['ghost'],
      },
    }
    expect(await atDoor(bench, 'sessions.show', { session })).toMatchObject(shown)
    const answered = await atDoor(bench, 'sessions.show', { session, user: ada.user.id })
    expect(answered).toMatchObject({ ...shown, body: { ...shown.body, primary_role: 'padawan' } })
    expect(answered.text).not.toContain(ada.user.tag)
    const nothing = { status: 404, body: { code: 'not_found', where: 'session' } }
    expect(await atDoor(bench, 'sessions.show', { session: 'nothing' })).toMatchObject(nothing)
    expect(await atDoor(bench, 'sessions.show', { session, user: 'nobody' })).toMatchObject(nothing)
    expect(await asPerson(bench, ada.cookie, 'sessions.show', { session })).toMatchObject({
      status: 403,
      body: { missing: ['admin.users'] },
    })
    bench.clock.now += 28_800
    expect(await atDoor(bench, 'sessions.show', { session })).toMatchObject(nothing)
    const bob = await bench.signedIn(['padawan'], 'Bob')
    const other = await sidOf(bob.cookie)
    expect((await atDoor(bench, 'sessions.show', { session: other })).status).toBe(200)
    await atDoor(bench, 'users.remove', { user: bob.user.id })
    expect(await atDoor(bench, 'sessions.show', { session: other })).toMatchObject(nothing)
  })

  test('S34: clear ends everything and counts it; 0 on an empty store', async () => {
    expect(await atDoor(bench, 'sessions.clear')).toMatchObject({ body: { ended: 0 } })
    const one = await bench.signedIn(['padawan'])
    await bench.signedIn(['guest'])
    await bench.request('/auth/session', { headers: { cookie: one.cookie } })
    expect(await atDoor(bench, 'sessions.clear')).toMatchObject({ body: { ended: 2 } })
    expect((await bench.request('/auth/session', { headers: { cookie: one.cookie } })).status).toBe(401)
  })

  test('C3, S33, S39: the game selects a character by its token, and kicks it', async () => {
    const { cookie, user } = await bench.signedIn(['padawan'])
    const session = await sidOf(cookie)
    const character = { id: '7', name: 'Gandalf', world: 'north' }
    const selected = await byToken(bench, GAME_TOKEN, 'sessions.character', { session, user: user.id, character })
    expect(selected).toMatchObject({ status: 200, body: { character } })
    const state = await read(await bench.request('/auth/session', { headers: { cookie } }))
    expect(state.body['character']).toEqual(character)
    const inNorth = await byToken(bench, GAME_TOKEN, 'sessions.list', { world: 'north' })
    expect(inNorth.body['sessions']).toHaveLength(1)
    const kicked = await byToken(bench, GAME_TOKEN, 'characters.kick', { character: '7', world: 'north' })
    expect(kicked).toMatchObject({ status: 200, body: { ended: 1 } })
    const again = await byToken(bench, GAME_TOKEN, 'characters.kick', { character: '7', world: 'north' })
    expect(again).toMatchObject({ status: 200, body: { ended: 0 } })
  })

  test('S39: the distinct characters of a world, for whoever may look at people', async () => {
    const play = async (name: string, id: string, world: string) => {
      const { cookie, user } = await bench.signedIn(['padawan'], name)
      const character = { id, name, world }
      await byToken(bench, GAME_TOKEN, 'sessions.character', { session: await sidOf(cookie), user: user.id, character })
      return cookie
    }
    const cookie = await play('Gandalf', '7', 'north')
    await play('Gandalf', '7', 'north')
    await play('Frodo', '11', 'north')
    await play('Sauron', '7', 'south')
    const north = [
      { id: '11', name: 'Frodo', world: 'north' },
      { id: '7', name: 'Gandalf', world: 'north' },
    ]
    expect(await atDoor(bench, 'characters.list', { world: 'north' })).toMatchObject({
      status: 200,
      body: { world: 'north', characters: north },
    })
    const empty = await byToken(bench, GAME_TOKEN, 'characters.list', { world: 'nowhere' })
    expect(empty).toMatchObject({ status: 200, body: { world: 'nowhere', characters: [] } })
    expect((await atDoor(bench, 'characters.list')).status).toBe(400)
    expect(await asPerson(bench, cookie, 'characters.list', { world: 'north' })).toMatchObject({
      status: 403,
      body: { missing: ['admin.users'] },
    })
    const admin = await bench.signedIn(['system_admin'])
    const asked = { headers: { cookie: admin.cookie } }
    const listed = await read(await bench.request('/auth/admin/api/characters.list?world=north', asked))
    expect(listed).toMatchObject({ status: 200, body: { characters: north } })
  })

  test('2.3: the game says that a character is gone: its sessions live on and are told', async () => {
    const { cookie, user } = await bench.signedIn(['padawan'])
    const session = await sidOf(cookie)
    const character = { id: '7', name: 'Gandalf', world: 'north' }
    await byToken(bench, GAME_TOKEN, 'sessions.character', { session, user: user.id, character })
    const gone = await byToken(bench, GAME_TOKEN, 'characters.gone', { character: '7', world: 'north' })
    expect(gone).toMatchObject({ status: 200, body: { character: '7', released: 1 } })
    const state = await read(await bench.request('/auth/session', { headers: { cookie } }))
    expect(state).toMatchObject({ status: 200, body: { character: null } })
    expect((await bench.store.sessions.list(user, bench.gateway.runtime.now()))[0]?.characterGone).toBe(true)
    const again = await byToken(bench, GAME_TOKEN, 'characters.gone', { character: '7', world: null })
    expect(again).toMatchObject({ status: 200, body: { released: 0 } })
    const trail = await atDoor(bench, 'audit.list', { event: 'character-selected' })
    expect(trail.body['records']).toMatchObject([{}, { detail: { gone: '7', world: 'north' } }])
  })

  test('2.3: nobody takes the character of somebody who is not below them', async () => {
    const { cookie } = await bench.signedIn(['guild_leader'])
    const admin = await bench.signedIn(['system_admin'])
    const session = await sidOf(admin.cookie)
    await atDoor(bench, 'sessions.character', { session, character: { id: '7', name: 'G', world: 'north' } })
    expect((await asPerson(bench, cookie, 'characters.gone', { character: '7' })).status).toBe(403)
    expect(await atDoor(bench, 'sessions.list', { world: 'north' })).toMatchObject({ body: { sessions: [{}] } })
  })

  test('C2: half a character is refused', async () => {
    const { cookie } = await bench.signedIn(['padawan'])
    const input = { session: await sidOf(cookie), character: { id: '7' } }
    const answered = await atDoor(bench, 'sessions.character', input)
    expect(answered).toMatchObject({ status: 400, body: { problems: [{ where: 'character.world' }] } })
  })

  test('a machine token manages no people', async () => {
    const { user } = await bench.signedIn(['padawan'])
    const kicked = await byToken(bench, GAME_TOKEN, 'users.kick', { user: user.id })
    expect(kicked).toMatchObject({ status: 403, body: { code: 'outranked' } })
  })

  test('attributes are typed and bounded by the configuration', async () => {
    const { user } = await bench.signedIn(['padawan'])
    const set = (attributes: unknown) => byToken(bench, GAME_TOKEN, 'users.attributes', { user: user.id, attributes })
    expect(await set({ level: 7, title: 'Sir' })).toMatchObject({ body: { attributes: { level: 7, title: 'Sir' } } })
    expect(await set({ level: null })).toMatchObject({ body: { attributes: { title: 'Sir' } } })
    expect(await set({ level: '7' })).toMatchObject({
      status: 400,
      body: { problems: [{ where: 'attributes.level' }] },
    })
    expect(await set({ title: 'x'.repeat(11) })).toMatchObject({ status: 400 })
    expect(await set({ title: 'x'.repeat(10) })).toMatchObject({ status: 200 })
    expect(await set({ levl: 1 })).toMatchObject({
      status: 400,
      body: { problems: [{ what: 'is no attribute of this deployment; did you mean "level"?' }] },
    })
    expect(await set({ __proto__: null, constructor: 1 })).toMatchObject({ status: 400 })
    expect(await set({})).toMatchObject({ status: 400 })
  })

  test('users are found by part of the name, and shown with what they have', async () => {
    const { user } = await bench.signedIn(['padawan'], 'Ada Lovelace')
    await bench.signedIn(['padawan'], 'Grace')
    const found = await atDoor(bench, 'users.search', { text: 'love' })
    expect(found.body['users']).toMatchObject([{ id: user.id, name: 'Ada Lovelace' }])
    const shown = await atDoor(bench, 'users.show', { user: user.id })
    expect(shown.body).toMatchObject({ online: true, worlds: [], identities: [{ provider: 'google', primary: true }] })
    expect(shown.text).not.toContain('subject-1')
  })

  test('A4: a role the policy does not know is named apart and grants nothing', async () => {
    const { user } = await bench.signedIn(['archmage'])
    const shown = await atDoor(bench, 'users.show', { user: user.id })
    expect(shown.body).toMatchObject({ unknown_roles: ['archmage'], level: null, permissions: [] })
  })

  test('lists are paged', async () => {
    for (const name of ['A', 'B', 'C']) await bench.signedIn(['padawan'], name)
    const first = await atDoor(bench, 'users.list', { limit: 2 })
    const rest = await atDoor(bench, 'users.list', { limit: 2, after: first.body['next'] })
    const names = [first, rest].flatMap(({ body }) => (body['users'] as { name: string }[]).map(({ name }) => name))
    expect(names.sort()).toEqual(['A', 'B', 'C'])
    expect(rest.body['next']).toBeNull()
  })
})
