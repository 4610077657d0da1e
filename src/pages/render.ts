import type { Language } from './language.ts'
import type { Page } from './layout.ts'
import { STYLE_SOURCE } from './style.ts'

/** A finished answer, without anything of a runtime. */
export interface PageAnswer {
  readonly status: number
  readonly headers: [string, string][]
  readonly body: string
}

/** Where a page may load from, beside the sheet within it; whole addresses. */
export interface LookSources {
  /** Of the style sheet; null: there is none. */
  readonly sheet: string | null
  /** Below which images and fonts are, ending in a slash. */
  readonly files: string
}

/** What the caller decides about an answer. */
export interface RenderOptions {
  readonly language: Language
  /** Instead of the page's own status. */
  readonly status?: number
  /** Exact origins that may show the page inside their own; none unless said. */
  readonly ancestors?: readonly string[]
  /** The operator's own style sheet and files; none unless said. */
  readonly look?: LookSources
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
 * @param look - what of the operator's is loaded: the one sheet by its whole address, and nothing that an upstream serves
 */
export function contentSecurityPolicy(
  formTargets: readonly string[],
  ancestors: readonly string[] = [],
  look: LookSources | null = null,
): string {
  const targets = ["'self'", ...formTargets.filter((origin) => ORIGIN.test(origin))].join(' ')
  const around = ancestors.filter((origin) => ORIGIN.test(origin))
  const frames = around.length === 0 ? "'none'" : around.join(' ')
  const sheet = look === null || look.sheet === null ? '' : ` ${look.sheet}`
  const files = look === null ? '' : `; img-src ${look.files}; font-src ${look.files}`
  return `default-src 'none'; style-src '${STYLE_SOURCE}'${sheet}${files}; form-action ${targets}; frame-ancestors ${frames}; base-uri 'none'`
}

/** The answer that carries a page. */
export function renderPage(page: Page, options: RenderOptions): PageAnswer {
  return {
    status: options.status ?? page.status,
    headers: [
      ...PAGE_HEADERS.map(([name, value]): [string, string] => [name, value]),
      ['Content-Language', options.language],
      ['Content-Security-Policy', contentSecurityPolicy(page.formTargets, options.ancestors, options.look)],
      ...(options.extraHeaders ?? []).map(([name, value]): [string, string] => [name, value]),
    ],
    body: page.html,
  }
}
