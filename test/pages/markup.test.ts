import { describe, expect, test } from 'vitest'
import { noPermission } from '../../src/pages/access.ts'
import { safeLink, shown, tidy } from '../../src/pages/markup.ts'
import { outline } from './outline.ts'
import { everyPage, frameOf } from './samples.ts'

const HOSTILE = [
  '<script>alert(1)</script>',
  '</title><script>alert(1)</script>',
  '</style><img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  "' onmouseover='alert(1)",
  '" autofocus onfocus="alert(1)',
  '<!--',
  '--><b>',
  ']]><b>',
  '&lt;b&gt; &amp;amp; &#x3c;b&#x3e;',
  '{brand}{name}{{title}}',
  '#{7*7} %s',
  'a\u0000b\u0007c\u001bd',
  'javascript:alert(1)',
  '\ud800 half a pair',
]

describe('hostile text in every place of every page', () => {
  test.each(HOSTILE)('%j stays text', (text) => {
    const harmless = everyPage('en', 'Moonlit Keep').map((page) => outline(page.html).map((tag) => tag.name))
    const hostile = everyPage('en', text).map((page) => outline(page.html).map((tag) => tag.name))
    expect(hostile).toEqual(harmless)
  })
})

describe('shown()', () => {
  test('shown() isolates and escapes', () => {
    expect(shown('<b>"&').toString()).toBe('<bdi>&lt;b&gt;&quot;&amp;</bdi>')
  })

  test('tidy() drops overrides, embeddings, isolates and marks of direction', () => {
    expect(tidy('a\u202eb\u2066c\u2069d\u200fe\u061cf')).toBe('a b c d e f')
  })

  test('tidy() keeps joiners, which names and emoji need', () => {
    expect(tidy('👩\u200d🚀 می\u200cخواهم')).toBe('👩\u200d🚀 می\u200cخواهم')
  })

  test('tidy() keeps 80 code points and shortens 81', () => {
    expect(tidy('🦊'.repeat(80))).toBe('🦊'.repeat(80))
    expect(tidy('🦊'.repeat(81))).toBe(`${'🦊'.repeat(79)}…`)
  })

  test('a page shows the name of its reader isolated', () => {
    const page = noPermission(frameOf('en', '\u202eadmin'), { missing: null, otherAccountUrl: '/auth/sign-in' })
    expect(page.html).toContain('as <bdi>admin</bdi>.')
  })
})

describe('safeLink()', () => {
  test.each([
    '/',
    '/play?room=7',
    'https://lantern.example/a',
    'http://localhost:8787/',
    'mailto:team@lantern.example',
  ])('safeLink() admits %s', (url) => expect(safeLink(url)).toBe(url))

  test.each([
    '',
    'play',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    'JAVASCRIPT:alert(1)',
    ' /x',
    '/a\nb',
    'data:text/html,x',
    'vbscript:x',
    'https://a.example/"><b>',
  ])('safeLink() refuses %j', (url) => expect(safeLink(url)).toBe(null))

  test('an action that no page may link to is left out', () => {
    const page = noPermission(frameOf('en'), { missing: null, otherAccountUrl: 'javascript:alert(1)' })
    expect(page.html).not.toContain('javascript:')
    expect(page.parts['actions']).not.toContain('Use another account')
  })
})
