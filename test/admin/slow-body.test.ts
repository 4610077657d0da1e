import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import { note, roles } from '../contract/people.ts'
import { ORIGIN, type Workbench } from '../support/gateway.ts'
import { atDoor, type Benches, benchesOn, read, STORES } from './support/bench.ts'
import { about, HOUSE } from './support/clerk.ts'

/** A body of which nothing has come when the call begins; `before` is what happens until it comes. */
function slow(text: string, before: () => Promise<unknown>): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        await before()
        controller.enqueue(new TextEncoder().encode(text))
        controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

describe.each(STORES)('whoever loses what a call needs while its body is under way, on %s', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
  })
  afterAll(() => benches.stop())
  beforeEach(async () => {
    bench = await benches.bench(HOUSE)
  })

  async function send(
    path: string,
    credential: Readonly<Record<string, string>>,
    body: ReadableStream<Uint8Array>,
    type = 'application/json',
  ) {
    const headers = { origin: ORIGIN, 'content-type': type, ...credential }
    return read(await bench.request(path, { method: 'POST', headers, body, duplex: 'half' } as RequestInit))
  }

  async function rolesOf(id: string): Promise<readonly string[]> {
    const users = (await atDoor(bench, 'users.show', { user: id })).body['roles']
    return users as readonly string[]
  }

  test('a demoted administrator gives no role any more, by the API', async () => {
    const admin = await bench.signedIn(['moderator'], 'Mod')
    const { user } = await bench.signedIn(['player'], 'Friend')
    const body = slow(JSON.stringify({ user: user.id, role: 'referee' }), () =>
      bench.store.directory.setRoles(admin.user, roles('player'), null, [], note('roles-changed', admin.user)),
    )
    const answered = await send('/auth/admin/api/roles.assign', { cookie: admin.cookie }, body)
    expect(answered).toMatchObject({ status: 403, body: { code: 'permission_denied', missing: ['admin.roles'] } })
    expect(await rolesOf(user.id)).toEqual(['player'])
  })

  test('a banned administrator ends nothing any more, by a form of the pages', async () => {
    const admin = await bench.signedIn(['moderator'], 'Mod')
    const { user, cookie } = await bench.signedIn(['player'], 'Other')
    const session = (await atDoor(bench, 'users.show', { user: user.id })).body['sessions'] as readonly {
      sid: string
    }[]
    const form = new URLSearchParams({ do: 'session', session: session[0]?.sid ?? '' }).toString()
    const body = slow(form, () => atDoor(bench, 'users.ban', { user: admin.user.id, reason: 'test' }))
    const type = 'application/x-www-form-urlencoded'
    expect((await send(about(user), { cookie: admin.cookie }, body, type)).status).toBe(401)
    expect((await bench.request('/auth/session', { headers: { cookie } })).status).toBe(200)
  })

  test('an API token that was revoked does nothing any more', async () => {
    const admin = await bench.signedIn(['moderator'], 'Mod')
    const { user } = await bench.signedIn(['player'], 'Friend')
    const made = await atDoor(bench, 'tokens.create', { user: admin.user.id, name: 'bot' })
    const { id, token } = made.body as { readonly id: string; readonly token: string }
    const body = slow(JSON.stringify({ user: user.id, role: 'referee' }), () =>
      atDoor(bench, 'tokens.revoke', { user: admin.user.id, token: id }),
    )
    const answered = await send('/auth/admin/api/roles.assign', { authorization: `Bearer ${token}` }, body)
    expect(answered).toMatchObject({ status: 401, body: { code: 'token_invalid' } })
    expect(await rolesOf(user.id)).toEqual(['player'])
  })

  test('a session that was ended everywhere makes no API token any more', async () => {
    const { user, cookie } = await bench.signedIn(['player'], 'Player')
    const body = slow('{"name":"bot"}', () =>
      bench.store.sessions.revokeUser(user, 'signed-out', seconds(bench.clock.now), note('sign-out', user)),
    )
    const answered = await send('/auth/account/tokens', { cookie }, body)
    expect(answered).toMatchObject({ status: 401, body: { code: 'session_revoked' } })
    expect(await bench.store.tokens.list(user, seconds(bench.clock.now))).toEqual([])
  })

  test('a code of an invitation is not taken by whoever was banned meanwhile', async () => {
    const { user, cookie } = await bench.signedIn(['player'], 'Player')
    const { code } = (await atDoor(bench, 'admin.invite')).body as { readonly code: string }
    const body = slow(JSON.stringify({ code }), () => atDoor(bench, 'users.ban', { user: user.id, reason: 'test' }))
    expect((await send('/auth/account/invite', { cookie }, body)).status).toBe(401)
    expect(await rolesOf(user.id)).toEqual(['player'])
  })

  test('an invitation is not accepted by its button for whoever was banned meanwhile', async () => {
    const { user, cookie } = await bench.signedIn(['player'], 'Player')
    const { code } = (await atDoor(bench, 'admin.invite')).body as { readonly code: string }
    const moved = await bench.request(`/auth/invite?code=${code}`)
    const waiting = moved.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const type = 'application/x-www-form-urlencoded'
    const accept = (before: () => Promise<unknown>) =>
      send('/auth/invite', { cookie: `${cookie}; ${waiting}` }, slow(`account=${user.id}`, before), type)
    expect((await accept(() => atDoor(bench, 'users.ban', { user: user.id, reason: 'test' }))).status).toBe(401)
    expect(await rolesOf(user.id)).toEqual(['player'])
  })
})
