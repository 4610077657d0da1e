import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Workbench } from '../support/gateway.ts'
import { type Benches, benchesOn, STORES } from './support/bench.ts'
import { about, clerk, confirm, HOUSE, words } from './support/clerk.ts'

describe.each(STORES)('the lists of the administration on %s', (kind) => {
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
  const isIn = async (cookie: string) => {
    return (await bench.request('/auth/session', { headers: { cookie } })).status === 200
  }
  /** Every page of a list, by its link to the next one. */
  const walk = async (by: ReturnType<typeof clerk>, from: string) => {
    const pages: string[] = []
    for (let path: string | null = from; path !== null; ) {
      const { html, status } = await by.visit(path)
      expect([path, status]).toEqual([path, 200])
      expect(new TextEncoder().encode(html).length).toBeLessThan(15 * 1024)
      pages.push(html)
      path = /href="([^"]*after=[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? null
    }
    return pages
  }

  test('every live session is listed, page by page, with whose it is and the counts', async () => {
    const { by } = await signedIn(['moderator'])
    for (let n = 0; n < 12; n++) await signedIn(['player'], `Player ${n}`)
    const pages = await walk(by, '/auth/admin/sessions')
    expect(pages).toHaveLength(2)
    const owners = new Set(pages.flatMap((html) => [...html.matchAll(/users\/([^"]+)"/g)].map(([, id]) => id)))
    expect(owners.size).toBe(13)
    expect(pages[0]?.replace(/<[^>]*>/g, '')).toContain('Sessions: 13 active, 13 in all.')
  })

  test('a session is ended from there, and the page says so', async () => {
    const { by } = await signedIn(['moderator'])
    const zoe = await signedIn(['player'], 'Zoe')
    const page = await by.visit('/auth/admin/sessions')
    const session = new RegExp(`name="session" value="([^"]+/${zoe.user.id})"`).exec(page.html)?.[1] ?? ''
    const done = await by.post('/auth/admin/sessions', { do: 'session', session })
    expect(done.status).toBe(303)
    expect(words(await by.visit(done.location ?? ''))).toContain('The session was ended.')
    expect(await isIn(zoe.cookie)).toBe(false)
    expect((await by.post('/auth/admin/sessions', { do: 'session', session: 'x' })).status).toBe(400)
  })

  test('a session of an equal stays, and the page says why', async () => {
    const { by } = await signedIn(['moderator'])
    const equal = await signedIn(['moderator'])
    const [{ sid } = { sid: '' }] = await bench.store.sessions.list(equal.user, bench.gateway.runtime.now())
    const refused = await by.post('/auth/admin/sessions', { do: 'session', session: `${sid}/${equal.user.id}` })
    expect([refused.status, words(refused).includes('none of your roles is above that')]).toEqual([403, true])
    expect(await isIn(equal.cookie)).toBe(true)
  })

  test('what happened is listed, is looked for by kind, day and person, and reading it is written down', async () => {
    const { by } = await signedIn(['keeper'])
    const zoe = await signedIn(['player'], 'Zoe')
    await confirm(by, zoe.user, { do: 'ban', reason: 'cheats' })
    const page = await by.visit('/auth/admin/audit')
    expect(words(page)).toContain('standing-changed')
    expect(page.html).toContain(`href="${about(zoe.user)}"`)
    const found = await by.visit(`/auth/admin/audit?event=standing-changed&subject=${zoe.user.id}&from=&to=2031-01-01`)
    const rows = found.html.match(/<th scope="row"/g) ?? []
    expect(rows).toHaveLength(1)
    expect(words(found)).toContain('standing: banned')
    expect(found.html).not.toContain('cheats')
    const reads = await by.visit('/auth/admin/audit?event=audit-read')
    expect((reads.html.match(/<th scope="row"/g) ?? []).length).toBeGreaterThanOrEqual(2)
  })

  test('begins with yesterday unless it is told a first day, or none', async () => {
    const { by } = await signedIn(['keeper'])
    bench.clock.now += 3 * 86_400
    const later = await signedIn(['keeper'])
    const kinds = async (query: string) =>
      (await later.by.visit(`/auth/admin/audit?event=sign-up${query}`)).html.match(/<th scope="row"/g)?.length
    expect(await kinds('')).toBe(1)
    expect(await kinds('&from=')).toBe(2)
    expect((await by.visit('/auth/admin/audit')).status).toBe(302)
  })

  test('a last day counts to its end', async () => {
    const { by } = await signedIn(['keeper'])
    const day = new Date(bench.clock.now * 1000).toISOString().slice(0, 10)
    const page = await by.visit(`/auth/admin/audit?event=sign-up&from=${day}&to=${day}`)
    expect((page.html.match(/<th scope="row"/g) ?? []).length).toBe(1)
  })

  test('the record goes on page by page with what is looked for, and is exported by the API', async () => {
    const { by } = await signedIn(['keeper'])
    for (let n = 0; n < 12; n++) await signedIn(['player'])
    const pages = await walk(by, '/auth/admin/audit?event=sign-up')
    expect(pages.map((html) => (html.match(/<th scope="row"/g) ?? []).length)).toEqual([10, 3])
    const link = /href="([^"]*audit\.export[^"]*)"/.exec(pages[0] ?? '')?.[1]?.replaceAll('&amp;', '&') ?? ''
    const { status, html } = await by.visit(link)
    const { text } = JSON.parse(html) as { readonly text: string }
    expect([status, text.trim().split('\n').length]).toEqual([200, 13])
  })

  test.each([
    ['from', 'yesterday'],
    ['to', '2026-02-30'],
    ['event', 'nonsense'],
    ['subject', '<b>'],
  ])('what cannot be looked for (%s: %s) is told, and what was typed stays', async (field, value) => {
    const { by } = await signedIn(['keeper'])
    const typed = { from: '2026-01-31', subject: 'abc', [field]: value }
    const page = await by.visit(`/auth/admin/audit?${new URLSearchParams(typed)}`)
    expect([page.status, words(page).includes('This cannot be looked for')]).toEqual([400, true])
    expect(page.html).toContain(`value="${typed.subject.replace('<b>', '&lt;b&gt;')}"`)
    expect(page.html).toContain(`value="${typed.from}"`)
  })

  test('the log is for who may read it, the sessions for who may see people', async () => {
    const [auditor, moderator] = [await signedIn(['auditor']), await signedIn(['moderator'])]
    expect((await auditor.by.visit('/auth/admin/audit')).status).toBe(200)
    expect((await auditor.by.visit('/auth/admin/sessions')).status).toBe(403)
    expect((await moderator.by.visit('/auth/admin/audit')).status).toBe(403)
    const seen = await auditor.by.visit('/auth/admin/audit')
    expect(seen.html).not.toContain('/auth/admin/users/')
  })

  test('tokens of a person are listed without their secrets, and revoked', async () => {
    const { by } = await signedIn(['keeper'])
    const zoe = await signedIn(['player'], 'Zoe')
    const body = JSON.stringify({ name: 'my bot', expires_in: '7d' })
    const headers = { cookie: zoe.cookie, origin: 'https://play.example.com', 'content-type': 'application/json' }
    const made = await bench.request('/auth/account/tokens', { method: 'POST', headers, body })
    const { token, id } = (await made.json()) as { readonly token: string; readonly id: string }
    const page = await by.visit(about(zoe.user))
    expect(words(page)).toContain('my bot')
    expect(page.html).not.toContain(token)
    const done = await by.post(about(zoe.user), { do: 'token', token: id })
    expect(words(await by.visit(done.location ?? ''))).toContain('The token was revoked.')
    const used = await bench.request('/auth/session', { headers: { authorization: `Bearer ${token}` } })
    expect(used.status).toBe(401)
    const moderator = await signedIn(['moderator'])
    expect((await moderator.by.post(about(zoe.user), { do: 'token', token: id })).status).toBe(403)
  })
})
