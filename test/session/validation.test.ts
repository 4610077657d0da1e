import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RoleName, seconds } from '../../src/core/brand.ts'
import type { Character, Standing, User } from '../../src/core/person.ts'
import { type Benches, benchesOn, STORES } from '../admin/support/bench.ts'
import { ORIGIN, type Workbench } from '../support/gateway.ts'
import { asked, noteOf, POLICIES, said, silence } from './scene.ts'

/** The three validations of seeds 2.3, each a route that asks for nothing more. */
const [IDENTIFY, PERMISSION, PLAY] = ['/quiet', '/edit', '/arena'] as const
const HERO: Character = { id: '7', name: 'Zoë', world: 'north' }

describe.each(STORES)('on %s', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
  }, 30_000)
  afterAll(() => benches.stop())
  beforeEach(async () => {
    bench = await benches.bench(POLICIES)
  })

  const now = () => seconds(bench.clock.now)

  /** Status and code of all three validations of one cookie. */
  async function threeOf(cookie: string): Promise<readonly string[]> {
    const all: string[] = []
    for (const path of [IDENTIFY, PERMISSION, PLAY]) {
      bench.gateway.sessions.clear()
      const [status, code = ''] = await said(bench, path, cookie)
      all.push(`${status} ${code}`.trim())
    }
    return all
  }

  async function selected(user: User, character: Character | null): Promise<void> {
    const [session] = await bench.store.sessions.list(user, now())
    if (session === undefined) throw new Error('no session')
    await bench.store.sessions.select(session.key, character, noteOf(bench, 'character-selected'))
  }

  function suspended(user: User, standing: Standing) {
    return bench.store.directory.setStanding(user, standing, [], now(), noteOf(bench, 'standing-changed'))
  }

  describe('seeds 2.3: three validations, one truth table', () => {
    test('unknown id', async () => {
      const { cookie, user } = await bench.signedIn(['warden'])
      await bench.store.sessions.revokeUser(user, 'signed-out', now(), noteOf(bench, 'sign-out'))
      bench.clock.now += 86_401
      expect(await threeOf(cookie)).toEqual(['401 session_invalid', '401 session_invalid', '401 session_invalid'])
    })

    test('end reached: told, and removed', async () => {
      const { cookie } = await bench.signedIn(['warden'])
      bench.clock.now += 28_800
      expect(await threeOf(cookie)).toEqual(['401 session_expired', '401 session_expired', '401 session_expired'])
      expect((await bench.store.sessions.count(seconds(bench.clock.now - 100), 0)).total).toBe(0)
    })

    test('user gone (S20)', async () => {
      const { cookie, user } = await bench.signedIn(['warden'])
      await bench.store.directory.remove(user, [], now(), noteOf(bench, 'user-removed'))
      expect(await threeOf(cookie)).toEqual(['401 session_invalid', '401 session_invalid', '401 session_invalid'])
    })

    test('user without any role: somebody who may do nothing beyond access: session', async () => {
      const { cookie } = await bench.signedIn([])
      expect(await threeOf(cookie)).toEqual(['200', '403 permission_denied', '409 character_required'])
    })

    test('role that the policy does not know: grants nothing and has no level', async () => {
      const { cookie } = await bench.signedIn(['no-such-role'])
      expect(await threeOf(cookie)).toEqual(['200', '403 permission_denied', '409 character_required'])
    })

    test('user suspended: 403 with until and reason, also at the session endpoint; over when the time is', async () => {
      const { cookie, user } = await bench.signedIn(['warden'])
      const until = seconds(bench.clock.now + 600)
      await suspended(user, { kind: 'suspended', until, reason: 'spam' })
      expect(await threeOf(cookie)).toEqual(['403 account_suspended', '403 account_suspended', '403 account_suspended'])
      const told = await (await asked(bench, '/auth/session', cookie)).json()
      expect(told).toMatchObject({
        code: 'account_suspended',
        until: new Date(until * 1000).toISOString(),
        reason: 'spam',
      })
      bench.clock.now += 600
      expect(await threeOf(cookie)).toEqual(['200', '200', '409 character_required'])
    })

    test('user banned: 403 with the reason and without an end', async () => {
      const { cookie, user } = await bench.signedIn(['warden'])
      await suspended(user, { kind: 'banned', reason: 'cheating' })
      expect(await threeOf(cookie)).toEqual(['403 account_suspended', '403 account_suspended', '403 account_suspended'])
      const told = await (await asked(bench, IDENTIFY, cookie)).json()
      expect(told).toMatchObject({ until: null, reason: 'cheating' })
    })

    test('2.3 permission missing: named in the answer (S30)', async () => {
      const { cookie } = await bench.signedIn(['player'])
      expect(await threeOf(cookie)).toEqual(['200', '403 permission_denied', '409 character_required'])
      expect(await (await asked(bench, PERMISSION, cookie)).json()).toMatchObject({ missing: ['players.edit'] })
    })

    test('permission missing: not named when the deployment says so, nor on pages (S30)', async () => {
      bench = await benches.bench(POLICIES, { nameMissingPermission: false })
      const { cookie } = await bench.signedIn(['player'])
      expect(JSON.stringify(await (await asked(bench, PERMISSION, cookie)).json())).not.toContain('players.edit')
      const visit = { accept: 'text/html', 'sec-fetch-mode': 'navigate', cookie }
      expect(await (await bench.request(PERMISSION, { headers: visit })).text()).not.toContain('players.edit')
    })

    test('no character selected', async () => {
      const { cookie } = await bench.signedIn(['warden'])
      expect(await threeOf(cookie)).toEqual(['200', '200', '409 character_required'])
    })

    test('character selected', async () => {
      const { cookie, user } = await bench.signedIn(['warden'])
      await selected(user, HERO)
      expect(await threeOf(cookie)).toEqual(['200', '200', '200'])
    })

    test('selected character gone: told until another is selected', async () => {
      const { cookie, user } = await bench.signedIn(['warden'])
      await selected(user, HERO)
      await bench.store.sessions.releaseCharacter(HERO.id, HERO.world, now(), noteOf(bench, 'character-selected'))
      const gone = ['200', '200', '409 character_unknown']
      expect([await threeOf(cookie), await threeOf(cookie)]).toEqual([gone, gone])
      expect(await (await asked(bench, '/auth/session', cookie)).json()).toMatchObject({ character: null })
      await selected(user, { ...HERO, id: '8' })
      expect(await threeOf(cookie)).toEqual(['200', '200', '200'])
    })

    test('2.3 selected character gone: an explicit deselection ends the telling', async () => {
      const { cookie, user } = await bench.signedIn(['warden'])
      await selected(user, HERO)
      await bench.store.sessions.releaseCharacter(HERO.id, null, now(), noteOf(bench, 'character-selected'))
      await selected(user, null)
      expect(await threeOf(cookie)).toEqual(['200', '200', '409 character_required'])
    })

    test('2.3 selected character gone: a page visit is told in words of its own, a socket and an upgrade by 409', async () => {
      const { cookie, user } = await bench.signedIn(['warden'])
      const visit = { accept: 'text/html', 'sec-fetch-mode': 'navigate', cookie }
      const page = async () => (await bench.request(PLAY, { headers: visit })).text()
      expect(await page()).toContain('you have not chosen one yet')
      await selected(user, HERO)
      await bench.store.sessions.releaseCharacter(HERO.id, null, now(), noteOf(bench, 'character-selected'))
      bench.gateway.sessions.clear()
      expect(await page()).toContain('The character you had chosen no longer exists')
      const upgrade = { cookie, upgrade: 'websocket', connection: 'Upgrade', origin: ORIGIN }
      const refused = await bench.request(PLAY, { headers: upgrade })
      expect([refused.status, await refused.json()]).toMatchObject([409, { code: 'character_unknown' }])
    })

    test('character without world: half a pair that was imported is no character', async () => {
      const { cookie, user } = await bench.signedIn(['warden'])
      await selected(user, HERO)
      const [session] = await bench.store.sessions.list(user, now())
      if (session === undefined) throw new Error('no session')
      await benches.halveCharacter(bench, session)
      expect(await threeOf(cookie)).toEqual(['200', '200', '409 character_unknown'])
      await selected(user, HERO)
      expect(await threeOf(cookie)).toEqual(['200', '200', '200'])
    })

    test('2.3 store fails: 503, never 401, never a sign-out', async () => {
      const { cookie } = await bench.signedIn(['warden'])
      const heal = silence(bench.store.sessions, 'read')
      expect(await threeOf(cookie)).toEqual(['503 store_unavailable', '503 store_unavailable', '503 store_unavailable'])
      const answer = await asked(bench, IDENTIFY, cookie)
      expect([answer.headers.get('retry-after'), answer.headers.getSetCookie()]).toEqual(['2', []])
      heal()
      expect(await threeOf(cookie)).toEqual(['200', '200', '409 character_required'])
    })

    test('no credential', async () => {
      expect(await threeOf('')).toEqual(['401 session_required', '401 session_required', '401 session_required'])
    })

    test('S29: permission before character', async () => {
      const { cookie } = await bench.signedIn(['player'])
      expect(await said(bench, '/arena/edit', cookie)).toMatchObject([403, 'permission_denied', expect.anything()])
    })
  })

  describe('seeds 2.4: what operations mean for whoever is signed in', () => {
    test('S31, S32: one session ends, or all of a user; others go on', async () => {
      const [one, two] = [await bench.signedIn(['player']), await bench.signedIn(['player'])]
      const end = () => bench.store.sessions.revokeUser(one.user, 'kicked', now(), noteOf(bench, 'session-revoked'))
      expect([await end(), await end()]).toEqual([1, 0])
      bench.gateway.sessions.drop(one.user.tag)
      expect(await said(bench, IDENTIFY, one.cookie)).toEqual([401, 'session_revoked', 'kicked'])
      expect(await said(bench, IDENTIFY, two.cookie)).toEqual([200])
    })

    test('S33: all sessions of a character end, in one world', async () => {
      const [one, two] = [await bench.signedIn(['player']), await bench.signedIn(['player'])]
      await selected(one.user, HERO)
      await selected(two.user, { ...HERO, world: 'south' })
      const note = noteOf(bench, 'session-revoked')
      expect(await bench.store.sessions.revokeCharacter(HERO.id, 'north', now(), note)).toBe(1)
      expect(await said(bench, IDENTIFY, one.cookie)).toEqual([401, 'session_revoked', 'kicked'])
      expect(await said(bench, PLAY, two.cookie)).toEqual([200])
    })

    test('S34: everything ends, and the number is told', async () => {
      const people = await Promise.all(Array.from({ length: 5 }, () => bench.signedIn(['player'])))
      expect(await bench.store.sessions.revokeAll(now(), noteOf(bench, 'session-revoked'))).toBe(5)
      expect(await bench.store.sessions.revokeAll(now(), noteOf(bench, 'session-revoked'))).toBe(0)
      bench.gateway.sessions.clear()
      for (const { cookie } of people) expect((await said(bench, IDENTIFY, cookie))[1]).toBe('session_revoked')
    })

    test('S35: an outage is an error, not nobody', async () => {
      const { cookie } = await bench.signedIn(['player'])
      silence(bench.store.sessions, 'read')
      expect((await asked(bench, '/auth/session', cookie)).status).toBe(503)
      expect((await asked(bench, '/auth/can?GET=/players', cookie)).status).toBe(503)
    })
  })

  describe('seeds 2.5: character and world', () => {
    /** What the upstream was told last, by header. */
    const told = () => Object.fromEntries([...(bench.sent.at(-1)?.headers ?? [])])
    const claims = () =>
      JSON.parse(
        Buffer.from((told()['postern-assertion'] ?? '').split('.')[1] ?? '', 'base64url').toString(),
      ) as Record<string, unknown>

    test('C7: selecting rotates nothing, keeps the end, and is seen within the cache bound elsewhere', async () => {
      const { cookie, user } = await bench.signedIn(['player'])
      const before = (await (await asked(bench, '/auth/session', cookie)).json()) as { expires: string; sid: string }
      await selected(user, HERO)
      bench.clock.now += 5
      expect(await said(bench, PLAY, cookie)).toEqual([200])
      const after = await (await asked(bench, '/auth/session', cookie)).json()
      expect(after).toMatchObject({ sid: before.sid, expires: before.expires, character: HERO })
    })

    test('C7: a refusal for want of a character is looked up again at once', async () => {
      const { cookie, user } = await bench.signedIn(['player'])
      await said(bench, IDENTIFY, cookie)
      await selected(user, HERO)
      expect(await said(bench, PLAY, cookie)).toEqual([200])
    })

    test('C8, C6: the selection follows the game, and can be cleared', async () => {
      const { cookie, user } = await bench.signedIn(['player'])
      await selected(user, HERO)
      await selected(user, { ...HERO, world: 'south' })
      await said(bench, PLAY, cookie)
      expect(told()).toMatchObject({ 'postern-world': 'south' })
      await selected(user, null)
      bench.clock.now += 5
      expect((await said(bench, PLAY, cookie))[1]).toBe('character_required')
    })

    test('C9: upstreams get id, name and world; requests without a character get none of the three', async () => {
      const { cookie, user } = await bench.signedIn(['player'])
      await said(bench, IDENTIFY, cookie)
      expect(Object.keys(told()).filter((name) => /character|world/.test(name))).toEqual([])
      expect(JSON.stringify(claims())).not.toContain('world')
      await selected(user, HERO)
      bench.gateway.sessions.clear()
      await said(bench, PLAY, cookie)
      expect(told()).toMatchObject({ 'postern-character-id': '7', 'postern-world': 'north' })
      expect(JSON.stringify(claims())).toContain('"7"')
    })

    test('a role that is no name of the policy stays with the user for when the policy learns it', async () => {
      const { cookie, user } = await bench.signedIn(['player'])
      const roles = ['player', 'future'] as readonly string[] as readonly RoleName[]
      await bench.store.directory.setRoles(user, roles, null, [], noteOf(bench))
      bench.gateway.sessions.clear()
      expect(await (await asked(bench, '/auth/session', cookie)).json()).toMatchObject({ roles: ['player', 'future'] })
    })
  })
})
