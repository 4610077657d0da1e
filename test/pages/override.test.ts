import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { templateProblems } from '../../src/config/template-checks.ts'
import { PAGE_NAMES, type PageTemplates, TEMPLATE_VARIABLES } from '../../src/core/page-template.ts'
import { noPermission } from '../../src/pages/access.ts'
import { LANGUAGES } from '../../src/pages/language.ts'
import { handOver } from '../../src/pages/obstacles.ts'
import { overridePage } from '../../src/pages/override.ts'
import { countOf, outline } from './outline.ts'
import { everyPage, frameOf } from './samples.ts'

const page = noPermission(frameOf('en', '<b>Mira {{id}}'), { missing: null, otherAccountUrl: '/auth/sign-in' })
const TEMPLATE =
  '<title>{{title}}</title><style>{{style}}</style><h1>{{ heading }}</h1>{{body}}{{actions}}<p>{{viewer}}</p>{{id}}'

const MANUAL = readFileSync(new URL('../../docs/pages.md', import.meta.url), 'utf8')
const SAMPLE = /```html\n([\s\S]*?)```/.exec(MANUAL)?.[1] ?? ''

describe('overridePage()', () => {
  test('fills the variables with finished markup', () => {
    const { html } = overridePage(page, { '*': TEMPLATE })
    expect(html).toContain('<title>You do not have permission · Lantern Vale</title>')
    expect(html).toContain('<h1>You do not have permission</h1>')
    expect(html).toContain('<a class="button go" href="/">')
  })

  test('keeps names escaped and never fills a variable inside a name', () => {
    expect(overridePage(page, { '*': TEMPLATE }).html).toContain('as <bdi>&lt;b&gt;Mira {{id}}</bdi>.</p>7f3a9c1e5b2d')
  })

  test('reads no pattern of a replacement in a name', () => {
    const named = noPermission(frameOf('en', "$& $1 $` $' $$"), { missing: null, otherAccountUrl: '/auth/sign-in' })
    expect(overridePage(named, { '*': '[{{viewer}}]' }).html).toContain('<bdi>$&amp; $1 $` $&#39; $$</bdi>.]')
  })

  test('takes the document of the page before that of every page', () => {
    const templates = { '*': 'all {{id}}', 'no-permission': 'own {{id}}', 'not-found': 'other {{id}}' }
    expect(overridePage(page, templates).html).toBe('own 7f3a9c1e5b2d')
  })

  test('changes nothing of a page but its document', () => {
    const { html, ...rest } = overridePage(page, { '*': TEMPLATE })
    const { html: builtIn, ...before } = page
    expect(html).not.toBe(builtIn)
    expect(rest).toEqual(before)
  })

  test('answers with the built-in page when there is no document for it', () => {
    expect(overridePage(page, { account: TEMPLATE })).toBe(page)
  })

  test('answers with the built-in page when a variable is unknown', () => {
    expect(overridePage(page, { '*': `${TEMPLATE}{{colour}}` })).toBe(page)
    expect(overridePage(page, { '*': `${TEMPLATE}{{constructor}}` })).toBe(page)
  })
})

describe('the manual', () => {
  test('every page offers exactly the variables that there are, and their table is complete', () => {
    const told = [...MANUAL.matchAll(/^\| `(\w+)` \| (plain|text|tag|sheet)/gm)].map(([, name, place]) => [name, place])
    const words = { plain: 'plain', markup: 'text', attributes: 'tag', sheet: 'sheet' }
    const known = Object.entries(TEMPLATE_VARIABLES).map(([name, place]) => [name, words[place]])
    expect(told.sort()).toEqual(known)
    expect(Object.keys(page.parts).sort()).toEqual(Object.keys(TEMPLATE_VARIABLES))
  })

  test('says of exactly the variables that are needed that they are', () => {
    const needed = [...MANUAL.matchAll(/^\| `(\w+)` \| \w+, needed/gm)].map(([, name]) => name)
    const missing = templateProblems('<!doctype html>').map((problem) => /\{\{(\w+)\}\}/.exec(problem)?.[1])
    expect(needed.sort()).toEqual(missing.sort())
  })

  test('names every page there is', () => {
    const names = MANUAL.slice(MANUAL.indexOf('## Names'))
    expect([...names.matchAll(/`([\w-]+)`/g)].map(([, name]) => name).sort()).toEqual([...PAGE_NAMES].sort())
    expect([...new Set(everyPage('en').map(({ name }) => name))].sort()).toEqual([...PAGE_NAMES].sort())
  })

  test('has a sample that can carry every page', () => {
    expect(templateProblems(SAMPLE)).toEqual([])
    const templates: PageTemplates = { '*': SAMPLE }
    for (const language of LANGUAGES) {
      for (const built of everyPage(language, '<b>{{body}}')) {
        const tags = outline(overridePage(built, templates).html)
        expect([built.name, countOf(tags, 'h1'), countOf(tags, 'form')]).toEqual([
          built.name,
          1,
          countOf(outline(built.html), 'form'),
        ])
        const focus = (all: readonly { readonly attributes: string }[]) =>
          all.filter(({ attributes }) => attributes.includes('autofocus')).length
        expect([built.name, focus(tags)]).toEqual([built.name, focus(outline(built.html))])
      }
    }
  })

  test('has a sample that leads on by itself where the built-in page does', () => {
    const onward = handOver(frameOf('en'), { provider: 'Google', url: 'https://accounts.example/a?b=1&c=2' })
    expect(overridePage(onward, { '*': SAMPLE }).html).toContain(
      '<meta http-equiv="refresh" content="0;url=https://accounts.example/a?b=1&amp;c=2">',
    )
  })
})
