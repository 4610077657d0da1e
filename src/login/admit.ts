import type { Ask } from '../core/ask.ts'
import type { RoleName, UserId } from '../core/brand.ts'
import type { User } from '../core/person.ts'
import { isAdmin } from '../policy/permissions.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { ProviderOutcome } from '../ports/provider.ts'
import type { ProvenIdentity, SignedIn } from '../ports/store.ts'
import { note } from '../session/note.ts'
import { freshTag } from '../session/token.ts'

/** The account of a proven person: the known one, a new one, or none when sign-up is closed (seeds P3, G5). */
export async function admit(ask: Ask, gateway: Gateway, outcome: ProviderOutcome): Promise<SignedIn> {
  const { identity } = outcome
  const expected = expectedPerson(gateway, identity)
  const mayCreate = gateway.config.signup === 'open' || expected !== null
  const fresh = mayCreate ? newUser(gateway, identity, expected) : null
  const audit = note(gateway, ask, 'sign-up', fresh?.id ?? 'system', fresh?.id ?? null, { provider: identity.provider })
  const signedIn = await gateway.store.directory.signIn(identity, fresh, gateway.runtime.now(), audit)
  if (signedIn.kind !== 'closed') gateway.sessions.drop(signedIn.user.tag)
  return signedIn
}

/** Somebody the configuration names: what they become at their first sign-in. */
export interface ExpectedPerson {
  readonly origin: 'first-admin' | 'invited'
  readonly roles: readonly RoleName[]
}

/** What the configuration says of a proven person; null when it does not name them. */
export function expectedPerson(gateway: Gateway, identity: ProvenIdentity): ExpectedPerson | null {
  const isOne = (who: { readonly provider: string; readonly subject: string | null; readonly email: string | null }) =>
    who.provider === identity.provider &&
    (who.subject !== null ? who.subject === identity.subject : isVerifiedEmail(identity, who.email))
  if (gateway.config.firstAdmins.some(isOne)) return { origin: 'first-admin', roles: [adminRole(gateway)] }
  const invited = gateway.config.people.find(isOne)
  return invited === undefined ? null : { origin: 'invited', roles: invited.roles as readonly RoleName[] }
}

function isVerifiedEmail(identity: ProvenIdentity, email: string | null): boolean {
  const { profile } = identity
  return email !== null && profile.email !== null && profile.emailVerified && isSameAddress(profile.email, email)
}

function isSameAddress(a: string, b: string): boolean {
  // ATTACK: toLowerCase() turns the Kelvin sign into k: another mailbox would be the admin's (GHSA-7rqj-j65f-68wh).
  const plain = (address: string) => address.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  return plain(a) === plain(b)
}

/** The role of first admins: the configured one, else the one with the highest level. */
export function adminRole(gateway: Gateway): RoleName {
  if (gateway.config.adminRole !== null) return gateway.config.adminRole as RoleName
  const { bundle } = gateway.policy()
  return [...bundle.roles].sort((a, b) => b.level - a.level)[0]?.name ?? bundle.defaultRole
}

/** The roles that make an admin: the last holder of one keeps it. */
export function adminRoles(gateway: Gateway): readonly RoleName[] {
  const policy = gateway.policy()
  return policy.bundle.roles.map(({ name }) => name).filter((name) => isAdmin(policy, [name]))
}

function newUser(gateway: Gateway, identity: ProvenIdentity, expected: ExpectedPerson | null): User {
  const { runtime } = gateway
  const now = runtime.now()
  return {
    id: uuid(runtime.random(16)),
    tag: freshTag((count) => runtime.random(count)),
    origin: expected?.origin ?? 'sign-up',
    guest: false,
    profile: identity.profile,
    roles: expected?.roles ?? [gateway.policy().bundle.defaultRole],
    primaryRole: null,
    standing: { kind: 'active' },
    attributes: {},
    epoch: 1,
    createdAt: now,
    lastSignInAt: now,
    endsAt: null,
  }
}

/** A version 4 UUID of 16 random bytes (RFC 9562 section 5.4). */
export function uuid(random: Uint8Array): UserId {
  const bytes = Uint8Array.from(random)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') as UserId
}
