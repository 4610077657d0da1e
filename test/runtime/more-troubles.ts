import { describe, expect, test } from 'vitest'
import { CLOSED_SECONDS } from '../support/doubles.ts'
import { Visitor } from '../support/visitor.ts'
import { MORE_JOURNEYS } from './journeys.ts'
import { seenTrouble, type TroublePlace, waitOf } from './troubled.ts'

const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }

/** One kind of each family of adapters: OpenID Connect, plain OAuth 2, the package of hono. */
const FAMILIES = ['guild', 'arcade', 'twitch']

/** Says no at a provider; `oidc-provider` has a link for it where the doubles have a form. */
async function sayNo(visitor: Visitor, gateway: string, provider: string) {
  if (provider !== 'guild') return visitor.signIn(gateway, provider, 'Cancel')
  const asked = await visitor.visit(`${gateway}/auth/start/${provider}?return_to=%2Fwhoami`)
  const [, abort = ''] = /href="([^"]*\/abort)"/.exec(await asked.response.text()) ?? []
  return visitor.visit(new URL(abort, asked.url).href)
}

/**
 * What a player meets at every kind of provider that the demo has not, when it is out of order or the player says no.
 *
 * @param which - all kinds, or one of each family of adapters
 */
export function moreTroubles(place: () => TroublePlace, which: 'all' | 'families'): void {
  const kinds = MORE_JOURNEYS.filter(({ provider }) => which === 'all' || FAMILIES.includes(provider))

  test('there is a kind of every family', () => {
    expect(kinds.map(({ provider }) => provider)).toEqual(expect.arrayContaining(FAMILIES))
  })

  describe.each(kinds)('$provider', ({ provider, label }) => {
    test('a no there is a page, and nothing loops (error=access_denied)', async () => {
      const visitor = new Visitor()
      const landed = await sayNo(visitor, place().gateway, provider)
      expect(landed.response.status).toBe(403)
      expect(await seenTrouble(place(), visitor, landed)).toContain(`/auth/start/${provider}?`)
    })

    test.each(['error-500', 'html-200'] as const)('%s is a page of ours, and the next try arrives', async (trouble) => {
      await place().trouble(provider, trouble, 1, 0)
      const visitor = new Visitor()
      const landed = await visitor.signIn(place().gateway, provider, label)
      expect(landed.response.status).toBe(503)
      await seenTrouble(place(), visitor, landed)
      expect((await visitor.signIn(place().gateway, provider, label)).url).toBe(`${place().gateway}/whoami`)
    })

    test('an HTML 429 is a page with Retry-After, the others sign in, and so does it when the time is over', async () => {
      await place().trouble(provider, 'html-429', 1, 3)
      const visitor = new Visitor()
      const landed = await visitor.signIn(place().gateway, provider, label)
      expect([landed.response.status, landed.response.headers.get('retry-after')]).toEqual([503, '3'])
      await seenTrouble(place(), visitor, landed)
      const [other, name] = provider === 'x' ? ['arcade', 'cy-the-player'] : ['x', 'cy-the-player']
      expect((await new Visitor().signIn(place().gateway, other ?? '', name ?? '')).url).toBe(
        `${place().gateway}/whoami`,
      )
      const start = `${place().gateway}/auth/start/${provider}?return_to=%2Fwhoami`
      const again = async () => (await visitor.send(start, { headers: PAGE })).status
      await expect.poll(again, { timeout: 10_000, interval: 250 }).toBe(302)
      expect((await visitor.signIn(place().gateway, provider, label)).url).toBe(`${place().gateway}/whoami`)
    })
  })

  test('a discovery document under maintenance is a 503 at the start, and then the breaker speaks', async () => {
    const visitor = new Visitor()
    const first = await visitor.signIn(place().gateway, 'lost', 'nobody')
    expect([first.response.status, new URL(first.url).pathname]).toEqual([503, '/auth/start/lost'])
    expect(waitOf(first.response)).toBe(CLOSED_SECONDS)
    expect(await first.response.text()).toContain('/auth/sign-in?return_to=%2Fwhoami')
    const second = await visitor.signIn(place().gateway, 'lost', 'nobody')
    expect(second.response.status).toBe(503)
    expect(waitOf(second.response)).toBeGreaterThanOrEqual(1)
    expect(waitOf(second.response)).toBeLessThanOrEqual(CLOSED_SECONDS)
    await expect.poll(() => place().log()).toContain('unavailable:status-503')
    await expect.poll(() => place().log()).toContain('unavailable:breaker-open')
  })
}
