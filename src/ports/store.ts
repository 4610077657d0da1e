import type { RoleName, Seconds, SessionKey, Sid, UserId } from '../core/brand.ts'
import type {
  Attributes,
  Character,
  EndReason,
  Identity,
  Profile,
  Session,
  Standing,
  User,
  UserRef,
} from '../core/person.ts'
import type { AuditNote, AuditStore } from './audit.ts'
import type { Page, Paged } from './page.ts'

export type { Page, Paged } from './page.ts'

import type { KeyStore } from './keys.ts'
import type { QuotaStore, RateStore, TicketStore } from './limits.ts'
import type { LoginStore } from './login-store.ts'
import type { PolicyStore } from './policy-store.ts'
import type { TokenStore } from './token-store.ts'

/** The store did not answer, or answered something that is not an answer. An outage is never an absence. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
  readonly operation: string
  constructor(operation: string, reason: string) {
    super(`${operation}: ${reason}`)
    this.operation = operation
  }
}

/** What is known of a session key. */
export type Found =
  | {
      readonly kind: 'live'
      readonly session: Session
      readonly user: User
      readonly grace: boolean
      /** Whether every session was ended is known up to so many seconds before the read; absent: up to the read. */
      readonly ageSeconds?: number
    }
  | { readonly kind: 'ended'; readonly reason: EndReason; readonly at: Seconds }
  | { readonly kind: 'unknown' }

/** How many sessions a user may have, and what happens to the next one. */
export interface Cap {
  readonly max: number
  readonly excess: 'evict_oldest' | 'refuse'
  /** A session that makes no room: where only it could, the next one is refused. */
  readonly spare?: Sid
}

/** What came of storing a new session; `evicted` names the ones that made room. */
export type Created =
  | { readonly kind: 'created'; readonly evicted: readonly Sid[] }
  | { readonly kind: 'refused' }
  | { readonly kind: 'no-user' }
  /**
   * The user is not as the session's basis says: what changed them, or ended all they had, came first. Or this very session
   * was there before, and ended.
   */
  | { readonly kind: 'changed' }

/** A session in a list of the admin area: with the name of its user. */
export interface ListedSession {
  readonly session: Session
  readonly userName: string | null
}

/** Filter of `listAll`: a world, or everything. */
export interface SessionFilter {
  readonly world: string | null
}

/** Sessions: each operation atomic, time as an argument, expiry checked in the operation as well as by TTL. */
export interface SessionStore {
  /**
   * Stores the session, enforces the cap and sets the user's last sign-in, in one step (seeds S10, S12, S13). One with a
   * basis is stored only while the user has the epoch of it: whoever was read before a ban or a sign-out everywhere, and
   * comes after it, gets none.
   */
  create(session: Session, cap: Cap | null, audit: AuditNote): Promise<Created>
  /** One round trip; an expired session that is met is ended (seeds S17). */
  read(key: SessionKey, now: Seconds): Promise<Found>
  /** Moves last-seen and idle end, forwards only; never beyond `endsAt` or the end of a guest account. `version` is the version the caller read. */
  extend(key: SessionKey, version: number, seenAt: Seconds, idleUntil: Seconds): Promise<'extended' | 'stale' | 'gone'>
  /** Replaces the key, keeps `sid` and the stored character; the old key lives until `graceUntil` for reads and for its end. */
  rotate(old: SessionKey, fresh: Session, graceUntil: Seconds, audit: AuditNote): Promise<'rotated' | 'gone'>
  /**
   * Either way it is no longer told that an earlier selection is gone.
   *
   * @throws TypeError for half a character: id and world both or neither (seeds C2)
   */
  select(key: SessionKey, character: Character | null, audit: AuditNote): Promise<boolean>
  revoke(key: SessionKey, reason: EndReason, now: Seconds, audit: AuditNote): Promise<boolean>
  revokeSid(user: UserRef, sid: Sid, reason: EndReason, now: Seconds, audit: AuditNote): Promise<boolean>
  /** Raises the user's epoch, also where there was nothing to end: sign-ins on their way come to nothing. */
  revokeUser(user: UserRef, reason: EndReason, now: Seconds, audit: AuditNote, except?: Sid): Promise<number>
  revokeCharacter(id: string, world: string | null, now: Seconds, audit: AuditNote): Promise<number>
  /** The character is no more: sessions that play it live on and remember that theirs is gone (seeds 2.3); how many. */
  releaseCharacter(id: string, world: string | null, now: Seconds, audit: AuditNote): Promise<number>
  revokeAll(now: Seconds, audit: AuditNote): Promise<number>
  /** Oldest first, as `listAll`. */
  list(user: UserRef, now: Seconds): Promise<readonly Session[]>
  listAll(filter: SessionFilter, page: Page, now: Seconds): Promise<Paged<ListedSession>>
  /** Never scans. `activeWithin` 0: every unexpired session is active (seeds S4, S36). */
  count(now: Seconds, activeWithin: number): Promise<{ readonly active: number; readonly total: number }>
  /** Online at all, and the sorted distinct worlds of the user's sessions (seeds S40). */
  presence(user: UserRef, now: Seconds): Promise<{ readonly online: boolean; readonly worlds: readonly string[] }>
  /** Distinct characters in a world (seeds S39). */
  charactersIn(world: string, now: Seconds): Promise<readonly Character[]>
  /** Removes what is over and mends what a crash left; answers how many sessions were over (seeds S9, S19). */
  sweep(now: Seconds): Promise<number>
}

/** A provider's proven statement about a person. */
export interface ProvenIdentity {
  readonly issuer: string
  readonly subject: string
  readonly provider: string
  readonly profile: Profile
}

/** The account of a proven identity, or that sign-up is closed to it. */
export type SignedIn =
  | { readonly kind: 'known'; readonly user: User }
  | { readonly kind: 'created'; readonly user: User }
  | { readonly kind: 'closed' }

/** What came of a change of roles or standing; the last admin stays one. */
export type RoleChange =
  | { readonly kind: 'changed'; readonly user: User }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'no-user' }
  | { readonly kind: 'last-admin' }

/** The roles somebody was read to hold; a user says them too. */
export type HeldRoles = Pick<User, 'roles' | 'primaryRole'>

/** What came of linking an identity to an account. */
export type Linked = 'linked' | 'already-yours' | 'taken' | 'no-user'
/** What came of removing an identity; the last one stays. */
export type Unlinked = 'unlinked' | 'last' | 'unknown'

/** Users, identities, roles, standing. */
export interface DirectoryStore {
  /**
   * The user of a proven identity, with its profile renewed; a new one from `fresh` when there is none; `closed` when
   * there is none and `fresh` is null. Two calls at once make one user. The note is written when a user is made, and
   * names that user; what a provider leaves out this time (Apple sends the name once) stays.
   */
  signIn(identity: ProvenIdentity, fresh: User | null, now: Seconds, audit: AuditNote): Promise<SignedIn>
  createGuest(user: User, audit: AuditNote): Promise<void>
  /** Gives a guest an identity, a role and no end; id, tag and sessions stay (seeds G6). */
  promote(guest: UserRef, identity: ProvenIdentity, role: RoleName, now: Seconds, audit: AuditNote): Promise<Linked>
  read(id: UserId): Promise<User | null>
  find(issuer: string, subject: string): Promise<UserRef | null>
  identities(user: UserRef): Promise<readonly Identity[]>
  link(
    user: UserRef,
    identity: ProvenIdentity,
    primary: 'primary' | 'secondary',
    now: Seconds,
    audit: AuditNote,
  ): Promise<Linked>
  unlink(user: UserRef, issuer: string, subject: string, audit: AuditNote): Promise<Unlinked>
  /** The user's profile follows the primary identity. */
  setPrimary(user: UserRef, issuer: string, subject: string, audit: AuditNote): Promise<boolean>
  /**
   * The complete new set of roles; `admins` names the roles that count for the last-admin guard. With `held`, what the
   * caller worked the new set out from: `stale`, and nothing is written, when other roles or another primary stand there.
   */
  setRoles(
    user: UserRef,
    roles: readonly RoleName[],
    primary: RoleName | null,
    admins: readonly RoleName[],
    audit: AuditNote,
    held?: HeldRoles,
  ): Promise<RoleChange | { readonly kind: 'stale' }>
  setStanding(
    user: UserRef,
    standing: Standing,
    admins: readonly RoleName[],
    now: Seconds,
    audit: AuditNote,
  ): Promise<RoleChange>
  setAttributes(
    user: UserRef,
    changes: Readonly<Record<string, string | number | boolean | null>>,
    audit: AuditNote,
  ): Promise<Attributes | null>
  /** Removes the person, the sessions, tokens and identities; the audit trail keeps only the opaque id. */
  remove(
    user: UserRef,
    admins: readonly RoleName[],
    now: Seconds,
    audit: AuditNote,
  ): Promise<'removed' | 'no-user' | 'last-admin'>
  /** By part of the name, or everybody when `text` is empty. */
  search(text: string, page: Page): Promise<Paged<User>>
  /** Guest accounts that are over, the longest first; one of a change that was cut off may be among them. */
  overdueGuests(now: Seconds, limit: number): Promise<readonly UserRef[]>
  /** Removes one guest account that is over (seeds G2, G3); false for everybody else, whom the index then has right again. */
  purgeGuest(guest: UserRef, now: Seconds, audit: AuditNote): Promise<boolean>
}

/** All stores of one deployment. */
export interface Store {
  readonly sessions: SessionStore
  readonly directory: DirectoryStore
  readonly logins: LoginStore
  readonly tokens: TokenStore
  readonly tickets: TicketStore
  readonly rates: RateStore
  readonly quotas: QuotaStore
  readonly audit: AuditStore
  readonly keys: KeyStore
  readonly policies: PolicyStore
}
