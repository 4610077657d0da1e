import { canonicalTarget, type TargetFault } from '../core/target.ts'
import type { Position, Segment } from './model.ts'
import type { Problems } from './problem.ts'
import { foldedWord, wordOf } from './word.ts'

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

function segmentOf(text: string, last: boolean): Segment | string {
  if (text === '*') return last ? { kind: 'rest' } : '"*" stands only as the last segment'
  if (text.includes('*')) return `"${text}": "*" stands only alone, as the last segment`
  if (!text.startsWith(':')) return { kind: 'literal', text }
  const name = text.slice(1)
  return NAME.test(name) ? { kind: 'param', name } : `":${name}" is not a parameter name`
}

const NO_EXPRESSION =
  'a path is no regular expression: write its segments, ":name" for any one, "*" as the last for all below'

/** What would be right in the place of a path that does not begin at the root. */
function rooted(path: string): string {
  if (/^\^|\$$|[\\()[\]+|]|\.\*/.test(path)) return NO_EXPRESSION
  const whole = /^[a-z]+:\/\/[^/]*(\/.*)?$/i.exec(path.trim())
  if (whole !== null) return `write "${whole[1] ?? '/'}" here, and the host as host:`
  return `write "/${path.replace(/[\s“”„‘’«»"'`]/g, '').replace(/^\/+/, '')}"`
}

/** What would be right in the place of a path that no request can have. */
function respelled(path: string, problem: TargetFault['problem']): string {
  if (/[\s\u200b\ufeff]$/.test(path)) return `write "${path.trimEnd()}", without what stands behind it`
  if (problem === 'dot-segment') return 'write the path without "." and ".." between slashes'
  if (problem === 'empty-segment') return 'write one "/" between two segments'
  const braces = path.replace(/\{([A-Za-z_][A-Za-z0-9_]*)\}/g, ':$1')
  const encoded = braces.replace(/[^\x21-\x7e]+|["<>^{|}`]/g, (sign) => encodeURIComponent(sign))
  if (problem === 'raw-byte' && canonicalTarget(encoded).ok) return `write "${encoded}"`
  return 'write a path as browsers send it; no other is let in'
}

function canonicalHint(path: string): { readonly problem: string; readonly hint: string | null } | null {
  const target = canonicalTarget(path)
  if (!target.ok) {
    const { problem } = target.fault
    return { problem: `has no canonical form (${problem})`, hint: respelled(path, problem) }
  }
  if (target.value.query !== '')
    return { problem: 'contains a query, which never chooses a rule', hint: 'use params with in: query' }
  if (target.value.path !== path)
    return { problem: 'is not in its canonical form', hint: `write "${target.value.path}"` }
  return null
}

/**
 * The segments of a rule's path; null when it cannot match any canonical path.
 *
 * @returns `[]` for `/`
 */
export function parsePath(path: string, at: Position, problems: Problems): readonly Segment[] | null {
  const refuse = (problem: string, hint: string | null): null => {
    problems.error(at, 'PST225', `path "${path}" ${problem}`, hint)
    return null
  }
  if (!path.startsWith('/')) return refuse('does not start with "/"', rooted(path))
  if (path === '/') return []
  if (path.endsWith('/'))
    return refuse('ends in "/"', `write "${path.replace(/\/+$/, '') || '/'}": one trailing slash is tolerated`)
  const odd = canonicalHint(path)
  if (odd !== null) return refuse(odd.problem, odd.hint)
  const parts = path.slice(1).split('/')
  const segments: Segment[] = []
  for (const [index, part] of parts.entries()) {
    const segment = segmentOf(part, index === parts.length - 1)
    if (typeof segment === 'string')
      return refuse(`is not usable: ${segment}`, /\.\*|\*\*/.test(part) ? NO_EXPRESSION : null)
    segments.push(segment)
  }
  const names = segments.flatMap((segment) => (segment.kind === 'param' ? [segment.name] : []))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  return twice === undefined ? segments : refuse(`names ":${twice}" twice`, 'give each parameter a name of its own')
}

/** The path with parameter names left out: two rules with equal shapes stand in the same place. */
export function shapeOf(segments: readonly Segment[], fold: boolean): string {
  const parts = segments.map((segment) => {
    if (segment.kind !== 'literal') return segment.kind === 'param' ? 0 : 1
    const word = wordOf(segment.text)
    return fold ? foldedWord(word) : word
  })
  return JSON.stringify(parts)
}
