import { StoreUnavailable } from '../../ports/store.ts'
import type { KeyName } from './names.ts'

/** What Redis may answer a script: text, whole numbers, nothing, or a list of these. */
export type Reply = string | number | null | readonly Reply[]

/** One atomic operation: a Lua script, the keys it touches (all in one slot) and the names of its arguments. */
export interface Script<A extends string = string> {
  readonly name: string
  /** Hex SHA-1 of `source`, written down so that no runtime has to compute it; a test does. */
  readonly sha: string
  readonly source: string
  readonly keys: readonly KeyName[]
  readonly args: readonly A[]
}

/** The whole dependency on a Redis client: runs one script, throws `StoreUnavailable` when there is no answer. */
export interface RedisDriver {
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<Reply>
}

/**
 * An answer of a client library as a `Reply`.
 *
 * @throws StoreUnavailable when it is anything else, such as the success that a client makes up for an aborted call
 */
export function asReply(operation: string, value: unknown): Reply {
  if (value === null || typeof value === 'string') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (Array.isArray(value)) return value.map((part: unknown) => asReply(operation, part))
  throw new StoreUnavailable(operation, 'an answer of no known form')
}

/**
 * Why a call failed, in words that never contain what was sent: the error code of Redis and the line of the script.
 *
 * @param message - message of a client library, which may carry the whole command
 */
export function scrubbed(message: string): string {
  const code = /^(?:Error: )?([A-Z][A-Z]{2,19})\b/.exec(message)?.[1] ?? 'failed'
  const line = /user_script:(\d{1,4})/.exec(message)?.[1]
  return line === undefined ? code : `${code} at line ${line}`
}

/** True when Redis does not know the script by its hash, so that it has to be sent in full. */
export function isUnknownScript(message: string): boolean {
  return /^(?:Error: )?NOSCRIPT\b/.test(message)
}

/** The message of anything thrown; empty when it has none. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : ''
}
