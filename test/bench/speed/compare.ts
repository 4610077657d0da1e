import { fire, type Load, writeLoad } from './load.ts'
import type { Place, Running } from './place.ts'

/** One side of a comparison. */
export interface Side {
  readonly name: string
  readonly running: Running
  readonly load: Load
}

/** What one side did in one round. */
export interface Round {
  readonly perSecond: number
  readonly cpuMicros: number
}

/** One side over all rounds. */
export interface Measured {
  readonly name: string
  readonly rounds: readonly Round[]
  readonly perSecond: number
  readonly cpuMicros: number
  /** CPU per request of the calmest round: what a busy machine falsifies least. */
  readonly leastMicros: number
}

/** The middle of some values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]]
  return sorted.length % 2 === 0 ? (low + high) / 2 : high
}

/** How long and how often; short, because the machine may be shared. */
export interface Pace {
  readonly rounds: number
  readonly seconds: number
  readonly warmup: number
  /** Seconds of load before each round that count for nothing. WHY: a side that stood still for minutes has cold caches, and code thrown out. */
  readonly runUp: number
}

export const PACE: Pace = {
  rounds: Number(process.env['BENCH_ROUNDS'] ?? 5),
  seconds: Number(process.env['BENCH_SECONDS'] ?? 2),
  warmup: 6,
  runUp: 1,
}

async function shoot({ name, running, load }: Side, script: string, seconds: number): Promise<Round> {
  const before = running.cpuMicros()
  const shot = await fire(load.port, script, seconds)
  const cpu = running.cpuMicros() - before
  // WHY: a side that stood still a whole round has no cost of a request, and would win or lose by that.
  if (shot.requests === 0) throw new Error(`${name}: no request was answered in ${seconds} s`)
  if (shot.errors > 0)
    throw new Error(`${name}: ${shot.errors} of ${shot.requests} requests were not answered with 2xx`)
  return { perSecond: shot.requests / shot.seconds, cpuMicros: cpu / shot.requests }
}

/** Requests after which the code of a side is compiled as it will stay; on a busy machine they take longer. */
const WARM = 20_000
const MOST_WARMUPS = 3

/** Loads a side until it is warm. */
export async function warmUp(side: Side, script: string, { warmup }: Pace = PACE): Promise<void> {
  let done = 0
  for (let i = 0; i < MOST_WARMUPS && done < WARM; i++) done += (await shoot(side, script, warmup)).perSecond * warmup
}

/** Measures sides in turn, every second round the other way round, so that a change of the machine meets all of them. */
export async function compare(place: Place, sides: readonly Side[], pace: Pace = PACE): Promise<readonly Measured[]> {
  const lanes = sides.map((side) => ({
    side,
    script: writeLoad(place.folder, side.name, side.load),
    rounds: [] as Round[],
  }))
  for (const { side, script } of lanes) await warmUp(side, script, pace)
  for (let round = 0; round < pace.rounds; round++) {
    for (const { side, script, rounds } of round % 2 === 0 ? lanes : lanes.toReversed()) {
      await shoot(side, script, pace.runUp)
      rounds.push(await shoot(side, script, pace.seconds))
    }
  }
  return lanes.map(({ side, rounds }) => ({
    name: side.name,
    rounds,
    perSecond: median(rounds.map((round) => round.perSecond)),
    cpuMicros: median(rounds.map((round) => round.cpuMicros)),
    leastMicros: Math.min(...rounds.map((round) => round.cpuMicros)),
  }))
}

/** How one side stands to another. */
export interface Ratios {
  readonly speed: number
  readonly cpu: number
  /** The calmest round of each. */
  readonly least: number
}

/** How one side stands to another, round by round: 1 is as fast and as cheap, less is slower and dearer. */
export function ratios(one: Measured, other: Measured): Ratios {
  const pairs = one.rounds.map((round, i) => ({ round, against: other.rounds[i] ?? round }))
  return {
    speed: median(pairs.map(({ round, against }) => round.perSecond / against.perSecond)),
    cpu: median(pairs.map(({ round, against }) => against.cpuMicros / round.cpuMicros)),
    least: other.leastMicros / one.leastMicros,
  }
}
