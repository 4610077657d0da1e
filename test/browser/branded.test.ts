import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser } from '../support/chromium.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { pictures } from '../support/pictures.ts'

let deployment: Deployment
let browser: Awaited<ReturnType<typeof openBrowser>>

beforeAll(async () => {
  const environment = { GOOGLE_SECRET: 'google-secret-0123456789' }
  deployment = await startDeployment({ runtime: 'node', name: 'branded', environment })
  browser = await openBrowser()
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await deployment?.stop()
}, 30_000)

const styled = (page: Page) => page.evaluate("getComputedStyle(document.querySelector('.card')).display")
const focused = (page: Page) => page.evaluate('document.activeElement.tagName')

test('a document of the operator is shown whole: nothing in it is refused, and the focus begins at the report', async () => {
  const page = await browser.context.newPage()
  page.setDefaultTimeout(15_000)
  const refused: string[] = []
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) refused.push(message.text())
  })
  await page.goto(`${deployment.gateway}/auth/sign-in`)
  expect(await page.textContent('.note')).toBe('The gate of the Isle')
  expect(await styled(page)).toBe('grid')
  expect(await page.evaluate("document.querySelector('img').naturalWidth")).toBe(1)
  expect(await page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--go')")).toBe('#7a1f5c')
  expect(await page.evaluate('getComputedStyle(document.body).backgroundImage')).toContain('/auth/pages/wave.')
  await pictures(page, 'branded-chooser')
  await page.click('form[action="/auth/guest"] button')
  await page.goto(`${deployment.gateway}/auth/account`)
  await pictures(page, 'branded-account')
  await page.goto(`${deployment.gateway}/throne`)
  expect(await focused(page)).toBe('H1')
  await pictures(page, 'branded-refusal')
  expect(refused).toEqual([])
}, 60_000)
