import { afterEach, describe, expect, test } from 'vitest'
import { inviteAdmin } from '../../src/admin/operations/invites.ts'
import type { Browser } from '../login/support/browser.ts'
import { type House, openHouse } from '../login/support/house.ts'

let house: House
afterEach(() => house.close())

/** The path of the link that `postern admin invite` prints. */
async function link(): Promise<string> {
  const { gateway } = house.bench
  const made = await inviteAdmin({ gateway, requestId: 'r', actor: { kind: 'operator' }, mode: 'do' })
  if (!made.ok) throw new Error(made.fault.fault)
  return String(made.value['link']).slice('https://play.example.com'.length)
}

/** Opens the link as far as its page. */
async function open(by: Browser, path: string) {
  const moved = await by.visit(path)
  expect([moved.status, moved.location]).toEqual([303, '/auth/invite'])
  return by.visit('/auth/invite')
}

async function rolesOf(by: Browser): Promise<readonly string[]> {
  return (await by.session())?.roles ?? []
}

describe('the link of `postern admin invite` (seeds G7; DECISIONS 12)', () => {
  test('whoever is signed in accepts by the button, and becomes an administrator', async () => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    const page = await open(ada, await link())
    expect(page.status).toBe(200)
    expect(page.html).toContain('ada')
    expect(page.html).not.toContain('<script')
    expect(await rolesOf(ada)).toEqual(['player'])
    const done = await ada.press(page, '/auth/invite')
    expect(done.status).toBe(200)
    expect(await rolesOf(ada)).toContain('keeper')
    expect([...ada.jar.keys()].filter((name) => name.includes('invite'))).toEqual([])
  })

  test('somebody who signed in since the page was shown is made no administrator by it', async () => {
    house = await openHouse()
    const tab = house.browser()
    await tab.signIn('guild', 'ada')
    const page = await open(tab, await link())
    await tab.post('/auth/sign-out')
    await tab.signIn('guild', 'bea')
    expect((await tab.press(page, '/auth/invite')).status).toBe(409)
    expect(await rolesOf(tab)).toEqual(['player'])
    await tab.signIn('guild', 'ada')
    expect((await tab.press(page, '/auth/invite')).status).toBe(200)
  })

  test('whoever is not signed in does so first, comes back by itself, and accepts', async () => {
    house = await openHouse()
    const ada = house.browser()
    const page = await open(ada, await link())
    expect(page.html).not.toContain('<form method="post" action="/auth/invite"')
    const chooser = await ada.visit(/href="(\/auth\/sign-in\?to=invite)"/.exec(page.html)?.[1] ?? '')
    expect(chooser.html).toContain('/auth/start/guild?to=invite')
    expect((await ada.signIn('guild', 'ada', 'to=invite')).location).toBe('/auth/invite')
    await ada.press(await ada.visit('/auth/invite'), '/auth/invite')
    expect(await rolesOf(ada)).toContain('keeper')
  })

  test('a guest signs in first and keeps the account', async () => {
    house = await openHouse()
    const guest = house.browser()
    await guest.post('/auth/guest', { return_to: '/play/1' })
    const id = (await guest.session())?.user.id
    expect((await open(guest, await link())).html).not.toContain('<form method="post" action="/auth/invite"')
    expect((await guest.post('/auth/invite')).status).toBe(403)
    await guest.signIn('guild', 'ada', 'to=invite')
    await guest.press(await guest.visit('/auth/invite'), '/auth/invite')
    expect(await guest.session()).toMatchObject({ user: { id, guest: false }, roles: ['player', 'keeper'] })
  })

  test('works once', async () => {
    house = await openHouse()
    const [ada, eve] = [house.browser(), house.browser()]
    await ada.signIn('guild', 'ada')
    await eve.signIn('guild', 'eve')
    const path = await link()
    const [hers, page] = [await open(eve, path), await open(ada, path)]
    await ada.press(page, '/auth/invite')
    expect((await eve.press(hers, '/auth/invite')).status).toBe(400)
    expect(await rolesOf(eve)).toEqual(['player'])
    expect((await eve.visit('/auth/invite')).status).toBe(400)
  })

  test.each([
    [899, 200],
    [900, 400],
  ])('after %i seconds it answers %i', async (seconds, status) => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    const page = await open(ada, await link())
    house.wait(seconds)
    expect((await ada.press(page, '/auth/invite')).status).toBe(status)
  })

  test('is written down: that it was made, and who it was for', async () => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    const path = await link()
    await ada.press(await open(ada, path), '/auth/invite')
    const all = { from: null, to: null, subject: null, event: null }
    const { items } = await house.bench.store.audit.read(all, { after: null, limit: 100 })
    const { user } = (await ada.session()) ?? {}
    expect(items.map(({ event }) => event)).toContain('admin-invited')
    const change = items.find(({ event }) => event === 'roles-changed')
    expect(change).toMatchObject({
      actor: user?.id,
      subject: user?.id,
      detail: { added: 'keeper', by: 'admin-invite' },
    })
    const code = path.slice(path.indexOf('=') + 1)
    expect(JSON.stringify([items, house.bench.observed])).not.toContain(code)
  })
})

describe('an invitation is accepted by its own page alone', () => {
  test('opening the link changes nothing, however often: scanners and previews do', async () => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    const path = await link()
    for (let n = 0; n < 3; n++) await open(ada, path)
    expect(await rolesOf(ada)).toEqual(['player'])
    expect((await ada.press(await open(ada, path), '/auth/invite')).status).toBe(200)
  })

  test('another site cannot accept for somebody (CSRF; CVE-2023-27490)', async () => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    const page = await open(ada, await link())
    expect((await ada.post('/auth/invite', {}, 'https://evil.example')).status).toBe(403)
    expect((await ada.post('/auth/invite', {}, 'null')).status).toBe(403)
    expect((await ada.visit('/auth/invite?accept=1', 'cross-site')).status).toBe(200)
    expect(await rolesOf(ada)).toEqual(['player'])
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect((await ada.press(page, '/auth/invite')).status).toBe(200)
  })

  test.each(['', 'code=', 'code=x', `code=${'a'.repeat(33)}`, `code=${'a'.repeat(32)}&code=${'b'.repeat(32)}`])(
    'a link with "%s" is a page that says so, and keeps nothing',
    async (query) => {
      house = await openHouse()
      const ada = house.browser()
      const answer = await ada.visit(`/auth/invite?${query}`)
      expect([answer.status, answer.location, ada.jar.size]).toEqual([400, null, 0])
      expect(answer.html).toContain('This invitation does not work')
    },
  )

  test('two codes at once are none (cookie tossing)', async () => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    await open(ada, await link())
    const tossed = `${ada.cookie}; __Host-pt-invite=${'a'.repeat(32)}`
    const headers = { cookie: tossed, accept: 'text/html', 'sec-fetch-mode': 'navigate' }
    expect((await ada.send('/auth/invite', { headers })).status).toBe(400)
  })

  test('codes are not guessed: the 11th try in a minute waits', async () => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    const guess = async () => {
      ada.jar.set('__Host-pt-invite', 'x'.repeat(32))
      return ada.post('/auth/invite')
    }
    for (let n = 0; n < 10; n++) expect((await guess()).status).toBe(400)
    const waits = await guess()
    expect(waits.status).toBe(429)
    expect(Number(waits.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})
