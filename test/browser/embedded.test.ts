import { mkdirSync } from 'node:fs'
import type { BrowserContext, Frame } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser } from '../support/chromium.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { type RunningFront, startTls } from '../support/front-proxy.ts'
import { freePorts } from '../support/ports.ts'
import { startWire, type Wire } from '../support/wire.ts'

// A game inside foreign sites (users.md row 9), in a browser that blocks third-party cookies.

const PICTURES = '.postern/pictures'
const GAME = 'https://frame.example/play/1'
const around = (name: string) =>
  `<title>${name}</title><h1>${name}</h1><iframe name="game" width="720" height="640" src="${GAME}"></iframe>`

let wire: Wire
let deployment: Deployment
let front: RunningFront
let browser: Awaited<ReturnType<typeof openBrowser>>
let context: BrowserContext

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true })
  wire = await startWire()
  wire.answer = ({ url, headers }, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<h1>${url}</h1><p id="who">${headers['postern-user']}</p><pre>${headers.cookie ?? ''}</pre>`)
  }
  deployment = await startDeployment({
    runtime: 'node',
    name: 'framed',
    environment: { GAME_PORT: String(wire.port), GOOGLE_SECRET: 'google-secret-0123456789' },
  })
  const port = await freePorts(1)
  const pages = Object.fromEntries(
    ['portal', 'other', 'stranger'].map((name) => [`${name}.example`, around(name)] as const),
  )
  front = await startTls({ port, postern: deployment.port, hosts: ['play.example', 'frame.example'], pages })
  browser = await openBrowser([
    '--ignore-certificate-errors',
    '--test-third-party-cookie-phaseout',
    `--host-resolver-rules=MAP *.example 127.0.0.1:${port}`,
  ])
  context = browser.context
  context.setDefaultTimeout(15_000)
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await front?.stop()
  await deployment?.stop()
  await wire?.stop()
}, 30_000)

/** The game's frame on a page of that site. */
async function frameAt(site: string): Promise<{ readonly frame: Frame; picture(name: string): Promise<unknown> }> {
  const page = await context.newPage()
  await page.goto(`https://${site}/`, { waitUntil: 'load' })
  const frame = page.frame({ name: 'game' })
  if (frame === null) throw new Error(`${site} shows no frame`)
  return { frame, picture: (name) => page.screenshot({ path: `${PICTURES}/${name}.png` }) }
}

/** Plays as a guest from the page that asks who one is. */
async function playIn(frame: Frame): Promise<string> {
  await frame.getByRole('button', { name: /guest/i }).click()
  await frame.waitForURL(GAME)
  return (await frame.locator('#who').textContent()) ?? ''
}

test('a guest plays inside a portal: pages, requests, a socket, and again after a reload (users.md row 9)', async () => {
  const { frame, picture } = await frameAt('portal.example')
  await frame.getByRole('button', { name: /guest/i }).waitFor()
  expect(await frame.getByRole('link', { name: 'Google' }).getAttribute('target')).toBe('_blank')
  await picture('framed-sign-in')
  const who = await playIn(frame)
  expect(who).toMatch(/^[0-9a-f-]{36}$/)
  await picture('framed-play')
  expect(await frame.locator('pre').textContent()).toBe('')
  const asked = await frame.evaluate(async () => (await fetch('/auth/session')).json())
  expect(asked).toMatchObject({ state: 'active', user: { id: who, guest: true } })
  const echoed = await frame.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket('wss://frame.example/play/socket')
        socket.onopen = () => socket.send('hello')
        socket.onmessage = ({ data }) => resolve(data)
        socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`))
      }),
  )
  expect(echoed).toBe('hello')
  await frame.goto(GAME)
  expect(await frame.locator('#who').textContent()).toBe(who)
  const cookies = (await context.cookies()).filter(({ name }) => name.startsWith('__Host-postern'))
  expect(cookies).toMatchObject([{ domain: 'frame.example', secure: true, httpOnly: true, sameSite: 'None' }])
  expect(cookies[0]).toMatchObject({ partitionKey: 'https://portal.example' })
}, 60_000)

test('each site around has a jar of its own, and a tab of its own has another', async () => {
  const mine = await playIn((await frameAt('other.example')).frame)
  const again = (await frameAt('portal.example')).frame
  expect(await again.locator('#who').textContent()).not.toBe(mine)
  const tab = await context.newPage()
  const answer = await tab.goto('https://frame.example/auth/session')
  expect(answer?.status()).toBe(401)
}, 60_000)

test('a site that is no ancestor shows none of our pages, and neither does any at a host that is not embedded', async () => {
  const { frame } = await frameAt('stranger.example')
  expect(frame.url()).toBe('chrome-error://chromewebdata/')
  const page = await context.newPage()
  await page.goto('https://portal.example/')
  const inner = page.frame({ name: 'game' })
  await inner?.goto('https://play.example/auth/sign-in').catch(() => undefined)
  const shown = await Promise.all(page.frames().map((one) => one.locator('body').textContent()))
  expect(shown.join()).not.toContain('Choose how')
}, 60_000)

test('signing out inside the frame ends it there', async () => {
  const { frame } = await frameAt('portal.example')
  await frame.goto('https://frame.example/auth/account')
  await frame
    .getByRole('button', { name: /sign out/i })
    .first()
    .click()
  await frame.waitForURL(/signed-out/)
  await frame.goto(GAME)
  await frame.getByRole('button', { name: /guest/i }).waitFor()
}, 60_000)
