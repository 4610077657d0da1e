import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { StoreUnavailable } from '../../src/ports/store.ts'
import { outline } from '../pages/outline.ts'
import type { Workbench } from '../support/gateway.ts'
import { type Benches, benchesOn, STORES } from './support/bench.ts'
import { about, clerk, confirm, HOUSE, offers, words } from './support/clerk.ts'

describe.each(STORES)('the administration on %s', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
  })
  afterAll(() => benches.stop())
  beforeEach(async () => {
    bench = await benches.bench(HOUSE)
  })

  const signedIn = async (roles: readonly string[], name?: string) => {
    const one = await bench.signedIn(roles, name)
    return { ...one, by: clerk(bench, one.cookie) }
  }
  const standing = async (user: { readonly id: string }) =>
    (await bench.store.directory.read(user.id as never))?.standing
  const isIn = async (cookie: string) => {
    return (await bench.request('/auth/session', { headers: { cookie } })).status === 200
  }

  describe('the first page', () => {
    test('nobody is sent to sign in and comes back by name; a program is told 401', async () => {
      const sent = await clerk(bench, '').visit('/auth/admin')
      expect([sent.status, sent.location]).toEqual([302, '/auth/sign-in?to=admin'])
      const told = await bench.request('/auth/admin', { headers: { accept: 'application/json' } })
      expect([told.status, told.headers.get('content-type')]).toEqual([401, 'application/problem+json'])
    })

    test('who may see nothing of it gets the page of 403, on every page', async () => {
      const { by } = await signedIn(['player'])
      const { user } = await signedIn(['player'], 'Zoe')
      for (const path of ['/auth/admin', about(user)]) {
        const refused = await by.visit(path)
        expect([path, refused.status]).toEqual([path, 403])
        expect(refused.html).not.toContain('Zoe')
      }
    })

    test('says who one is, what one may do, how many play, and links to what one may use', async () => {
      const { by } = await signedIn(['moderator'], 'Mo')
      await signedIn(['player'], 'Zoe')
      const page = await by.visit('/auth/admin')
      expect(page.status).toBe(200)
      expect(words(page)).toContain('You are Mo. Your roles: Moderator.')
      expect(words(page)).toContain('admin.users')
      expect(words(page)).toContain('Sessions: 2 active, 2 in all.')
      expect(page.html).toContain('href="/auth/admin/sessions"')
      expect(page.html).not.toContain('href="/auth/admin/audit"')
      expect(page.html).not.toContain('href="/auth/admin/policy"')
      expect(page.html).not.toContain('<script')
      expect(page.headers.get('cache-control')).toBe('no-store')
    })

    test('an auditor sees the log offered, and nobody by name', async () => {
      const { by } = await signedIn(['auditor'])
      await signedIn(['player'], 'Zoe')
      const page = await by.visit('/auth/admin')
      expect(page.status).toBe(200)
      expect(page.html).toContain('href="/auth/admin/audit"')
      expect(page.html).not.toContain('Zoe')
      expect(page.html).not.toContain('href="/auth/admin/sessions"')
    })

    test('finds by part of a name, and goes straight to a whole id', async () => {
      const { by } = await signedIn(['moderator'])
      const { user } = await signedIn(['player'], 'Zoe Field')
      await signedIn(['player'], 'Adam')
      const found = await by.visit('/auth/admin?text=field')
      expect(found.html).toContain(`href="${about(user)}"`)
      expect(found.html).not.toContain('Adam')
      expect(await by.visit(`/auth/admin?text=${user.id}`)).toMatchObject({ status: 303, location: about(user) })
      const none = await by.visit('/auth/admin?text=00000000-0000-4000-8000-999999999999')
      expect([none.status, words(none).includes('There is nothing to show.')]).toEqual([200, true])
    })

    test('lists people in pages that stay small', async () => {
      const { by } = await signedIn(['moderator'])
      for (let n = 0; n < 25; n++) await signedIn(['player'], `Player ${n} with a rather long name, as some have`)
      const seen = new Set<string>()
      let path: string | null = '/auth/admin'
      let pages = 0
      while (path !== null) {
        const page = await by.visit(path)
        expect(new TextEncoder().encode(page.html).length).toBeLessThan(15 * 1024)
        for (const [, id = ''] of page.html.matchAll(/href="\/auth\/admin\/users\/([^"]+)"/g)) seen.add(id)
        path = /href="([^"]*after=[^"]*)"/.exec(page.html)?.[1]?.replaceAll('&amp;', '&') ?? null
        pages++
      }
      expect([seen.size, pages]).toEqual([26, 2])
    })

    test('a page that does not exist is a 400 that shows nothing', async () => {
      const { by } = await signedIn(['moderator'])
      expect((await by.visit(`/auth/admin?text=${'x'.repeat(81)}`)).status).toBe(400)
      expect((await by.visit(`/auth/admin?after=${'x'.repeat(600)}`)).status).toBe(400)
    })

    test('while the store is away it is a 503 page, and nobody is signed out', async () => {
      const { by, cookie } = await signedIn(['moderator'])
      const gone = () => Promise.reject(new StoreUnavailable('search', 'gone'))
      vi.spyOn(bench.store.directory, 'search').mockImplementationOnce(gone)
      const page = await by.visit('/auth/admin')
      expect([page.status, page.headers.get('set-cookie')]).toEqual([503, null])
      expect(page.headers.get('content-type')).toContain('text/html')
      expect(await isIn(cookie)).toBe(true)
    })
  })

  describe('the page about a person', () => {
    test('shows what is known, with live sessions, and offers what is allowed', async () => {
      const { by } = await signedIn(['moderator'])
      const { user } = await signedIn(['player'], 'Zoe')
      const page = await by.visit(about(user))
      expect(page.status).toBe(200)
      for (const text of ['Person: Zoe', user.id, 'Player', 'level 1', 'Active', 'google', 'Shown: 1 of 1.'])
        expect(words(page)).toContain(text)
      expect(['kick', 'suspend', 'ban', 'give', 'take', 'session'].filter((deed) => !offers(page, deed))).toEqual([])
      expect(offers(page, 'restore')).toBe(false)
      expect(page.html).toContain('value="referee"')
      expect(page.html).not.toContain('value="moderator"')
      expect(page.html).not.toContain(user.tag)
      expect(page.html).not.toContain('subject-')
    })

    test('offers nothing about an equal, and of oneself only the own sessions', async () => {
      const { by, user: me } = await signedIn(['moderator'], 'Mo')
      const { user: equal } = await signedIn(['moderator'])
      const theirs = await by.visit(about(equal))
      expect(words(theirs)).toContain('none of your roles is above all of theirs')
      expect(theirs.html.match(/<form/g)).toBeNull()
      const mine = await by.visit(about(me))
      expect(words(mine)).toContain('This is your own account.')
      expect(['kick', 'session'].map((deed) => offers(mine, deed))).toEqual([true, true])
      expect(['suspend', 'ban', 'give', 'take'].map((deed) => offers(mine, deed))).toEqual([false, false, false, false])
    })

    test('an id that does not exist is a 404 page, whatever it looks like', async () => {
      const { by } = await signedIn(['moderator'])
      for (const id of ['00000000-0000-4000-8000-999999999999', 'x', 'x'.repeat(200), '%3Cb%3E'])
        expect((await by.visit(`/auth/admin/users/${id}`)).status).toBe(404)
    })

    test('shows names with markup and turned directions as text', async () => {
      const { by } = await signedIn(['moderator'])
      const { user } = await signedIn(['player'], '</h1><script>alert(1)</script>\u202Eevil"onx=1')
      for (const page of [await by.visit(about(user)), await by.visit('/auth/admin')]) {
        outline(page.html)
        expect(page.html).not.toContain('<script')
        expect(page.html).not.toContain('\u202E')
      }
    })

    test('thousands of sessions are counted, and shown page by page', async () => {
      const { by, user: me } = await signedIn(['moderator'])
      const { user } = await signedIn(['player'], 'Zoe')
      const [first] = await bench.store.sessions.list(user, bench.gateway.runtime.now())
      const many = Array.from({ length: 10_000 }, (_, n) => ({
        ...(first as NonNullable<typeof first>),
        sid: `sid-${n}` as never,
      }))
      const { list } = bench.store.sessions
      const listed: typeof list = async (ref, now) => (ref.id === user.id ? many : list(ref, now))
      const spy = vi.spyOn(bench.store.sessions, 'list').mockImplementation(listed)
      const page = await by.visit(about(user))
      expect(words(page)).toContain('Shown: 6 of 10000.')
      expect(new TextEncoder().encode(page.html).length).toBeLessThan(15 * 1024)
      const last = await by.visit(`${about(user)}?from=9996`)
      expect(words(last)).toContain('Shown: 4 of 10000.')
      expect((await by.visit(`${about(user)}?from=-1`)).status).toBe(200)
      spy.mockRestore()
      expect(me.id).not.toBe(user.id)
    })
  })

  describe('what is done to a person', () => {
    test('ending one session says so, and ends that one alone', async () => {
      const { by } = await signedIn(['moderator'])
      const zoe = await signedIn(['player'], 'Zoe')
      const page = await by.visit(about(zoe.user))
      const form = /name="session" value="([^"]+)"/.exec(page.html)?.[1] ?? ''
      const done = await by.post(about(zoe.user), { do: 'session', session: form })
      expect(done.status).toBe(303)
      const after = await by.visit(done.location ?? '')
      expect(words(after)).toContain('The session was ended.')
      expect(after.html).toMatch(/<p class="note" role="status" tabindex="-1" autofocus>/)
      expect(await isIn(zoe.cookie)).toBe(false)
      const again = await by.post(about(zoe.user), { do: 'session', session: form })
      expect(words(await by.visit(again.location ?? ''))).toContain('it was over already')
    })

    test('a suspension is asked for in words first, and then says what was done', async () => {
      const { by } = await signedIn(['moderator'])
      const zoe = await signedIn(['player'], 'Zoe')
      const fields = { do: 'suspend', reason: 'spam in the arena', until: '2031-01-31T12:00' }
      const asked = await by.post(about(zoe.user), fields)
      expect(asked.status).toBe(200)
      expect(words(asked)).toContain('Zoe cannot use this account until Jan 31, 2031')
      expect(words(asked)).toContain('spam in the arena')
      expect(words(asked)).toContain('Sessions that end: 1.')
      expect([await standing(zoe.user), await isIn(zoe.cookie)]).toEqual([{ kind: 'active' }, true])
      const done = await by.press(asked, about(zoe.user))
      expect(done.status).toBe(303)
      expect(words(await by.visit(done.location ?? ''))).toContain('Sessions that were ended: 1.')
      const until = Date.UTC(2031, 0, 31, 12) / 1000
      expect(await standing(zoe.user)).toEqual({ kind: 'suspended', until, reason: 'spam in the arena' })
      expect(await isIn(zoe.cookie)).toBe(false)
    })

    test('a ban, and the account back', async () => {
      const { by } = await signedIn(['moderator'])
      const zoe = await signedIn(['player'], 'Zoe')
      await confirm(by, zoe.user, { do: 'ban', reason: 'cheats' })
      expect(await standing(zoe.user)).toEqual({ kind: 'banned', reason: 'cheats' })
      const page = await by.visit(about(zoe.user))
      expect(words(page)).toContain('cheats')
      expect([offers(page, 'suspend'), offers(page, 'restore')]).toEqual([true, true])
      const done = await confirm(by, zoe.user, { do: 'restore' })
      expect(words(await by.visit(done.location ?? ''))).toContain('The account can be used again.')
      expect(await standing(zoe.user)).toEqual({ kind: 'active' })
    })

    test('a suspension that is over is none, though nobody lifted it', async () => {
      const { by } = await signedIn(['moderator'])
      const zoe = await signedIn(['player'], 'Zoe')
      const until = new Date((bench.clock.now + 3600) * 1000).toISOString().slice(0, 16)
      await confirm(by, zoe.user, { do: 'suspend', reason: 'spam', until })
      expect(words(await by.visit(about(zoe.user)))).toContain('Suspended until')
      bench.clock.now += 3660
      const page = await by.visit(about(zoe.user))
      expect(words(page)).not.toContain('Suspended')
      expect([offers(page, 'ban'), offers(page, 'restore')]).toEqual([true, false])
      expect(words(await by.visit('/auth/admin?text=zoe'))).not.toContain('Suspended')
    })

    test('all sessions at once, and roles given and taken', async () => {
      const { by } = await signedIn(['moderator'])
      const zoe = await signedIn(['player'], 'Zoe')
      const kicked = await confirm(by, zoe.user, { do: 'kick' })
      expect(words(await by.visit(kicked.location ?? ''))).toContain('Sessions that were ended: 1.')
      const asked = await by.post(about(zoe.user), { do: 'give', role: 'referee' })
      expect(words(asked)).toContain('Zoe gets the role Referee.')
      await by.press(asked, about(zoe.user))
      expect((await bench.store.directory.read(zoe.user.id))?.roles).toEqual(['player', 'referee'])
      await confirm(by, zoe.user, { do: 'take', role: 'player' })
      expect((await bench.store.directory.read(zoe.user.id))?.roles).toEqual(['referee'])
    })

    test('each is written down once, by whom and about whom', async () => {
      const { by, user: me } = await signedIn(['moderator'])
      const zoe = await signedIn(['player'], 'Zoe')
      await confirm(by, zoe.user, { do: 'ban', reason: 'cheats' })
      const all = { from: null, to: null, subject: zoe.user.id, event: 'standing-changed' } as const
      const { items } = await bench.store.audit.read(all, { after: null, limit: 10 })
      expect(items).toMatchObject([{ actor: me.id, subject: zoe.user.id, detail: { standing: 'banned' } }])
    })

    test.each([
      [
        { do: 'suspend', reason: 'spam in the arena', until: '2001-01-01T00:00' },
        'choose a moment that is still to come',
      ],
      [{ do: 'suspend', reason: 'spam in the arena', until: 'whenever' }, 'choose a moment that is still to come'],
      [{ do: 'suspend', reason: ' ', until: '2031-01-31T12:00' }, 'write a reason'],
      [{ do: 'ban', reason: 'x'.repeat(301) }, 'write a reason'],
      [{ do: 'give', role: 'wizard' }, 'the policy does not know this role'],
    ])('a form with %o is told what is wrong, and keeps what was typed', async (fields, told) => {
      const { by } = await signedIn(['moderator'])
      const zoe = await signedIn(['player'], 'Zoe')
      const page = await by.post(about(zoe.user), fields)
      expect(page.status).toBe(400)
      expect(words(page)).toContain(told)
      expect(page.html).toMatch(/role="alert" tabindex="-1" autofocus/)
      if ('reason' in fields && fields.reason !== ' ') expect(page.html).toContain(`value="${fields.reason}"`)
      expect(await standing(zoe.user)).toEqual({ kind: 'active' })
    })

    test('somebody else was quicker: it says so, does nothing, and keeps what was typed', async () => {
      const [one, two] = [await signedIn(['moderator'], 'Mo'), await signedIn(['keeper'], 'Kay')]
      const zoe = await signedIn(['player'], 'Zoe')
      const asked = await one.by.post(about(zoe.user), { do: 'suspend', reason: 'spam', until: '2031-01-31T12:00' })
      await confirm(two.by, zoe.user, { do: 'ban', reason: 'worse' })
      const stale = await one.by.press(asked, about(zoe.user))
      expect(stale.status).toBe(409)
      expect(words(stale)).toContain('this person changed meanwhile')
      expect(words(stale)).toContain('spam')
      expect(await standing(zoe.user)).toEqual({ kind: 'banned', reason: 'worse' })
      expect((await one.by.press(stale, about(zoe.user))).status).toBe(303)
      expect(await standing(zoe.user)).toMatchObject({ kind: 'suspended', reason: 'spam' })
    })

    test('a question that stood for more than a quarter of an hour is asked again', async () => {
      const { by } = await signedIn(['moderator'])
      const zoe = await signedIn(['player'], 'Zoe')
      const asked = await by.post(about(zoe.user), { do: 'ban', reason: 'cheats' })
      bench.clock.now += 901
      expect((await by.press(asked, about(zoe.user))).status).toBe(409)
      expect(await standing(zoe.user)).toEqual({ kind: 'active' })
    })

    test('the last administrator stays one', async () => {
      const { by, user: me } = await signedIn(['keeper'])
      expect((await by.post(about(me), { do: 'ban', reason: 'x' })).status).toBe(400)
      expect(await standing(me)).toEqual({ kind: 'active' })
    })
  })
})
