import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { seconds } from '../../src/core/brand.ts'
import { openSqliteStore } from '../../src/runtime/node-sqlite.ts'
import { SessionCache } from '../../src/session/cache.ts'
import { note, sessionOf, signUp, T0 } from '../contract/people.ts'
import type { Row } from './row.ts'

const SESSIONS = 20_000
const LIMIT_BYTES = 2_048
const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'

/** Heap in use after everything unreachable is gone. */
function heap(collect: () => void): number {
  for (let round = 0; round < 4; round++) collect()
  return process.memoryUsage().heapUsed
}

/** Bytes of heap for one remembered session: read from a real store and kept as the gateway keeps them. */
export async function sessionMemoryBench(): Promise<readonly Row[]> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const { store, close } = openSqliteStore(':memory:')
  const keys: string[] = []
  for (let n = 0; n < SESSIONS; n++) {
    const user = await signUp(store, n)
    const basis = { at: T0, epoch: user.epoch, roles: user.roles, remember: 'forget' } as const
    const session = sessionOf(user, `secret-${'x'.repeat(35)}`, { userAgent: USER_AGENT, basis })
    await store.sessions.create(session, null, note('sign-in', user))
    keys.push(session.key)
  }
  const cache = new SessionCache(SESSIONS)
  const before = heap(collect)
  for (const [n, key] of keys.entries()) {
    const tag = key.slice(0, 10)
    const value = `${tag}.${'s'.repeat(20)}${String(n).padStart(12, '0')}.${'m'.repeat(11)}`
    cache.put(value, tag, await store.sessions.read(key as never, seconds(T0 + 1)), 0, cache.generation(tag))
  }
  const each = Math.round((heap(collect) - before) / SESSIONS)
  const { size } = cache
  close()
  if (size !== SESSIONS) throw new Error(`${size} of ${SESSIONS} sessions are remembered`)
  const goal = `at most ${LIMIT_BYTES}`
  return [{ what: 'one remembered session', value: each, unit: 'bytes', goal, reached: each <= LIMIT_BYTES }]
}
