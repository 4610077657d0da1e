import { spawnSync } from 'node:child_process'
import { startRedis } from '../../support/redis-server.ts'
import type { Row } from '../row.ts'
import { compare, ratios } from './compare.ts'
import { signIn, signInMany } from './people.ts'
import { openPlace, type Place, type Running, settingsOf, startBare, startGateway } from './place.ts'
import { policiesIn } from './policies.ts'
import { LOAD_CORE } from './target.ts'
import { againstRows, PATH, proveGateway, RULES, rowsOf } from './through.ts'

/** More sessions than a process remembers (20,000), asked for in turn: every request misses, reads the store and signs. */
const MISSES = 25_000
const CROWD = 10_000

async function within<T>(work: (place: Place) => Promise<T>): Promise<T> {
  const place = await openPlace()
  try {
    return await work(place)
  } finally {
    await place.stop()
  }
}

function sideOf(name: string, running: Running, cookies: readonly string[], path = PATH) {
  return { name, running, load: { port: running.port, path, cookies } }
}

/** Every request a session nobody remembers: a read from Redis and a signature each. */
export async function missesBench(): Promise<readonly Row[]> {
  const redis = await startRedis()
  const [, pid = ''] = /process_id:(\d+)/.exec(await redis.command('INFO', 'server')) ?? []
  spawnSync('taskset', ['-cp', LOAD_CORE, pid])
  try {
    return await within(async (place) => {
      const more = { POSTERN_STORE: 'redis', REDIS_URL: redis.url }
      const settings = await settingsOf(place, 'gateway', policiesIn(place.folder, RULES), more)
      const cookies = await signInMany(settings, MISSES)
      const gateway = await startGateway(place, 'postern-node', 'node', settings)
      await proveGateway(gateway, cookies[0] ?? '', PATH)
      const bare = await startBare(place, 'node')
      const [ours, theirs] = await compare(place, [
        sideOf('misses', gateway, cookies),
        sideOf('bare-node', bare, cookies),
      ])
      if (ours === undefined || theirs === undefined) throw new Error('nothing was measured')
      return [...rowsOf(ours), ...rowsOf(theirs), ...againstRows(ours, theirs, 0.5)]
    })
  } finally {
    await redis.stop()
  }
}

/** One session that asks for everything against ten thousand that ask in turn. */
export async function crowdBench(): Promise<readonly Row[]> {
  return within(async (place) => {
    const settings = await settingsOf(place, 'gateway', policiesIn(place.folder, RULES))
    const cookies = await signInMany(settings, CROWD)
    const gateway = await startGateway(place, 'postern-node', 'node', settings)
    const [one, all] = await compare(place, [
      sideOf('one hot session', gateway, cookies.slice(0, 1)),
      sideOf('10,000 sessions', gateway, cookies),
    ])
    if (one === undefined || all === undefined) throw new Error('nothing was measured')
    const { cpu } = ratios(one, all)
    const value = Math.round(cpu * 1_000) / 1_000
    const reached = value >= 0.95 && value <= 1.05
    const what = 'one hot session against 10,000: CPU per request'
    return [...rowsOf(one), ...rowsOf(all), { what, value, unit: 'times', goal: '0.95 to 1.05', reached }]
  })
}

/** Ten thousand rules against ten. */
export async function rulesBench(): Promise<readonly Row[]> {
  return within(async (place) => {
    const sides = []
    for (const [name, count] of [
      ['10,000 rules', 10_000],
      ['10 rules', 10],
    ] as const) {
      const settings = await settingsOf(place, `rules-${count}`, policiesIn(place.folder, count))
      const gateway = await startGateway(place, `rules-${count}`, 'node', settings)
      const last = count - 1
      sides.push(sideOf(name, gateway, [await signIn(gateway)], `/area${last % 97}/part${last}/42`))
    }
    const [many, few] = await compare(place, sides)
    if (many === undefined || few === undefined) throw new Error('nothing was measured')
    return [...rowsOf(many), ...rowsOf(few), ...againstRows(many, few, 0.97)]
  })
}
