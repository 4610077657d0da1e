import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RuntimeName } from '../../support/deployment.ts'
import type { Row } from '../row.ts'
import { median, PACE } from './compare.ts'
import { browserHeaders } from './load.ts'
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
  readonly p50: number
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

/** What a gateway adds to the middle latency of 500 requests a second, against the first bare proxy of its runtime. */
export async function latencyBench(runtime: RuntimeName): Promise<readonly Row[]> {
  const place = await openPlace()
  try {
    const settings = await settingsOf(place, 'gateway', policiesIn(place.folder, RULES))
    const gateway = await startGateway(place, `postern-${runtime}`, runtime, settings)
    const cookie = await signIn(gateway)
    await proveGateway(gateway, cookie, PATH)
    const bare = await startBare(place, BARS[runtime].calm)
    for (const side of [gateway, bare]) for (let i = 0; i < 3; i++) calm(place, side, cookie)
    const added: number[] = []
    for (let round = 0; round < PACE.rounds; round++) {
      const [first, second] = round % 2 === 0 ? [gateway, bare] : [bare, gateway]
      const [a, b] = [calm(place, first, cookie).p50, calm(place, second, cookie).p50]
      added.push(round % 2 === 0 ? a - b : b - a)
    }
    const value = Math.round(median(added))
    const most = MOST[runtime]
    const what = `${runtime}: added to the middle answer at ${PER_SECOND} requests a second`
    return [{ what, value, unit: 'us', goal: `at most ${most}`, reached: value <= most }]
  } finally {
    await place.stop()
  }
}
