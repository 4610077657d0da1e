import { nearest } from './reader.ts'

/** Largest style sheet, bytes of UTF-8. */
const LARGEST = 64 * 1024

// WHY: strings, comments and words are taken whole, escapes in them included, so that a rule is seen however it is spelled and
// what only looks like one within a string is none (CSS Syntax 3, section 4.3).
const TOKEN =
  /\/\*[\s\S]*?(?:\*\/|$)|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?|@?(?:[-\w\u0080-\uffff]|\\[0-9a-f]{1,6}\s?|\\[^\n])+(\(?)|([{}()[\]])|\n/giy
const NAMED = /\s*(?:"([^"\n]*)"|'([^'\n]*)'|([^"'()\s]+))\s*\)/y
const LOADING = /^(?:(?:-webkit-)?(?:image-set|cross-fade|image|src)|expression)\($/
const CLOSER: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']' }

/** A sheet whose `url()`s lead to the files as they are served, or what is wrong with it. */
export interface CheckedStyle {
  readonly text: string
  readonly problems: readonly string[]
}

/**
 * An operator's style sheet, checked: nothing in it leaves our origin or loads what is not in `assets`. It guards against
 * mistakes; what a page may load is for its Content-Security-Policy to say.
 *
 * @param served - what each file of `pages.assets` is served as
 */
export function checkedStyle(style: string, served: ReadonlyMap<string, string>): CheckedStyle {
  const size = new TextEncoder().encode(style).length
  if (size > LARGEST) return { text: '', problems: [`must be at most ${LARGEST} bytes, not ${size}`] }
  if (!style.includes('{'))
    return {
      text: '',
      problems: ['must be the text of a style sheet, such as ":root { --go: #7a1f5c }", not its name'],
    }
  return walked(style.replace(/\r\n?|\f/g, '\n'), served)
}

function walked(style: string, served: ReadonlyMap<string, string>): CheckedStyle {
  const problems: string[] = []
  const open: Opened[] = []
  let [line, text] = [1, '']
  for (let at = 0; at < style.length; ) {
    TOKEN.lastIndex = at
    const [token = style.charAt(at), call, alone] = TOKEN.exec(style) ?? []
    const word = plainWord(token)
    const url = word === 'url(' ? urlAt(style, at + token.length, served) : null
    const unpaired = url === null ? nesting(call || alone || '', { word, line }, open) : null
    const problem = url?.problem ?? problemOf(word, style.slice(at + token.length)) ?? unpaired
    if (problem !== null) problems.push(problem.startsWith('line ') ? problem : `line ${line}: ${problem}`)
    const source = style.slice(at, url?.end ?? at + token.length)
    text += url?.text ?? source
    line += source.split('\n').length - 1
    at += source.length
  }
  const blocks = open.filter(({ closer }) => closer === '}').length
  for (const one of open) if (one.closer !== '}') problems.push(neverClosed(one))
  if (blocks > 0) problems.push(`line ${line}: ends within ${blocks === 1 ? 'a block' : `${blocks} blocks`}: write "}"`)
  return { text, problems }
}

/** A word as a browser reads it, in lower case; strings and comments as they are. */
function plainWord(token: string): string {
  if (/^["'/]/.test(token)) return token
  const plain = token.replace(/\\(?:([0-9a-f]{1,6})\s?|([\s\S]))/gi, (_, code: string | undefined, one: string) =>
    code === undefined ? one : String.fromCodePoint(Math.min(Number.parseInt(code, 16), 0x10ffff)),
  )
  return plain.toLowerCase()
}

interface Opened {
  readonly closer: string
  readonly word: string
  readonly line: number
}

function neverClosed({ word, line }: Omit<Opened, 'closer'>): string {
  return `line ${line}: has a "${word.slice(0, 60)}" that is never closed`
}

/** Follows what opens and closes; the problem, where this bracket closes what was not opened last. */
function nesting(bracket: string, at: Omit<Opened, 'closer'>, open: Opened[]): string | null {
  const closer = CLOSER[bracket]
  if (closer !== undefined) open.push({ closer, ...at })
  if (closer !== undefined || bracket === '') return null
  const index = open.findLastIndex((one) => one.closer === bracket)
  if (index < 0) return `has a "${bracket}" that closes nothing`
  const [, unclosed] = open.splice(index)
  return unclosed === undefined ? null : neverClosed(unclosed)
}

function problemOf(word: string, rest: string): string | null {
  if (/^\/\*/.test(word)) return word.length > 3 && word.endsWith('*/') ? null : 'has a comment that is never closed'
  if (/^["']/.test(word)) return /^(["'])(?:\\[\s\S]|[^\\])*\1$/.test(word) ? null : 'has a string that is never closed'
  if (word === '@import') return `has ${word}: write what it brings into this sheet`
  if (word === '@charset') return `has ${word}: remove it, the sheet is served as UTF-8`
  if (word === '@namespace') return `has ${word}: remove it, our pages are HTML alone`
  const runs = /^(?:behavior|-moz-binding)$/.test(word) && /^\s*:/.test(rest) ? `${word}:` : word
  if (runs !== word || LOADING.test(word))
    return `has ${runs}, which loads or runs something: write url() with a name in pages.assets`
  return null
}

interface Url {
  readonly text: string
  readonly end: number
  readonly problem: string | null
}

/** What `url(` names, from behind its bracket on. */
function urlAt(style: string, at: number, served: ReadonlyMap<string, string>): Url {
  NAMED.lastIndex = at
  const named = NAMED.exec(style)
  if (named === null) {
    const isClosed = /^[^\n;{}]*\)/.test(style.slice(at))
    const problem = isClosed ? 'that is no name of a file: write url(logo.png)' : 'that is never closed'
    const end = isClosed ? style.indexOf(')', at) + 1 : at
    return { text: '', end, problem: `has a url() ${problem}` }
  }
  const [whole, double, single, bare] = named
  const name = double ?? single ?? bare ?? ''
  const end = at + whole.length
  if (name.startsWith('#')) return { text: `url(${whole}`, end, problem: null }
  const file = served.get(name)
  if (file !== undefined) return { text: `url(${file})`, end, problem: null }
  const near = nearest(name, [...served.keys()])
  const hint = near === null ? 'add it to pages.assets, and write its name there' : `did you mean "${near}"?`
  return { text: '', end, problem: `has url(${name.slice(0, 60)}), which is no file of pages.assets; ${hint}` }
}
