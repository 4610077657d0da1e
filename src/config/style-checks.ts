import { nearest } from './reader.ts'

/** Largest style sheet, bytes of UTF-8. */
const LARGEST = 64 * 1024

// WHY: strings and comments are taken whole, so that what only looks like a rule within them is none.
const TOKEN =
  /\/\*[\s\S]*?(?:\*\/|$)|"(?:\\[\s\S]|[^"\\\n])*("?)|'(?:\\[\s\S]|[^'\\\n])*('?)|url\(\s*(?:"([^"\n]*)"|'([^'\n]*)'|([^"'()\s]+))\s*\)|url\(|@(?:import|charset|namespace)\b|(?:-webkit-)?(?:image-set|cross-fade|image|src)\(|(?:behavior|-moz-binding)\s*:|expression\(|[{}\n]/gi

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
  const problems: string[] = []
  let [line, open] = [1, 0]
  const text = style.replace(TOKEN, (token: string, ...rest: readonly (string | undefined)[]) => {
    const at = `line ${line}:`
    line += token.split('\n').length - 1
    if (token === '{') open++
    if (token === '}' && --open < 0) problems.push(`${at} has a "}" that closes nothing`)
    if (/^url\(./i.test(token))
      return urlOf(rest[2] ?? rest[3] ?? rest[4] ?? '', served, (what) => problems.push(`${at} ${what}`), token)
    const problem = problemOf(token, rest[0] === '"' || rest[1] === "'" ? 'closed' : 'open')
    if (problem !== null) problems.push(`${at} ${problem}`)
    return token
  })
  if (open > 0) problems.push(`line ${line}: ends within ${open === 1 ? 'a block' : `${open} blocks`}: write "}"`)
  return { text, problems }
}

function problemOf(token: string, closed: 'closed' | 'open'): string | null {
  if (/^\/\*/.test(token)) return token.length > 3 && token.endsWith('*/') ? null : 'has a comment that is never closed'
  if (/^["']/.test(token)) return closed === 'closed' ? null : 'has a string that is never closed'
  if (/^@/.test(token)) return `has ${token}: write what it brings into this sheet`
  if (/^url\(/i.test(token)) return 'has a url() that is never closed'
  if (/[(:]$/.test(token))
    return `has ${token.replace(/\s/g, '')}, which loads or runs something: write url() with a name in pages.assets`
  return null
}

function urlOf(
  name: string,
  served: ReadonlyMap<string, string>,
  fault: (what: string) => void,
  token: string,
): string {
  if (/^#/.test(name)) return token
  const file = served.get(name)
  if (file !== undefined) return `url(${file})`
  const near = nearest(name, [...served.keys()])
  const hint = near === null ? 'add it to pages.assets, and write its name there' : `did you mean "${near}"?`
  fault(`has url(${name.slice(0, 60)}), which is no file of pages.assets; ${hint}`)
  return token
}
