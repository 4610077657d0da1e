import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Sid, seconds } from '../../src/core/brand.ts'
import type { User } from '../../src/core/person.ts'
import { note } from '../../src/session/note.ts'
import { openSession } from '../../src/session/open.ts'
import { about, clerk, confirm, HOUSE, words } from '../admin/support/clerk.ts'
import { askOf } from '../support/ask.ts'
import type { Workbench } from '../support/gateway.ts'
import { workbench } from '../support/gateway.ts'

let bench: Workbench
beforeEach(async () => {
  bench = await workbench(HOUSE)
})
afterEach(() => bench.close())

const EVIL = 'https://evil.example'
const BAN = { do: 'ban', reason: 'x' }

async function signedIn(roles: readonly string[], name?: string) {
  const one = await bench.signedIn(roles, name)
  return { ...one, by: clerk(bench, one.cookie) }
}

/** The access token of a device that somebody let in. */
async function nativeToken(user: User): Promise<string> {
  const at = bench.gateway.runtime.now()
  const opened = await openSession(askOf({}), bench.gateway, {
    user,
    provider: 'google',
    authTime: at,
    provenAt: null,
    remember: 'forget',
    native: {
      client: 'lantern-tv',
      by: 'the-browser' as Sid,
      flow: 'device',
      follows: null,
      seed: { secret: crypto.getRandomValues(new Uint8Array(24)), sid: crypto.getRandomValues(new Uint8Array(16)) },
    },
  })
  if (!opened.ok) throw new Error(opened.fault)
  return opened.value.accessToken
}

/** What becomes visible when somebody was banned, kicked, or given or taken a role. */
async function stateOf({ user, cookie }: { readonly user: { readonly id: string }; readonly cookie: string }) {
  const now = await bench.store.directory.read(user.id as never)
  const session = await bench.request('/auth/session', { headers: { cookie } })
  return { standing: now?.standing.kind, roles: now?.roles, session: session.status }
}

describe('forms made by hand', () => {
  const DEEDS = [
    BAN,
    { do: 'suspend', reason: 'x', until: '2031-01-31T12:00' },
    { do: 'kick' },
    { do: 'give', role: 'player' },
    { do: 'take', role: 'moderator' },
  ]

  test.each(DEEDS)('$do of an equal and of somebody above does nothing (SPEC 7; CWE-269)', async (fields) => {
    const { by } = await signedIn(['moderator'])
    for (const role of ['moderator', 'keeper']) {
      const target = await signedIn([role])
      const before = await stateOf(target)
      const refused = await by.post(about(target.user), fields)
      expect([refused.status, words(refused).includes('none of your roles')]).toEqual([403, true])
      expect(refused.html).not.toContain('name="seal"')
      expect(await stateOf(target)).toEqual(before)
    }
  })

  test('nobody raises themselves, and nobody gives a role of the own level or above', async () => {
    const me = await signedIn(['moderator'])
    const other = await signedIn(['player'])
    const own = await me.by.post(about(me.user), { do: 'give', role: 'keeper' })
    expect([own.status, (await stateOf(me)).roles]).toEqual([400, ['moderator']])
    for (const role of ['moderator', 'keeper']) {
      const refused = await me.by.post(about(other.user), { do: 'give', role })
      expect([role, refused.status]).toEqual([role, 403])
    }
    expect((await stateOf(other)).roles).toEqual(['player'])
  })

  test.each([
    ['none', (_seal: string) => ''],
    ['invented', () => `1900000000.${'A'.repeat(24)}`],
    ['of the future', (seal: string) => seal.replace(/^\d+/, (at) => String(Number(at) + 60))],
    ['cut', (seal: string) => seal.slice(0, -1)],
  ])('a confirmation that is %s only asks (forged confirm; CWE-352)', async (_what, forge) => {
    const { by } = await signedIn(['moderator'])
    const target = await signedIn(['player'], 'Zoe')
    const asked = await by.post(about(target.user), BAN)
    const seal = /name="seal" value="([^"]+)"/.exec(asked.html)?.[1] ?? ''
    expect(seal).not.toBe('')
    const again = await by.post(about(target.user), { ...BAN, seal: forge(seal) })
    expect(again.status).toBe(409)
    expect((await stateOf(target)).standing).toBe('active')
    expect((await by.post(about(target.user), { ...BAN, seal })).status).toBe(303)
  })

  test('a confirmation counts for one deed, its words, its person and its session alone', async () => {
    const [one, two] = [await signedIn(['moderator']), await signedIn(['moderator'])]
    const [zoe, ada] = [await signedIn(['player'], 'Zoe'), await signedIn(['player'], 'Zoe')]
    const asked = await one.by.post(about(zoe.user), BAN)
    const seal = /name="seal" value="([^"]+)"/.exec(asked.html)?.[1] ?? ''
    const tries = [
      () => one.by.post(about(zoe.user), { ...BAN, reason: 'something else', seal }),
      () => one.by.post(about(zoe.user), { do: 'kick', seal }),
      () => one.by.post(about(ada.user), { ...BAN, seal }),
      () => two.by.post(about(zoe.user), { ...BAN, seal }),
    ]
    for (const attempt of tries) expect((await attempt()).status).toBe(409)
    expect([(await stateOf(zoe)).standing, (await stateOf(ada)).standing]).toEqual(['active', 'active'])
    expect([(await stateOf(zoe)).session, (await stateOf(ada)).session]).toEqual([200, 200])
  })

  test('a link cannot make a page claim that something was done', async () => {
    const { by } = await signedIn(['moderator'])
    const { user } = await signedIn(['player'])
    for (const query of ['done=ban&count=3', 'done=ban&count=3&seal=1.a', 'done=__proto__&count=1&seal=1.a'])
      expect((await by.visit(`${about(user)}?${query}`)).html).not.toContain('class="note')
    const kicked = await confirm(by, user, { do: 'kick' })
    const forged = kicked.location?.replace('done=kick', 'done=ban') ?? ''
    expect((await by.visit(kicked.location ?? '')).html).toContain('class="note"')
    expect((await by.visit(forged)).html).not.toContain('class="note"')
  })
})

describe('other sites', () => {
  test('a cross-site form changes nothing, not even with a confirmation of ours (CSRF; CWE-352)', async () => {
    const { by, cookie } = await signedIn(['moderator'])
    const target = await signedIn(['player'])
    const asked = await by.post(about(target.user), BAN)
    const seal = /name="seal" value="([^"]+)"/.exec(asked.html)?.[1] ?? ''
    for (const origin of [EVIL, 'null', 'https://play.example.com.evil.example'])
      expect((await by.post(about(target.user), { ...BAN, seal }, origin)).status).toBe(403)
    const body = new URLSearchParams({ ...BAN, seal }).toString()
    const headers = { cookie, 'content-type': 'application/x-www-form-urlencoded' }
    const bare = await bench.request(about(target.user), { method: 'POST', headers, body })
    expect(bare.status).toBe(403)
    expect(await stateOf(target)).toMatchObject({ standing: 'active', session: 200 })
  })

  test('a session is not ended from the list by another site', async () => {
    const { by } = await signedIn(['moderator'])
    const target = await signedIn(['player'])
    const [{ sid } = { sid: '' }] = await bench.store.sessions.list(target.user, bench.gateway.runtime.now())
    const session = `${sid}/${target.user.id}`
    expect((await by.post('/auth/admin/sessions', { do: 'session', session }, EVIL)).status).toBe(403)
    expect((await stateOf(target)).session).toBe(200)
  })

  test('a GET changes nothing, whatever its query says, and neither does another method', async () => {
    const { by, cookie } = await signedIn(['moderator'])
    const target = await signedIn(['player'])
    const asked = await by.post(about(target.user), BAN)
    const seal = /name="seal" value="([^"]+)"/.exec(asked.html)?.[1] ?? ''
    const query = new URLSearchParams({ ...BAN, seal })
    expect((await by.visit(`${about(target.user)}?${query}`)).status).toBe(200)
    expect((await by.visit(`${about(target.user)}?${query}&_method=POST`, 'cross-site')).status).toBe(200)
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      const headers = { cookie, origin: 'https://play.example.com' }
      expect((await bench.request(`${about(target.user)}?${query}`, { method, headers })).status).toBe(404)
    }
    expect(await stateOf(target)).toMatchObject({ standing: 'active', session: 200 })
  })

  test('no page can be shown inside another (clickjacking; CWE-1021)', async () => {
    const { by } = await signedIn(['keeper'])
    for (const path of ['/auth/admin', '/auth/admin/sessions', '/auth/admin/audit']) {
      const { headers } = await by.visit(path)
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';.*frame-ancestors 'none'/)
      expect(headers.get('cache-control')).toBe('no-store')
    }
  })
})

describe('somebody who loses the right between two clicks', () => {
  test('a role that was taken meanwhile makes the confirmed form a 403', async () => {
    const [one, two] = [await signedIn(['moderator']), await signedIn(['keeper'])]
    const target = await signedIn(['player'])
    const asked = await one.by.post(about(target.user), BAN)
    expect((await confirm(two.by, one.user, { do: 'take', role: 'moderator' })).status).toBe(303)
    expect((await one.by.press(asked, about(target.user))).status).toBe(403)
    expect((await one.by.visit('/auth/admin')).status).toBe(403)
    expect((await stateOf(target)).standing).toBe('active')
  })

  test('a suspended moderator sees and does nothing', async () => {
    const [one, two] = [await signedIn(['moderator']), await signedIn(['keeper'])]
    const target = await signedIn(['player'], 'Zoe')
    const asked = await one.by.post(about(target.user), BAN)
    await confirm(two.by, one.user, { do: 'ban', reason: 'x' })
    expect((await one.by.press(asked, about(target.user))).status).toBe(401)
    expect((await one.by.visit('/auth/admin')).location).toBe('/auth/sign-in?to=admin')
    expect((await stateOf(target)).standing).toBe('active')
  })

  test('a replaced key of the session still opens a page, and acts no more (DECISIONS 5)', async () => {
    const { by, user } = await signedIn(['moderator'])
    const target = await signedIn(['player'])
    const asked = await by.post(about(target.user), BAN)
    const now = bench.gateway.runtime.now()
    const [old] = await bench.store.sessions.list(user, now)
    if (old === undefined) throw new Error('no session')
    const fresh = { ...old, key: `${old.key.slice(0, -4)}AAAA` as typeof old.key, version: old.version + 1 }
    const audit = note(bench.gateway, { requestId: 'test' }, 'session-rotated', user.id, user.id)
    expect(await bench.store.sessions.rotate(old.key, fresh, seconds(now + 30), audit)).toBe('rotated')
    expect((await by.visit('/auth/admin')).status).toBe(200)
    expect((await by.press(asked, about(target.user))).status).toBe(401)
    expect((await stateOf(target)).standing).toBe('active')
  })

  test('an access token opens no page and sends no form: it is no cookie', async () => {
    const keeper = await bench.signedIn(['keeper'])
    const target = await signedIn(['player'])
    const headers = { authorization: `Bearer ${keeper.accessToken}`, accept: 'text/html', cookie: keeper.cookie }
    const asked = await bench.request('/auth/admin', { headers })
    const body = new URLSearchParams(BAN)
    const sent = await bench.request(about(target.user), { method: 'POST', headers, body })
    expect([asked.status, sent.status]).toEqual([401, 401])
    expect((await stateOf(target)).standing).toBe('active')
  })

  test('the session of a program is let in by no administrative door, whatever its person may', async () => {
    const keeper = await signedIn(['keeper'])
    const target = await signedIn(['player'])
    const authorization = `Bearer ${await nativeToken(keeper.user)}`
    const call = async (path: string, body: unknown) => {
      const headers = { authorization, 'content-type': 'application/json' }
      const answer = await bench.request(path, { method: 'POST', headers, body: JSON.stringify(body) })
      return [answer.status, ((await answer.json()) as { readonly code?: string }).code]
    }
    const refused = [401, 'session_required']
    expect(await call('/auth/admin/api/roles.assign', { user: target.user.id, role: 'moderator' })).toEqual(refused)
    expect(await call('/auth/admin/api/sessions.clear', {})).toEqual(refused)
    expect(await call('/auth/account/tokens', { name: 'bot' })).toEqual(refused)
    expect(await call('/auth/account/invite', { code: 'x' })).toEqual(refused)
    for (const path of ['/auth/metrics', '/auth/admin', '/auth/admin/api/users.list'])
      expect([path, (await bench.request(path, { headers: { authorization } })).status]).toEqual([path, 401])
    const cookie = `__Host-postern_txinvite=${'A'.repeat(32)}`
    const invite = await bench.request('/auth/invite', { method: 'POST', headers: { authorization, cookie } })
    expect(invite.status).toBe(401)
    expect((await bench.request('/auth/account/sessions', { headers: { authorization } })).status).toBe(200)
    expect(await stateOf(target)).toEqual({ standing: 'active', roles: ['player'], session: 200 })
  })

  test('an API token opens no page, whatever its owner may', async () => {
    const { cookie } = await signedIn(['keeper'])
    const headers = { cookie, origin: 'https://play.example.com', 'content-type': 'application/json' }
    const body = JSON.stringify({ name: 'bot', expires_in: '1d' })
    const made = await bench.request('/auth/account/tokens', { method: 'POST', headers, body })
    const { token } = (await made.json()) as { readonly token: string }
    const authorization = `Bearer ${token}`
    const asked = await bench.request('/auth/admin', { headers: { authorization, cookie, accept: 'text/html' } })
    expect([asked.status, asked.headers.get('content-type')]).toEqual([401, 'application/problem+json'])
  })
})
