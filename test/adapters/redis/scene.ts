import type { RedisDriver, Reply, Script } from '../../../src/adapters/redis/driver.ts'
import { redisStore } from '../../../src/adapters/redis/store.ts'
import {
  type RoleName,
  type Seconds,
  type SessionKey,
  type Sid,
  seconds,
  type Tag,
  type UserId,
} from '../../../src/core/brand.ts'
import type { Session, User, UserRef } from '../../../src/core/person.ts'
import type { AuditEvent, AuditNote } from '../../../src/ports/audit.ts'
import { type ProvenIdentity, type Store, StoreUnavailable } from '../../../src/ports/store.ts'

/** The moment every scene begins at. */
export const T0: Seconds = seconds(1_800_000_000)

/** So many seconds after `T0`. */
export const at = (offset: number): Seconds => seconds(T0 + offset)

/** Roles by name. */
export const roles = (...names: string[]): RoleName[] => names as RoleName[]

/** The n-th user of a scene. */
export function person(n: number, changes: Partial<User> = {}): User {
  return {
    id: `user-${n}` as UserId,
    tag: `scenetag${n}` as Tag,
    origin: 'sign-up',
    guest: false,
    profile: { name: `Player ${n}`, email: null, emailVerified: false, picture: null },
    ...{ roles: roles('player'), primaryRole: null, standing: { kind: 'active' }, attributes: {}, epoch: 1 },
    ...{ createdAt: T0, lastSignInAt: T0, endsAt: null },
    ...changes,
  }
}

/** The n-th guest: a day long. */
export function visitor(n: number): User {
  return person(n, { origin: 'guest', guest: true, roles: roles('guest'), endsAt: at(86_400) })
}

/** A proven identity. */
export function proof(subject: string): ProvenIdentity {
  const profile = { name: `Name of ${subject}`, email: null, emailVerified: false, picture: null }
  return { issuer: 'https://issuer.example', subject, provider: 'example', profile }
}

/** A session of a user. */
export function device(user: UserRef, name: string, changes: Partial<Session> = {}): Session {
  return {
    key: `${user.tag}.${name}` as SessionKey,
    sid: `sid-${user.id}-${name}` as Sid,
    ...{ user: user.id, tag: user.tag, provider: 'example', client: 'unknown', userAgent: 'test' },
    ...{ address: null, country: null, createdAt: T0, authTime: T0, lastSeenAt: T0 },
    ...{ idleUntil: at(28_800), endsAt: at(604_800), character: null, version: 1 },
    ...changes,
  }
}

/** An audit note about a user, or nobody. */
export function note(event: AuditEvent, user: UserRef | null = null, when: Seconds = T0): AuditNote {
  const subject = user?.id ?? null
  return { event, at: when, actor: 'system', subject, requestId: 'request-1', policy: 'policy-1', detail: {} }
}

/** Signs a new user in. */
export async function enrolled(store: Store, n: number, changes: Partial<User> = {}): Promise<User> {
  const fresh = person(n, changes)
  const signed = await store.directory.signIn(proof(`s${n}`), fresh, T0, note('sign-up', fresh))
  if (signed.kind !== 'created') throw new Error(signed.kind)
  return signed.user
}

/** What a driver was asked. */
export interface Asked {
  readonly script: Script
  readonly keys: readonly string[]
}

/** A driver that keeps a list of what it was asked. */
export function watched(driver: RedisDriver): { readonly driver: RedisDriver; readonly asked: Asked[] } {
  const asked: Asked[] = []
  return {
    asked,
    driver: {
      run(script, keys, args): Promise<Reply> {
        asked.push({ script, keys })
        return driver.run(script, keys, args)
      },
    },
  }
}

/** A driver whose process dies at its n-th call: before the call is made, or after, its answer lost. */
export function dying(driver: RedisDriver, call: number, when: 'before' | 'after'): RedisDriver {
  let calls = 0
  return {
    async run(script, keys, args): Promise<Reply> {
      calls += 1
      if (calls > call || (calls === call && when === 'before')) throw new StoreUnavailable(script.name, 'crashed')
      const reply = await driver.run(script, keys, args)
      if (calls >= call) throw new StoreUnavailable(script.name, 'crashed')
      return reply
    },
  }
}

/** All pages of a list. */
export async function all<T>(
  page: (after: string | null) => Promise<{ readonly items: readonly T[]; readonly next: string | null }>,
): Promise<readonly T[]> {
  const items: T[] = []
  let after: string | null = null
  do {
    const got: { readonly items: readonly T[]; readonly next: string | null } = await page(after)
    items.push(...got.items)
    after = got.next
  } while (after !== null)
  return items
}

/** A store over a driver, as a process of its own would have it. */
export const storeOver = (driver: RedisDriver, prefix: string): Store =>
  redisStore(driver, { prefix, turns: 'in-process' })
