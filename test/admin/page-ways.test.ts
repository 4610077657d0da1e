import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Workbench } from '../support/gateway.ts'
import { type Benches, benchesOn, STORES } from './support/bench.ts'
import { about, clerk, confirm, HOUSE, words } from './support/clerk.ts'

const ID = '0c2f8d1e-1111-4222-8333-444455556666'

describe.each(STORES)('ways into and through the administration on %s', (kind) => {
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

  test.each([
    [`/auth/admin/users/${ID}`],
    [`/auth/admin/users/${ID}?from=6`],
    ['/auth/admin/sessions?world=isle'],
    ['/auth/admin/audit?from=2026-11-01&to=&event=sign-in'],
    ['/auth/admin/policy?method=GET&path=%2Fplay%2F7'],
    ['/auth/admin?text=zoe'],
  ])('who is not signed in comes back to %s', async (path) => {
    const sent = await clerk(bench, '').visit(path)
    expect([sent.status, sent.location]).toEqual([302, `/auth/sign-in?return_to=${encodeURIComponent(path)}`])
    expect((await clerk(bench, '').visit(sent.location ?? '')).status).toBe(200)
  })

  test('a query that is none of ours is left behind, and the page is come back to', async () => {
    const sent = await clerk(bench, '').visit(`/auth/admin/sessions?world=${'x'.repeat(1100)}`)
    expect(sent.location).toBe(`/auth/sign-in?return_to=${encodeURIComponent('/auth/admin/sessions')}`)
  })

  test.each([
    ['/auth/admin/api/users.list'],
    [`/auth/admin/users/${ID}/ban`],
    ['/auth/admin/users/..%2f..%2fsign-out'],
    ['/auth/admin/../sign-out'],
    ['/auth/admin/sessions#x'],
    ['/auth/%61dmin/sessions'],
    ['/auth/adminx'],
    ['/auth/admin/users/zoe'],
    ['https://play.example.com/auth/admin/sessions'],
    ['//play.example.com/auth/admin/sessions'],
    ['/auth/account'],
    ['/auth/sign-out'],
  ])('a sign-in that shall end at %s is refused', async (wish) => {
    const page = await clerk(bench, '').visit(`/auth/sign-in?return_to=${encodeURIComponent(wish)}`)
    expect(page.status).toBe(400)
  })

  test('the account leads to the administration whoever may see some of it, and nobody else', async () => {
    const link = 'href="/auth/admin"'
    expect((await (await signedIn(['auditor'])).by.visit('/auth/account')).html).toContain(link)
    expect((await (await signedIn(['player'])).by.visit('/auth/account')).html).not.toContain(link)
  })

  test('what would change nothing has no button that does it', async () => {
    const { by } = await signedIn(['moderator'])
    const zoe = await signedIn(['player'], 'Zoe')
    const asked = await by.post(about(zoe.user), { do: 'give', role: 'player' })
    expect(words(asked)).toContain('Nothing would change.')
    expect(asked.html).not.toContain('<form')
    expect(asked.html).toContain(`href="${about(zoe.user)}"`)
  })

  test('an end with a fraction of a second is a moment in UTC like any other', async () => {
    const { by } = await signedIn(['moderator'])
    const zoe = await signedIn(['player'], 'Zoe')
    const done = await confirm(by, zoe.user, { do: 'suspend', reason: 'spam', until: '2031-01-31T12:00:00.500' })
    expect(done.status).toBe(303)
    const until = Date.UTC(2031, 0, 31, 12) / 1000
    expect((await bench.store.directory.read(zoe.user.id))?.standing).toMatchObject({ until })
  })

  test('open connections of a person are counted where the process holds them', async () => {
    const { by } = await signedIn(['moderator'])
    const zoe = await signedIn(['player'], 'Zoe')
    expect(words(await by.visit(about(zoe.user)))).not.toContain('Open connections')
    Object.assign(bench.gateway, { openSockets: (user: string) => (user === zoe.user.id ? 3 : 0) })
    expect(words(await by.visit(about(zoe.user)))).toContain('Open connections here: 3.')
  })

  test('sessions are found by a part of what is known of them, page by page, in either case', async () => {
    const { by } = await signedIn(['moderator'], 'Mo')
    for (let n = 0; n < 14; n++) await signedIn(['player'], `Zoe ${n}`)
    await signedIn(['player'], 'Adam')
    const first = await by.visit('/auth/admin/sessions?text=zOe')
    const owners = (html: string) => [...html.matchAll(/users\/([^"]+)"/g)].map(([, id]) => id ?? '')
    const next = /href="([^"]*after=[^"]*)"/.exec(first.html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    expect(next).toContain('text=zOe')
    const second = await by.visit(next)
    expect([owners(first.html).length, owners(second.html).length]).toEqual([10, 4])
    expect(new Set([...owners(first.html), ...owners(second.html)]).size).toBe(14)
    expect(`${first.html}${second.html}`).not.toContain('Adam')
    const now = bench.gateway.runtime.now()
    const { items } = await bench.store.sessions.listAll({ world: null }, { after: null, limit: 100 }, now)
    const adam = items.find(({ userName }) => userName === 'Adam')?.session
    const part = adam?.userAgent.slice(0, 80) || adam?.sid.slice(0, 12)
    expect(words(await by.visit(`/auth/admin/sessions?text=${encodeURIComponent(part ?? '')}`))).toContain('Adam')
    expect(words(await by.visit('/auth/admin/sessions?text=198.51.100'))).toContain('There is nothing to show.')
  })
})
