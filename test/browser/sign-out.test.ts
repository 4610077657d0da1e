import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser } from '../support/chromium.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { pictures } from '../support/pictures.ts'

let demo: Demo
let browser: Awaited<ReturnType<typeof openBrowser>>

beforeAll(async () => {
  demo = await startDemo({ environment: { DEMO_RUNTIME: 'node' } })
  browser = await openBrowser()
  browser.context.setDefaultTimeout(20_000)
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await demo?.stop()
}, 30_000)

async function accountOf(page: Page, provider: string, person: string): Promise<void> {
  await page.goto(`${demo.gateway}/auth/sign-in?to=account`)
  await page.getByRole('link', { name: provider }).click()
  await page.getByText(person).first().click()
  await page.waitForURL(`${demo.gateway}/auth/account`)
}

/** Presses a button and waits until the provider was asked to end its session, by the person's own ID token. */
async function leaveBy(page: Page, button: string): Promise<void> {
  await page.getByRole('button', { name: button }).click()
  await page.waitForURL(({ origin, pathname }) => origin !== demo.gateway && pathname.endsWith('/logout'))
  const asked = new URL(page.url()).searchParams
  expect(asked.get('id_token_hint')).toMatch(/^ey/)
  expect(asked.get('post_logout_redirect_uri')).toBe(`${demo.gateway}/auth/signed-out`)
}

test('one button of the account page signs out here and at the provider', async () => {
  const page = await browser.context.newPage()
  await accountOf(page, 'Microsoft', 'mika@players.example')
  await pictures(page, 'sign-out-1-account')
  await leaveBy(page, 'Sign out here and at Microsoft')
  await page.goto(`${demo.gateway}/auth/account`)
  expect(new URL(page.url()).pathname).toBe('/auth/sign-in')
  await page.close()
}, 90_000)

test('after signing out here only, the landing page says what goes on and ends it', async () => {
  const page = await browser.context.newPage()
  await accountOf(page, 'Microsoft', 'mika@players.example')
  await page.locator('form[action="/auth/sign-out"] button').first().click()
  await page.waitForURL(`${demo.gateway}/auth/signed-out?at=microsoft`)
  expect(await page.locator('main').textContent()).toContain('You may still be signed in at')
  await pictures(page, 'sign-out-2-landing')
  await leaveBy(page, 'Sign out at Microsoft too')
  await page.goto(`${demo.gateway}/auth/signed-out?at=microsoft`)
  expect(await page.getByRole('button').count()).toBe(0)
  await page.close()
}, 90_000)

test('where the provider cannot be asked, the landing page only says what goes on', async () => {
  const page = await browser.context.newPage()
  await accountOf(page, 'Google', 'ada@players.example')
  expect(await page.getByRole('button', { name: 'Sign out here and at' }).count()).toBe(0)
  await page.locator('form[action="/auth/sign-out"] button').first().click()
  await page.waitForURL(`${demo.gateway}/auth/signed-out?at=google`)
  expect(await page.locator('main').textContent()).toContain('You may still be signed in at')
  expect(await page.getByRole('button').count()).toBe(0)
  await page.close()
}, 90_000)
