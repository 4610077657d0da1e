import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openBrowser } from '../support/chromium.ts'
import { type Demo, startDemo } from '../support/demo.ts'

let demo: Demo
let browser: Awaited<ReturnType<typeof openBrowser>>

beforeAll(async () => {
  demo = await startDemo({ environment: { DEMO_RUNTIME: 'node' } })
}, 90_000)
afterAll(() => demo?.stop(), 30_000)

beforeEach(async () => {
  browser = await openBrowser()
  browser.context.setDefaultTimeout(20_000)
}, 30_000)
afterEach(() => browser?.close(), 30_000)

/** A tab that wanted a page of its own and waits at the provider. */
async function tabAt(provider: string, path: string): Promise<Page> {
  const page = await browser.context.newPage()
  await page.goto(`${demo.gateway}${path}`)
  await page.getByRole('link', { name: provider }).click()
  await page.waitForURL((url) => url.hostname === '127.0.0.1')
  return page
}

/** Bytes of our cookies, as a request carries them. */
async function cookieBytes(): Promise<number> {
  const cookies = await browser.context.cookies(demo.gateway)
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ').length
}

test('ten tabs opened at once and completed in any order arrive at their ten addresses (users.md row 1)', async () => {
  const tabs = await Promise.all(Array.from({ length: 10 }, (_, i) => tabAt('Google', `/whoami?tab=${i}`)))
  for (const i of [6, 0, 9, 3, 1, 8, 2, 7, 5, 4]) {
    const tab = tabs[i]
    if (tab === undefined) throw new Error('no tab')
    await tab.getByText('ada@players.example').first().click()
    await tab.waitForURL(`${demo.gateway}/whoami?tab=${i}`)
  }
  for (const [i, tab] of tabs.entries()) {
    expect(tab.url()).toBe(`${demo.gateway}/whoami?tab=${i}`)
    expect(await tab.content()).toContain('Ada Lindgren')
  }
  expect(await cookieBytes()).toBeLessThan(1536)
}, 120_000)

test('tabs of two providers side by side, one of them a cross-site form POST (users.md row 8)', async () => {
  const [google, apple] = await Promise.all([tabAt('Google', '/whoami?at=google'), tabAt('Apple', '/whoami?at=apple')])
  await apple.getByText('pip@players.example').first().click()
  await apple.waitForURL(`${demo.gateway}/whoami?at=apple`)
  await google.getByText('ada@players.example').first().click()
  await google.waitForURL(`${demo.gateway}/whoami?at=google`)
  expect(await google.content()).toContain('Ada Lindgren')
}, 60_000)

test('a hundred abandoned attempts leave less than 1.5 KB of cookies, and the next one signs in', async () => {
  const page = await browser.context.newPage()
  for (let i = 0; i < 100; i++) await page.goto(`${demo.gateway}/auth/start/google?return_to=%2Fwhoami`)
  expect(await cookieBytes()).toBeLessThan(1536)
  await page.getByText('ada@players.example').first().click()
  await page.waitForURL(`${demo.gateway}/whoami`)
  expect(await cookieBytes()).toBeLessThan(1536)
}, 120_000)

test('the back button after a sign-in leads to the destination, not to an error (seeds S26)', async () => {
  const page = await tabAt('Discord', '/whoami?own=1')
  let callback = ''
  page.on('request', (request) => {
    if (request.url().includes('/auth/callback/')) callback = request.url()
  })
  await page.getByText('noor').first().click()
  await page.waitForURL(`${demo.gateway}/whoami?own=1`)
  await page.goto(callback)
  expect(page.url()).toBe(`${demo.gateway}/whoami?own=1`)
}, 60_000)

test('linking from the account page goes to the provider and back, past form-action (users.md row 22)', async () => {
  const page = await tabAt('Google', '/whoami')
  await page.getByText('sol@players.example').first().click()
  await page.waitForURL(`${demo.gateway}/whoami`)
  await page.goto(`${demo.gateway}/auth/account`)
  await page.locator('form[action="/auth/link/github"] button').click()
  await page.waitForURL((url) => url.hostname === '127.0.0.1')
  await page.getByText('max-marek').first().click()
  await page.waitForURL(`${demo.gateway}/auth/account?saved=1`)
  const card = page.locator('section[aria-labelledby="identities"]')
  expect(await card.textContent()).toContain('GitHub')
  await card.locator('li', { hasText: 'GitHub' }).locator('form[action*="/auth/unlink"] button').click()
  await page.waitForURL(`${demo.gateway}/auth/account?saved=1`)
  expect(await card.locator('ul.rows').textContent()).not.toContain('GitHub')
}, 60_000)

test('a browser that does not keep the session cookie is told why, and does not go round (users.md row 5)', async () => {
  const page = await tabAt('Google', '/whoami')
  await page.getByText('ada@players.example').first().click()
  await page.waitForURL(`${demo.gateway}/whoami`)
  const [session] = (await browser.context.cookies(demo.gateway)).filter(({ name }) => /^__Host-postern/.test(name))
  await browser.context.clearCookies({ name: session?.name ?? '' })
  await page.goto(`${demo.gateway}/whoami`)
  expect(await page.locator('h1').textContent()).toContain('did not keep you signed in')
  await page.getByRole('link', { name: 'Try again' }).click()
  await page.getByRole('link', { name: 'Google' }).waitFor()
}, 60_000)
