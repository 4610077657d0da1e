import type { Seconds, SessionKey, Sid, Tag, UserId } from '../core/brand.ts'
import type { UserRef } from '../core/person.ts'
import type { PolicyStore } from '../ports/policy-store.ts'
import type { DirectoryStore, SessionStore, Store } from '../ports/store.ts'

/** Whom a write that was made here concerns; `sids` are the sessions that were live before it. */
export type Change =
  | { readonly kind: 'sessions'; readonly tag: Tag; readonly sids: readonly Sid[] }
  | { readonly kind: 'user'; readonly user: UserId; readonly tag: Tag; readonly sids: readonly Sid[] }
  | { readonly kind: 'everybody' }
  /** Another policy is in force. */
  | { readonly kind: 'policy' }

/** Told after a write succeeded. */
export type Tell = (change: Change) => void

/**
 * A store that tells of every write which may end a live socket, after the store has it: so that the process or isolate
 * which makes the change acts on it at once. Everybody else finds out by re-checking.
 */
export function tellingStore(store: Store, clock: () => Seconds, tell: Tell): Store {
  const sidsOf = async (user: UserRef) => (await store.sessions.list(user, clock())).map(({ sid }) => sid)
  const about = async <T>(user: UserRef, write: () => Promise<T>): Promise<T> => {
    // WHY: asked before the write: afterwards the store no longer lists whom it ended.
    const sids = await sidsOf(user)
    const done = await write()
    tell({ kind: 'user', user: user.id, tag: user.tag, sids })
    return done
  }
  return {
    ...store,
    sessions: { ...store.sessions, ...tellingSessions(store.sessions, tell, about) },
    directory: { ...store.directory, ...tellingDirectory(store.directory, about) },
    policies: { ...store.policies, ...tellingPolicies(store.policies, tell) },
  }
}

/** The tag a session's key begins with. */
function tagOf(key: SessionKey): Tag {
  return key.slice(0, 10) as Tag
}

function tellingPolicies(policies: PolicyStore, tell: Tell): Partial<PolicyStore> {
  return {
    async push(version, audit) {
      await policies.push(version, audit)
      tell({ kind: 'policy' })
    },
    async activate(hash, audit) {
      const done = await policies.activate(hash, audit)
      tell({ kind: 'policy' })
      return done
    },
  }
}

type About = <T>(user: UserRef, write: () => Promise<T>) => Promise<T>

function tellingSessions(sessions: SessionStore, tell: Tell, about: About): Partial<SessionStore> {
  const everybody = <T>(done: T): T => {
    tell({ kind: 'everybody' })
    return done
  }
  return {
    async create(session, cap, audit) {
      const created = await sessions.create(session, cap, audit)
      if (created.kind === 'created' && created.evicted.length > 0)
        tell({ kind: 'sessions', tag: tagOf(session.key), sids: created.evicted })
      return created
    },
    async select(key, character, audit) {
      const before = await sessions.read(key, audit.at)
      const done = await sessions.select(key, character, audit)
      if (before.kind === 'live') tell({ kind: 'sessions', tag: tagOf(key), sids: [before.session.sid] })
      return done
    },
    async revoke(key, reason, now, audit) {
      const before = await sessions.read(key, now)
      const done = await sessions.revoke(key, reason, now, audit)
      if (before.kind === 'live') tell({ kind: 'sessions', tag: tagOf(key), sids: [before.session.sid] })
      return done
    },
    async revokeSid(user, sid, reason, now, audit) {
      const done = await sessions.revokeSid(user, sid, reason, now, audit)
      tell({ kind: 'sessions', tag: user.tag, sids: [sid] })
      return done
    },
    revokeUser: (user, reason, now, audit, except) =>
      about(user, () => sessions.revokeUser(user, reason, now, audit, except)),
    revokeCharacter: async (id, world, now, audit) => everybody(await sessions.revokeCharacter(id, world, now, audit)),
    releaseCharacter: async (id, world, now, audit) =>
      everybody(await sessions.releaseCharacter(id, world, now, audit)),
    revokeAll: async (now, audit) => everybody(await sessions.revokeAll(now, audit)),
  }
}

function tellingDirectory(directory: DirectoryStore, about: About): Partial<DirectoryStore> {
  return {
    setRoles: (user, roles, primary, admins, audit, held) =>
      about(user, () => directory.setRoles(user, roles, primary, admins, audit, held)),
    setStanding: (user, standing, admins, now, audit) =>
      about(user, () => directory.setStanding(user, standing, admins, now, audit)),
    setAttributes: (user, changes, audit) => about(user, () => directory.setAttributes(user, changes, audit)),
    remove: (user, admins, now, audit) => about(user, () => directory.remove(user, admins, now, audit)),
    promote: (guest, identity, role, now, audit) =>
      about(guest, () => directory.promote(guest, identity, role, now, audit)),
  }
}
