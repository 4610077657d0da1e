import type { Permission, RoleName, Seconds, SessionKey, Sid, Tag, UserId } from './brand.ts'

/** The character a session plays: id and world always together. */
export interface Character {
  readonly id: string
  readonly name: string
  readonly world: string
}

/** What a provider told about a person; display only, never a key. */
export interface Profile {
  readonly name: string | null
  readonly email: string | null
  readonly emailVerified: boolean
  readonly picture: string | null
}

/** Whether an account may be used. */
export type Standing =
  | { readonly kind: 'active' }
  | { readonly kind: 'suspended'; readonly until: Seconds; readonly reason: string }
  | { readonly kind: 'banned'; readonly reason: string }

/** Free-form, typed and bounded user attributes (level, experience, flags). Never a role's level. */
export type Attributes = Readonly<Record<string, string | number | boolean>>

/** The types of user attributes as the configuration declares them, by name. */
export type AttributeTypes = Readonly<Record<string, { readonly type: 'string' | 'number' | 'boolean' }>>

/** Names of attributes that are stored with another type than is declared now: nobody knows what they would be in it. */
export function retyped(attributes: Attributes, declared: AttributeTypes): readonly string[] {
  return Object.entries(attributes).flatMap(([name, value]) =>
    Object.hasOwn(declared, name) && declared[name]?.type !== typeof value ? [name] : [],
  )
}

/** The attributes that can be told of: without those of another type than is declared now. */
export function typedAttributes(attributes: Attributes, declared: AttributeTypes): Attributes {
  const odd = retyped(attributes, declared)
  if (odd.length === 0) return attributes
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !odd.includes(name)))
}

/** Where all records of a user live, and who the user is. */
export interface UserRef {
  readonly id: UserId
  readonly tag: Tag
}

/** A person's account here. */
export interface User extends UserRef {
  readonly origin: 'guest' | 'sign-up' | 'invited' | 'first-admin'
  readonly guest: boolean
  readonly profile: Profile
  readonly roles: readonly RoleName[]
  /** The chosen primary role; null: the one with the highest level is. */
  readonly primaryRole: RoleName | null
  readonly standing: Standing
  readonly attributes: Attributes
  /**
   * Raised by every change that must reach caches and leases (role, standing, profile), and by an end of all sessions into
   * another era (`isSameEra`).
   */
  readonly epoch: number
  readonly createdAt: Seconds
  readonly lastSignInAt: Seconds
  /** The end of a guest account; null for everybody else. */
  readonly endsAt: Seconds | null
}

/** One provider account; the key is issuer + subject, which never leave the gateway. */
export interface Identity {
  readonly issuer: string
  readonly subject: string
  readonly provider: string
  readonly profile: Profile
  readonly linkedAt: Seconds
  readonly primary: boolean
}

/** What a session's key was made for: what has changed since is news, and a role gained since asks for a new key. */
export interface SessionBasis {
  readonly at: Seconds
  /** The user's epoch then. */
  readonly epoch: number
  /** The roles the user had then. */
  readonly roles: readonly RoleName[]
  readonly remember: 'remember' | 'forget'
}

/** One signed-in device. */
export interface Session {
  readonly key: SessionKey
  readonly sid: Sid
  readonly user: UserId
  readonly tag: Tag
  /** Provider of this sign-in: the claim `idp`. */
  readonly provider: string
  /** Client kind: display only (seeds S11). */
  readonly client: string
  readonly userAgent: string
  readonly address: string | null
  readonly country: string | null
  readonly createdAt: Seconds
  /** When a sign-in was last completed here, or earlier where the provider states so (`auth_time`). */
  readonly authTime: Seconds
  /** When the person last proved to a provider who they are; absent: nobody can tell, so nothing counts as recent. */
  readonly provenAt?: Seconds
  readonly lastSeenAt: Seconds
  /** End by idleness; equal to `endsAt` when sliding is off. */
  readonly idleUntil: Seconds
  /** Absolute end; no traffic moves it. */
  readonly endsAt: Seconds
  readonly character: Character | null
  /**
   * Set while the selected character is gone (deleted by the game, or half a pair in the store) and nothing was selected
   * or deselected since; `character` is null then (seeds 2.3).
   */
  readonly characterGone?: true
  /** Raised by every change of this record except `lastSeenAt` and `idleUntil`. */
  readonly version: number
  /** How a program came by it, which presents it as a bearer only; absent: a browser's. */
  readonly native?: 'device' | 'loopback'
  /** A program's: the provider's session in which its player was when they let it in, as a hash; absent: none is known. */
  readonly follows?: string
  /** Absent in records that were not made by a sign-in. */
  readonly basis?: SessionBasis
}

/** Why a session is over; told to the player for 24 hours. */
export type EndReason = 'expired' | 'signed-out' | 'kicked' | 'banned' | 'evicted'

/** An API token as a decision sees it: never more than its owner may. */
export interface TokenGrant {
  readonly id: string
  readonly name: string
  /** Permissions it is limited to; null: all of its owner's. */
  readonly scopes: readonly Permission[] | null
  /** True for a token named in the configuration: it has no owner, only these permissions. */
  readonly fixed: boolean
  /** Calls an hour; null or absent: no limit of its own (seeds T6). */
  readonly hourlyLimit?: number | null
}

/** Who asks: a user by session, a user by API token, or a fixed token. */
export type Subject =
  | {
      readonly kind: 'session'
      readonly user: User
      readonly session: Session
      /** Set while the replaced key of a rotated session is presented: it reads, and nothing else (DECISIONS 5). */
      readonly grace?: true
    }
  | { readonly kind: 'token'; readonly user: User; readonly token: TokenGrant }
  | { readonly kind: 'fixed-token'; readonly token: TokenGrant }

/** When the holder of a session signed in; null for a device, whose player did that somewhere else. */
export function signedInAt({ native, authTime }: Pick<Session, 'native' | 'authTime'>): Seconds | null {
  return native === 'device' ? null : authTime
}
