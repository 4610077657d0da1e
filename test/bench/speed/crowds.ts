import { spawnSync } from 'node:child_process'
import { startRedis } from '../../support/redis-server.ts'
import type { Row } from '../row.ts'
import { compare } from './compare.ts'
import { signIn, signInMany } from './people.ts'
import { openPlace, type Place, type Running, settingsOf, startBare, startGateway } from './place.ts'
import { policiesIn } from './policies.ts'
import { LOAD_CORE } from './target.ts'
import { againstRows, PATH, proveGateway, RULES, rowsOf } from './through.ts'

/** More sessions than a process remembers (20,000), asked for in turn: every request misses, reads the store and signs. */
const MISSES = 25_000

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

/** Every request a session nobody remembers: a read from Redis and a signature each, by either algorithm. */
export async function missesBench(): Promise<readonly Row[]> {
  return [...(await missesSignedBy('ES256')), ...(await missesSignedBy('EdDSA'))]
}

async function missesSignedBy(algorithm: 'ES256' | 'EdDSA'): Promise<readonly Row[]> {
  const redis = await startRedis()
  const [, pid = ''] = /process_id:(\d+)/.exec(await redis.command('INFO', 'server')) ?? []
  spawnSync('taskset', ['-cp', LOAD_CORE, pid])
  try {
    return await within(async (place) => {
      const more = { POSTERN_STORE: 'redis', REDIS_URL: redis.url, POSTERN_ASSERTION: algorithm }
      const settings = await settingsOf(place, 'gateway', policiesIn(place.folder, RULES), more)
      const cookies = await signInMany(settings, MISSES)
      const gateway = await startGateway(place, 'postern-node', 'node', settings)
      await proveGateway(gateway, cookies[0] ?? '', PATH)
      const bare = await startBare(place, 'node')
      const [ours, theirs] = await compare(place, [
        sideOf(`misses signed by ${algorithm}`, gateway, cookies),
        sideOf('bare-node', bare, cookies),
      ])
      if (ours === undefined || theirs === undefined) throw new Error('nothing was measured')
      return [...rowsOf(ours), ...rowsOf(theirs), ...againstRows(ours, theirs, 0.5)]
    })
  } finally {
    await redis.stop()
  }
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
