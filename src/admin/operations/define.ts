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

/** A moment as ISO 8601 text or seconds since the epoch; null when absent or null. A day without a time begins in UTC. */
export function moment(read: Reader, key: string): Seconds | null {
  const value = read.raw(key)
  if (value === undefined || value === null) return null
  const problem = typeof value === 'string' ? problemOfMoment(value) : null
  const at = typeof value === 'string' ? Math.floor(Date.parse(value) / 1000) : value
  const isOne = typeof at === 'number' && Number.isSafeInteger(at) && at >= 0 && at <= 253_402_300_799
  if (isOne && problem === null) return seconds(at)
  read.fault(key, problem ?? SUCH_AS)
  return null
}

const SUCH_AS = 'must be a moment such as 2027-01-31T12:00:00Z'
const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?$/

// ATTACK: `Date.parse` takes a time without a zone by the server's own, and 30 February for 2 March: a ban of other hours.
function problemOfMoment(text: string): string | null {
  const [, year, month, day, time, , , zone] = MOMENT.exec(text) ?? []
  if (year === undefined) return SUCH_AS
  if (time !== undefined && zone === undefined)
    return `must say its zone: ${text}Z, or an offset such as ${text}+01:00, not ${text}`
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  const exists = date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day)
  return exists ? null : `must be a day that exists, not ${year}-${month}-${day}`
}

/** A moment as every answer writes it. */
export function shownTime(at: Seconds | null): string | null {
  return at === null ? null : new Date(at * 1000).toISOString()
}
