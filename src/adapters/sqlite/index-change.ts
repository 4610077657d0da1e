import type { RoleName, Tag, UserId } from '../../core/brand.ts'
import type { Standing, User, UserRef } from '../../core/person.ts'
import { guestUntil } from './ends.ts'

/** What the index knows of a person. */
export interface PersonEntry {
  readonly id: UserId
  readonly tag: Tag
  /** The name as it is searched. */
  readonly folded: string
  /** When the guest account is over; null for everybody else. */
  readonly guestUntil: number | null
  /** Until when the account is not to be used: 0 when it is. */
  readonly blockedUntil: number
  readonly roles: readonly RoleName[]
  readonly epoch: number
}

/** An identity and whose it is. */
export interface IdentityClaim {
  readonly issuer: string
  readonly subject: string
  readonly user: UserRef
}

/** What the index has to learn of a change in a shard; applied twice it does no harm. */
export interface IndexChange {
  readonly person: PersonEntry | null
  readonly forget: UserId | null
  readonly confirm: IdentityClaim | null
  readonly release: IdentityClaim | null
  /** The demotion that is done now. */
  readonly demotion: number | null
}

/** A change that waits in the outbox of the shard until the index has it. */
export interface Post {
  readonly id: number
  readonly change: IndexChange
}

/** A change that changes nothing: the ground for the others. */
export const NO_CHANGE: IndexChange = { person: null, forget: null, confirm: null, release: null, demotion: null }

/** A name as it is searched: without case, width variants and control characters. */
export function fold(name: string): string {
  return name
    .toWellFormed()
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Cc}/gu, '')
}

/** Until when an account may not be used: 0 for active, beyond all time for banned. */
export function blockedUntil(standing: Standing): number {
  if (standing.kind === 'active') return 0
  return standing.kind === 'banned' ? Number.MAX_SAFE_INTEGER : standing.until
}

/** What the index is told of a user. */
export function personEntry(user: User): PersonEntry {
  return {
    id: user.id,
    tag: user.tag,
    folded: fold(user.profile.name ?? ''),
    guestUntil: guestUntil(user),
    blockedUntil: blockedUntil(user.standing),
    roles: user.roles,
    epoch: user.epoch,
  }
}
