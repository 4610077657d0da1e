import type { Seconds } from '../../core/brand.ts'
import type { Identity, Session, Standing, User } from '../../core/person.ts'
import { levelOf, primaryRole } from '../../policy/permissions.ts'
import type { Policy } from '../../policy/policy.ts'
import type { ApiToken } from '../../ports/token-store.ts'
import { shownTime } from './define.ts'

/** What a view is made of: names and plain values. */
export type View = Readonly<Record<string, unknown>>

/** A session for people: its public name, never its key (seeds S38). */
export function sessionView(session: Session, now: Seconds): View {
  return {
    sid: session.sid,
    user: session.user,
    provider: session.provider,
    client: session.client,
    user_agent: session.userAgent,
    address: session.address,
    country: session.country,
    character: session.character,
    character_gone: session.characterGone === true,
    created: shownTime(session.createdAt),
    authenticated: shownTime(session.authTime),
    last_seen: shownTime(session.lastSeenAt),
    age_seconds: Math.max(0, now - session.createdAt),
    idle_until: shownTime(session.idleUntil),
    expires: shownTime(session.endsAt),
  }
}

function standingView(standing: Standing): View {
  if (standing.kind !== 'suspended') return { ...standing }
  return { kind: standing.kind, until: shownTime(standing.until), reason: standing.reason }
}

/** A user in a list of the admin area; roles the policy does not know are named apart (seeds A4). */
export function userView(user: User, policy: Policy): View {
  return {
    id: user.id,
    name: user.profile.name,
    email: user.profile.email,
    email_verified: user.profile.emailVerified,
    origin: user.origin,
    guest: user.guest,
    roles: user.roles,
    role_names: user.roles.map((role) => policy.roles.get(role)?.displayName ?? role),
    primary_role: primaryRole(policy, user),
    unknown_roles: user.roles.filter((role) => !policy.roles.has(role)),
    level: levelOf(policy, user.roles),
    standing: standingView(user.standing),
    attributes: user.attributes,
    created: shownTime(user.createdAt),
    last_sign_in: shownTime(user.lastSignInAt),
    ends: shownTime(user.endsAt),
  }
}

/** An identity by provider and display name; issuer and subject never leave the gateway. */
export function identityView(identity: Identity): View {
  return {
    provider: identity.provider,
    name: identity.profile.name,
    primary: identity.primary,
    linked: shownTime(identity.linkedAt),
  }
}

/** An API token without its secret and without its key (seeds T6). */
export function tokenView(token: ApiToken, now: Seconds): View {
  return {
    id: token.id,
    owner: token.owner,
    name: token.name,
    description: token.description,
    status: token.expiresAt !== null && token.expiresAt <= now ? 'expired' : 'active',
    scopes: token.scopes,
    hourly_limit: token.hourlyLimit,
    created: shownTime(token.createdAt),
    expires: shownTime(token.expiresAt),
    last_used: shownTime(token.lastUsedAt),
    uses: token.uses,
  }
}
