import type { Seconds } from '../../core/brand.ts'
import type { Character, Session } from '../../core/person.ts'
import type { ListedSession, SessionStore } from '../../ports/store.ts'
import type { SessionPlace } from './listing-operations.ts'
import { type Peers, shardOf, tagOf } from './operations.ts'
import { clampLimit, firstOf } from './pages.ts'
import { repair } from './repair.ts'

/** Sessions over shards: those of one user are in one, so each operation on them is one step there. */
export function sessionStore(peers: Peers): SessionStore {
  const { shards, index } = peers
  const shard = (tag: string) => shardOf(peers, tag)
  const ofKey = (key: string) => shard(tagOf(key))
  return {
    create(session, cap, audit) {
      requireWhole(session.character)
      return shard(session.tag).call('createSession', session, cap, audit)
    },
    read: (key, now) => ofKey(key).call('readSession', key, now),
    extend: (key, version, seenAt, idleUntil) => ofKey(key).call('extendSession', key, version, seenAt, idleUntil),
    async rotate(old, fresh, graceUntil, audit) {
      if (tagOf(old) !== tagOf(fresh.key)) throw new TypeError('rotate() must keep the tag of the session')
      return ofKey(old).call('rotateSession', old, fresh, graceUntil, audit)
    },
    async select(key, character, audit) {
      requireWhole(character)
      return ofKey(key).call('selectCharacter', key, character, audit)
    },
    revoke: (key, reason, now, audit) => ofKey(key).call('revokeSession', key, reason, now, audit),
    revokeSid: (user, sid, reason, now, audit) => shard(user.tag).call('revokeSid', user.id, sid, reason, now, audit),
    revokeUser: (user, reason, now, audit, except) =>
      shard(user.tag).call('revokeUser', user.id, reason, now, audit, except ?? null),
    revokeCharacter: async (id, world, now, audit) =>
      total(await Promise.all(shards.map((one) => one.call('revokeCharacter', id, world, now, audit)))),
    releaseCharacter: async (id, world, now, audit) =>
      total(await Promise.all(shards.map((one) => one.call('releaseCharacter', id, world, now, audit)))),
    async revokeAll(now, audit) {
      const generation = await index.call('orderRevocation', shards.length, now, audit)
      const everyOne = Number.MAX_SAFE_INTEGER
      const ended = await Promise.all(shards.map((one) => one.call('revokeShard', generation, now, everyOne)))
      await index.call('finishRevocation', generation, [...shards.keys()])
      return total(ended)
    },
    list: (user, now) => shard(user.tag).call('listSessions', user.id, now),
    async listAll({ world }, page, now) {
      const after = placeOf(page.after)
      if (after === 'nowhere') return { items: [], next: null }
      const limit = clampLimit(page.limit)
      const lists = await Promise.all(shards.map((one) => one.call('listAllSessions', world, after, limit + 1, now)))
      return firstOf(lists.flat().sort(oldestFirst), limit, ({ session }) =>
        JSON.stringify([session.createdAt, session.sid]),
      )
    },
    async count(now, activeWithin) {
      const counts = await Promise.all(shards.map((one) => one.call('countSessions', now, activeWithin)))
      return { active: total(counts.map(({ active }) => active)), total: total(counts.map((one) => one.total)) }
    },
    presence: (user, now) => shard(user.tag).call('presenceOf', user.id, now),
    async charactersIn(world, now) {
      const lists = await Promise.all(shards.map((one) => one.call('charactersHere', world, now)))
      const distinct = new Map(lists.flat().map((character) => [character.id, character]))
      return [...distinct.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
    },
    sweep: (now) => repair(peers, now),
  }
}

function requireWhole(character: Character | null): void {
  // INVARIANT: id and world both or neither (seeds C2).
  if (character !== null && (character.id === '' || character.world === '')) {
    throw new TypeError('a character needs both an id and a world')
  }
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0)
}

function oldestFirst(a: ListedSession, b: ListedSession): number {
  return compare(a.session, b.session)
}

function compare(a: Session, b: Session): number {
  return a.createdAt - b.createdAt || (a.sid < b.sid ? -1 : 1)
}

function placeOf(cursor: string | null): SessionPlace | null | 'nowhere' {
  if (cursor === null) return null
  const match = /^\[(\d{1,15}),"([^"\\]*)"\]$/.exec(cursor)
  if (match === null) return 'nowhere'
  return { createdAt: Number(match[1]) as Seconds, sid: match[2] ?? '' }
}
