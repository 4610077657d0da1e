import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { base64url, digest } from '../../src/core/bytes.ts'
import { openBrowser } from '../support/chromium.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { ask } from '../support/http.ts'
import { pictures } from '../support/pictures.ts'
import { startWire, type Wire } from '../support/wire.ts'

const VERIFIER = base64url(new Uint8Array(32).fill(7))
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

let wire: Wire
let postern: Deployment
let browser: Awaited<ReturnType<typeof openBrowser>>
let page: Page

beforeAll(async () => {
  wire = await startWire()
  wire.answer = (_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>Arena</title>')
  }
  const environment = { WIRE_PORT: String(wire.port), ROBOT_TOKEN: 'robot-token-value-1234567890' }
  postern = await startDeployment({ runtime: 'node', name: 'wire', environment })
  browser = await openBrowser()
  browser.context.setDefaultTimeout(20_000)
  page = await browser.context.newPage()
  await page.goto(`${postern.gateway}/wire/arena`)
  await page.getByRole('button', { name: /guest/i }).click()
  await page.waitForURL(`${postern.gateway}/wire/arena`)
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await postern?.stop()
  await wire?.stop()
}, 30_000)

async function tell(path: string, fields: Readonly<Record<string, string>>) {
  const body = new URLSearchParams({ client_id: 'lantern', ...fields })
  return (await (await ask(`${postern.gateway}${path}`, { method: 'POST', body })).json()) as Record<string, string>
}

test('a player types the code of a device, compares it, and lets it in', async () => {
  const device = await tell('/auth/device/code', {})
  await page.goto(device['verification_uri'] ?? '')
  await pictures(page, 'device-code')
  await page.getByLabel('Code').fill('nothing')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('alert').waitFor()
  await page.getByLabel('Code').fill((device['user_code'] ?? '').toLowerCase().replace('-', ''))
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('Lantern wants to use your account.').waitFor()
  expect(await page.locator('p.secret code').textContent()).toBe(device['user_code'])
  await pictures(page, 'device-confirm')
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
  await page.getByRole('heading', { name: 'Your device is connected' }).waitFor()
  await pictures(page, 'device-done')
  const told = await tell('/auth/token', { grant_type: DEVICE_GRANT, device_code: device['device_code'] ?? '' })
  expect(told['access_token']).toMatch(/^pss_/)
})

/** A program that listens beside the browser, and what it was called with. */
async function program(
  host: string,
): Promise<{ readonly server: Server; readonly url: string; readonly came: Promise<URL> }> {
  const came = Promise.withResolvers<URL>()
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>Back in the launcher</title>')
    if (request.url?.startsWith('/callback') === true) came.resolve(new URL(request.url, 'http://127.0.0.1'))
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  return { server, url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/callback`, came: came.promise }
}

test.each(['127.0.0.1', '::1'])(
  'a program that listens at %s is called back after the button, and not before',
  async (host) => {
    const launcher = await program(host)
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: 'lantern',
      redirect_uri: launcher.url,
      state: 'here',
      code_challenge: await digest(VERIFIER),
      code_challenge_method: 'S256',
    })
    await page.goto(`${postern.gateway}/auth/authorize?${query}`)
    await page.getByRole('heading', { name: 'Let this program in?' }).waitFor()
    await pictures(page, 'consent')
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    const came = await launcher.came
    await page.waitForURL(/\/callback\?/)
    expect(await page.title()).toBe('Back in the launcher')
    launcher.server.close()
    launcher.server.closeAllConnections()
    expect([came.searchParams.get('state'), came.searchParams.get('iss')]).toEqual(['here', `${postern.gateway}/auth`])
    const code = came.searchParams.get('code') ?? ''
    const shown = { grant_type: 'authorization_code', redirect_uri: launcher.url, code_verifier: VERIFIER, code }
    expect((await tell('/auth/token', shown))['access_token']).toMatch(/^pss_/)
  },
)

test('no page of another place shows the decision in a frame', async () => {
  const device = await tell('/auth/device/code', {})
  await page.goto(`${postern.gateway}/wire/arena`)
  const src = JSON.stringify(device['verification_uri_complete'])
  await page.evaluate(`new Promise((resolve) => {
    const frame = document.createElement('iframe')
    frame.src = ${src}
    frame.onload = resolve
    document.body.append(frame)
  })`)
  expect(page.frames().length).toBe(2)
  expect(await page.frames()[1]?.locator('button').count()).toBe(0)
})
