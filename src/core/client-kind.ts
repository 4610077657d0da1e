import type { Ask } from './ask.ts'

/** How an answer must be dressed: a page visit, a submitted form, or a program. */
export type ClientKind = 'navigation' | 'form' | 'program'

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a method is safe (RFC 9110 section 9.2.1). */
export function isSafe(method: string): boolean {
  return SAFE.has(method)
}

function isPage(browser: Ask['browser']): boolean {
  return browser.dest === null || browser.dest === 'document' || isFramed(browser)
}

/** Whether a page is asked for by a frame that may show it: at a host that is shown inside other sites. */
export function isFramed({ dest, frames }: Pick<Ask['browser'], 'dest' | 'frames'>): boolean {
  return frames === 'pages' && dest === 'iframe'
}

/**
 * What kind of client asks. Order of evidence: Upgrade, Authorization, Sec-Fetch-Mode and -Dest, X-Requested-With, Accept.
 */
export function clientKind(ask: Pick<Ask, 'front' | 'method' | 'credentials' | 'browser'>): ClientKind {
  const { mode, accept, requestedWith } = ask.browser
  if (ask.front === 'socket' || ask.credentials.authorization !== null || ask.credentials.apiToken !== null)
    return 'program'
  if (requestedWith !== null) return 'program'
  const wantsHtml = accept?.includes('text/html') === true
  const visits = mode === null ? wantsHtml : mode === 'navigate' && isPage(ask.browser) && wantsHtml
  if (!visits) return 'program'
  return isSafe(ask.method) ? 'navigation' : 'form'
}

/** One pair of Basic credentials and nothing beside it (RFC 7617 section 2). */
const BASIC = /^basic [A-Za-z0-9+/=._~-]+$/i

/**
 * A page visit or a form as one of our own endpoints looks at it: Basic credentials, which a browser sends everywhere once a
 * site around this one asked for them, are nothing to us, and do not make a program of a browser.
 *
 * ATTACK: only where the browser itself says that it navigates. No script can say so (`Sec-` names are forbidden to it,
 * Fetch section 2.2.2), so that what a script may not do is not opened by a header it can set.
 */
export function withoutBasic<A extends Pick<Ask, 'credentials' | 'browser'>>(ask: A): A {
  const { authorization } = ask.credentials
  if (authorization === null || ask.browser.mode !== 'navigate' || !BASIC.test(authorization)) return ask
  return { ...ask, credentials: { ...ask.credentials, authorization: null } }
}

/**
 * Whether a request with a session cookie comes from a page that may not make it (CSRF, cross-site WebSocket hijacking).
 *
 * @param external - our own origin; a page of the host that was asked, which is one of ours, may as well
 * @param others - exact origins that may, too
 */
export function isCrossSite(ask: Ask, external: string, others: readonly string[] = []): boolean {
  const { origin, site } = ask.browser
  if (ask.front !== 'socket' && isSafe(ask.method)) return false
  if (origin === null) {
    // ATTACK: browsers always send Origin with an upgrade; a cookie without one is not a browser's own doing.
    return ask.front === 'socket' || (site !== null && site !== 'same-origin' && site !== 'none')
  }
  // WHY: a same-origin form of a no-referrer page sends "null"; the browser's own word for it decides (DECISIONS 18).
  if (origin === 'null') return site !== 'same-origin'
  return !isOwnOrigin(origin, ask.host, external) && !others.includes(origin)
}

/**
 * Whether an origin is ours: the one we are known by, or that of the host which was asked.
 *
 * @param external - our own origin, whose scheme the host has
 */
export function isOwnOrigin(origin: string, host: string, external: string): boolean {
  return origin === external || origin === `${external.slice(0, external.indexOf('//'))}//${host}`
}
