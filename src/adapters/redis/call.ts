import { StoreUnavailable } from '../../ports/store.ts'
import type { RedisDriver, Reply, Script } from './driver.ts'
import { keyName } from './names.ts'

/** An answer of a script: a word that says what happened, then what belongs to it. */
export interface Answer {
  readonly word: string
  readonly parts: readonly Reply[]
}

/** Runs scripts in the slot of a tag. */
export interface Calls {
  run<A extends string>(
    script: Script<A>,
    tag: string,
    args: Readonly<Record<A, string | number>>,
    rest?: readonly (string | number)[],
  ): Promise<Answer>
}

/** Scripts over a driver, every key below `prefix`. */
export function callsOver(driver: RedisDriver, prefix: string): Calls {
  return {
    async run(script, tag, args, rest = []): Promise<Answer> {
      const keys = script.keys.map((key) => keyName(prefix, tag, key))
      const values = [...script.args.map((name) => String(args[name])), ...rest.map(String)]
      const reply = await driver.run(script, keys, values)
      // INVARIANT: every script answers a list that starts with a word; anything else was not said by our script.
      if (reply === null || typeof reply !== 'object') throw new StoreUnavailable(script.name, 'not an answer')
      const word = reply[0]
      if (typeof word !== 'string' || word === '') throw new StoreUnavailable(script.name, 'not an answer')
      return { word, parts: reply.slice(1) }
    },
  }
}

/** The answer cannot be what the script says: an outage, never an absence. */
export function unexpected(operation: string): StoreUnavailable {
  return new StoreUnavailable(operation, 'not an answer')
}

/** Part `at` as text. */
export function text(operation: string, parts: readonly Reply[], at: number): string {
  const part = parts[at]
  if (typeof part !== 'string') throw unexpected(operation)
  return part
}

/** Part `at` as a whole number. */
export function whole(operation: string, parts: readonly Reply[], at: number): number {
  const part = parts[at]
  const value = typeof part === 'string' && part !== '' ? Number(part) : part
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw unexpected(operation)
  return value
}

/** Part `at` as a list. */
export function list(operation: string, parts: readonly Reply[], at: number): readonly Reply[] {
  const part = parts[at]
  if (part === null || typeof part !== 'object') throw unexpected(operation)
  return part
}

/** Part `at` as a list of texts. */
export function texts(operation: string, parts: readonly Reply[], at: number): readonly string[] {
  const found = list(operation, parts, at)
  return found.map((_, index) => text(operation, found, index))
}
