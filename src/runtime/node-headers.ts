import { connectionTokens } from '../core/headers.ts'
import { isReturnable } from '../pipeline/dress.ts'

/** Header pairs of a flat list of names and values. */
export function* pairsOf(rawHeaders: readonly string[]): Generator<readonly [string, string]> {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) yield [rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']
}

/** Header pairs of an upstream's raw answer that may reach the client, flat. */
export function returnable(raw: readonly string[]): string[] {
  let connection: string | null = null
  for (const [name, value] of pairsOf(raw)) if (name.toLowerCase() === 'connection') connection = value
  const listed = connectionTokens(connection)
  const kept: string[] = []
  for (const [name, value] of pairsOf(raw)) if (isReturnable(name, value, listed)) kept.push(name, value)
  return kept
}
