import { readFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** The link that `postern admin invite` prints, asked for at the operator door as the command does. */
async function invite(): Promise<string> {
  const vars = readFileSync(join(demo.state, 'dev.vars'), 'utf8')
  const key = /^POSTERN_OPERATOR_KEY="?([^"\n]+)"?$/m.exec(vars)?.[1] ?? ''
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const answer = await fetch(`${demo.gateway}/auth/operator/v1/admin.invite`, { method: 'POST', headers, body: '{}' })
  return ((await answer.json()) as { readonly link: string }).link
}

test('the link of an invitation: open, sign in, accept; the code is in no address on the way (seeds G7)', async () => {
  const link = await invite()
  const code = new URL(link).searchParams.get('code') ?? ''
  const page = await browser.context.newPage()
  const told: string[] = []
  page.on('request', (request) => told.push(`${request.url()} ${request.headers()['referer'] ?? ''}`))
  await page.goto(link)
  expect(page.url()).toBe(`${demo.gateway}/auth/invite`)
  await pictures(page, 'invite-1-nobody')
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'Google' }).click()
  await page.getByText('ada@players.example').first().click()
  await page.waitForURL(`${demo.gateway}/auth/invite`)
  expect(await page.locator('main').textContent()).toContain('Ada Lindgren')
  await pictures(page, 'invite-2-account')
  await page.getByRole('button', { name: 'Become an administrator' }).click()
  await page.getByRole('heading', { name: 'You are an administrator now' }).waitFor()
  await pictures(page, 'invite-3-done')
  expect(told.filter((line) => line.includes(code))).toEqual([`${link} `])
  await page.goto(`${demo.gateway}/whoami`)
  expect(await page.content()).toContain('system_admin')
  expect(demo.output()).not.toContain(code)
  await page.goto(link)
  await page.getByRole('button', { name: 'Become an administrator' }).click()
  await page.getByRole('heading', { name: 'This invitation does not work' }).waitFor()
  await pictures(page, 'invite-4-used')
}, 90_000)
