import { raw } from 'hono/html'
import type { PageName, TemplateVariable } from '../core/page-template.ts'
import { addressed } from './addressed.ts'
import { type IconName, icon } from './icons.ts'
import { direction, LANGUAGE_NAMES, LANGUAGES, type Language } from './language.ts'
import { type Markup, markup, NOTHING, type Piece, safeLink, shown, tidy } from './markup.ts'
import type { MessageKey } from './messages/keys.ts'
import { STYLE } from './style.ts'
import { type Voice, voice } from './voice.ts'

/** The operator's game, as pages name it. */
export interface GameBrand {
  readonly name: string
  readonly homeUrl: string
  /** Where a ban or a suspension can be contested; absent: nowhere. */
  readonly appealUrl?: string
}

/** What a player can tell support; `code` is null on pages that report no fault. */
export interface Reference {
  readonly code: string | null
  /** Request id, as in the log. */
  readonly id: string
  /** ISO 8601, from the caller's clock. */
  readonly time: string
}

/**
 * Who is looking, as far as this answer knows. `unknown`: nobody asked the store, or it did not answer. `account` is their
 * user id, for the forms of the page.
 */
export type Viewer =
  | { readonly kind: 'signed-in'; readonly name: string | null; readonly account?: string }
  | { readonly kind: 'guest'; readonly account?: string }
  | { readonly kind: 'signed-out' }
  | { readonly kind: 'unknown' }

/** What every page needs, whatever happened. */
export interface Frame {
  readonly language: Language
  readonly brand: GameBrand
  readonly reference: Reference
  readonly viewer: Viewer
  /** Where each language is chosen; languages without a URL are not offered. */
  readonly languageUrls?: Readonly<Partial<Record<Language, string>>>
}

/**
 * A whole document and what an operator's own template may use instead of it.
 *
 * `parts` is the variable list of such a template (docs/pages.md); all are finished, escaped HTML.
 */
export interface Page {
  readonly name: PageName
  readonly title: string
  readonly html: string
  /** The status this page belongs to, unless the caller knows a more exact one. */
  readonly status: number
  /** Other origins its forms may end at, after redirects. */
  readonly formTargets: readonly string[]
  readonly parts: Readonly<Record<TemplateVariable, string>>
}

/** One of the at most two things to do next. Actions whose URL no page may link to are left out. */
export interface Action {
  readonly label: Markup
  readonly url: string
  /** `post` sends a form; `tab` opens a new tab. */
  readonly how: 'go' | 'post' | 'tab'
}

/** What a page function decides; the layout does the rest. */
export interface Sheet {
  readonly name: PageName
  readonly status: number
  readonly tone: 'calm' | 'care' | 'stop'
  readonly icon: IconName
  readonly heading: MessageKey
  /** Plain values of the heading's placeholders. */
  readonly values?: Readonly<Record<string, string>>
  readonly body: Piece
  readonly actions?: readonly [(Action | null)?, (Action | null)?]
  /** What stands below the actions of the first card. */
  readonly beside?: Markup
  /** Cards of their own below the first one. */
  readonly more?: readonly Markup[]
  /** `told`: say whether the reader is still signed in. */
  readonly viewer: 'told' | 'hidden'
  /** `heading`: the page reports something, so the focus begins there. */
  readonly focus: 'heading' | 'none'
  readonly formTargets?: readonly string[]
  /** Where the browser goes by itself at once. */
  readonly onward?: string
}

/** A link to somewhere, labelled by a message. */
export function goTo(label: Markup, url: string | null): Action | null {
  return url === null ? null : { label, url, how: 'go' }
}

/** The action that leads to the game's own front page. */
export function homeward(frame: Frame, say: Voice): Action {
  return { label: say.say('frame.back', { brand: frame.brand.name }), url: frame.brand.homeUrl, how: 'go' }
}

/** The action that leads to where a ban or a suspension can be contested; null where there is no such place. */
export function appeal(frame: Frame, say: Voice): Action | null {
  return goTo(say.say('suspended.appeal'), frame.brand.appealUrl ?? null)
}

function button(action: Action, look: 'go' | 'other'): Markup {
  const url = safeLink(action.url)
  if (url === null) return NOTHING
  const style = look === 'go' ? 'button go' : 'button'
  if (action.how === 'post') {
    return markup`<form method="post" action="${url}"><button class="${style}"><span>${action.label}</span></button></form>`
  }
  const tab = action.how === 'tab' ? markup` target="_blank" rel="noopener"` : NOTHING
  return markup`<a class="${style}" href="${url}"${tab}><span>${action.label}</span></a>`
}

function actionRow(sheet: Sheet): Markup {
  const wanted = (sheet.actions ?? []).filter((action) => action !== null && action !== undefined)
  const usable = wanted.filter((action) => safeLink(action.url) !== null)
  if (usable.length === 0) return NOTHING
  return markup`<div class="do">${usable.map((action, at) => button(action, at === 0 ? 'go' : 'other'))}</div>`
}

function viewerLine(viewer: Viewer, say: Voice): Markup {
  switch (viewer.kind) {
    case 'signed-in':
      return viewer.name === null ? say.say('viewer.unnamed') : say.say('viewer.in', { name: viewer.name })
    case 'guest':
      return say.say('viewer.guest')
    case 'signed-out':
      return say.say('viewer.out')
    case 'unknown':
      return say.say('viewer.unknown')
  }
}

function brandLine(brand: GameBrand): Markup {
  const url = safeLink(brand.homeUrl)
  return url === null ? markup`<span>${shown(brand.name)}</span>` : markup`<a href="${url}">${shown(brand.name)}</a>`
}

function languageSwitch(frame: Frame, say: Voice): Markup {
  const urls = frame.languageUrls
  if (urls === undefined) return NOTHING
  const links = LANGUAGES.map((language) => {
    const url = safeLink(urls[language] ?? '')
    const current = language === frame.language ? markup` aria-current="true"` : NOTHING
    const dir = direction(language)
    return url === null
      ? NOTHING
      : markup`<li><a href="${url}" hreflang="${language}" lang="${language}" dir="${dir}"${current}>${LANGUAGE_NAMES[language]}</a></li>`
  })
  const label = say.say('frame.language')
  return markup`<details><summary>${label}</summary><nav aria-label="${label}"><ul>${links}</ul></nav></details>`
}

function referenceLine(reference: Reference, say: Voice): Markup {
  const code = reference.code === null ? NOTHING : markup`<code>${tidy(reference.code)}</code> · `
  return markup`<dl><div><dt>${say.say('frame.code')}</dt><dd dir="ltr">${code}<code>${tidy(reference.id)}</code></dd></div><div><dt>${say.say('frame.time')}</dt><dd>${say.moment(reference.time)}</dd></div></dl>`
}

interface Parts {
  readonly title: string
  readonly heading: Markup
  readonly body: Markup
  readonly viewer: Markup
  readonly actions: Markup
}

function headOf(sheet: Sheet): Markup {
  const onward = safeLink(sheet.onward ?? '')
  const refresh = onward === null ? NOTHING : markup`<meta http-equiv="refresh" content="0;url=${onward}">`
  return markup`<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">${refresh}`
}

function focusOf(sheet: Sheet): Markup {
  return sheet.focus === 'heading' ? markup` tabindex="-1" autofocus` : NOTHING
}

function documentOf(frame: Frame, sheet: Sheet, parts: Parts, say: Voice): Markup {
  const who = sheet.viewer === 'told' ? markup`<p class="who">${parts.viewer}</p>` : NOTHING
  const wide = sheet.more === undefined ? NOTHING : markup` class="wide"`
  return markup`<!doctype html>
<html lang="${frame.language}" dir="${direction(frame.language)}"><head>${headOf(sheet)}<title>${parts.title}</title><style>${raw(STYLE)}</style></head>
<body${wide}><header>${brandLine(frame.brand)}</header>
<main><section class="card ${sheet.tone}"><div class="door">${icon(sheet.icon)}</div><h1${focusOf(sheet)}>${parts.heading}</h1>${parts.body}${parts.actions}${sheet.beside ?? null}${who}</section>${sheet.more ?? null}</main>
<footer>${referenceLine(frame.reference, say)}${languageSwitch(frame, say)}</footer></body></html>
`
}

function variablesOf(frame: Frame, sheet: Sheet, parts: Parts, say: Voice): Page['parts'] {
  const { brand, language, reference } = frame
  return {
    title: markup`${parts.title}`.toString(),
    brand: shown(brand.name).toString(),
    home: markup`${safeLink(brand.homeUrl) ?? '/'}`.toString(),
    language,
    direction: direction(language),
    heading: parts.heading.toString(),
    body: markup`${parts.body}${sheet.beside ?? null}`.toString(),
    more: markup`${sheet.more ?? null}`.toString(),
    viewer: parts.viewer.toString(),
    actions: parts.actions.toString(),
    code: markup`${tidy(reference.code ?? '')}`.toString(),
    id: markup`${tidy(reference.id)}`.toString(),
    time: say.moment(reference.time).toString(),
    head: headOf(sheet).toString(),
    focus: focusOf(sheet).toString(),
    tone: sheet.tone,
    style: STYLE,
  }
}

function accountOf({ viewer }: Frame): string | null {
  return 'account' in viewer ? (viewer.account ?? null) : null
}

function addressedSheet(frame: Frame, sheet: Sheet): Sheet {
  const account = accountOf(frame)
  const { beside, more } = sheet
  return {
    ...sheet,
    ...(beside === undefined ? {} : { beside: addressed(beside, account) }),
    ...(more === undefined ? {} : { more: more.map((one) => addressed(one, account)) }),
  }
}

/** The document of a sheet in the frame's language. */
export function layOut(frame: Frame, bare: Sheet): Page {
  const say = voice(frame.language)
  const sheet = addressedSheet(frame, bare)
  const parts: Parts = {
    title: `${say.text(sheet.heading, sheet.values)} · ${tidy(frame.brand.name)}`,
    heading: say.say(sheet.heading, sheet.values),
    body: addressed(markup`${sheet.body}`, accountOf(frame)),
    viewer: sheet.viewer === 'told' ? viewerLine(frame.viewer, say) : NOTHING,
    actions: addressed(actionRow(sheet), accountOf(frame)),
  }
  return {
    name: sheet.name,
    title: parts.title,
    html: documentOf(frame, sheet, parts, say).toString(),
    status: sheet.status,
    formTargets: sheet.formTargets ?? [],
    parts: variablesOf(frame, sheet, parts, say),
  }
}
