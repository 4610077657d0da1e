import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import axe from 'axe-core'
import type { Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PAGE_NAMES } from '../../src/core/page-template.ts'
import { LANGUAGES, type Language } from '../../src/pages/language.ts'
import type { Page } from '../../src/pages/layout.ts'
import { overridePage } from '../../src/pages/override.ts'
import { renderPage } from '../../src/pages/render.ts'
import { everyPage } from '../pages/samples.ts'
import { openBrowser } from '../support/chromium.ts'

/** WCAG 2.0 to 2.2 at A and AA, and what axe recommends beside. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice']
const LONG = 'Donaudampfschifffahrtsgesellschaftskapitaenspatentpruefungskommissionsvorsitz'
/** Pages of each kind that are also looked at in an operator's own document. */
const IN_A_DOCUMENT: readonly string[] = ['account', 'admin-person', 'chooser', 'no-permission', 'store-down']
const MANUAL = readFileSync(new URL('../../docs/pages.md', import.meta.url), 'utf8')
const SAMPLE = /```html\n([\s\S]*?)```/.exec(MANUAL)?.[1] ?? ''

let browser: Awaited<ReturnType<typeof openBrowser>>
let server: Server
let tab: Tab
let shown: { readonly page: Page; readonly language: Language } | null = null

beforeAll(async () => {
  browser = await openBrowser()
  tab = await browser.context.newPage()
  server = createServer((incoming, outgoing) => {
    if (shown === null || incoming.url !== '/') return void outgoing.writeHead(404).end()
    const { status, headers, body } = renderPage(shown.page, { language: shown.language })
    outgoing.writeHead(status, headers.flat()).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
}, 60_000)
afterAll(async () => {
  await browser?.close()
  server?.close()
}, 30_000)

/** How a page is looked at. WHY: contrast does not depend on the width, nor the size of what is pressed on the colors. */
const LIGHT_NARROW = { colorScheme: 'light', width: 320 } as const
const DARK_WIDE = { colorScheme: 'dark', width: 1280 } as const
type Look = typeof LIGHT_NARROW | typeof DARK_WIDE

// WHY: axe judges no text over a pseudo-element as large as our arch, which is behind all of it: texts are looked at without
// it, first on the color of the page and then on that of the arch.
const GROUNDS = ['var(--page)', 'var(--glow)'] as const

function grounded(color: string): string {
  return `{
    const sheet = new CSSStyleSheet()
    sheet.replaceSync('body { background-color: ${color} !important } body::before { content: none !important }')
    document.adoptedStyleSheets = [sheet]
  }`
}

// WHY: what axe could not judge is in no violation; a contrast that it could not tell is a finding here.
function axeRun(rules: readonly string[]): string {
  return `axe.run(document, { runOnly: ${JSON.stringify(rules)} }).then(({ violations, incomplete }) =>
    [...violations, ...incomplete.filter(({ id }) => id === 'color-contrast')]
      .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' at ' + target + ': ' + failureSummary.slice(0, 300))))`
}

/** What axe finds wrong with a document as Chromium shows it; each with the rule and the place. */
async function violationsOf(page: Page, language: Language, looks: readonly Look[]): Promise<readonly string[]> {
  // WHY: a page that leads on by itself would be gone before it is looked at; the rest of it is as it is.
  shown = { page: { ...page, html: page.html.replace(/<meta http-equiv="refresh"[^>]*>/, '') }, language }
  await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await tab.evaluate(axe.source)
  const found: string[] = []
  for (const { colorScheme, width } of looks) {
    await tab.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await tab.setViewportSize({ width, height: 800 })
    const list: string[] = []
    for (const [at, ground] of GROUNDS.entries()) {
      await tab.evaluate(grounded(ground))
      list.push(...((await tab.evaluate(axeRun(at === 0 ? RULES : ['color-contrast']))) as readonly string[]))
    }
    found.push(...list.map((text) => `${page.name} ${language} ${colorScheme} ${width}: ${text}`))
    if (await tab.evaluate('document.documentElement.scrollWidth > innerWidth'))
      found.push(`${page.name} ${language} ${colorScheme} ${width}: wider than the window`)
  }
  return found
}

/** The first shape of every page, which is its fullest. */
function firstOfEach(pages: readonly Page[]): readonly Page[] {
  return pages.filter((page, at) => pages.findIndex(({ name }) => name === page.name) === at)
}

async function violationsIn(
  pages: readonly Page[],
  language: Language,
  looks: readonly Look[],
): Promise<readonly string[]> {
  const found: string[] = []
  for (const page of pages) found.push(...(await violationsOf(page, language, looks)))
  return found
}

describe('axe-core in Chromium, light and dark, narrow and wide (WCAG 2.2 AA)', () => {
  test('the samples have every page that there is', () => {
    expect([...new Set(everyPage('en').map(({ name }) => name))].sort()).toEqual([...PAGE_NAMES].sort())
  })

  test('finds nothing on any page in English', async () => {
    expect(await violationsIn(firstOfEach(everyPage('en')), 'en', [LIGHT_NARROW, DARK_WIDE])).toEqual([])
  }, 240_000)

  test('finds nothing on any page from right to left', async () => {
    const pages = firstOfEach(everyPage('ar', 'قلعة القمر 🌙'))
    expect(await violationsIn(pages, 'ar', [LIGHT_NARROW, DARK_WIDE])).toEqual([])
  }, 240_000)

  test('finds nothing on any other shape of a page, in a language of long words and with a word that no line holds', async () => {
    const pages = everyPage('de', LONG)
    const others = pages.filter((page) => !firstOfEach(pages).includes(page))
    expect(await violationsIn(others, 'de', [LIGHT_NARROW])).toEqual([])
  }, 240_000)

  test('finds nothing where a page stands in the document of the manual', async () => {
    const pages = firstOfEach(everyPage('en')).filter(({ name }) => IN_A_DOCUMENT.includes(name))
    const inDocument = pages.map((page) => overridePage(page, { '*': SAMPLE }))
    expect(inDocument).toHaveLength(IN_A_DOCUMENT.length)
    expect(await violationsIn(inDocument, 'en', [LIGHT_NARROW, DARK_WIDE])).toEqual([])
  }, 120_000)

  test('a table fits a window of 320 pixels in every language', async () => {
    await tab.setViewportSize({ width: 320, height: 800 })
    const wide: string[] = []
    for (const language of LANGUAGES)
      for (const page of everyPage(language).filter(({ html }) => html.includes('<table>'))) {
        shown = { page, language }
        await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
        if (await tab.evaluate('document.documentElement.scrollWidth > innerWidth'))
          wide.push(`${page.name} ${language}`)
      }
    expect(wide).toEqual([])
  }, 120_000)

  test('finds what is wrong: a field without a label, a pale text, a page without a heading', async () => {
    const [good] = everyPage('en')
    if (good === undefined) throw new Error('there is no page to break')
    const broken = good.html
      .replace('</section>', '<input type="text"><p><font color="#bbbbbb">pale</font></p></section>')
      .replace(/<h1[^>]*>.*?<\/h1>/, '')
    const found = (await violationsOf({ ...good, html: broken }, 'en', [LIGHT_NARROW])).join('\n')
    expect(found).toContain('label at')
    expect(found).toContain('color-contrast at font')
    expect(found).toContain('page-has-heading-one at')
  }, 60_000)
})
