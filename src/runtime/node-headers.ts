import { connectionTokens } from '../core/headers.ts'
import { isReturnable } from '../pipeline/dress.ts'

/** Header pairs of a flat list of names and values. */
export function* pairsOf(rawHeaders: readonly string[]): Generator<readonly [string, string]> {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) yield [rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']
}

/** What of an upstream's raw answer reaches the client. */
export interface Returned {
  /** Flat names and values. */
  readonly headers: string[]
  /** Value of Content-Length; -1 without one. */
  readonly length: number
}

function textOf(part: Buffer | string | undefined): string {
  return part === undefined ? '' : typeof part === 'string' ? part : part.toString('latin1')
}

/** The headers of an upstream's raw answer that may reach the client. */
export function returnable(raw: readonly (Buffer | string)[]): Returned {
  const all = raw.map(textOf)
  let listed: readonly string[] = []
  let length = -1
  for (let i = 0; i < all.length; i += 2) {
    const name = all[i]?.toLowerCase()
    if (name === 'connection') listed = [...listed, ...connectionTokens(all[i + 1] ?? '')]
    else if (name === 'content-length') length = Number(all[i + 1])
  }
  const headers: string[] = []
  for (let i = 0; i < all.length; i += 2) {
    const [name = '', value = ''] = [all[i], all[i + 1]]
    if (isReturnable(name, value, listed)) headers.push(name, value)
  }
  return { headers, length }
}
