import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { pageFilePath } from '../core/page-file.ts'
import type { Subject } from '../core/person.ts'
import type { Gateway } from '../ports/gateway.ts'
import { negotiateLanguage } from './language.ts'
import type { Frame, Page, Viewer } from './layout.ts'
import { overridePage } from './override.ts'
import { type LookSources, type RenderOptions, renderPage } from './render.ts'

/** What of a gateway our own pages need. */
export type PageHost = Pick<Gateway, 'config' | 'runtime'>

/** What of a request our own pages need; known even of one that has no canonical form. */
export type PageAsk = Pick<Ask, 'requestId' | 'front' | 'method' | 'credentials' | 'browser'> &
  Partial<Pick<Ask, 'target' | 'host'>>

function viewerOf(subject: Subject | null | undefined): Viewer {
  if (subject === undefined) return { kind: 'unknown' }
  if (subject === null) return { kind: 'signed-out' }
  if (subject.kind === 'fixed-token') return { kind: 'signed-in', name: null }
  const { id: account, guest, profile } = subject.user
  return guest ? { kind: 'guest', account } : { kind: 'signed-in', name: profile.name, account }
}

/** What every page needs of one request. */
export function frameOf(ask: PageAsk, host: PageHost, subject: Subject | null | undefined, code: string | null): Frame {
  return {
    language: negotiateLanguage(ask.browser.languages),
    brand: host.config.brand,
    reference: { code, id: ask.requestId, time: new Date(host.runtime.now() * 1000).toISOString() },
    viewer: viewerOf(subject),
  }
}

function ancestorsOf(ask: PageAsk, host: PageHost): readonly string[] {
  const { hosts, ancestors } = host.config.embed
  return ask.host !== undefined && hosts.includes(ask.host) ? ancestors : []
}

/** The page with the operator's sheet as the last thing in its head: what comes later has the last word. */
function linked(page: Page, sheet: string | null, { config }: PageHost): Page {
  if (sheet === null) return page
  const link = `<link rel="stylesheet" href="${pageFilePath(config.prefix, sheet)}">`
  return { ...page, html: page.html.replace(/<\/head>/i, (end) => `${link}${end}`) }
}

function sourcesOf(ask: PageAsk, { config }: PageHost): LookSources {
  const { origin, host, prefix, pages } = config
  const here = `${origin.slice(0, origin.indexOf('//'))}//${ask.host ?? host}`
  const at = (name: string) => `${here}${pageFilePath(prefix, name)}`
  return { sheet: pages.sheet === null ? null : at(pages.sheet), files: at('') }
}

/** The answer that carries a page, in the operator's own document where there is one: every page of ours goes through here. */
export function pageAnswer(
  page: Page,
  ask: PageAsk,
  host: PageHost,
  options: Pick<RenderOptions, 'language' | 'status' | 'extraHeaders'>,
): Answer {
  const { templates, sheet, files } = host.config.pages
  const shown = linked(overridePage(page, templates), sheet, host)
  const look = files.size === 0 ? {} : { look: sourcesOf(ask, host) }
  return renderPage(shown, { ...options, ...look, ancestors: ancestorsOf(ask, host) })
}

/** The answer that shows a page which reports no fault. */
export function show(
  ask: PageAsk,
  host: PageHost,
  subject: Subject | null | undefined,
  make: (frame: Frame) => Page,
  headers: readonly (readonly [string, string])[] = [],
): Answer {
  const frame = frameOf(ask, host, subject, null)
  return pageAnswer(make(frame), ask, host, { language: frame.language, extraHeaders: headers })
}
