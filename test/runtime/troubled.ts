import { expect } from 'vitest'
import type { Trouble } from '../../deploy/demo/trouble.ts'
import type { Visitor } from '../support/visitor.ts'

const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }

/** A gateway whose providers can be put out of order. */
export interface TroublePlace {
  readonly gateway: string
  /** Providers the sign-in page offers, whatever happens to one of them. */
  readonly offered: readonly string[]
  /** Puts the token endpoint and the API of a provider out of order for so many requests. */
  trouble(provider: string, kind: Trouble, times: number, retryAfter: number): Promise<void>
  /** Everything that the gateway and its runtime wrote. */
  log(): string
}

/** Codes, states and cookies of a visit. */
function secretsOf(visitor: Visitor, gateway: string): readonly string[] {
  const addresses = visitor.steps.flatMap(({ url, location }) => [url, location ?? ''])
  const queries = addresses.flatMap((address) => URL.parse(address, gateway)?.searchParams ?? [])
  const words = queries.flatMap((query) => ['code', 'state', 'nonce'].map((name) => query.get(name) ?? ''))
  const cookies = (visitor.cookie(gateway) ?? '').split('; ').map((pair) => pair.slice(pair.indexOf('=') + 1))
  return [...words, ...cookies].filter((word) => word.length > 8)
}

/**
 * What the player sees where a sign-in ended: a page of ours with the way to the other providers, no session, no second
 * round, and in the log the id of the page and nothing that could be used.
 */
export async function seenTrouble(
  { gateway, offered, log }: TroublePlace,
  visitor: Visitor,
  landed: { readonly url: string; readonly response: Response },
): Promise<string> {
  const html = await landed.response.text()
  expect(new URL(landed.url).origin).toBe(gateway)
  expect(landed.response.headers.get('content-type')).toContain('text/html')
  expect(html).toContain('/auth/sign-in?return_to=%2Fwhoami')
  const steps = visitor.steps.filter(({ url }) => url.includes('/auth/callback/'))
  expect(steps.length).toBeLessThanOrEqual(2)
  expect((await visitor.send(`${gateway}/auth/session`, { headers: { accept: 'application/json' } })).status).toBe(401)
  const chooser = await (await visitor.send(`${gateway}/auth/sign-in`, { headers: PAGE })).text()
  for (const provider of offered) expect(chooser).toContain(`/auth/start/${provider}?`)
  const secrets = secretsOf(visitor, gateway)
  expect(secrets.length).toBeGreaterThanOrEqual(2)
  const id = /<code>([\w-]{12,})<\/code>/.exec(html)?.[1] ?? 'no request id on the page'
  await expect.poll(log).toContain(id)
  expect(secrets.filter((word) => `${log()}${html}`.includes(word))).toEqual([])
  return html
}

/** The seconds a refused start tells to wait. */
export function waitOf({ headers }: Response): number {
  return Number(headers.get('retry-after') ?? Number.NaN)
}
