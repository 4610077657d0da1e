import { type Seconds, type SessionKey, type Sid, seconds } from '../../core/brand.ts'
import type { Character, EndReason, Session, UserRef } from '../../core/person.ts'
import type { AuditNote } from '../../ports/audit.ts'
import type { Cap, Created, Found, SessionStore } from '../../ports/store.ts'
import { type Answer, list, text, texts, unexpected, whole } from './call.ts'
import { decodeMeta, decodeSession, decodeUser, encodeCharacter, encodeMeta, encodeSession } from './codec.ts'
import { type Context, lifeOf } from './context.ts'
import { type Effect, type KnownEpoch, sessionEnded, sessionIs, sessionSeen } from './effects.ts'
import { splitKey } from './names.ts'
import { extendSession, readSession } from './scripts/session-read.ts'
import { createSession, endSessions, rotateSession, selectCharacter } from './scripts/session-write.ts'

/** How long it is known why a session ended (seeds S28). */
const TOMBSTONE = 86_400
const REASONS: readonly EndReason[] = ['expired', 'signed-out', 'kicked', 'banned', 'evicted']

/** The part of the session store that looks after one user's sessions. */
export type OwnSessions = Pick<
  SessionStore,
  'create' | 'read' | 'extend' | 'rotate' | 'select' | 'revoke' | 'revokeSid' | 'revokeUser'
>

/** Which sessions of one user end. */
export interface Ending {
  readonly tag: string
  readonly userId: string
  readonly which: 'key' | 'sid' | 'all' | 'character'
  readonly name: string
  readonly world: string
  readonly reason: EndReason
  readonly now: Seconds
}

/** What the index learns of sessions that are over. */
export function endedEffects(tag: string, sids: readonly string[]): readonly Effect[] {
  return sids.map((sid) => sessionEnded(tag, sid))
}

/** Ends sessions of one user; answers how many. */
export async function endOwn(context: Context, ending: Ending, audit: AuditNote): Promise<number> {
  const { tag, userId, which, name, world, reason, now } = ending
  let ended = 0
  await context.mutate({
    script: endSessions,
    tag,
    audit,
    args: ({ epoch }) => ({
      ...{ time: now, epoch: epoch.number, voided: epoch.at, reason, userid: userId },
      ...{ which, name, world },
    }),
    effects({ word, parts }) {
      if (word === '=none') return endedEffects(tag, texts('session-end', parts, 0))
      const sids = texts('session-end', parts, 0)
      ended = sids.length
      return endedEffects(tag, [...sids, ...texts('session-end', parts, 1)])
    },
  })
  return ended
}

function requireWhole(character: Character | null): void {
  // INVARIANT: id and world both or neither (seeds C2).
  if (character !== null && (character.id === '' || character.world === '')) {
    throw new TypeError('a character has an id and a world')
  }
}

async function create(context: Context, session: Session, cap: Cap | null, audit: AuditNote): Promise<Created> {
  requireWhole(session.character)
  const key = splitKey(session.key)
  if (key === null || key.tag !== session.tag) throw new TypeError('a session key starts with the tag of its user')
  const now = session.createdAt
  const answer = await context.mutate({
    script: createSession,
    tag: session.tag,
    audit,
    args: ({ epoch }) => ({
      ...{ time: now, epoch: epoch.number, voided: epoch.at, userid: session.user, hash: key.hash },
      ...{ line: encodeMeta(session, epoch.number), json: encodeSession(session) },
      ...{ played: encodeCharacter(session), life: lifeOf(session.endsAt, now) },
      ...{ most: cap?.max ?? '', excess: cap?.excess ?? '', spare: cap?.spare ?? '' },
      held: session.basis?.epoch ?? '',
    }),
    effects({ word, parts }, { epoch }) {
      if (word === '=no-user' || word === '=kept' || word === '=changed') return []
      const gone = [
        ...texts('session-create', parts, 0),
        ...(word === 'created' ? texts('session-create', parts, 1) : []),
      ]
      const over = endedEffects(session.tag, gone)
      if (word !== 'created') return over
      return [...over, sessionIs(session, epoch.number, whole('session-create', parts, 2))]
    },
  })
  if (answer.word === '=no-user') return { kind: 'no-user' }
  if (answer.word === '=changed') return { kind: 'changed' }
  if (answer.word === '=kept') return { kind: 'created', evicted: [] }
  if (answer.word === '=refused') return { kind: 'refused' }
  if (answer.word !== 'created') throw unexpected('session-create')
  return { kind: 'created', evicted: texts('session-create', answer.parts, 0) as readonly Sid[] }
}

/** The same answer whether the session was met at its end or long after. */
function ended(reason: EndReason, at: number, now: Seconds): Found {
  return at + TOMBSTONE <= now ? { kind: 'unknown' } : { kind: 'ended', reason, at: seconds(at) }
}

function liveOf(tag: string, parts: Answer['parts'], epoch: KnownEpoch, now: Seconds): Found {
  const operation = 'session-read'
  const line = text(operation, parts, 0)
  if (decodeMeta(operation, line).epoch < epoch.number) {
    return ended('kicked', epoch.at, now)
  }
  const session = decodeSession(operation, line, text(operation, parts, 1), text(operation, parts, 2))
  const user = decodeUser(operation, tag, list(operation, parts, 4))
  if (user.id !== session.user) return { kind: 'unknown' }
  const live = { kind: 'live', session, user, grace: whole(operation, parts, 3) === 1 } as const
  return epoch.ageSeconds === 0 ? live : { ...live, ageSeconds: epoch.ageSeconds }
}

async function read(context: Context, key: SessionKey, now: Seconds): Promise<Found> {
  const operation = 'session-read'
  const place = splitKey(key)
  if (place === null) return { kind: 'unknown' }
  const { tag, hash } = place
  // WHY: side by side, so that the look at the epoch, once in a few seconds, costs no second round trip.
  const [{ word, parts }, epoch] = await Promise.all([
    context.calls.run(readSession, tag, { hash, time: now }),
    context.index.epoch(now),
  ])
  if (word === 'live') return liveOf(tag, parts, epoch, now)
  if (word === 'unknown') return { kind: 'unknown' }
  if (word === 'ended') {
    const reason = REASONS.find((known) => known === parts[0])
    if (reason === undefined) throw unexpected(operation)
    return { kind: 'ended', reason, at: seconds(whole(operation, parts, 1)) }
  }
  if (word === 'homeless') {
    await context.index.close(null, endedEffects(tag, [text(operation, parts, 0)]), now)
    return { kind: 'unknown' }
  }
  if (word !== 'expired') throw unexpected(operation)
  await context.index.close(null, endedEffects(tag, [text(operation, parts, 1)]), now)
  return ended('expired', whole(operation, parts, 0), now)
}

async function extend(
  context: Context,
  key: SessionKey,
  version: number,
  seenAt: Seconds,
  idleUntil: Seconds,
): Promise<'extended' | 'stale' | 'gone'> {
  const operation = 'session-extend'
  const place = splitKey(key)
  if (place === null) return 'gone'
  const { tag, hash } = place
  const epoch = await context.index.epoch(seenAt)
  const { word, parts } = await context.calls.run(extendSession, tag, {
    ...{ hash, version, epoch: epoch.number },
    ...{ seenat: seenAt, idleend: idleUntil },
  })
  if (word === 'gone' || word === 'stale') return word
  if (word !== 'extended') throw unexpected(operation)
  const seen = sessionSeen(tag, text(operation, parts, 0), whole(operation, parts, 1), whole(operation, parts, 2))
  await context.index.close(null, [seen], seenAt)
  return 'extended'
}

async function rotate(
  context: Context,
  old: SessionKey,
  fresh: Session,
  graceUntil: Seconds,
  audit: AuditNote,
): Promise<'rotated' | 'gone'> {
  const from = splitKey(old)
  const to = splitKey(fresh.key)
  if (from === null || to === null || from.tag !== fresh.tag || to.tag !== fresh.tag)
    throw new TypeError('a rotated session keeps its tag')
  const answer = await context.mutate({
    script: rotateSession,
    tag: fresh.tag,
    audit,
    args: ({ epoch }) => ({
      ...{ time: audit.at, epoch: epoch.number, userid: fresh.user, hash: from.hash, fresh: to.hash },
      ...{ line: encodeMeta(fresh, epoch.number), json: encodeSession(fresh), graceend: graceUntil },
      life: lifeOf(fresh.endsAt, audit.at),
    }),
    effects({ word, parts }, { epoch }) {
      if (word !== 'rotated') return []
      const [line, json, played] = [0, 1, 2].map((part) => text('session-rotate', parts, part))
      const session = decodeSession('session-rotate', line ?? '', json ?? '', played ?? '')
      return [sessionIs(session, epoch.number, session.idleUntil)]
    },
  })
  return answer.word === 'rotated' ? 'rotated' : 'gone'
}

async function select(
  context: Context,
  key: SessionKey,
  character: Character | null,
  audit: AuditNote,
): Promise<boolean> {
  requireWhole(character)
  const place = splitKey(key)
  if (place === null) return false
  const { tag, hash } = place
  const played = encodeCharacter({ character })
  const answer = await context.mutate({
    script: selectCharacter,
    tag,
    audit,
    args: ({ epoch }) => ({ time: audit.at, epoch: epoch.number, hash, played }),
    effects({ word, parts }) {
      if (word !== 'selected') return []
      const line = text('session-select', parts, 0)
      const session = decodeSession('session-select', line, text('session-select', parts, 1), played)
      return [sessionIs(session, decodeMeta('session-select', line).epoch, whole('session-select', parts, 2))]
    },
  })
  return answer.word === 'selected' || answer.word === '=same'
}

/** Sessions of one user, each operation one script in the user's slot. */
export function ownSessions(context: Context): OwnSessions {
  const own = (user: UserRef) => ({ tag: user.tag, userId: user.id, world: '' })
  return {
    create: (session, cap, audit) => create(context, session, cap, audit),
    read: (key, now) => read(context, key, now),
    extend: (key, version, seenAt, idleUntil) => extend(context, key, version, seenAt, idleUntil),
    rotate: (old, fresh, graceUntil, audit) => rotate(context, old, fresh, graceUntil, audit),
    select: (key, character, audit) => select(context, key, character, audit),
    async revoke(key, reason, now, audit) {
      const place = splitKey(key)
      if (place === null) return false
      const ending = { tag: place.tag, userId: '', which: 'key', name: place.hash, world: '', reason, now } as const
      return (await endOwn(context, ending, audit)) > 0
    },
    async revokeSid(user, sid, reason, now, audit) {
      return (await endOwn(context, { ...own(user), which: 'sid', name: sid, reason, now }, audit)) > 0
    },
    revokeUser: (user, reason, now, audit, except) =>
      endOwn(context, { ...own(user), which: 'all', name: except ?? '', reason, now }, audit),
  }
}
