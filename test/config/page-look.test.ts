import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import { checkedStyle } from '../../src/config/style-checks.ts'
import { SMALLEST } from './support/inputs.ts'

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const WAVE = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 4h8"/></svg>'
const HEAD = '<!doctype html><html><head>{{head}}<title>{{title}}</title><style>{{style}}</style></head>'
const REST = '<h1 {{focus}}>{{heading}}</h1>{{body}}{{actions}}{{more}}</html>'

function parsed(pages: unknown) {
  const made = parseConfig({ ...SMALLEST, pages })
  return made.ok
    ? { problems: [], pages: made.value.pages }
    : { problems: made.fault.map(({ path, message }) => `${path} ${message}`), pages: null }
}

const problemsOf = (pages: unknown) => parsed(pages).problems
const served = new Map([['logo.png', 'logo.1.png']])
const styleProblems = (text: string) => checkedStyle(text, served).problems

describe('pages.assets', () => {
  test('are served under a name that changes with what is in them, bytes or base64 alike', () => {
    const bytes = Uint8Array.from(atob(PIXEL), (character) => character.charCodeAt(0))
    const names = (assets: unknown) => [...(parsed({ assets }).pages?.files ?? new Map<string, never>()).keys()]
    const [one] = names({ 'logo.png': PIXEL })
    expect(one).toMatch(/^logo\.[0-9a-f]{16}\.png$/)
    expect(names({ 'logo.png': bytes })).toEqual([one])
    expect(names({ 'logo.png': Uint8Array.from([...bytes, 0]) })).not.toEqual([one])
  })

  test.each([
    ['Logo.png', PIXEL, 'must be named with a-z'],
    ['../logo.png', PIXEL, 'must be named with a-z'],
    ['page.html', '<p>', 'must be named with a-z'],
    ['logo.js', 'x', 'must be named with a-z'],
    ['logo.constructor', 'x', 'must be named with a-z'],
    ['logo.png', WAVE, 'must be bytes (Uint8Array) or their base64'],
    ['logo.jpg', PIXEL, 'does not begin as a .jpg does'],
    ['logo.svg', 42, 'must be the text of a drawing'],
    ['logo.svg', '<html><svg></svg>', 'does not begin as a .svg does'],
    ['logo.svg', WAVE.replace('<path', '<script>x</script><path'), 'has a script'],
    ['logo.svg', WAVE.replace('<path', '<path onload = "x"'), 'has a script'],
    ['logo.svg', WAVE.replace('<path', '<image href="https://x.example/"/><path'), 'has a script'],
    ['logo.svg', WAVE.replace('<path', '<s:script>x</s:script><path'), 'has a script'],
    ['logo.svg', WAVE.replace('<path', '<style>@import "https://x.example/";</style><path'), 'has a script'],
    ['logo.svg', WAVE.replace('<path', '<path fill="url(https://x.example/#a)"'), 'has a script'],
    [
      'logo.svg',
      WAVE.replace('<path', '<a><animate attributeName="href" values="javascript:x"/></a><path'),
      'has a script',
    ],
    ['logo.svg', WAVE.replace('<path', '<foreignObject/><path'), 'has a script'],
    ['logo.svg', WAVE.replace('<path', '<iframe xmlns="http://www.w3.org/1999/xhtml"/><path'), 'has a script'],
    ['logo.png', PIXEL.slice(0, -3), 'must be bytes (Uint8Array) or their base64'],
    ['logo.svg', `<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">]>${WAVE}`, 'has a script'],
    ['logo.svg', new TextEncoder().encode(WAVE).map((byte) => (byte === 0x64 ? 0xe4 : byte)), 'must be UTF-8'],
    ['logo.svg', `${'<!---->'.repeat(280)}<g/>`, 'does not begin as a .svg does'],
    ['logo.svg', WAVE.replace('<path', '<style>a{}</style>\u001b(B<path'), 'must be UTF-8, without control characters'],
    ['logo.png', new Uint8Array(262_145), 'must have at most 262144 bytes, not 262145'],
  ])('%s of a wrong kind is refused', (name, content, problem) => {
    const [told = ''] = problemsOf({ assets: { [name]: content } })
    expect(told).toContain(`pages.assets.${name} ${problem}`)
  })

  test.each([
    [WAVE.replace('<path', '<text>that one = 1</text><path fill="url(#a)"')],
    [WAVE.replace('<path', "<path fill=\"url('#a')\" data-on='1'")],
    [WAVE.replace('<path', '<use href="#a"/><style>path{fill:url(#a)}</style><path')],
    [`<?xml version="1.0"?>\n<!-- ${'drawn by hand, '.repeat(400)} -->\n${WAVE}`],
  ])('a drawing that leads nowhere is taken: %#', (drawing) => {
    expect(problemsOf({ assets: { 'logo.svg': drawing } })).toEqual([])
  })

  test('are few and small together', () => {
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`a${n}.svg`, WAVE]))
    expect(problemsOf({ assets: many })).toEqual(['pages.assets must have at most 32 files, not 33'])
    const big = `${WAVE}${' '.repeat(262_144 - WAVE.length)}`
    const five = Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`a${n}.svg`, big]))
    expect(problemsOf({ assets: five })).toEqual(['pages.assets must have at most 1048576 bytes together, not 1310720'])
    expect(problemsOf({ assets: new Map([['logo.png', PIXEL]]) })[0]).toContain('must be an object of files')
    expect(problemsOf({ assets: [] })[0]).toContain('pages.assets must be an object of files')
  })
})

describe('pages.style', () => {
  test('names files as they are served, and is served as one itself', () => {
    const { pages } = parsed({ style: 'body { background: url("wave.svg") }', assets: { 'wave.svg': WAVE } })
    const sheet = pages?.sheet ?? ''
    expect(sheet).toMatch(/^style\.[0-9a-f]{16}\.css$/)
    expect(new TextDecoder().decode(pages?.files.get(sheet)?.bytes)).toMatch(/url\(wave\.[0-9a-f]{16}\.svg\)/)
  })

  test.each([
    ['a { background: url(logo.png) }', 'a { background: url(logo.1.png) }'],
    ["a { background: url( 'logo.png' ) }", 'a { background: url(logo.1.png) }'],
    ['a { fill: url(#paint) }', 'a { fill: url(#paint) }'],
    [
      'a::before { content: "url(https://x.example) @import {" }',
      'a::before { content: "url(https://x.example) @import {" }',
    ],
    ['/* url(https://x.example) } */ a {}', '/* url(https://x.example) } */ a {}'],
    ['a { background: url(\n"logo.png"\n) }', 'a { background: url(logo.1.png) }'],
    ['a { background: \\75rl(logo.png) }', 'a { background: url(logo.1.png) }'],
    ['html { scroll-behavior: smooth }', 'html { scroll-behavior: smooth }'],
    ['a { overscroll-behavior: none }', 'a { overscroll-behavior: none }'],
    [
      '.a\\{b\\"c\\:d\\( .e\\}, .\\31 \\{ { width: calc((1px + 2px) * 2) }',
      '.a\\{b\\"c\\:d\\( .e\\}, .\\31 \\{ { width: calc((1px + 2px) * 2) }',
    ],
    ['a::before { content: "x\\\r\ny" }', 'a::before { content: "x\\\ny" }'],
  ])('%s is taken', (style, text) => {
    expect(checkedStyle(style, served)).toEqual({ text, problems: [] })
  })

  test.each([
    ['a {}\n@import "https://x.example/a.css";', 'line 2: has @import: write what it brings into this sheet'],
    ['@CHARSET "x"; a {}', 'line 1: has @charset: remove it'],
    ['a { background: url(https://x.example/a.png) }', 'line 1: has url(https://x.example/a.png), which is no file of'],
    ['a { background: url(data:image/png;base64,AAAA) }', 'which is no file of pages.assets'],
    ['a { background: url(//x.example/a.png) }', 'which is no file of pages.assets'],
    ['a { background: url(logo.pgn) }', 'did you mean "logo.png"?'],
    ['a { background: image-set("https://x.example/a.png" 1x) }', 'has image-set(, which loads or runs something'],
    ['a { background: -webkit-image-set(x) }', 'has -webkit-image-set(, which loads'],
    ['a { behavior : url(#x) }', 'has behavior:, which loads or runs something'],
    ['a { background: url(logo.png }', 'line 1: has a url() that is never closed'],
    ['a { content: "x\n }', 'line 1: has a string that is never closed'],
    ['a { content: "x\\"\n }', 'line 1: has a string that is never closed'],
    ['a {}\n@\\69mport "https://x.example/a.css";', 'line 2: has @import: write what it brings'],
    ['a { background: u\\72l(//x.example/a.png) }', 'has url(//x.example/a.png), which is no file'],
    ['a { background: \\u\\r\\l(//x.example/a.png) }', 'has url(//x.example/a.png), which is no file'],
    ['a { background: image-\\000073 et("https://x.example/a.png" 1x) }', 'has image-set(, which loads'],
    ['@namespace svg "http://www.w3.org/2000/svg"; a {}', 'line 1: has @namespace: remove it'],
    ['a { background: url() }', 'line 1: has a url() that is no name of a file: write url(logo.png)'],
    ['a { background: url("logo.png" crossorigin(anonymous)) }', 'has a url() that is no name of a file'],
    ['a { width: calc(1px }\nb {}', 'line 1: has a "calc(" that is never closed'],
    ['a[x { color: red }', 'line 1: has a "[" that is never closed'],
    ['a { content: "x\f} b { background: url(//x.example/a.png) }" }', 'has url(//x.example/a.png)'],
    ['a { content: "x\r} b { background: url(//x.example/a.png) }" }', 'has url(//x.example/a.png)'],
    ['a {} /* x', 'line 1: has a comment that is never closed'],
    ['a {\nb {}', 'line 2: ends within a block'],
    ['a {} }', 'line 1: has a "}" that closes nothing'],
    ['style.css', 'must be the text of a style sheet'],
    [`a {}${' '.repeat(65_536)}`, 'must be at most 65536 bytes, not 65540'],
  ])('%j is refused', (style, problem) => {
    expect(styleProblems(style).join('\n')).toContain(problem)
  })

  test.each(['image-set(x 1x)', '-webkit-cross-fade(x, y)', 'src("x")'])('%s is refused once', (image) => {
    expect(styleProblems(`a { background: ${image} }`)).toHaveLength(1)
  })

  test('wants a document to say where its head ends', () => {
    const open = `${HEAD}${REST}`.replace('</head>', '<body>')
    expect(problemsOf({ templates: { '*': open } })).toEqual([])
    expect(problemsOf({ templates: { '*': open }, style: 'a {}' })).toEqual([
      'pages.templates.* must close <head> by </head>, where pages.style is linked',
    ])
  })
})

test('pages.style wants no </head> in a comment, where it would be linked and not seen', () => {
  const odd = `${HEAD}${REST}`.replace('<head>', '<head><!-- up to </head> -->')
  expect(problemsOf({ templates: { '*': odd } })).toEqual([])
  expect(problemsOf({ templates: { '*': odd }, style: 'a {}' })).toEqual([
    'pages.templates.* line 1: has </head> in a comment, where pages.style would be linked: remove it',
  ])
})

describe('{{asset:…}}', () => {
  const withPiece = (piece: string) =>
    parsed({ templates: { '*': `${HEAD}${piece}${REST}` }, assets: { 'logo.png': PIXEL } })

  test('is an image or an icon by the address it is served at', () => {
    const { problems, pages } = withPiece(
      '<img alt="Isle" src="{{ asset:logo.png }}"><link rel="icon" href="{{asset:logo.png}}">',
    )
    expect(problems).toEqual([])
    expect(pages?.templates['*']).toMatch(
      /<img alt="Isle" src="\/auth\/pages\/logo\.[0-9a-f]{16}\.png"><link rel="icon" href="\/auth\/pages\/logo/,
    )
  })

  test.each([
    ['<img alt="" src="{{asset:lgoo.png}}">', 'did you mean "logo.png"?'],
    ['<img src="{{asset:logo.png}}">', 'write <img src="{{asset:logo.png}}" alt="…">'],
    ['<img alt="" src="https://x.example/a.png">', 'write <img src="{{asset:logo.png}}" alt="…">'],
    ['<img alt="" src="{{asset:logo.png}}" srcset="https://x.example/a.png">', 'write <img src='],
    ['<img alt="" src="{{asset:logo.png}}" onerror="x">', 'has onerror= in <img>'],
    ['<link rel="stylesheet" href="{{asset:logo.png}}">', 'has <link>'],
    ['<p>{{asset:logo.png}}</p>', 'must stand in an attribute between quotes'],
  ])('%s is refused', (piece, problem) => {
    expect(withPiece(piece).problems.join('\n')).toContain(problem)
  })
})
