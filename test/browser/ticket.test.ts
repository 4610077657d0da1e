import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBrowser } from '../support/chromium.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { startWire, type Wire } from '../support/wire.ts'

/** A page of the game as docs/sockets.md has it: fetches a ticket, then opens a socket and shows how it went. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>Arena</title>
<style>body { font: 16px sans-serif; margin: 2em } li.heard { color: #060 } li.closed { color: #a00 }</style>
<h1>Arena</h1><ul id="log"></ul>
<script>
  async function ticketFor(path) {
    const answer = await fetch('/auth/ticket', { method: 'POST', body: new URLSearchParams({ path }) })
    if (!answer.ok) throw new Error('no ticket: ' + answer.status)
    return answer.json()
  }
  function tell(kind, text) {
    const line = document.createElement('li')
    line.className = kind
    line.textContent = text
    document.querySelector('#log').append(line)
  }
  function enter(url, protocols) {
    return new Promise((resolve) => {
      const socket = new WebSocket(url, protocols)
      let said = 'never opened'
      socket.onopen = () => {
        said = socket.protocol.replace(/^postern_ticket[.].+/, 'the ticket') || 'no protocol'
        socket.send('close:4000:played')
      }
      socket.onclose = ({ code, reason }) => {
        tell(code === 4000 ? 'heard' : 'closed', [said, code, reason].join(' · '))
        resolve({ protocol: said, code, reason })
      }
    })
  }
</script>`

declare function ticketFor(path: string): Promise<{ readonly ticket: string; readonly protocol: string }>
declare function enter(url: string, protocols: readonly string[]): Promise<unknown>

for (const runtime of ['node', 'deno', 'workerd'] as const) {
  describe(`a page of the game in Chromium, through Postern on ${runtime}`, () => {
    let wire: Wire
    let postern: Deployment
    let browser: Awaited<ReturnType<typeof openBrowser>>
    let page: Page
    /** The same gateway by a name that the browser has no cookie for. */
    let elsewhere = ''

    beforeAll(async () => {
      wire = await startWire()
      wire.answer = (_request: IncomingMessage, response: ServerResponse) => {
        response.setHeader('content-type', 'text/html; charset=utf-8')
        response.end(PAGE)
      }
      const environment = { WIRE_PORT: String(wire.port), ROBOT_TOKEN: 'robot-token-value-1234567890' }
      postern = await startDeployment({ runtime, name: 'wire', environment })
      elsewhere = `ws://127.0.0.1:${postern.port}`
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

    /** The user as the service behind a socket was told, with what it saw of the offer. */
    const arrived = () => {
      const upgrade = wire.upgrades.at(-1)
      if (upgrade === undefined) throw new Error('no socket arrived')
      const { 'sec-websocket-protocol': offer, 'postern-user': user, cookie } = upgrade.headers
      return { url: upgrade.url, offer, cookie, user }
    }
    const me = () =>
      page.evaluate(async () => ((await (await fetch('/auth/session')).json()) as { user: { id: string } }).user.id)

    test('a ticket as subprotocol opens a socket of another origin once, beside the protocol of the game', async () => {
      const [first, second] = await page.evaluate(async (origin) => {
        const { protocol } = await ticketFor('/socket/arena')
        const open = () => enter(`${origin}/socket/arena`, ['arena.v1', protocol])
        return [await open(), await open()]
      }, elsewhere)
      expect(first).toEqual({ protocol: 'arena.v1', code: 4000, reason: 'played' })
      expect(second).toEqual({ protocol: 'never opened', code: 1006, reason: '' })
      expect(wire.upgrades).toHaveLength(1)
      expect(arrived()).toEqual({ url: '/socket/arena', offer: 'arena.v1', cookie: undefined, user: await me() })
    })

    test('a ticket as the only subprotocol is answered with itself, and not shown to the game', async () => {
      const before = wire.upgrades.length
      const outcome = await page.evaluate(async (origin) => {
        const { protocol } = await ticketFor('/socket/alone')
        return enter(`${origin}/socket/alone`, [protocol])
      }, elsewhere)
      expect(outcome).toEqual({ protocol: 'the ticket', code: 4000, reason: 'played' })
      expect(wire.upgrades).toHaveLength(before + 1)
      expect(arrived()).toEqual({ url: '/socket/alone', offer: undefined, cookie: undefined, user: await me() })
    })

    test('a ticket as parameter is cut out of the address', async () => {
      const outcome = await page.evaluate(async (origin) => {
        const { ticket } = await ticketFor('/socket/query')
        return enter(`${origin}/socket/query?seat=4&postern_ticket=${ticket}`, [])
      }, elsewhere)
      expect(outcome).toEqual({ protocol: 'no protocol', code: 4000, reason: 'played' })
      expect(arrived()).toMatchObject({ url: '/socket/query?seat=4', user: await me() })
    })

    test('without a ticket, with an invented one, and at another path it does not open', async () => {
      const before = wire.upgrades.length
      const outcomes = await page.evaluate(async (origin) => {
        const { protocol } = await ticketFor('/socket/mine')
        return [
          await enter(`${origin}/socket/mine`, ['arena.v1']),
          await enter(`${origin}/socket/mine`, ['arena.v1', `postern_ticket.ptk_${'a'.repeat(43)}`]),
          await enter(`${origin}/socket/other`, ['arena.v1', protocol]),
          await enter(`${origin}/socket/mine`, ['arena.v1', protocol]),
        ]
      }, elsewhere)
      const shut = { protocol: 'never opened', code: 1006, reason: '' }
      expect(outcomes).toEqual([shut, shut, shut, shut])
      expect(wire.upgrades).toHaveLength(before)
    })
  })
}
