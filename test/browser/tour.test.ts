import { mkdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser } from '../support/chromium.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { tour } from './tour.ts'

const PICTURES = '.postern/pictures'
let demo: Demo
let browser: Awaited<ReturnType<typeof openBrowser>>

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true })
  demo = await startDemo()
  browser = await openBrowser()
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await demo?.stop()
}, 30_000)

test('a player signs in, plays, talks, signs out and is asked to sign in again', async () => {
  const page = await browser.context.newPage()
  page.setDefaultTimeout(15_000)
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  await tour(page, demo.gateway, (name) => page.screenshot({ path: `${PICTURES}/${name}.png` }))
  expect(problems).toEqual([])
}, 60_000)
