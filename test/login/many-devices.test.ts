import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSession } from '../../src/session/open.ts'
import { clerk, HOUSE, words } from '../admin/support/clerk.ts'
import { askOf } from '../support/ask.ts'
import { type Workbench, workbench } from '../support/gateway.ts'
import type { Browser } from './support/browser.ts'

let bench: Workbench
let ada: Browser
beforeEach(async () => {
  bench = await workbench(HOUSE)
  const { user, cookie } = await bench.signedIn(['player'], 'Ada')
  for (let count = 0; count < 44; count++)
    await openSession(askOf({}), bench.gateway, {
      user,
      provider: 'google',
      authTime: bench.gateway.runtime.now(),
      provenAt: null,
      remember: 'forget',
    })
  ada = clerk(bench, cookie)
})
afterEach(() => bench.close())

const sidsOn = (html: string) => [...html.matchAll(/devices\/end\?sid=([^"&]+)"/g)].map(([, sid]) => sid)

test('every device of an account is on one of its pages, and each says how many there are (SPEC 2)', async () => {
  const seen: (string | undefined)[] = []
  const shown: (string | undefined)[] = []
  let path: string | undefined = '/auth/account'
  while (path !== undefined) {
    const page = await ada.visit(path)
    shown.push(/Shown: \d+ of \d+\./.exec(words(page))?.[0])
    seen.push(...sidsOn(page.html))
    path = /href="(\/auth\/account\?from=\d+)">Next page/.exec(page.html)?.[1]
  }
  expect(shown).toEqual(['Shown: 20 of 45.', 'Shown: 20 of 45.', 'Shown: 5 of 45.'])
  expect(new Set(seen).size).toBe(45)
})

test('a page of devices that is not there is the first one; a short list says no numbers', async () => {
  const first = sidsOn((await ada.visit('/auth/account')).html)
  for (const from of ['45', '-1', 'x', '1e1', '9999999'])
    expect(sidsOn((await ada.visit(`/auth/account?from=${from}`)).html)).toEqual(first)
  const second = await ada.visit('/auth/account?from=20')
  expect(second.html).toContain('href="/auth/account">First page')
  await ada.press(second, '/auth/devices/end-others')
  expect(words(await ada.visit('/auth/account'))).not.toContain('Shown:')
})
