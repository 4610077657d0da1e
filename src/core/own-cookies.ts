const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/**
 * Names of our cookies at an origin. Cookies are shared across ports, so a non-default port is part of the name
 * (DECISIONS 1).
 */
export interface CookieNames {
  readonly session: string
  /** Prefix of transaction cookies. */
  readonly transaction: string
  /** One-shot marker of a finished sign-in: the loop breaker. */
  readonly arrived: string
  readonly language: string
}

/** The cookie names for an external origin. */
export function cookieNames(origin: string): CookieNames {
  const url = new URL(origin)
  const port = url.port === '' || url.port === DEFAULT_PORTS[url.protocol] ? '' : `-${url.port}`
  return {
    session: `__Host-postern${port}`,
    transaction: `__Host-pt${port}-`,
    arrived: `__Host-pa${port}`,
    language: `__Host-pl${port}`,
  }
}

/** Whether a cookie is one of ours under any port: none of them is the upstream's business. */
export function isOwnCookie(name: string): boolean {
  return /^__host-p(ostern|t|a|l)(-|$)/i.test(name)
}
