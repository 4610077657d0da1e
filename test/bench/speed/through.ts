import type { RuntimeName } from '../../support/deployment.ts'
import { ask } from '../../support/http.ts'
import type { Row } from '../row.ts'
import { compare, type Measured, ratios } from './compare.ts'
import { signIn } from './people.ts'
import { openPlace, type Place, type Running, settingsOf, startBare, startGateway } from './place.ts'
import { policiesIn } from './policies.ts'

/** What a runtime is held against: its bare proxies, the fastest of which is the bar, and the least that is good enough. */
interface Bar {
  readonly bare: readonly string[]
  /** Proxies that do more than the barest, and the goal beside each; null: the ratio is told alone. */
  readonly beside: Readonly<Record<string, number | null>>
  /** What does the least that keeps the promises of a gateway: as near as it comes to a bare proxy, one can come. */
  readonly floor: string
  /** The one that a calm load is held against. */
  readonly calm: string
  readonly least: number
}

/** The bars of all runtimes. */
export const BARS: Readonly<Record<RuntimeName, Bar>> = {
  node: { bare: ['node', 'node-raw'], beside: { 'node-hono': null }, floor: 'node-least', calm: 'node', least: 0.9 },
  deno: {
    bare: ['deno-fetch', 'deno-serve-http', 'deno-http', 'deno-undici'],
    beside: {},
    floor: 'deno-least',
    calm: 'deno-http',
    least: 0.87,
  },
  workerd: {
    bare: ['worker-lean'],
    beside: { 'worker-hono': 1 },
    floor: 'worker-least',
    calm: 'worker-lean',
    least: 0.8,
  },
}

/** Rules of the policies that most benches run with. */
export const RULES = 1_000
/** A path of the last rule of many. */
export const PATH: string = `/area${(RULES - 1) % 97}/part${RULES - 1}/42`

const two = (value: number) => Math.round(value * 1_000) / 1_000
const one = (value: number) => Math.round(value * 10) / 10

/** Makes sure that what is about to be measured is the gateway at work: nobody is refused, somebody is announced. */
export async function proveGateway({ port }: Running, cookie: string, path: string): Promise<void> {
  const origin = `http://localhost:${port}`
  const nobody = await ask(`${origin}${path}`)
  if (nobody.status !== 401) throw new Error(`without a session ${path} answers ${nobody.status}, not 401`)
  const seen = await ask(`${origin}/echo/`, { headers: { cookie } })
  const told = await seen.text()
  if (seen.status !== 200 || !/^postern-assertion: \S+/im.test(told))
    throw new Error(`the upstream was not told who asks (${seen.status})`)
  if (told.includes('__Host-postern')) throw new Error('the upstream was given the session cookie')
}

/** The rows of one side. */
export function rowsOf({ name, perSecond, cpuMicros, leastMicros }: Measured): readonly Row[] {
  return [
    { what: `${name}: requests a second`, value: Math.round(perSecond), unit: '/s', goal: '', reached: true },
    { what: `${name}: CPU per request`, value: one(cpuMicros), unit: 'us', goal: '', reached: true },
    { what: `${name}: CPU per request, calmest round`, value: one(leastMicros), unit: 'us', goal: '', reached: true },
  ]
}

/** The rows of one side against another; `least` is null where the ratio is told and no goal. */
export function againstRows(gateway: Measured, other: Measured, least: number | null): readonly Row[] {
  const { speed, cpu, least: calmest } = ratios(gateway, other)
  const row = (what: string, value: number): Row => ({
    what: `${gateway.name} against ${other.name}: ${what}`,
    value: two(value),
    unit: 'times',
    goal: least === null ? '' : `at least ${least}`,
    reached: least === null || value >= least,
  })
  return [row('requests a second', speed), row('CPU per request', cpu), row('CPU per request, calmest rounds', calmest)]
}

/** A gateway with one warm session against the bare proxies of its runtime. */
export async function throughBench(runtime: RuntimeName): Promise<readonly Row[]> {
  const place = await openPlace()
  try {
    return await measure(place, runtime)
  } finally {
    await place.stop()
  }
}

async function measure(place: Place, runtime: RuntimeName): Promise<readonly Row[]> {
  const { bare, beside, floor, least } = BARS[runtime]
  const settings = await settingsOf(place, 'gateway', policiesIn(place.folder, RULES))
  const gateway = await startGateway(place, `postern-${runtime}`, runtime, settings)
  const cookie = await signIn(gateway)
  await proveGateway(gateway, cookie, PATH)
  const others: Running[] = []
  for (const name of [...bare, ...Object.keys(beside), floor]) others.push(await startBare(place, name))
  const cookies = [cookie]
  const sides = [gateway, ...others].map((running) => ({
    name: running.name,
    running,
    load: { port: running.port, path: PATH, cookies },
  }))
  const [ours, ...theirs] = await compare(place, sides)
  if (ours === undefined) throw new Error('nothing was measured')
  const bar = theirs.slice(0, bare.length).reduce((best, next) => (next.leastMicros < best.leastMicros ? next : best))
  return [
    ...[ours, ...theirs].flatMap(rowsOf),
    ...againstRows(ours, bar, least),
    ...theirs.flatMap((other) => {
      const goal = beside[other.name]
      return goal === undefined ? [] : againstRows(ours, other, goal)
    }),
    ...theirs
      .filter(({ name }) => name === floor)
      .flatMap((other) => [...againstRows(other, bar, null), ...againstRows(ours, other, null)]),
  ]
}
