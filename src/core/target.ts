import type { Brand } from './brand.ts'
import { err, ok, type Result } from './result.ts'

/** A path in its only legal spelling, still percent-encoded, starting with exactly one `/`. */
export type CanonicalPath = Brand<string, 'CanonicalPath'>

/**
 * What the policy judges, what is forwarded, logged and signed: byte for byte the same. Made by `canonicalTarget` only.
 */
export interface Target {
  readonly path: CanonicalPath
  /** Raw query with its `?`, never re-serialized; empty when there is none. */
  readonly query: string
  /** Segments of the path, still encoded; a trailing slash is a last empty segment; `/` alone is `['']`. */
  readonly segments: readonly string[]
  /** Forms that are refused after matching unless the rule allows them (DECISIONS 22). */
  readonly forms: readonly (';' | '%2F')[]
}

/** Why a request target has no canonical form. */
export type TargetFault = {
  readonly kind: 'no-canonical-form'
  readonly problem:
    | 'not-origin-form'
    | 'empty-segment'
    | 'dot-segment'
    | 'raw-byte'
    | 'bad-escape'
    | 'encoded-control'
    | 'encoded-delimiter'
    | 'double-encoding'
    | 'not-utf8'
    | 'too-long'
}

/** Whether a path is `prefix` or below it, segment by segment. */
export function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}

const MAX_TARGET = 16_384
const SAFE = /^[A-Za-z0-9\-._~!$&'()*+,=:@/%;]*$/
const QUERY_BYTES = /^[\x21-\x7e]*$/
const ESCAPE = /%([0-9A-Fa-f]{2})?/g
const UNRESERVED = /[A-Za-z0-9\-._~]/

function fault(problem: TargetFault['problem']): { readonly ok: false; readonly fault: TargetFault } {
  return err({ kind: 'no-canonical-form', problem })
}

function escapeProblem(path: string): TargetFault['problem'] | null {
  for (const match of path.matchAll(ESCAPE)) {
    const digits = match[1]
    if (digits === undefined) return 'bad-escape'
    const byte = Number.parseInt(digits, 16)
    if (byte < 0x20 || byte === 0x7f) {
      // WHY: %09 alone is a blank parameter value (seeds I1) and is judged there; every other control byte has no use.
      if (byte !== 0x09) return 'encoded-control'
    }
    if (byte === 0x5c || byte === 0x23 || byte === 0x3f) return 'encoded-delimiter'
  }
  return null
}

function isUtf8(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

function canonicalEscapes(path: string): string {
  return path.replace(ESCAPE, (sequence, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16))
    return UNRESERVED.test(character) ? character : sequence.toUpperCase()
  })
}

function slowPath(path: string): Result<{ path: string; forms: readonly (';' | '%2F')[] }, TargetFault> {
  const problem = escapeProblem(path)
  if (problem !== null) return fault(problem)
  if (/%25[0-9A-Fa-f]{2}/.test(path)) return fault('double-encoding')
  if (!isUtf8(path)) return fault('not-utf8')
  const canonical = canonicalEscapes(path)
  // ATTACK: %25%34%31 becomes %2541 only now (DECISIONS 39).
  if (/%25[0-9A-Fa-f]{2}/.test(canonical)) return fault('double-encoding')
  const forms: (';' | '%2F')[] = []
  if (canonical.includes(';') || canonical.includes('%3B')) forms.push(';')
  if (canonical.includes('%2F')) forms.push('%2F')
  return ok({ path: canonical, forms })
}

function hasDotSegment(segments: readonly string[]): boolean {
  return segments.some((segment) => {
    const name = segment.split(/;|%3B|%2F/)
    return name.some((part) => part === '.' || part === '..')
  })
}

/**
 * Whether the route table of our own endpoints has a say in a request target: they lie below the prefix and
 * `/.well-known/`. What is none of ours in its canonical spelling is none under any other.
 */
export function mayBeOwn(raw: string, prefix: string): boolean {
  // ATTACK: `/%61uth/session` is ours too, because routes match decoded paths: the canonical spelling decides.
  const target = raw.includes('%') ? canonicalTarget(raw) : null
  const mark = raw.indexOf('?')
  const path = target?.ok === true ? target.value.path : mark === -1 ? raw : raw.slice(0, mark)
  return isBelow(path, prefix) || path.startsWith('/.well-known/')
}

/**
 * The one legal spelling of a request target, or why it has none.
 *
 * @param raw - origin-form target as it stood on the request line: path and query, at most 16 KiB
 * @returns a target whose path is idempotent under this function
 * @see RFC 3986 section 6.2.2; research: security.md section 3, DECISIONS 21, 22, 39; corpus in test/corpora/targets.txt
 */
export function canonicalTarget(raw: string): Result<Target, TargetFault> {
  if (raw.length > MAX_TARGET) return fault('too-long')
  if (raw.charCodeAt(0) !== 0x2f) return fault('not-origin-form')
  const mark = raw.indexOf('?')
  const rawPath = mark === -1 ? raw : raw.slice(0, mark)
  const query = mark === -1 ? '' : raw.slice(mark)
  if (!SAFE.test(rawPath)) return fault('raw-byte')
  if (query !== '' && (!QUERY_BYTES.test(query) || query.includes('#'))) return fault('raw-byte')
  let path = rawPath
  let forms: Target['forms'] = NO_FORMS
  if (rawPath.includes('%') || rawPath.includes(';')) {
    const slow = slowPath(rawPath)
    if (!slow.ok) return slow
    path = slow.value.path
    forms = slow.value.forms
  }
  if (path.includes('//')) return fault('empty-segment')
  const segments = path.slice(1).split('/')
  if (path.includes('.') && hasDotSegment(segments)) return fault('dot-segment')
  return ok({ path: path as CanonicalPath, query, segments, forms })
}

const NO_FORMS: Target['forms'] = []
