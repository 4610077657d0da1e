import { TEMPLATE_VARIABLES, type TemplateVariable, VARIABLE, type VariablePlace } from '../core/page-template.ts'
import { nearest } from './reader.ts'
import { type Attribute, type Part, partsOf } from './template-parts.ts'

/** Largest template, bytes of UTF-8. */
const LARGEST = 64 * 1024

// INVARIANT: without these a page could not say what happened and what to do, lead on, or begin where a reader begins.
const REQUIRED = ['head', 'title', 'focus', 'heading', 'body', 'actions', 'more'] as const

// WHY: they hold forms, whose fields have ids, and where the focus begins.
const ONCE: readonly string[] = ['head', 'focus', 'body', 'actions', 'more']

const POLICY = 'which the policy of our pages (Content-Security-Policy) refuses'

/** What names a file of `pages.assets` in a template. */
export const ASSET: RegExp = /\{\{\s*asset:([^{}]*)\}\}/g
const ONE_ASSET = /^\{\{\s*asset:[^{}]*\}\}$/

/** Elements that fetch, run or embed something. */
const REFUSED =
  /^(script|link|image|feimage|picture|audio|video|source|track|iframe|frame|frameset|object|embed|applet)$/
/** Elements that would change or swallow what stands after or within them. */
const MISLEADING = /^(base|noscript|template|textarea|plaintext|xmp|noembed|noframes)$/
const FETCHING = /^(src|srcset|poster|background|srcdoc|ping|manifest)$/

/** In which places a variable of a kind may stand. */
const ALLOWED: Readonly<Record<VariablePlace, readonly Part['kind'][]>> = {
  plain: ['text', 'title', 'quoted'],
  markup: ['text'],
  attributes: ['attributes'],
  sheet: ['sheet'],
}

const ADVICE: Readonly<Record<VariablePlace, string>> = {
  plain: 'in the text, in <title>, or in an attribute between quotes',
  markup: 'in the text: it is finished HTML',
  attributes: 'inside a tag, as in <h1 {{focus}}>',
  sheet: 'alone in <style>, as in <style>{{style}}</style>',
}

/**
 * What is wrong with an operator's template; empty when it can carry every page.
 *
 * @param template - a whole document with `{{variable}}` in it
 * @param assets - names that `{{asset:name}}` may give
 */
export function templateProblems(template: string, assets: readonly string[] = []): readonly string[] {
  const size = new TextEncoder().encode(template).length
  if (size > LARGEST) return [`must be at most ${LARGEST} bytes, not ${size}`]
  if (!/^\s*<!doctype html>/i.test(template))
    return ['must be a whole document: begin it with <!doctype html> (the text of a file, not its name)']
  const parts = partsOf(template)
  return [...parts.flatMap((part) => partProblems(part, assets)), ...enclosedProblems(parts), ...useProblems(parts)]
}

function namesIn(text: string): readonly string[] {
  return [...text.matchAll(VARIABLE)].map((match) => (match[1] ?? '').trim())
}

function isVariable(name: string): name is TemplateVariable {
  return Object.hasOwn(TEMPLATE_VARIABLES, name)
}

function partProblems(part: Part, assets: readonly string[]): readonly string[] {
  const at = `line ${part.line}:`
  if (part.kind === 'unclosed') return [`${at} ${part.text} is never closed`]
  if (part.kind === 'tag') return tagProblems(part).map((problem) => `${at} ${problem}`)
  const stray = part.kind !== 'comment' && part.kind !== 'end' && /\{\{|\}\}/.test(part.text.replace(VARIABLE, ''))
  return [
    ...(stray ? [`${at} has braces that are no variable: write {{name}}`] : []),
    ...namesIn(part.text).flatMap((name) => variableProblems(name, part.kind, at, assets)),
    ...(part.kind === 'sheet' && !/^\{\{\s*style\s*\}\}$/.test(part.text)
      ? [`${at} has a style sheet of its own, ${POLICY}: write <style>{{style}}</style>`]
      : []),
  ]
}

function assetProblems(name: string, kind: Part['kind'], at: string, assets: readonly string[]): readonly string[] {
  if (kind !== 'quoted') return [`${at} {{asset:${name}}} must stand in an attribute between quotes`]
  if (assets.includes(name)) return []
  const near = nearest(name, assets)
  return [`${at} names "${name}", which is no file of pages.assets${near === null ? '' : `; did you mean "${near}"?`}`]
}

function variableProblems(name: string, kind: Part['kind'], at: string, assets: readonly string[]): readonly string[] {
  if (name.startsWith('asset:')) return assetProblems(name.slice('asset:'.length).trim(), kind, at, assets)
  if (!isVariable(name)) {
    const near = nearest(name, Object.keys(TEMPLATE_VARIABLES))
    return [
      `${at} unknown variable "${name}"; ${near === null ? 'docs/pages.md lists them' : `did you mean "${near}"?`}`,
    ]
  }
  const place = TEMPLATE_VARIABLES[name]
  return ALLOWED[place].includes(kind) ? [] : [`${at} variable "${name}" must stand ${ADVICE[place]}`]
}

// WHY: what a browser shows beside the page needs no words; an image in it does (WCAG 2.2, 1.1.1).
function isOwnImage({ name, attributes }: Extract<Part, { kind: 'tag' }>): boolean {
  const of = (key: string) => attributes.find((attribute) => attribute.name === key)?.value
  if (name === 'link') return of('rel') === 'icon' && ONE_ASSET.test(of('href') ?? '')
  return name === 'img' && of('alt') !== undefined && ONE_ASSET.test(of('src') ?? '') && of('srcset') === undefined
}

function tagProblems(tag: Extract<Part, { kind: 'tag' }>): readonly string[] {
  const { name, attributes } = tag
  const isOwn = isOwnImage(tag)
  if (isOwn) return attributes.filter(({ name: key }) => key !== 'src').flatMap((one) => attributeProblems(name, one))
  if (name === 'img')
    return [`has <img>, ${POLICY} but for files of pages.assets: write <img src="{{asset:logo.png}}" alt="…">`]
  if (REFUSED.test(name)) return [`has <${name}>, ${POLICY}: remove it`]
  if (MISLEADING.test(name)) return [`has <${name}>, which would change or hide what a page says: remove it`]
  return attributes.flatMap((attribute) => attributeProblems(name, attribute))
}

function attributeProblems(tag: string, { name, value }: Attribute): readonly string[] {
  if (name.startsWith('on')) return [`has ${name}= in <${tag}>, an inline handler, ${POLICY}: remove it`]
  if (name === 'style')
    return [`has style= in <${tag}>, ${POLICY}: remove it, and use class= with the classes of {{style}}`]
  if (tag === 'meta' && name === 'http-equiv') return ['has <meta http-equiv>: headers are ours to send, remove it']
  if (tag === 'meta' && name === 'charset') return ['has <meta charset>, which {{head}} has already: remove it']
  if (/^(href|xlink:href|action|formaction)$/.test(name) && /^\s*(javascript|data):/i.test(value))
    return [`has ${name}="${value.trim().slice(0, 20)}" in <${tag}>, ${POLICY}: remove it`]
  if (/^(action|formaction)$/.test(name) && !/^(\/(?![/\\]).*)?$/.test(value))
    return [`has a form that leads elsewhere (${name}="${value.slice(0, 60)}"), ${POLICY}: write a path of this site`]
  const isOutside = tag === 'use' && /href$/.test(name) ? !value.startsWith('#') : FETCHING.test(name)
  return isOutside || /url\(\s*["']?(?!#)/i.test(value)
    ? [`has ${name}="${value.slice(0, 60)}" in <${tag}>, ${POLICY}: draw it in the page as <svg>, or remove it`]
    : []
}

const HOLDING: readonly string[] = ['body', 'actions', 'more']

/** Elements in which forms and links of ours would be dropped, or would send what is typed elsewhere. */
const ENCLOSING = /^(form|button|select|option|label|a|svg)$/

/** Finished HTML that stands within one of them. */
function enclosedProblems(parts: readonly Part[]): readonly string[] {
  let open: readonly string[] = []
  return parts.flatMap((part) => {
    if (part.kind === 'tag' && ENCLOSING.test(part.name)) open = [...open, part.name]
    if (part.kind === 'end') {
      const name = /^<\/([a-z]*)/i.exec(part.text)?.[1]?.toLowerCase() ?? ''
      open = open.filter((_, index) => index !== open.lastIndexOf(name))
    }
    const [around] = open
    if (part.kind !== 'text' || around === undefined) return []
    const ours = namesIn(part.text).filter((name) => HOLDING.includes(name))
    return ours.map(
      (name) =>
        `line ${part.line}: variable "${name}" must not stand within <${around}>: it has forms and links of its own`,
    )
  })
}

function useProblems(parts: readonly Part[]): readonly string[] {
  const used = parts.flatMap((part) =>
    part.kind === 'tag' || part.kind === 'comment' || part.kind === 'end' ? [] : namesIn(part.text),
  )
  return [
    ...REQUIRED.filter((name) => !used.includes(name)).map((name) => `does not use the variable {{${name}}}`),
    ...ONCE.filter((name) => used.filter((one) => one === name).length > 1).map(
      (name) => `uses the variable {{${name}}} more than once`,
    ),
  ]
}
