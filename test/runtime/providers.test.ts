import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, startDemo } from '../support/demo.ts'
import { Visitor } from '../support/visitor.ts'
import { journeys } from './journeys.ts'

for (const runtime of ['node', 'deno', 'workers']) {
  describe(`every provider on ${runtime}`, () => {
    let demo: Demo
    beforeAll(async () => {
      demo = await startDemo({ environment: { DEMO_RUNTIME: runtime } })
    }, 90_000)
    afterAll(() => demo?.stop(), 30_000)
    journeys(() => demo)
  })
}

describe('a provider in trouble', () => {
  const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
  let demo: Demo
  beforeAll(async () => {
    demo = await startDemo({ environment: { DEMO_RUNTIME: 'node' } })
  }, 90_000)
  afterAll(() => demo?.stop(), 30_000)

  function trouble(query: string) {
    return fetch(`http://127.0.0.1:${demo.providers + 5}/_demo/trouble?${query}`, { method: 'POST' })
  }

  /** What the player sees where the sign-in ended: a page of ours, with the way to the others. */
  async function seen(visitor: Visitor, landed: { readonly url: string; readonly response: Response }) {
    const html = await landed.response.text()
    expect(new URL(landed.url).origin).toBe(demo.gateway)
    expect(html).toContain('/auth/sign-in?return_to=%2Fwhoami')
    const steps = visitor.steps.filter(({ url }) => url.includes('/auth/callback/'))
    expect(steps.length).toBeLessThanOrEqual(2)
    const offered = await (await visitor.send(`${demo.gateway}/auth/sign-in`, { headers: PAGE })).text()
    for (const provider of ['google', 'apple', 'slack', 'github', 'microsoft', 'discord'])
      expect(offered).toContain(`/auth/start/${provider}?`)
    expect(secretsOf(visitor).filter((word) => `${demo.output()}${html}`.includes(word))).toEqual([])
    return html
  }

  /** Codes, states and cookies of a visit. */
  function secretsOf(visitor: Visitor): readonly string[] {
    const queries = visitor.steps.map(({ url }) => new URL(url).searchParams)
    const words = queries.flatMap((query) => ['code', 'state', 'nonce'].map((name) => query.get(name) ?? ''))
    const cookies = (visitor.cookie(demo.gateway) ?? '').split('; ').map((pair) => pair.slice(pair.indexOf('=') + 1))
    return [...words, ...cookies].filter((word) => word.length > 8)
  }

  test.each(['discord', 'slack'])('a no at %s is a page, and nothing loops (error=access_denied)', async (provider) => {
    const visitor = new Visitor()
    const landed = await visitor.signIn(demo.gateway, provider, 'Cancel')
    expect(landed.response.status).toBe(403)
    expect(await seen(visitor, landed)).toContain(`/auth/start/${provider}?`)
  })

  test('a server error is a page', async () => {
    await trouble('kind=error-500&times=1')
    const visitor = new Visitor()
    const landed = await visitor.signIn(demo.gateway, 'discord', 'noor')
    expect(landed.response.status).toBe(503)
    await seen(visitor, landed)
  })

  test('no answer at all is a page after the timeout', async () => {
    await trouble('kind=hang&times=1')
    const visitor = new Visitor()
    const landed = await visitor.signIn(demo.gateway, 'discord', 'noor')
    expect(landed.response.status).toBe(503)
    await seen(visitor, landed)
  }, 40_000)

  test('an HTML 429 is a page with Retry-After, and the others still sign in (users.md row 40)', async () => {
    await trouble('kind=html-429&times=1&retry_after=30')
    const visitor = new Visitor()
    const landed = await visitor.signIn(demo.gateway, 'discord', 'noor')
    expect(landed.response.status).toBe(503)
    expect(landed.response.headers.get('retry-after')).toBe('30')
    await seen(visitor, landed)
    const other = new Visitor()
    const arrived = await other.signIn(demo.gateway, 'google', 'ada@players.example')
    expect(arrived.url).toBe(`${demo.gateway}/whoami`)
  })
})
