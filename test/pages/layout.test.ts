import { describe, expect, test } from 'vitest'
import { LANGUAGES } from '../../src/pages/language.ts'
import { countOf, outline } from './outline.ts'
import { everyPage } from './samples.ts'

const LIMIT = 15 * 1024

describe.each(LANGUAGES)('every page in %s', (language) => {
  const pages = everyPage(language)

  test('stays under 15 KB', () => {
    const big = pages.filter((page) => new TextEncoder().encode(page.html).length > LIMIT)
    expect(big.map((page) => page.name)).toEqual([])
  })

  test('nests its tags and has one h1, main, header and footer', () => {
    for (const page of pages) {
      const tags = outline(page.html)
      expect([page.name, ...['h1', 'main', 'header', 'footer', 'title'].map((name) => countOf(tags, name))]).toEqual([
        page.name,
        1,
        1,
        1,
        1,
        1,
      ])
    }
  })

  test('says its language and direction on the root', () => {
    const dir = language === 'ar' ? 'rtl' : 'ltr'
    for (const page of pages) expect(page.html).toContain(`<html lang="${language}" dir="${dir}">`)
  })

  test('leaves no placeholder unfilled', () => {
    for (const page of pages) {
      expect([page.name, /\{[a-z]+\}/.exec(page.html.replace(/<style>[\s\S]*?<\/style>/, ''))]).toEqual([
        page.name,
        null,
      ])
    }
  })

  test('has a title that begins with the state and ends with the brand', () => {
    for (const page of pages) {
      expect(page.title.endsWith(' · Lantern Vale')).toBe(true)
      const heading = /<h1[^>]*>(.*?)<\/h1>/.exec(page.html)?.[1]?.replace(/<[^>]*>/g, '') ?? ''
      expect(page.title.replace(/[\u2068\u2069]/g, '').startsWith(heading.replaceAll('&#39;', "'"))).toBe(true)
    }
  })
})

describe('every page', () => {
  const pages = everyPage('en')

  test('loads nothing from elsewhere and carries no script and no style attribute', () => {
    for (const page of pages) {
      const tags = outline(page.html)
      expect(tags.filter((tag) => ['script', 'link', 'img', 'iframe', 'object'].includes(tag.name))).toEqual([])
      expect(tags.filter((tag) => /\s(style|on[a-z]+|src)=/.test(tag.attributes))).toEqual([])
    }
  })

  test('shows at most two actions in its first card', () => {
    for (const page of pages)
      expect((page.parts['actions']?.match(/class="button/g) ?? []).length).toBeLessThanOrEqual(2)
  })

  test('carries the reference code, the request id and the time', () => {
    for (const page of pages) {
      expect(page.html).toContain('PST203')
      expect(page.html).toContain('7f3a9c1e5b2d')
      expect(page.html).toContain('datetime="2026-11-24T14:05:09.000Z"')
    }
  })

  test('hides every drawing from screen readers', () => {
    for (const page of pages) {
      const drawings = outline(page.html).filter((tag) => tag.name === 'svg')
      expect(drawings.every((tag) => tag.attributes.includes('aria-hidden="true"'))).toBe(true)
    }
  })

  test('names every field with a label', () => {
    for (const page of pages) {
      for (const tag of outline(page.html)) {
        if (tag.name !== 'input' || tag.attributes.includes('type="hidden"')) continue
        const id = / id="([^"]+)"/.exec(tag.attributes)?.[1]
        const wrapped = new RegExp(`<label[^>]*><input[^>]* id="${id}"`).test(page.html)
        expect([page.name, id, wrapped || page.html.includes(`<label for="${id}"`)]).toEqual([page.name, id, true])
      }
    }
  })

  test('uses each id once', () => {
    for (const page of pages) {
      const ids = [...page.html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1])
      expect(new Set(ids).size).toBe(ids.length)
    }
  })
})
