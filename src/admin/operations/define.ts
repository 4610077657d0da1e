import { type ConfigProblem, Reader } from '../../config/reader.ts'
import { type Seconds, seconds } from '../../core/brand.ts'
import type { AdminAction } from '../../ports/config.ts'
import type { Page } from '../../ports/page.ts'
import { type Call, type Outcome, refused } from './call.ts'

/** An operation as the door and the API call it. */
export interface Operation {
  readonly name: string
  readonly effect: 'read' | 'write'
  /** The action whose permission a person needs; `operator`: only at the operator door. */
  readonly needs: AdminAction | 'operator'
  run(call: Call, input: unknown): Promise<Outcome<unknown>>
}

/** Name, effect and permission of an operation. */
export type Heading = Omit<Operation, 'run'>

/** An operation of a typed function and the reader of its input; every problem of the input is told at once. */
export function operation<I>(
  heading: Heading,
  input: (read: Reader) => I,
  run: (call: Call, input: I) => Promise<Outcome<unknown>>,
): Operation {
  return {
    ...heading,
    async run(call, raw) {
      const problems: ConfigProblem[] = []
      const read = new Reader(raw ?? {}, '', problems)
      const value = input(read)
      read.end()
      if (problems.length > 0) return refusedInput(problems)
      return run(call, value)
    },
  }
}

/** The refusal of an input, with every problem: where, and what would be right. */
export function refusedInput(problems: readonly ConfigProblem[]): Outcome<never> {
  const told = problems.map(({ path, message }) => ({ where: path, what: message }))
  return refused('bad-body', 'send a JSON object as docs/operations.md describes it', { problems: told })
}

/** Text of a bounded length. */
export function boundedText(read: Reader, key: string, most: number): string {
  const value = read.text(key, null)
  if (value.length > most) read.fault(key, `must have at most ${most} characters, not ${value.length}`)
  return value
}

/** Text of a bounded length, or null when absent or null. */
export function optionalBounded(read: Reader, key: string, most: number): string | null {
  const value = read.raw(key)
  return value === undefined || value === null ? null : boundedText(read, key, most)
}

/** A user id. */
export function userId(read: Reader): string {
  return boundedText(read, 'user', 64)
}

/** `after` and `limit` of a paged list: 50 entries unless asked, at most 500. */
export function pageOf(read: Reader): Page {
  return { after: optionalBounded(read, 'after', 512), limit: read.integer('limit', 1, 500, 50) }
}

/** A moment as ISO 8601 text or seconds since the epoch; null when absent or null. */
export function moment(read: Reader, key: string): Seconds | null {
  const value = read.raw(key)
  if (value === undefined || value === null) return null
  const at =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && /^\d{4}-\d\d-\d\d(T|$)/.test(value)
        ? Math.floor(Date.parse(value) / 1000)
        : Number.NaN
  if (Number.isSafeInteger(at) && at >= 0 && at <= 253_402_300_799) return seconds(at)
  read.fault(key, 'must be a moment such as 2027-01-31T12:00:00Z')
  return null
}

/** A moment as every answer writes it. */
export function shownTime(at: Seconds | null): string | null {
  return at === null ? null : new Date(at * 1000).toISOString()
}
