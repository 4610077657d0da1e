import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openBrowser } from '../support/chromium.ts'
import { type Fronted, startFronted } from '../support/fronted.ts'

for (const kind of ['nginx', 'caddy'] as const) {
  describe(`a player in front of ${kind}, which asks Postern`, () => {
    let here: Fronted
    let browser: Awaited<ReturnType<typeof openBrowser>>

    beforeAll(async () => {
      here = await startFronted(kind, 'node')
      here.game.answer = (request, response) => {
        const { url = '', headers } = request
        response.setHeader('content-type', 'text/html')
        response.end(
          `<h1>${url}</h1><p id="who">${headers['postern-name'] ?? 'nobody'}</p><pre>${headers.cookie ?? ''}`,
        )
      }
    }, 90_000)
    afterAll(() => here?.stop(), 30_000)
    beforeEach(async () => {
      browser = await openBrowser()
      browser.context.setDefaultTimeout(20_000)
    }, 30_000)
    afterEach(() => browser?.close(), 30_000)

    test('signs in, comes back, plays over HTTP and a socket, and signs out', async () => {
      const page = await browser.context.newPage()
      await page.goto(`${here.origin}/play/1?seat=a%20b`)
      await page.getByRole('link', { name: 'Google' }).click()
      await page.getByText('ada@players.example').first().click()
      await page.waitForURL(`${here.origin}/play/1?seat=a%20b`)
      expect(await page.locator('#who').textContent()).toBe('Ada Lindgren')
      expect(await page.locator('pre').textContent()).not.toContain('__Host-postern')

      const fetched = (path: string, method: string) =>
        page.evaluate(
          async ([to, how]) => {
            const answer = await fetch(to ?? '', { method: how ?? 'GET' })
            return { status: answer.status, type: answer.headers.get('content-type') }
          },
          [path, method],
        )
      expect(await fetched('/play/2', 'POST')).toMatchObject({ status: 200 })
      expect(await fetched('/rule/x', 'GET')).toEqual({ status: 403, type: 'application/problem+json' })
      expect(await fetched('/auth/session', 'GET')).toMatchObject({ status: 200 })

      const heard = await page.evaluate(
        () =>
          new Promise<string>((resolve) => {
            const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/room/1`)
            socket.onopen = () => socket.send('hello')
            socket.onmessage = ({ data }) => resolve(String(data))
            socket.onclose = ({ code }) => resolve(`closed ${code}`)
          }),
      )
      expect(heard).toBe('hello')

      const refused = await page.goto(`${here.origin}/rule/x`)
      expect(refused?.status()).toBe(403)
      expect(await page.locator('h1').count()).toBe(1)

      await page.goto(`${here.origin}/auth/account`)
      await page.locator('form[action="/auth/sign-out"] button').first().click()
      await page.waitForURL(`${here.origin}/auth/signed-out?at=google`)
      await page.goto(`${here.origin}/play/1`)
      expect(new URL(page.url()).pathname).toBe('/auth/sign-in')
      expect(new URL(page.url()).searchParams.get('return_to')).toBe('/play/1')
    }, 60_000)
  })
}
