import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Demo } from '../support/demo.ts'
import { Visitor } from '../support/visitor.ts'
import { seenTrouble, type TroublePlace, waitOf } from './troubled.ts'

const PROVIDERS = ['google', 'apple', 'slack', 'github', 'microsoft', 'discord']

/** What a player meets whose provider is out of order, or who says no there: the same on every runtime. */
export function providerTroubles(place: () => Demo): void {
  const log = () => `${place().output()}${readFileSync(join(place().state, 'logs', 'gateway.log'), 'utf8')}`

  /** Puts the API of the Discord double out of order. */
  async function trouble(_: string, kind: string, times: number, retryAfter: number): Promise<void> {
    const query = new URLSearchParams({ kind, times: String(times), retry_after: String(retryAfter) })
    const control = `http://127.0.0.1:${place().providers + 5}/_demo/trouble?${query}`
    expect((await fetch(control, { method: 'POST' })).status).toBe(200)
  }

  const here = (): TroublePlace => ({ gateway: place().gateway, offered: PROVIDERS, trouble, log })
  const seen = (visitor: Visitor, landed: { readonly url: string; readonly response: Response }) =>
    seenTrouble(here(), visitor, landed)

  test.each(['discord', 'slack'])('a no at %s is a page, and nothing loops (error=access_denied)', async (provider) => {
    const visitor = new Visitor()
    const landed = await visitor.signIn(place().gateway, provider, 'Cancel')
    expect(landed.response.status).toBe(403)
    expect(await seen(visitor, landed)).toContain(`/auth/start/${provider}?`)
  })

  test.each(['user_cancelled_authorize', 'access_denied'])('a no at Apple, which posts error=%s', async (error) => {
    const { gateway } = place()
    const visitor = new Visitor()
    const start = `${gateway}/auth/start/apple?return_to=%2Fwhoami`
    const leaving = await visitor.send(start, { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } })
    const asked = new URL(leaving.headers.get('location') ?? '')
    expect(asked.searchParams.get('response_mode')).toBe('form_post')
    const landed = await visitor.visit(`${gateway}/auth/callback/apple`, {
      method: 'POST',
      body: new URLSearchParams({ state: asked.searchParams.get('state') ?? '', error }),
      headers: { origin: asked.origin, 'sec-fetch-site': 'cross-site' },
    })
    expect([landed.response.status, new URL(landed.url).pathname]).toEqual([403, '/auth/callback/apple/finish'])
    expect(await seen(visitor, landed)).toContain('/auth/start/apple?')
    expect(log()).toContain(`refused:${error}`)
  })

  test.each([
    ['a server error', 'error-500'],
    ['an HTML page with 200', 'html-200'],
    ['no answer at all, after the timeout', 'hang'],
  ])(
    '%s is a page of ours, and the next try arrives',
    async (_, kind) => {
      await trouble('discord', kind, 1, 7)
      const visitor = new Visitor()
      const landed = await visitor.signIn(place().gateway, 'discord', 'noor')
      expect(landed.response.status).toBe(503)
      await seen(visitor, landed)
      expect((await visitor.signIn(place().gateway, 'discord', 'noor')).url).toBe(`${place().gateway}/whoami`)
    },
    40_000,
  )

  test('an HTML 429 is a page with Retry-After, and the others still sign in (users.md row 40)', async () => {
    await trouble('discord', 'html-429', 1, 30)
    const visitor = new Visitor()
    const landed = await visitor.signIn(place().gateway, 'discord', 'noor')
    expect(landed.response.status).toBe(503)
    expect(landed.response.headers.get('retry-after')).toBe('30')
    await seen(visitor, landed)
    const other = new Visitor()
    const arrived = await other.signIn(place().gateway, 'google', 'ada@players.example')
    expect(arrived.url).toBe(`${place().gateway}/whoami`)
  })

  test('after that 429 a start does not even leave: a page, Retry-After, and the reason in the log', async () => {
    const visitor = new Visitor()
    const landed = await visitor.signIn(place().gateway, 'discord', 'noor')
    expect([landed.response.status, new URL(landed.url).pathname]).toEqual([503, '/auth/start/discord'])
    expect(waitOf(landed.response)).toBeGreaterThanOrEqual(1)
    expect(waitOf(landed.response)).toBeLessThanOrEqual(30)
    expect(await landed.response.text()).toContain('/auth/sign-in?return_to=%2Fwhoami')
    expect(visitor.steps).toHaveLength(1)
    await expect.poll(log).toContain('unavailable:breaker-open')
  })
}
