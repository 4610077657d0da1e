import type { Seconds, Tag, UserId } from '../../core/brand.ts'
import { type Answer, list, text, texts, unexpected, whole } from './call.ts'
import { parseRecord } from './chain.ts'
import { decodeMeta, decodeUser } from './codec.ts'
import type { Context } from './context.ts'
import { releaseRemoved } from './directory.ts'
import {
  type Change,
  type Effect,
  type Epoch,
  personIs,
  personRemoved,
  recorded,
  sessionEnded,
  sessionIs,
  unclaimed,
} from './effects.ts'
import { undo } from './identities.ts'
import { confirm, look, owns, release } from './identity-index.ts'
import { INDEX } from './names.ts'
import { readTail } from './scripts/audit.ts'
import { dueSessions, knownHead, pendingChanges } from './scripts/index-read.ts'
import { settleSessions } from './scripts/session-read.ts'
import { readReleased } from './scripts/user-read.ts'
import { memberParts, sessionsIn } from './session-lists.ts'

const BATCH = 200
/** A change that was announced so long ago and never closed was cut off; a running one takes seconds at most. */
const ABANDONED_SECONDS = 60

interface Settled {
  readonly ended: readonly string[]
  readonly effects: readonly Effect[]
  readonly userId: string | null
}

async function settle(context: Context, tag: string, epoch: Epoch, now: Seconds): Promise<Settled> {
  const operation = 'session-settle'
  const args = { time: now, epoch: epoch.number, voided: epoch.at }
  const { parts }: Answer = await context.calls.run(settleSessions, tag, args)
  const ended = texts(operation, parts, 0)
  const rows = list(operation, parts, 1)
  const flat = list(operation, parts, 3)
  const live = sessionsIn(operation, rows).map((session, at): Effect => {
    const row = list(operation, rows, at)
    return sessionIs(session, decodeMeta(operation, text(operation, row, 0)).epoch, whole(operation, row, 3))
  })
  const over = [...ended, ...texts(operation, parts, 2)].map((sid) => sessionEnded(tag, sid))
  const user = flat.length === 0 ? null : decodeUser(operation, tag, flat)
  return {
    ended,
    effects: [
      ...over,
      ...live,
      ...(user === null ? [] : [personIs(user), unclaimed(user.id, { upto: now - ABANDONED_SECONDS })]),
    ],
    userId: user?.id ?? null,
  }
}

async function mendIdentity(
  context: Context,
  tag: string,
  userId: string | null,
  name: string,
  now: Seconds,
): Promise<void> {
  const holder = await look(context.calls, name)
  const mine = holder !== null && holder.tag === tag
  if (userId === null) {
    if (mine) await release(context.calls, name, tag, holder.id, holder.stamp)
    return
  }
  const owned = await owns(context.calls, name, tag, userId)
  if (mine && !owned) await release(context.calls, name, tag, holder.id, holder.stamp)
  if (!owned) return
  const lost = (await confirm(context.calls, name, tag, userId, now, 0)) === 'lost'
  if (lost) await undo(context, name, { id: userId as UserId, tag: tag as Tag }, now)
}

/** Makes every record known that the index lacks, from the first one missing. */
async function mendTrail(context: Context, chain: string, now: Seconds): Promise<void> {
  const known = await context.calls.run(knownHead, INDEX, { chain })
  let after = whole('chain-known', known.parts, 0)
  for (;;) {
    const { parts } = await context.calls.run(readTail, chain, { after, most: BATCH })
    const records = texts('chain-tail', parts, 0).map(parseRecord)
    for (const record of records) {
      if (record === null) throw unexpected('chain-tail')
      after = record.sequence
    }
    await context.index.close(null, records.flatMap(recorded), now)
    if (records.length < BATCH) return
  }
}

/** Finishes a change that was cut off: what the user's own records say becomes known to every index. */
async function mend(context: Context, mark: string, now: Seconds): Promise<number> {
  const [tag = '', name = ''] = mark.split('\n')
  const epoch = await context.index.epoch(now)
  const change: Change = { mark, epoch }
  const settled = await settle(context, tag, epoch, now)
  const { effects } = settled
  await mendTrail(context, tag, now)
  if (name !== '') await mendIdentity(context, tag, settled.userId, name, now)
  const { parts } = await context.calls.run(readReleased, tag, {})
  const id = text('user-released', parts, 0)
  const left = texts('user-released', parts, 1)
  if (id === '') {
    await context.index.close(change, effects, now)
    return settled.ended.length
  }
  const names = left.filter((entry) => entry.startsWith('i:')).map((entry) => entry.slice(2))
  const ended = left.filter((entry) => entry.startsWith('s:')).map((entry) => sessionEnded(tag, entry.slice(2)))
  const gone: readonly Effect[] = [personRemoved(id)]
  const user = { id: id as UserId, tag: tag as Tag }
  await releaseRemoved(context, user, names, change, [...effects, ...ended, ...gone], now)
  return settled.ended.length
}

async function mendAll(context: Context, now: Seconds): Promise<number> {
  let ended = 0
  for (;;) {
    const args = { upto: now - ABANDONED_SECONDS, most: BATCH }
    const { parts } = await context.calls.run(pendingChanges, INDEX, args)
    const marks = texts('change-pending', parts, 0)
    for (const mark of marks) ended += await mend(context, mark, now)
    if (marks.length < BATCH) return ended
  }
}

/**
 * Mends what was cut off, then ends every session that is over; answers how many ended. A session that the index takes
 * for over while its own records do not is put right instead.
 */
export async function sweep(context: Context, now: Seconds): Promise<number> {
  let ended = await mendAll(context, now)
  for (;;) {
    const { parts } = await context.calls.run(dueSessions, INDEX, { time: now, most: BATCH })
    const members = texts('session-due', parts, 0)
    const byTag = Map.groupBy(members, (member) => memberParts(member).tag)
    const epoch = await context.index.epoch(now)
    const settled = await Promise.all([...byTag.keys()].map((tag) => settle(context, tag, epoch, now)))
    const gone = members.map((member) => {
      const { tag, sid } = memberParts(member)
      return { tag, sid }
    })
    const effects = settled.flatMap((one) => one.effects)
    const alive = new Set(effects.filter(([word]) => word === 'session').map(([, member]) => member))
    const dead = gone.map(({ tag, sid }) => sessionEnded(tag, sid)).filter(([, member]) => !alive.has(member ?? ''))
    await context.index.close(null, [...effects, ...dead], now)
    ended += settled.reduce((sum, one) => sum + one.ended.length, 0)
    if (members.length < BATCH) return ended
  }
}
