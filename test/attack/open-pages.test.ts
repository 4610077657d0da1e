import { afterEach, expect, test } from 'vitest'
import { about, clerk, HOUSE, offers } from '../admin/support/clerk.ts'
import { openArcade } from '../login/native/support/arcade.ts'
import { consentPage, decide, pathOf } from '../login/native/support/deciding.ts'
import { workbench } from '../support/gateway.ts'

// Two people at one browser (users.md): a page stays open in one tab while somebody else signs in in another one.

let close: () => unknown = () => undefined
afterEach(() => close())

test('an open page of administration acts for nobody who signed in since, whatever they may', async () => {
  const bench = await workbench(HOUSE)
  close = () => bench.close()
  const [mo, target] = [await bench.signedIn(['moderator'], 'Mo'), await bench.signedIn(['player'], 'Zoe')]
  const first = await clerk(bench, mo.cookie).visit(about(target.user))
  expect(offers(first, 'kick')).toBe(true)
  for (const roles of [['keeper'], ['player']]) {
    const other = await bench.signedIn(roles, 'Kit')
    const refused = await clerk(bench, other.cookie).press(first, about(target.user))
    expect([refused.status, refused.html.includes('PST427'), refused.html.includes('Kit')]).toEqual([409, true, true])
  }
  expect((await bench.request('/auth/session', { headers: { cookie: target.cookie } })).status).toBe(200)
  expect((await clerk(bench, mo.cookie).press(first, about(target.user))).status).toBeLessThan(400)
})

test('an open page about a device or a program lets nobody in as the other person', async () => {
  const arcade = await openArcade()
  close = () => arcade.close()
  const device = await arcade.device()
  const tab = await arcade.signedIn('ada')
  const pages = [await tab.visit(pathOf(device.verification_uri_complete)), await consentPage(tab)] as const
  await tab.post('/auth/sign-out')
  await tab.signIn('guild', 'bea')
  for (const page of pages) expect((await decide(tab, page, 'allow')).status).toBe(409)
  expect(arcade.said(await arcade.poll(device))).toBe('400 authorization_pending')
  expect(await arcade.sessionsOf('bea')).toBe(1)
  await tab.signIn('guild', 'ada')
  for (const page of pages) expect((await decide(tab, page, 'allow')).status).toBe(200)
})
