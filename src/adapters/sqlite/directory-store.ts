import type { Seconds, UserId } from '../../core/brand.ts'
import type { User, UserRef } from '../../core/person.ts'
import type { DirectoryStore, RoleChange } from '../../ports/store.ts'
import type { Changed } from './directory-operations.ts'
import { identityFlows } from './identity-flows.ts'
import { fold, type Post } from './index-change.ts'
import { type Peers, shardNumber, shardOf } from './operations.ts'
import { clampLimit, firstOf } from './pages.ts'
import { settlePost } from './settle.ts'

/** People over shards, found through the index. */
export function directoryStore(peers: Peers): DirectoryStore {
  const { index } = peers
  const shard = (user: UserRef) => shardOf(peers, user.tag)
  const settle = (user: UserRef, post: Post, now: Seconds) => settlePost(peers, user, post, now)
  const guard = guardOf(peers)
  const purgeGuest: DirectoryStore['purgeGuest'] = async (guest, now, audit) => {
    const purged = await shard(guest).call('purgeGuest', guest.id, now, audit)
    await settle(guest, purged.post, now)
    return purged.kind === 'removed'
  }
  return {
    ...identityFlows(peers),
    async createGuest(user, audit) {
      const made = await shard(user).call('makeUser', user, null, user.createdAt, audit)
      if (made.kind === 'created') await settle(user, made.post, user.createdAt)
    },
    async read(id) {
      const user = await index.call('whereIs', id)
      return user === null ? null : shard(user).call('readUser', id)
    },
    identities: (user) => shard(user).call('listIdentities', user.id),
    setRoles: (user, roles, primary, admins, audit, held) =>
      guard(user, admins, audit.at, (claim) =>
        shard(user).call('setRoles', user.id, roles, primary, admins, claim, audit, held ?? null),
      ),
    setStanding: (user, standing, admins, now, audit) =>
      guard<never>(user, admins, now, (claim) =>
        shard(user).call('setStanding', user.id, standing, admins, claim, audit),
      ),
    setAttributes: (user, changes, audit) => shard(user).call('setAttributes', user.id, changes, audit),
    async remove(user, admins, now, audit) {
      for (let claim: number | null = null; ; ) {
        const removed = await shard(user).call('removeUser', user.id, admins, claim, now, audit)
        if (removed.kind === 'removed') {
          await settle(user, removed.post, now)
          return 'removed'
        }
        if (removed.kind === 'no-user') {
          if (claim !== null) await index.call('releaseDemotion', claim)
          return 'no-user'
        }
        claim = await index.call('claimDemotion', user, admins, now)
        if (claim === null) return 'last-admin'
      }
    },
    async search(text, page) {
      const after = placeOf(page.after)
      if (after === 'nowhere') return { items: [], next: null }
      const limit = clampLimit(page.limit)
      const places = await index.call('searchPeople', fold(text), after, limit + 1)
      const found = firstOf(places, limit, ({ folded, user }) => JSON.stringify([folded, user.id]))
      const users = await readUsers(
        peers,
        found.items.map(({ user }) => user),
      )
      return { items: users, next: found.next }
    },
    overdueGuests: (now, limit) => index.call('overdueGuests', now, limit),
    purgeGuest,
  }
}

/** A change that may take away an admin: the index is asked only when it would, and then before the change. */
function guardOf(peers: Peers) {
  const { index } = peers
  return async <S extends { readonly kind: 'stale' }>(
    user: UserRef,
    admins: Parameters<DirectoryStore['setRoles']>[3],
    now: Parameters<DirectoryStore['setStanding']>[3],
    change: (claim: number | null) => Promise<Changed | S>,
  ): Promise<RoleChange | S> => {
    for (let claim: number | null = null; ; ) {
      const changed = await change(claim)
      if (changed.kind === 'changed') {
        await settlePost(peers, user, changed.post, now)
        return { kind: 'changed', user: changed.user }
      }
      if (changed.kind !== 'needs-claim') {
        if (claim !== null) await index.call('releaseDemotion', claim)
        return changed
      }
      claim = await index.call('claimDemotion', user, admins, now)
      if (claim === null) return { kind: 'last-admin' }
    }
  }
}

/** Users by reference, in the order asked for, with one call a shard; those that are gone are left out. */
async function readUsers(peers: Peers, refs: readonly UserRef[]): Promise<readonly User[]> {
  const asked = new Map<number, UserId[]>()
  for (const { id, tag } of refs) {
    const number = shardNumber(tag, peers.shards.length)
    asked.set(number, [...(asked.get(number) ?? []), id])
  }
  const lists = await Promise.all(
    [...asked].map(async ([number, ids]) => (await peers.shards[number]?.call('readUsers', ids)) ?? []),
  )
  const byId = new Map(lists.flat().map((user) => [user.id, user]))
  return refs.flatMap(({ id }) => byId.get(id) ?? [])
}

function placeOf(cursor: string | null): { readonly folded: string; readonly id: string } | null | 'nowhere' {
  if (cursor === null) return null
  try {
    const place: unknown = JSON.parse(cursor)
    if (!Array.isArray(place) || typeof place[0] !== 'string' || typeof place[1] !== 'string') return 'nowhere'
    return { folded: place[0], id: place[1] }
  } catch {
    return 'nowhere'
  }
}
