import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser } from '../support/chromium.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { pictures } from '../support/pictures.ts'

let demo: Demo
let browsers: Awaited<ReturnType<typeof openBrowser>>[] = []

beforeAll(async () => {
  demo = await startDemo({ environment: { DEMO_RUNTIME: 'node' } })
  browsers = [await openBrowser(), await openBrowser()]
  for (const { context } of browsers) context.setDefaultTimeout(20_000)
}, 90_000)
afterAll(async () => {
  for (const browser of browsers) await browser.close()
  await demo?.stop()
}, 30_000)

async function signIn(page: Page, person: string): Promise<void> {
  await page.getByRole('link', { name: 'Google' }).click()
  await page.getByText(person).first().click()
}

/** What of a page somebody cannot use: a control without a name, one too small to hit, a heading cell of nothing. */
const OBSTACLES = `(() => {
  const found = []
  if (document.querySelectorAll('h1').length !== 1) found.push('h1')
  for (const one of document.querySelectorAll('main a, main button, main input:not([type=hidden]), main select')) {
    const name = one.getAttribute('aria-label') || one.textContent.trim() || (one.labels && [...one.labels].map((label) => label.textContent).join(''))
    if (!name) found.push('no name: ' + one.outerHTML.slice(0, 80))
    const { width, height } = one.getBoundingClientRect()
    const isInSentence = one.tagName === 'A' && getComputedStyle(one).display === 'inline'
    if (!isInSentence && (width < 24 || height < 24)) found.push('small: ' + one.outerHTML.slice(0, 80))
  }
  for (const table of document.querySelectorAll('table')) {
    if (table.caption === null || table.querySelector('th:not([scope])') !== null) found.push('table')
  }
  return found
})()`

async function look(page: Page, name: string): Promise<void> {
  expect(await page.evaluate(OBSTACLES)).toEqual([])
  await pictures(page, `admin-${name}`)
  expect(await page.evaluate(OBSTACLES)).toEqual([])
}

/** Reaches a control by the keyboard alone. */
async function tabTo(page: Page, text: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab')
    const at = await page.evaluate(
      'document.activeElement.getAttribute("aria-label") || document.activeElement.textContent.trim()',
    )
    if (at === text) return
  }
  throw new Error(`no way to "${text}" by the keyboard`)
}

test('an administrator finds a player, suspends them by keyboard, sees that it took, and gives the account back (users.md, the operator)', async () => {
  const [player, admin] = (await Promise.all(browsers.map(({ context }) => context.newPage()))) as [Page, Page]
  await player.goto(`${demo.gateway}/play`)
  await signIn(player, 'ada@players.example')
  await player.waitForURL(`${demo.gateway}/play`)

  await admin.goto(`${demo.gateway}/auth/admin`)
  expect(new URL(admin.url()).pathname).toBe('/auth/sign-in')
  await signIn(admin, 'sol@players.example')
  await admin.getByRole('heading', { name: 'Administration' }).waitFor()
  expect(new URL(admin.url()).pathname).toBe('/auth/admin')
  expect((await player.goto(`${demo.gateway}/auth/admin`))?.status()).toBe(403)
  await look(admin, '1-home')

  await admin.getByLabel('Part of a name, or a whole id').fill('ada')
  await admin.keyboard.press('Enter')
  await admin.getByRole('table').getByRole('link').first().click()
  await look(admin, '2-person')
  await admin.getByLabel('Reason, shown to this person').fill('Spam in the arena')
  await admin.getByLabel('Until (UTC)').fill('2031-01-31T12:00')
  await tabTo(admin, 'Suspend')
  await admin.keyboard.press('Enter')
  await admin.getByRole('heading', { name: 'Is this what you want?' }).waitFor()
  expect(await admin.evaluate('document.activeElement.tagName')).toBe('H1')
  await look(admin, '3-confirm')
  await tabTo(admin, 'Suspend')
  await admin.keyboard.press('Enter')
  await admin.getByText('Sessions that were ended: 1.').waitFor()
  expect(await admin.evaluate('document.activeElement.className')).toBe('note')
  expect(await admin.getByText('Shown: 0 of 0.').count()).toBe(1)
  await look(admin, '4-suspended')
  await player.goto(`${demo.gateway}/play`)
  expect(new URL(player.url()).pathname).toBe('/auth/sign-in')

  await tabTo(admin, 'Restore the account')
  await admin.keyboard.press('Enter')
  await admin.getByRole('button', { name: 'Restore the account' }).click()
  await admin.getByText('The account can be used again.').waitFor()

  for (const [name, file] of [
    ['Sessions', '5-sessions'],
    ['Audit log', '6-audit'],
    ['Policy', '7-policy'],
  ] as const) {
    await admin.getByRole('navigation', { name: 'Parts of the administration' }).getByRole('link', { name }).click()
    await admin.getByRole('heading', { level: 1, name }).waitFor()
    await look(admin, file)
  }
  await admin.getByLabel('Path').fill('/players/7')
  await admin.keyboard.press('Enter')
  await admin.getByText('The answer: 401').waitFor()
  await look(admin, '8-why')
}, 150_000)

test('what was typed is there again where the session ended over a form: sign in in a new tab, go back, send it', async () => {
  const player = await browsers[0]?.context.newPage()
  if (player === undefined) throw new Error('no browser')
  await player.goto(`${demo.gateway}/play`)
  if (new URL(player.url()).pathname === '/auth/sign-in') await signIn(player, 'ada@players.example')
  const { context } = browsers[1] as { readonly context: BrowserContext }
  const [form, elsewhere] = [await context.newPage(), await context.newPage()]
  await form.goto(`${demo.gateway}/auth/admin?text=ada`)
  if (new URL(form.url()).pathname === '/auth/sign-in') await signIn(form, 'sol@players.example')
  await form.getByRole('table').getByRole('link').first().click()
  await form.getByLabel('Reason, shown to this person').fill('Spam in the arena, for the third time')
  await elsewhere.goto(`${demo.gateway}/auth/account`)
  await elsewhere.getByRole('button', { name: 'Sign out', exact: true }).click()
  await elsewhere.waitForURL(`${demo.gateway}/auth/signed-out?at=google`)
  await form.getByRole('button', { name: 'Ban' }).click()
  await form.getByRole('heading', { name: 'Nothing was submitted' }).waitFor()
  const [tab] = await Promise.all([
    context.waitForEvent('page'),
    form.getByRole('link').filter({ hasText: 'tab' }).click(),
  ])
  await signIn(tab, 'sol@players.example')
  await tab.waitForURL((url) => url.pathname === '/play')
  await form.goBack()
  expect(await form.getByLabel('Reason, shown to this person').inputValue()).toBe(
    'Spam in the arena, for the third time',
  )
}, 150_000)
