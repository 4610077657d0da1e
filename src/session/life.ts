import { networkOf } from '../core/address.ts'
import { type Seconds, seconds } from '../core/brand.ts'
import type { Session, User } from '../core/person.ts'
import type { PolicyBundle, Role } from '../policy/model.ts'
import type { SessionConfig } from '../ports/config.ts'
import type { Cap } from '../ports/store.ts'

/** The lives that apply to one session: the deployment's, narrowed by the user's roles. */
export interface Life {
  readonly absoluteSeconds: Seconds
  readonly idleSeconds: Seconds
  readonly sliding: boolean
}

/** Both ends of a session that begins now; never beyond a guest account's own end (seeds S14, G1). */
export function endsOf(
  life: Life,
  user: User,
  now: Seconds,
): { readonly endsAt: Seconds; readonly idleUntil: Seconds } {
  const absolute = now + life.absoluteSeconds
  const endsAt = seconds(user.endsAt === null ? absolute : Math.min(absolute, user.endsAt))
  const idleUntil = seconds(life.sliding ? Math.min(now + life.idleSeconds, endsAt) : endsAt)
  return { endsAt, idleUntil }
}

/** The idle end after activity now; without sliding the end stays where sign-in put it (seeds S2, S14). */
export function slidTo(life: Life, session: Session, now: Seconds): Seconds {
  return life.sliding ? seconds(Math.min(now + life.idleSeconds, session.endsAt)) : session.idleUntil
}

/** Client kind for display: trimmed, lower-cased, at most 32 of `[a-z0-9._-]`, else `unknown` (seeds S11). */
export function clientKind(header: string | null): string {
  const kind = (header ?? '').trim().toLowerCase()
  return /^[a-z0-9._-]{1,32}$/.test(kind) ? kind : 'unknown'
}

/** A network address as the deployment records it. */
export function recordedAddress(address: string | null, how: 'whole' | 'truncated' | 'off'): string | null {
  if (address === null || how === 'off') return null
  if (how === 'whole') return address
  return networkOf(address, 3)
}

/** The life that applies to a user: the deployment's, overridden by the user's highest role that says otherwise. */
export function lifeOf(session: SessionConfig, roles: readonly Role[], remember: 'remember' | 'forget'): Life {
  const [role] = [...roles]
    .sort((a, b) => b.level - a.level)
    .filter((r) => r.sessionSeconds !== null || r.idleSeconds !== null)
  const absolute = role?.sessionSeconds ?? session.absoluteSeconds
  // WHY: "remember me" stretches the deployment's life, never one that a role fixes for the people who hold it.
  const remembered = remember === 'remember' && role === undefined ? session.rememberSeconds : null
  return {
    absoluteSeconds: remembered ?? absolute,
    idleSeconds: remembered ?? role?.idleSeconds ?? seconds(Math.min(session.idleSeconds, absolute)),
    sliding: session.sliding,
  }
}

/** The cap that applies to a user: the most generous of the roles that have one; null when none has. */
export function capOf(session: SessionConfig, roles: readonly Role[]): Cap | null {
  const caps = roles.flatMap((role) => (role.maxSessions === null ? [] : [role.maxSessions]))
  return caps.length === 0 ? null : { max: Math.max(...caps), excess: session.excess }
}

/** The user's roles as the policy knows them; unknown ones grant nothing (seeds A4). */
export function knownRoles(bundle: PolicyBundle, user: User): readonly Role[] {
  return bundle.roles.filter((role) => user.roles.includes(role.name))
}
