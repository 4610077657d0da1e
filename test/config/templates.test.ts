import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import { templateProblems } from '../../src/config/template-checks.ts'
import { SMALLEST } from './support/inputs.ts'

const HEAD = '<!doctype html><html><head>{{head}}<title>{{title}}</title><style>{{style}}</style></head>'
const REST = '<h1 {{focus}}>{{heading}}</h1>{{body}}{{actions}}{{more}}</html>'

function problemsOf(pages: unknown): readonly string[] {
  const parsed = parseConfig({ ...SMALLEST, pages })
  return parsed.ok ? [] : parsed.fault.map(({ path, message }) => `${path} ${message}`)
}

/** The problems of a template with a piece of it between what every page needs, in its second line. */
function problemsWith(piece: string): readonly string[] {
  return templateProblems(`${HEAD}\n${piece}\n${REST}`)
}

describe('parsePages()', () => {
  test('takes templates by the name of a page, and one for all others', () => {
    const templates = { '*': `${HEAD}${REST}`, chooser: `${HEAD}<hr>${REST}` }
    const parsed = parseConfig({ ...SMALLEST, pages: { templates } })
    expect(parsed.ok && parsed.value.pages).toEqual({ templates, sheet: null, files: new Map() })
  })

  test('has none unless told', () => {
    const parsed = parseConfig(SMALLEST)
    expect(parsed.ok && parsed.value.pages).toEqual({ templates: {}, sheet: null, files: new Map() })
  })

  test('refuses a page it does not have, with the nearest one', () => {
    const template = `${HEAD}${REST}`
    expect(problemsOf({ templates: { 'not-fuond': template, sesion_ended: template, xyzzy: template } })).toEqual([
      'pages.templates.not-fuond is not a page of ours; did you mean "not-found"?',
      'pages.templates.sesion_ended is not a page of ours; did you mean "session-ended"?',
      'pages.templates.xyzzy is not a page of ours; docs/pages.md lists them, and "*" is for all',
    ])
  })

  test('refuses another key, and what is no text', () => {
    expect(problemsOf({ template: {} })).toEqual(['pages.template is not a known setting; did you mean "templates"?'])
    expect(problemsOf({ templates: { chooser: 7 } })).toEqual(['pages.templates.chooser must be text'])
    expect(problemsOf({ templates: 'x' })).toEqual(['pages.templates must be an object of texts'])
  })

  test('says of a template what is wrong, and where', () => {
    expect(problemsOf({ templates: { chooser: `${HEAD}\n<p>{{colour}} {{bod}}</p>${REST}` } })).toEqual([
      'pages.templates.chooser line 2: unknown variable "colour"; docs/pages.md lists them',
      'pages.templates.chooser line 2: unknown variable "bod"; did you mean "body"?',
    ])
  })
})

describe('templateProblems()', () => {
  test('is content with what every page needs', () => {
    expect(problemsWith('<p class="soft {{ tone }}">{{viewer}}</p><svg><path fill="url(#a)" d="M0 0"/></svg>')).toEqual(
      [],
    )
    expect(problemsWith('<!-- a note --> 1 < 2 <a href=\'{{home}}\'>{{brand}}</a><use href="#a"/>')).toEqual([])
    expect(problemsWith('<form action="/search"><input name=q></form>')).toEqual([])
  })

  test('names what is missing', () => {
    expect(templateProblems(`${HEAD}<h1>{{heading}}</h1><!-- {{viewer}} -->{{body}}{{more}}`)).toEqual([
      'line 1: variable "viewer" must stand in the text: it is finished HTML',
      'does not use the variable {{focus}}',
      'does not use the variable {{actions}}',
    ])
  })

  test('takes 65536 bytes and no more', () => {
    const rest = `${HEAD}${REST}`
    const filled = rest + 'é'.repeat((65_536 - rest.length) >> 1)
    const whole = filled + '.'.repeat(65_536 - new TextEncoder().encode(filled).length)
    expect(templateProblems(whole)).toEqual([])
    expect(templateProblems(`${whole}.`)).toEqual(['must be at most 65536 bytes, not 65537'])
  })

  test('refuses what is no document, such as the name of a file', () => {
    expect(templateProblems('./chooser.html')).toEqual([
      'must be a whole document: begin it with <!doctype html> (the text of a file, not its name)',
    ])
  })

  test('refuses a variable where its value would be read as something else', () => {
    expect(problemsWith('<p title="{{body}}" {{viewer}} id={{id}}>{{focus}}{{style}}</p>')).toEqual([
      'line 2: variable "body" must stand in the text: it is finished HTML',
      'line 2: variable "viewer" must stand in the text: it is finished HTML',
      'line 2: variable "id" must stand in the text, in <title>, or in an attribute between quotes',
      'line 2: variable "focus" must stand inside a tag, as in <h1 {{focus}}>',
      'line 2: variable "style" must stand alone in <style>, as in <style>{{style}}</style>',
      'uses the variable {{focus}} more than once',
      'uses the variable {{body}} more than once',
    ])
  })

  test.each(['form', 'button', 'select', 'a', 'svg'])(
    'refuses our forms and links within <%s>, and takes them behind it',
    (name) => {
      const around = templateProblems(`${HEAD}<${name.toUpperCase()}><p>${REST}</p></${name}>`)
      expect(around.length).toBeGreaterThan(0)
      expect(new Set(around.map((one) => one.replace(/"\w+"/, '"x"')))).toEqual(
        new Set([`line 1: variable "x" must not stand within <${name}>: it has forms and links of its own`]),
      )
      expect(problemsWith(`<${name}><p>{{brand}}</p></${name} >`)).toEqual([])
    },
  )

  test('refuses braces that are no variable', () => {
    expect(problemsWith('<p>{{brand}</p>')).toEqual(['line 2: has braces that are no variable: write {{name}}'])
  })

  test('refuses scripts and handlers, in any case', () => {
    const policy = 'which the policy of our pages (Content-Security-Policy) refuses: remove it'
    expect(problemsWith('<SCRIPT>1</SCRIPT><p OnClick=go()><a href=" JavaScript:go()"></a>')).toEqual([
      `line 2: has <script>, ${policy}`,
      `line 2: has onclick= in <p>, an inline handler, ${policy}`,
      `line 2: has href="JavaScript:go()" in <a>, ${policy}`,
    ])
  })

  test('refuses styles other than the built-in sheet', () => {
    expect(problemsWith('<style>p{color:red}</style><style> {{style}}</style><p style="color:red">')).toEqual([
      'line 2: has a style sheet of its own, which the policy of our pages (Content-Security-Policy) refuses: write <style>{{style}}</style>',
      'line 2: has a style sheet of its own, which the policy of our pages (Content-Security-Policy) refuses: write <style>{{style}}</style>',
      'line 2: has style= in <p>, which the policy of our pages (Content-Security-Policy) refuses: remove it, and use class= with the classes of {{style}}',
    ])
  })

  test('refuses what would be fetched', () => {
    const refused = (piece: string) => problemsWith(piece).map((problem) => /has (\S+)/.exec(problem)?.[1])
    expect(refused('<link rel=icon href=/i><img src=/a><iframe></iframe>')).toEqual(['<link>,', '<img>,', '<iframe>,'])
    expect(refused('<svg><use href="/a.svg#b"/><image href="/a"/><g fill="url(https://a.example/#b)"/></svg>')).toEqual(
      ['href="/a.svg#b"', '<image>,', 'fill="url(https://a.example/#b)"'],
    )
    expect(refused('<body background="/a.png"><input type=image src="//a.example/b">')).toEqual([
      'background="/a.png"',
      'src="//a.example/b"',
    ])
  })

  test('refuses forms that lead elsewhere, and what changes or hides the page', () => {
    const refused = (piece: string) => problemsWith(piece).map((problem) => /has (?:a )?(\S+)/.exec(problem)?.[1])
    expect(refused('<form action="https://a.example/"><button formaction="//a.example"></button></form>')).toEqual([
      'form',
      'form',
    ])
    expect(refused('<base href="/x"><meta http-equiv="refresh" content="0"><noscript>')).toEqual([
      '<base>,',
      '<meta',
      '<noscript>,',
    ])
  })

  test('names what is never closed', () => {
    expect(problemsWith('<p class="a>')[0]).toBe('line 2: <p class="a>\n<h1 {{f is never closed')
    expect(templateProblems('<!doctype html>\n<title>{{title}}')[0]).toBe('line 2: <title> is never closed')
  })
})
