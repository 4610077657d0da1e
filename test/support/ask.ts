import type { Ask, BrowserFacts } from '../../src/core/ask.ts'
import { canonicalTarget, type Target } from '../../src/core/target.ts'

/** A client that says nothing about itself. */
export const SILENT: BrowserFacts = {
  origin: null,
  site: null,
  mode: null,
  dest: null,
  accept: null,
  requestedWith: null,
  languages: null,
  preflight: null,
  preflightHeaders: null,
}

/** The target of a path that has one. */
export function targetOf(raw: string): Target {
  const result = canonicalTarget(raw)
  if (!result.ok) throw new Error(`${raw}: ${result.fault.problem}`)
  return result.value
}

/** The facts of a plain GET of `/` by nobody, with what a test cares about in their place. */
export function askOf(facts: Partial<Ask>): Ask {
  return {
    requestId: 'request-1',
    front: 'http',
    method: 'GET',
    host: 'play.example.com',
    target: targetOf('/'),
    credentials: { cookie: null, authorization: null, apiToken: null },
    browser: SILENT,
    address: null,
    country: null,
    certified: false,
    userAgent: '',
    client: null,
    contentType: null,
    contentLength: null,
    ...facts,
  }
}
