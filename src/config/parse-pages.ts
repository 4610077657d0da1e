import { utf8 } from '../core/bytes.ts'
import { markedName, type PageFile, pageFilePath } from '../core/page-file.ts'
import { PAGE_NAMES, type PageTemplates } from '../core/page-template.ts'
import type { Config } from '../ports/config.ts'
import { type Asset, parseAssets } from './page-assets.ts'
import { parseTextMap } from './parse-parts.ts'
import { nearest, type Reader } from './reader.ts'
import { checkedStyle } from './style-checks.ts'
import { ASSET, templateProblems } from './template-checks.ts'
import { partsOf } from './template-parts.ts'

/**
 * The operator's own pages: documents of pages we have, each such as can carry every page it is for, a style sheet, and the
 * files that both may name.
 *
 * @param prefix - below which the files are served
 */
export function parsePages(read: Reader, prefix: string): Config['pages'] {
  const assets = parseAssets(read, 'assets')
  const sheet = parseStyle(read, assets)
  const templates = parseTemplates(read, assets, prefix, sheet === null ? 'plain' : 'styled')
  read.end()
  const files = new Map<string, PageFile>(
    [...assets.values()].map(({ served, type, bytes }) => [served, { type, bytes }]),
  )
  if (sheet === null) return { templates, sheet, files }
  const bytes = utf8(sheet)
  const name = markedName('style.css', bytes)
  return { templates, sheet: name, files: files.set(name, { type: 'text/css; charset=utf-8', bytes }) }
}

function parseStyle(read: Reader, assets: ReadonlyMap<string, Asset>): string | null {
  const style = read.optionalText('style')
  if (style === null || style === '') return null
  const served = new Map([...assets].map(([name, asset]) => [name, asset.served]))
  const { text, problems } = checkedStyle(style, served)
  for (const problem of problems) read.fault('style', problem)
  return text
}

function parseTemplates(
  read: Reader,
  assets: ReadonlyMap<string, Asset>,
  prefix: string,
  look: 'plain' | 'styled',
): PageTemplates {
  const names: readonly string[] = ['*', ...PAGE_NAMES]
  const given = parseTextMap(read, 'templates')
  for (const [name, template] of Object.entries(given)) {
    const key = `templates.${name}`
    if (!names.includes(name)) read.fault(key, strangerOf(name, names))
    else for (const problem of templateProblems(template, [...assets.keys()])) read.fault(key, problem)
    // WHY: the sheet of the operator is the last thing in <head>, so that it has the last word.
    if (look === 'styled' && !/<\/head>/i.test(template))
      read.fault(key, 'must close <head> by </head>, where pages.style is linked')
    const hidden = look === 'styled' ? hiddenHeadEnd(template) : null
    if (hidden !== null)
      read.fault(key, `line ${hidden}: has </head> in a comment, where pages.style would be linked: remove it`)
  }
  const found = (_: string, name: string) => pageFilePath(prefix, assets.get(name.trim())?.served ?? '')
  return Object.fromEntries(Object.entries(given).map(([name, text]) => [name, text.replace(ASSET, found)]))
}

/** The line of a comment in which the first `</head>` of a template stands; null where it ends the head. */
function hiddenHeadEnd(template: string): number | null {
  const first = partsOf(template).find((part) => part.kind !== 'tag' && /<\/head>/i.test(part.text))
  return first?.kind === 'comment' ? first.line : null
}

function strangerOf(name: string, names: readonly string[]): string {
  const near = nearest(name, names)
  return `is not a page of ours; ${near === null ? 'docs/pages.md lists them, and "*" is for all' : `did you mean "${near}"?`}`
}
