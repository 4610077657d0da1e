import { foldedName } from '../core/folded-name.ts'

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}

/** What a query says about one name: its decoded value, or why there is no single one. */
export type QueryValue =
  | { readonly kind: 'absent' }
  | { readonly kind: 'value'; readonly value: string }
  /** Twice, in another spelling that services take for it, or beside a `;` at which some part a query. */
  | { readonly kind: 'repeated' }
  | { readonly kind: 'unreadable' }

/** A query taken apart. */
export interface QueryValues {
  /** Every name once, in its own spelling. */
  readonly byName: ReadonlyMap<string, QueryValue>
  /** The one name that is spelled so to some service; null where several are, or where a `;` may hide one. */
  readonly bySpelling: ReadonlyMap<string, string | null>
}

const ABSENT: QueryValue = { kind: 'absent' }
const REPEATED: QueryValue = { kind: 'repeated' }

/**
 * ATTACK: CWE-235: of `user_id=1&user.id=2` PHP reads the second, of `id=1&ID=2` ASP.NET both and `id=1&id[]=2` is a list
 * to many: what is judged must be the only thing that any of them could take for it.
 */
function spelled(name: string): string {
  return foldedName(name).trimStart().replace(/[ .[]/g, '_')
}

/**
 * The name up to its first bracket. ATTACK: Express 4 (qs) and Rack 2 read `[id]=2` as `id`, and Spring binds `!id` to it
 * where `id` is not given.
 */
function stem(name: string): string {
  const [found = ''] = /^[^[\]]*/.exec(name.replace(/^[[\]!]+/, '')) ?? []
  return found
}

function nameIn(pair: string): string {
  const equals = pair.indexOf('=')
  const raw = equals === -1 ? pair : pair.slice(0, equals)
  return decoded(raw) ?? raw
}

/**
 * ATTACK: CWE-235: `x=1;id=2` is one pair to most services and two to those that part a query at `;` as well (Perl, older
 * Python and Java): every name that either of them finds there is in doubt.
 */
function doubtful(query: string): readonly string[] {
  if (!query.includes(';')) return []
  const pairs = query.slice(1).split('&')
  const parted = pairs.filter((pair) => pair.includes(';')).flatMap((pair) => [pair, ...pair.split(';')])
  return parted.filter((pair) => pair !== '').map(nameIn)
}

function taken(query: string): ReadonlyMap<string, QueryValue> {
  const found = new Map<string, QueryValue>()
  if (query.length < 2) return found
  for (const pair of query.slice(1).split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const rawName = equals === -1 ? pair : pair.slice(0, equals)
    const readable = decoded(rawName)
    const name = readable ?? rawName
    const value = readable === null ? null : decoded(equals === -1 ? '' : pair.slice(equals + 1))
    // ATTACK: a name given twice is read as the first by one server and as the last by another.
    if (found.has(name)) found.set(name, REPEATED)
    else found.set(name, value === null ? { kind: 'unreadable' } : { kind: 'value', value })
  }
  return found
}

/**
 * Every name of a raw query once, names decoded so that `id` and `%69d` are one (seeds I2).
 *
 * @param query - raw, with its `?`; empty when there is none
 */
export function queryValues(query: string): QueryValues {
  const byName = taken(query)
  const bySpelling = new Map<string, string | null>()
  const note = (spelling: string, name: string) => {
    const known = bySpelling.get(spelling)
    bySpelling.set(spelling, known === undefined || known === name ? name : null)
  }
  const spellings = (name: string): readonly string[] => {
    const front = stem(name)
    return front === name ? [spelled(name)] : [spelled(name), spelled(front)]
  }
  for (const name of byName.keys()) for (const spelling of spellings(name)) note(spelling, name)
  for (const name of doubtful(query)) for (const spelling of spellings(name)) bySpelling.set(spelling, null)
  return { byName, bySpelling }
}

/** The one value of a name in a query; none where another spelling of it stands there, or a `;` beside it. */
export function queryValue({ byName, bySpelling }: QueryValues, name: string): QueryValue {
  const given = bySpelling.get(spelled(name))
  if (given === undefined) return ABSENT
  return given === name ? (byName.get(name) ?? ABSENT) : REPEATED
}

/** What a condition may read of a query. */
export interface QueryView {
  /** Names with exactly one readable value. */
  readonly single: Readonly<Record<string, string>>
  /**
   * A name without a single readable value among those that are asked for: an answer about it would be a guess.
   * Undefined when there is none.
   */
  readonly unclear: (asked: ReadonlySet<string> | 'any') => string | undefined
}

/** A query as conditions see it. */
export function queryView(query: string): QueryView {
  const values = queryValues(query)
  const names = [...values.byName.keys()]
  const single = names.flatMap((name): [string, string][] => {
    const found = queryValue(values, name)
    return found.kind === 'value' ? [[name, found.value]] : []
  })
  const isUnclear = (name: string): boolean => !['value', 'absent'].includes(queryValue(values, name).kind)
  return {
    single: Object.fromEntries(single),
    unclear: (asked) => (asked === 'any' ? names : [...asked]).find(isUnclear),
  }
}
