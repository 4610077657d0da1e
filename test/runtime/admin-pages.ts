import { expect, test } from 'vitest'
import { formsOf } from '../support/forms.ts'
import { Visitor } from '../support/visitor.ts'
import type { Place } from './transcript.ts'

const PROGRAM = { accept: 'application/json' }

/** An administrator looks after a player on the pages, over HTTP, the same on every runtime. */
export function adminPagesTranscript(place: () => Place): void {
  const url = (path: string) => new URL(path, place().gateway).href

  async function page(by: Visitor, path: string) {
    const { url: at, response } = await by.visit(url(path))
    return { url: at, status: response.status, html: await response.text() }
  }

  async function post(by: Visitor, path: string, fields: Readonly<Record<string, string>>, origin = place().gateway) {
    const site = origin === place().gateway ? 'same-origin' : 'cross-site'
    const headers = { origin, 'sec-fetch-site': site }
    const { response } = await by.visit(url(path), { method: 'POST', headers, body: new URLSearchParams(fields) })
    return { status: response.status, html: await response.text() }
  }

  test('a player is found, suspended after a question, and let in again; another site does none of it (SPEC 7)', async () => {
    const [player, admin] = [new Visitor(), new Visitor()]
    await player.signIn(place().gateway, 'discord', 'noor')
    await admin.signIn(place().gateway, 'google', 'sol@players.example')
    const mayEnter = async () => (await player.send(url('/auth/session'), { headers: PROGRAM })).status === 200
    expect((await page(player, '/auth/admin')).status).toBe(403)

    const found = await page(admin, '/auth/admin?text=noor')
    expect(found.status).toBe(200)
    const path = /href="(\/auth\/admin\/users\/[^"]+)"/.exec(found.html)?.[1] ?? ''
    expect((await page(admin, path)).html).toContain('Noor Haddad')

    const wish = { do: 'suspend', reason: 'Spam in the arena', until: '2031-01-31T12:00' }
    const asked = await post(admin, path, wish)
    expect([asked.status, await mayEnter()]).toEqual([200, true])
    const [form] = formsOf(asked.html)
    const fields = Object.fromEntries(form?.fields ?? [])
    expect(fields).toMatchObject(wish)
    expect((await post(admin, path, fields, 'https://evil.example')).status).toBe(403)
    expect(await mayEnter()).toBe(true)
    const done = await post(admin, path, fields)
    expect([done.status, done.html.includes('role="status"')]).toEqual([200, true])
    expect(done.html).toContain('Spam in the arena')
    await expect.poll(mayEnter, { timeout: 10_000 }).toBe(false)

    const [back] = formsOf((await post(admin, path, { do: 'restore' })).html)
    expect((await post(admin, path, Object.fromEntries(back?.fields ?? []))).status).toBe(200)
    await player.signIn(place().gateway, 'discord', 'noor')
    expect(await mayEnter()).toBe(true)
  })

  test('sessions, the audit log and the policy have a page each', async () => {
    const admin = new Visitor()
    await admin.signIn(place().gateway, 'google', 'sol@players.example')
    const pages = await Promise.all(
      ['sessions', 'audit', 'policy', 'policy?method=GET&path=%2Fplayers%2F7'].map((name) =>
        page(admin, `/auth/admin/${name}`),
      ),
    )
    expect(pages.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(pages[0]?.html).toContain('Sol Ivanova')
    expect(pages[1]?.html).toContain('sign-in')
    expect(pages[2]?.html).toContain('policies/game.yaml')
    expect(pages[3]?.html).toContain('needs-session')
  })
}
