import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RuntimeName } from '../../support/deployment.ts'
import type { Row } from '../row.ts'
import { median, PACE, warmUp } from './compare.ts'
import { browserHeaders, writeLoad } from './load.ts'
import { signIn } from './people.ts'
import { openPlace, type Place, type Running, settingsOf, startBare, startGateway } from './place.ts'
import { policiesIn } from './policies.ts'
import { ROOT } from './root.ts'
import { LOAD_CORE } from './target.ts'
import { BARS, PATH, proveGateway, RULES } from './through.ts'

/** Microseconds a gateway may add to the middle answer of a calm load. */
const MOST: Readonly<Record<RuntimeName, number>> = { node: 10, deno: 40, workerd: 30 }
const PER_SECOND = 500

interface Calm {
  /** Microseconds. */
  readonly p50: number
  /** Microseconds. */
  readonly p99: number
  readonly answers: number
  readonly failures: number
}

function calm(place: Place, { name, port }: Running, cookie: string): Calm {
  const lines = Object.entries({ ...browserHeaders(port), Cookie: cookie }).map(
    ([key, value]) => `${key}: ${value}\r\n`,
  )
  const file = join(place.folder, `${name}.request`)
  writeFileSync(file, `GET ${PATH} HTTP/1.1\r\n${lines.join('')}\r\n`)
  const script = join(ROOT, 'test/bench/speed/paced.mjs')
  const words = [
    '-c',
    LOAD_CORE,
    process.execPath,
    script,
    String(port),
    file,
    String(PER_SECOND),
    String(PACE.seconds),
  ]
  const done = spawnSync('taskset', words, { encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`the calm load failed\n${done.stderr}`)
  const seen = JSON.parse(done.stdout) as Calm
  if (seen.failures > 0) throw new Error(`${name}: ${seen.failures} requests failed`)
  return seen
}

interface Pair {
  readonly ours: Calm
  readonly bare: Calm
}

function rowsOf(runtime: RuntimeName, rounds: readonly Pair[]): readonly Row[] {
  const value = Math.round(median(rounds.map(({ ours, bare }) => ours.p50 - bare.p50)))
  const most = MOST[runtime]
  const told = (what: string, of: (pair: Pair) => number): Row => ({
    what: `${runtime}: ${what}`,
    value: Math.round(median(rounds.map(of))),
    unit: 'us',
    goal: '',
    reached: true,
  })
  return [
    told('middle answer of the bare proxy', ({ bare }) => bare.p50),
    told('one in a hundred of the bare proxy', ({ bare }) => bare.p99),
    told('one in a hundred through the gateway', ({ ours }) => ours.p99),
    {
      what: `${runtime}: added to the middle answer at ${PER_SECOND} requests a second`,
      value,
      unit: 'us',
      goal: `at most ${most}`,
      reached: value <= most,
    },
  ]
}

/** What a gateway adds to the middle latency of 500 requests a second, against the first bare proxy of its runtime. */
export async function latencyBench(runtime: RuntimeName): Promise<readonly Row[]> {
  const place = await openPlace()
  try {
    const settings = await settingsOf(place, 'gateway', policiesIn(place.folder, RULES))
    const gateway = await startGateway(place, `postern-${runtime}`, runtime, settings)
    const cookie = await signIn(gateway)
    await proveGateway(gateway, cookie, PATH)
    const bare = await startBare(place, BARS[runtime].calm)
    // WHY: three calm seconds are 1,500 requests, after which neither side's code is compiled as it stays.
    for (const side of [gateway, bare]) {
      const load = { port: side.port, path: PATH, cookies: [cookie] }
      await warmUp({ name: side.name, running: side, load }, writeLoad(place.folder, side.name, load))
      calm(place, side, cookie)
    }
    const rounds: Pair[] = []
    for (let round = 0; round < PACE.rounds; round++) {
      const isEven = round % 2 === 0
      const [one, two] = isEven ? [gateway, bare] : [bare, gateway]
      const [first, second] = [calm(place, one, cookie), calm(place, two, cookie)]
      rounds.push(isEven ? { ours: first, bare: second } : { ours: second, bare: first })
    }
    return rowsOf(runtime, rounds)
  } finally {
    await place.stop()
  }
}
