/** One attribute of a tag; `value` is empty where it has none. */
export interface Attribute {
  readonly name: string
  readonly value: string
}

/** A piece of a template and the line it begins in. */
export type Part =
  | {
      /**
       * Where the text stands: `quoted` and `bare` are values of attributes, `attributes` is what else is in a tag, `sheet`
       * is the inside of `<style>`, `title` that of `<title>`. A closing tag is an `end`.
       */
      readonly kind: 'text' | 'comment' | 'end' | 'title' | 'sheet' | 'quoted' | 'bare' | 'attributes'
      readonly text: string
      readonly line: number
    }
  | { readonly kind: 'unclosed'; readonly text: string; readonly line: number }
  | { readonly kind: 'tag'; readonly name: string; readonly attributes: readonly Attribute[]; readonly line: number }

const COMMENT = /<!--[\s\S]*?-->|<[!?/][^>]*>/y
// WHY: a name that has no end is tried once: with `<` in it, each end of it would be tried against the rest.
const TAG = /<([a-z][^\s/>{<]{0,40})((?:"[^"]*"|'[^']*'|[^>"'])*)>/iy
const ATTRIBUTE = /(\{\{[^{}]*\}\})|([^\s"'<>/={}]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>]+))?/g

/**
 * A template cut into what a browser would see in it: enough of HTML to know where a variable stands and what a page asks
 * for. It guards against mistakes; what a page may do is for its Content-Security-Policy to say.
 *
 * @see HTML, section 13.2.5 (tokenization), of which this is a part
 */
export function partsOf(template: string): readonly Part[] {
  const parts: Part[] = []
  let line = 1
  let at = 0
  const take = (length: number): string => {
    const text = template.slice(at, at + length)
    at += length
    line += text.split('\n').length - 1
    return text
  }
  const matched = (shape: RegExp): RegExpExecArray | null => {
    shape.lastIndex = at
    return shape.exec(template)
  }
  while (at < template.length) {
    const from = line
    const next = template.slice(at + 1).search(/<(?=[a-z!?/])/i)
    if (!/^<[a-z!?/]/i.test(template.slice(at, at + 2))) {
      parts.push({ kind: 'text', text: take(next < 0 ? template.length - at : next + 1), line: from })
      continue
    }
    const aside = matched(COMMENT)
    if (aside !== null) {
      const kind = aside[0].startsWith('</') ? 'end' : 'comment'
      parts.push({ kind, text: take(aside[0].length), line: from })
      continue
    }
    const tag = matched(TAG)
    if (tag === null) return [...parts, { kind: 'unclosed', text: template.slice(at, at + 20), line: from }]
    take(tag[0].length)
    const name = (tag[1] ?? '').toLowerCase()
    parts.push(...tagParts(name, tag[2] ?? '', from))
    if (name !== 'style' && name !== 'title') continue
    const end = template.slice(at).search(new RegExp(`</${name}`, 'i'))
    if (end < 0) return [...parts, { kind: 'unclosed', text: `<${name}>`, line: from }]
    parts.push({ kind: name === 'style' ? 'sheet' : 'title', text: take(end), line })
  }
  return parts
}

function tagParts(name: string, inside: string, line: number): readonly Part[] {
  const attributes: Attribute[] = []
  const texts: Part[] = []
  for (const [, variable, attribute, given = ''] of inside.matchAll(ATTRIBUTE)) {
    if (variable !== undefined) texts.push({ kind: 'attributes', text: variable, line })
    if (attribute === undefined) continue
    const isQuoted = /^["']/.test(given)
    const value = isQuoted ? given.slice(1, -1) : given
    attributes.push({ name: attribute.toLowerCase(), value })
    if (value.includes('{{')) texts.push({ kind: isQuoted ? 'quoted' : 'bare', text: value, line })
  }
  return [{ kind: 'tag', name, attributes, line }, ...texts]
}
