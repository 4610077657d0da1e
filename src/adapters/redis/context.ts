import type { Seconds } from '../../core/brand.ts'
import type { AuditNote } from '../../ports/audit.ts'
import { type Answer, type Calls, callsOver } from './call.ts'
import { type Chains, chainsOver } from './chain.ts'
import type { RedisDriver } from './driver.ts'
import { type Change, type Effect, type Index, indexOver, recorded } from './effects.ts'
import type { AuditedScript } from './script.ts'
import type { Turns } from './turns.ts'

/** What every store of this family works with. */
export interface Context {
  readonly calls: Calls
  readonly chains: Chains
  readonly index: Index
  /** Changes the records of one user together with the audit record, between an opened and a closed change. */
  mutate<A extends string>(mutation: Mutation<A>): Promise<Answer>
}

/** One change of a user's records. */
export interface Mutation<A extends string> {
  readonly script: AuditedScript<A>
  readonly tag: string
  readonly audit: AuditNote
  args(change: Change): Readonly<Record<A, string | number>>
  readonly rest?: readonly (string | number)[]
  effects(answer: Answer, change: Change): readonly Effect[]
  /** Identity claimed for this change; lets the sweep find the claim again. */
  readonly identity?: string
}

/** The workings over a driver. */
export function contextOver(driver: RedisDriver, prefix: string, turns: Turns): Context {
  const calls = callsOver(driver, prefix)
  const chains = chainsOver(calls, turns)
  const index = indexOver(calls)
  return {
    calls,
    chains,
    index,
    async mutate<A extends string>(mutation: Mutation<A>): Promise<Answer> {
      const { script, tag, audit } = mutation
      const change = await index.open(tag, mutation.identity ?? '', audit.at)
      const { answer, record } = await chains.run(script, tag, audit, mutation.args(change), mutation.rest)
      await index.close(change, [...mutation.effects(answer, change), ...recorded(record)], audit.at)
      return answer
    },
  }
}

/** How long records of a session are kept by Redis itself: its life, and an hour for clocks that differ. */
export function lifeOf(endsAt: Seconds, now: Seconds): number {
  return Math.max(endsAt - now, 0) + 3600
}
