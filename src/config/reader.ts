/** One thing wrong with the configuration: where, what, and what would be right. */
export interface ConfigProblem {
  readonly path: string
  readonly message: string
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/**
 * Whether a value has its members as properties. A list, a Map, a Set, bytes or a promise has none of them there: what it
 * holds would be silently nothing.
 */
export function hasMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(Symbol.iterator in value) && !(value instanceof Promise)
}

/** Collects problems while reading one object of unknown shape. */
export class Reader {
  readonly problems: ConfigProblem[]
  readonly path: string
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #known = new Set<string>()

  constructor(value: unknown, path: string, problems: ConfigProblem[]) {
    this.problems = problems
    this.path = path
    if (!hasMembers(value)) this.fault('', `must be an object, not ${show(value)}`)
    this.#fields = hasMembers(value) ? value : {}
  }

  /** Notes a problem at a field of this object. */
  fault(key: string, message: string): void {
    const path = [this.path, key].filter((part) => part !== '').join('.')
    this.problems.push({ path: path === '' ? 'config' : path, message })
  }

  /** The raw value of a field, marked as known. */
  raw(key: string): unknown {
    this.#known.add(key)
    return this.#fields[key]
  }

  text(key: string, fallback: string | null): string {
    const value = this.raw(key)
    if (value === undefined && fallback !== null) return fallback
    if (typeof value === 'string' && value !== '') return value
    this.fault(key, `must be text, not ${show(value)}`)
    return ''
  }

  optionalText(key: string): string | null {
    const value = this.raw(key)
    return value === undefined ? null : this.text(key, null)
  }

  /** A header name in lower case: what is no token would fail on every request. */
  headerName(key: string, fallback: string): string {
    const name = this.text(key, fallback).toLowerCase()
    if (name !== '' && !/^[a-z0-9-]+$/.test(name))
      this.fault(key, `must be a header name such as ${fallback}, not "${name}"`)
    return name
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.raw(key)
    if (value === undefined) return fallback
    if (typeof value === 'boolean') return value
    this.fault(key, `must be true or false, not ${show(value)}`)
    return fallback
  }

  choice<T extends string>(key: string, allowed: readonly T[], fallback: T): T {
    const value = this.raw(key)
    if (value === undefined) return fallback
    const found = allowed.find((word) => word === value)
    if (found !== undefined) return found
    this.fault(key, `must be one of ${allowed.join(', ')}, not ${show(value)}`)
    return fallback
  }

  integer(key: string, least: number, most: number, fallback: number): number {
    const value = this.raw(key)
    if (value === undefined) return fallback
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
    this.fault(key, `must be a whole number from ${least} to ${most}, not ${show(value)}`)
    return fallback
  }

  /** Seconds from a number or text such as `8h`; zero and less are errors that name the longest life allowed. */
  duration(key: string, mostSeconds: number, fallback: number): number {
    const value = this.raw(key)
    if (value === undefined) return fallback
    const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)([smhd])$/.exec(value) : null
    const amount =
      typeof value === 'number' ? value : Number(match?.[1]) * (UNIT_SECONDS[match?.[2] ?? ''] ?? Number.NaN)
    if (amount > 0 && amount <= mostSeconds) return amount
    this.fault(
      key,
      `must be a time above 0 and at most ${mostSeconds} seconds, such as 30s, 8h or 7d, not ${show(value)}`,
    )
    return fallback
  }

  list(key: string): readonly unknown[] {
    const value = this.raw(key)
    if (value === undefined) return []
    if (Array.isArray(value)) return value
    this.fault(key, `must be a list, not ${show(value)}`)
    return []
  }

  texts(key: string): readonly string[] {
    return this.list(key).filter((item, index): item is string => {
      if (typeof item === 'string' && item !== '') return true
      this.fault(`${key}.${index}`, `must be text, not ${show(item)}`)
      return false
    })
  }

  /** Readers of all values of an object of objects, by their names. */
  entries(key: string): readonly (readonly [string, Reader])[] {
    const value = this.raw(key)
    if (value === undefined) return []
    if (!hasMembers(value)) {
      this.fault(key, `must be an object, not ${show(value)}`)
      return []
    }
    return Object.entries(value).map(([name, item]) => [
      name,
      new Reader(item, this.at(`${key}.${name}`), this.problems),
    ])
  }

  /** A reader of an optional object; an empty one when absent. */
  section(key: string): Reader {
    return new Reader(this.raw(key) ?? {}, this.at(key), this.problems)
  }

  at(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`
  }

  /** Call last: every field nobody asked for is a misspelling. */
  end(): void {
    for (const key of Object.keys(this.#fields)) {
      if (this.#known.has(key)) continue
      const near = nearest(key, [...this.#known])
      this.fault(key, `is not a known setting${near === null ? '' : `; did you mean "${near}"?`}`)
    }
  }
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  const kind = typeof value === 'object' && value !== null ? Object.prototype.toString.call(value).slice(8, -1) : ''
  if (kind !== '' && kind !== 'Object' && kind !== 'Array') return `a ${kind}`
  const shown = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value)
  return shown.length > 60 ? `${shown.slice(0, 57)}...` : shown
}

/** The known name nearest to a misspelt one; null when none is near. */
export function nearest(name: string, known: readonly string[]): string | null {
  let best: string | null = null
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(swap, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    previous = row
  }
  return previous[b.length] ?? 0
}
