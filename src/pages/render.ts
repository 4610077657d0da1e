import type { Language } from './language.ts'
import type { Page } from './layout.ts'
import { STYLE_SOURCE } from './style.ts'

/** A finished answer, without anything of a runtime. */
export interface PageAnswer {
  readonly status: number
  readonly headers: [string, string][]
  readonly body: string
}

/** What the caller decides about an answer. */
export interface RenderOptions {
  readonly language: Language
  /** Instead of the page's own status. */
  readonly status?: number
  /** Exact origins that may show the page inside their own; none unless said. */
  readonly ancestors?: readonly string[]
  /** Retry-After, Set-Cookie, Allow and the like; they may repeat names and come last. */
  readonly extraHeaders?: readonly (readonly [string, string])[]
}

/** The content security policy of a page whose forms stay at home. */
export const CONTENT_SECURITY_POLICY: string = contentSecurityPolicy([])

/** Headers of every page beside its policy and its language. */
export const PAGE_HEADERS: readonly (readonly [string, string])[] = [
  ['Content-Type', 'text/html; charset=utf-8'],
  ['Cache-Control', 'no-store'],
  ['Referrer-Policy', 'same-origin'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Robots-Tag', 'noindex'],
  ['Vary', 'Accept-Language'],
]

const ORIGIN = /^https?:\/\/[a-z0-9.\-[\]:]+$/

/**
 * The content security policy of a page.
 *
 * Browsers hold `form-action` against redirects too: a form that ends at a provider is stopped, so the answer to such a
 * form is the `handOver` page, and only a fixed origin (an allow-listed `return_to`) is named here.
 *
 * @param formTargets - exact origins; anything else is left out
 * @param ancestors - exact origins that may show the page in a frame
 */
export function contentSecurityPolicy(formTargets: readonly string[], ancestors: readonly string[] = []): string {
  const targets = ["'self'", ...formTargets.filter((origin) => ORIGIN.test(origin))].join(' ')
  const around = ancestors.filter((origin) => ORIGIN.test(origin))
  const frames = around.length === 0 ? "'none'" : around.join(' ')
  return `default-src 'none'; style-src '${STYLE_SOURCE}'; form-action ${targets}; frame-ancestors ${frames}; base-uri 'none'`
}

/** The answer that carries a page. */
export function renderPage(page: Page, options: RenderOptions): PageAnswer {
  return {
    status: options.status ?? page.status,
    headers: [
      ...PAGE_HEADERS.map(([name, value]): [string, string] => [name, value]),
      ['Content-Language', options.language],
      ['Content-Security-Policy', contentSecurityPolicy(page.formTargets, options.ancestors)],
      ...(options.extraHeaders ?? []).map(([name, value]): [string, string] => [name, value]),
    ],
    body: page.html,
  }
}
