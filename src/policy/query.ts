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
  | { readonly kind: 'repeated' }
  | { readonly kind: 'unreadable' }

const ABSENT: QueryValue = { kind: 'absent' }

/**
 * Every name of a raw query once, names decoded so that `id` and `%69d` are one (seeds I2).
 *
 * @param query - raw, with its `?`; empty when there is none
 */
export function queryValues(query: string): ReadonlyMap<string, QueryValue> {
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
    if (found.has(name)) found.set(name, { kind: 'repeated' })
    else found.set(name, value === null ? { kind: 'unreadable' } : { kind: 'value', value })
  }
  return found
}

/** The one value of a name in a query. */
export function queryValue(values: ReadonlyMap<string, QueryValue>, name: string): QueryValue {
  return values.get(name) ?? ABSENT
}

/** What a condition may read of a query. */
export interface QueryView {
  /** Names with exactly one readable value. */
  readonly single: Readonly<Record<string, string>>
  /** All other names: an answer about one of them would be a guess. */
  readonly unclear: readonly string[]
}

/** A query as conditions see it. */
export function queryView(query: string): QueryView {
  const single: [string, string][] = []
  const unclear: string[] = []
  for (const [name, found] of queryValues(query)) {
    if (found.kind === 'value') single.push([name, found.value])
    else unclear.push(name)
  }
  return { single: Object.fromEntries(single), unclear }
}
