import type { Gateway } from '../ports/gateway.ts'

/** What counting needs of a gateway; a process counts before it has one. */
export type Counted = Pick<Gateway, 'config' | 'runtime' | 'store'>

/**
 * Writes into the log how many sessions are active and how many there are, from counters (seeds S37).
 *
 * @throws StoreUnavailable
 */
export async function tellSessions({ config, runtime, store }: Counted): Promise<void> {
  const { activityWindowSeconds } = config.session
  const { active, total } = await store.sessions.count(runtime.now(), activityWindowSeconds)
  runtime.observe({ kind: 'sessions-counted', active, total, activeWithinSeconds: activityWindowSeconds })
}

/**
 * One sweep, and what is left in the log (seeds S9, S37).
 *
 * @throws StoreUnavailable
 */
export async function sweepAndTell(counted: Counted): Promise<void> {
  await counted.store.sessions.sweep(counted.runtime.now())
  await tellSessions(counted)
}
