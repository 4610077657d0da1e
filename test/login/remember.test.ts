import { afterEach, expect, test } from 'vitest'
import type { Browser, Seen } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

const DAY = 86_400

let house: House
afterEach(() => house.close())

/** Seconds the session cookie of an answer lives. */
function lifeOf(answer: Seen): number {
  const line = answer.headers.getSetCookie().find((cookie) => cookie.startsWith('__Host-postern=')) ?? ''
  return Number(/; Max-Age=(\d+)/.exec(line)?.[1])
}

/** Signs in by the link of the sign-in page that has, or has not, "keep me signed in". */
async function signIn(browser: Browser, which: 'remember' | 'plain'): Promise<Seen> {
  const page = await browser.visit('/auth/sign-in?return_to=%2Fhall')
  const links = [...page.html.matchAll(/href="(\/auth\/start\/guild\?[^"]*)"/g)].map(([, link = '']) =>
    link.replaceAll('&amp;', '&'),
  )
  const start = links.find((link) => link.includes('remember=1') === (which === 'remember')) ?? ''
  return browser.comeBack(browser.waitingAt('guild', await browser.visit(start)), 'ada')
}

test('"keep me signed in" gives a cookie and a session of that life, and nobody else one', async () => {
  house = await openHouse({ session: { absolute: '7d', idle: '8h', remember: '90d' } })
  const [kept, plain] = [house.browser(), house.browser()]
  expect([lifeOf(await signIn(kept, 'remember')), lifeOf(await signIn(plain, 'plain'))]).toEqual([90 * DAY, 7 * DAY])
  house.wait(30 * DAY)
  expect([await kept.session(), await plain.session()]).toEqual([expect.objectContaining({ provider: 'guild' }), null])
  house.wait(59 * DAY)
  expect((await kept.visit('/hall')).status).toBe(200)
  house.wait(DAY)
  expect((await kept.visit('/hall')).status).toBe(302)
})

test('where it is not offered, an address that asks for it gets the usual life', async () => {
  house = await openHouse({ session: { absolute: '7d', idle: '8h' } })
  const ada = house.browser()
  expect((await ada.visit('/auth/sign-in')).html).not.toContain('remember=1')
  expect(lifeOf(await ada.signIn('guild', 'ada', 'return_to=%2Fhall&remember=1'))).toBe(7 * DAY)
})
