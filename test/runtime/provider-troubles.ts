import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Demo } from '../support/demo.ts'
import { Visitor } from '../support/visitor.ts'

const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
const PROVIDERS = ['google', 'apple', 'slack', 'github', 'microsoft', 'discord']

/** What a player meets whose provider is out of order, or who says no there: the same on every runtime. */
export function providerTroubles(place: () => Demo): void {
  /** Puts the API of the Discord double out of order. */
  async function trouble(query: string): Promise<void> {
    const taken = await fetch(`http://127.0.0.1:${place().providers + 5}/_demo/trouble?${query}`, { method: 'POST' })
    expect(taken.status).toBe(200)
  }

  /** Lines that the gateway and its runtime wrote. */
  const log = () => readFileSync(join(place().state, 'logs', 'gateway.log'), 'utf8')

  /** What the player sees where the sign-in ended: a page of ours, with the way to the others. */
  async function seen(visitor: Visitor, landed: { readonly url: string; readonly response: Response }) {
    const { gateway } = place()
    const html = await landed.response.text()
    expect(new URL(landed.url).origin).toBe(gateway)
    expect(landed.response.headers.get('content-type')).toContain('text/html')
    expect(html).toContain('/auth/sign-in?return_to=%2Fwhoami')
    const steps = visitor.steps.filter(({ url }) => url.includes('/auth/callback/'))
    expect(steps.length).toBeLessThanOrEqual(2)
    expect((await visitor.send(`${gateway}/auth/session`, { headers: { accept: 'application/json' } })).status).toBe(
      401,
    )
    const offered = await (await visitor.send(`${gateway}/auth/sign-in`, { headers: PAGE })).text()
    for (const provider of PROVIDERS) expect(offered).toContain(`/auth/start/${provider}?`)
    const secrets = secretsOf(visitor)
    expect(secrets.length).toBeGreaterThanOrEqual(2)
    const id = /<code>([\w-]{12,})<\/code>/.exec(html)?.[1] ?? 'no request id on the page'
    await expect.poll(log).toContain(id)
    expect(secrets.filter((word) => `${place().output()}${log()}${html}`.includes(word))).toEqual([])
    return html
  }

  /** Codes, states and cookies of a visit. */
  function secretsOf(visitor: Visitor): readonly string[] {
    const queries = visitor.steps.map(({ url }) => new URL(url).searchParams)
    const words = queries.flatMap((query) => ['code', 'state', 'nonce'].map((name) => query.get(name) ?? ''))
    const cookies = (visitor.cookie(place().gateway) ?? '').split('; ').map((pair) => pair.slice(pair.indexOf('=') + 1))
    return [...words, ...cookies].filter((word) => word.length > 8)
  }

  test.each(['discord', 'slack'])('a no at %s is a page, and nothing loops (error=access_denied)', async (provider) => {
    const visitor = new Visitor()
    const landed = await visitor.signIn(place().gateway, provider, 'Cancel')
    expect(landed.response.status).toBe(403)
    expect(await seen(visitor, landed)).toContain(`/auth/start/${provider}?`)
  })

  test.each([
    ['a server error', 'error-500'],
    ['an HTML page with 200', 'html-200'],
    ['no answer at all, after the timeout', 'hang'],
  ])(
    '%s is a page of ours, and the next try arrives',
    async (_, kind) => {
      await trouble(`kind=${kind}&times=1`)
      const visitor = new Visitor()
      const landed = await visitor.signIn(place().gateway, 'discord', 'noor')
      expect(landed.response.status).toBe(503)
      await seen(visitor, landed)
      expect((await visitor.signIn(place().gateway, 'discord', 'noor')).url).toBe(`${place().gateway}/whoami`)
    },
    40_000,
  )

  test('an HTML 429 is a page with Retry-After, and the others still sign in (users.md row 40)', async () => {
    await trouble('kind=html-429&times=1&retry_after=30')
    const visitor = new Visitor()
    const landed = await visitor.signIn(place().gateway, 'discord', 'noor')
    expect(landed.response.status).toBe(503)
    expect(landed.response.headers.get('retry-after')).toBe('30')
    await seen(visitor, landed)
    const other = new Visitor()
    const arrived = await other.signIn(place().gateway, 'google', 'ada@players.example')
    expect(arrived.url).toBe(`${place().gateway}/whoami`)
  })
}
