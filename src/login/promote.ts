import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { RoleName } from '../core/brand.ts'
import { base64url } from '../core/bytes.ts'
import type { Profile, User, UserRef } from '../core/person.ts'
import { show } from '../pages/frame.ts'
import { chooseAccount } from '../pages/linking.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { note } from '../session/note.ts'
import { forgetGuestCookie } from '../session/open.ts'
import { noteSignInRefusal } from '../session/refusals.ts'
import { fromNow, keepRecord } from '../session/side-record.ts'
import { adminRoles, expectedPerson } from './admit.ts'
import { arrive, openingOf, openOrRenew, type Proven, provenAt } from './arrive.ts'
import { isBlocked, type Person } from './caller.ts'
import { claimedAttributes, type Told, takeClaims } from './claims.ts'
import { restartOf } from './interrupted.ts'
import { TRANSACTION_SECONDS } from './transaction.ts'

/** Two accounts one browser proved: the guest's by its session, the other by its provider. */
export interface Choice {
  readonly guestSid: string
  readonly issuer: string
  readonly subject: string
  readonly provider: string
  readonly providerSid: string | null
  readonly issuedAt: number | null
  readonly authTime: number | null
  readonly provenAt: number | null
  readonly returnTo: string
  readonly remember: boolean
  /** What the provider says of the player, for when they are chosen; absent in older records. */
  readonly profile?: Profile
  readonly told?: Told['changes']
}

/**
 * A guest who proved who they are keeps user id, session and progress (seeds G6). Where the provider account already
 * belongs to a player, the guest chooses; nothing is merged and nothing is lost (users.md row 20).
 *
 * ATTACK: the attempt must have begun in this very guest session: an account is never added to somebody else's guest.
 *
 * @returns `no-guest` when the guest is none any more: another tab came back first, or the account is gone
 */
export async function signInGuest(
  ask: Ask,
  gateway: Gateway,
  proven: Proven,
  guest: Person,
): Promise<Answer | 'no-guest'> {
  const { transaction, outcome, cookies } = proven
  if (transaction.sid !== guest.session.sid) {
    const restart = restartOf(transaction, gateway)
    return refuse(ask, gateway, 'sign-in-interrupted', { restart, subject: guest, headers: cookies })
  }
  if (isBlocked(guest.user, gateway)) {
    noteSignInRefusal(ask, gateway, transaction.provider, 'account-suspended', guest.user.id)
    return refuse(ask, gateway, 'account-suspended', { subject: guest, headers: cookies })
  }
  const known = await gateway.store.directory.find(outcome.identity.issuer, outcome.identity.subject)
  if (known !== null && known.id !== guest.user.id) return offerChoice(ask, gateway, proven, guest, known)
  const expected = expectedPerson(gateway, outcome.identity)
  if (gateway.config.signup === 'closed' && expected === null) {
    noteSignInRefusal(ask, gateway, transaction.provider, 'signup-closed', guest.user.id)
    return refuse(ask, gateway, 'signup-closed', { subject: guest, headers: cookies })
  }
  const roles = expected?.roles ?? [gateway.policy().bundle.defaultRole]
  const promoted = await promote(ask, gateway, proven, guest, roles)
  if (promoted === 'taken') {
    const owner = await gateway.store.directory.find(outcome.identity.issuer, outcome.identity.subject)
    if (owner !== null && owner.id !== guest.user.id) return offerChoice(ask, gateway, proven, guest, owner)
  }
  if (typeof promoted === 'string') return 'no-guest'
  const user = await takeClaims(ask, gateway, promoted, outcome)
  const opened = await openOrRenew(ask, gateway, guest, openingOf(gateway, user, proven))
  return arrive(ask, gateway, { ...proven, cookies: [...cookies, forgetGuestCookie(ask, gateway)] }, opened, 'promoted')
}

async function promote(
  ask: Ask,
  gateway: Gateway,
  { outcome }: Proven,
  { user, session }: Person,
  roles: readonly RoleName[],
): Promise<User | 'taken' | 'no-user'> {
  const { directory, sessions } = gateway.store
  const now = gateway.runtime.now()
  const [first = gateway.policy().bundle.defaultRole] = roles
  const audit = note(gateway, ask, 'guest-promoted', user.id, user.id, { provider: outcome.identity.provider })
  const linked = await directory.promote(user, outcome.identity, first, now, audit)
  gateway.sessions.drop(user.tag)
  if (linked === 'taken' || linked === 'no-user') return linked
  // ATTACK: whoever knew another session of the guest does not share the account it became.
  const ended = note(gateway, ask, 'sign-out', user.id, user.id, { reason: 'promoted' })
  await sessions.revokeUser(user, 'signed-out', now, ended, session.sid)
  if (roles.length > 1) {
    const changed = note(gateway, ask, 'roles-changed', 'system', user.id, { roles: roles.join(' ') })
    // WHY: only on top of what the promotion gave; who changed the roles since knew better.
    const given = { roles: [first], primaryRole: null }
    await directory.setRoles(user, roles, null, adminRoles(gateway), changed, given)
  }
  return (await directory.read(user.id)) ?? 'no-user'
}

async function offerChoice(ask: Ask, gateway: Gateway, proven: Proven, guest: Person, owner: UserRef): Promise<Answer> {
  const { transaction, outcome, cookies } = proven
  const existing = await gateway.store.directory.read(owner.id)
  if (existing === null) {
    const restart = restartOf(transaction, gateway)
    return refuse(ask, gateway, 'sign-in-interrupted', { restart, subject: guest, headers: cookies })
  }
  if (isBlocked(existing, gateway)) {
    noteSignInRefusal(ask, gateway, transaction.provider, 'account-suspended', existing.id)
    return refuse(ask, gateway, 'account-suspended', { standing: existing.standing, headers: cookies })
  }
  const { issuer, subject, provider } = outcome.identity
  const choice: Choice = {
    guestSid: guest.session.sid,
    issuer,
    subject,
    provider,
    providerSid: outcome.providerSid,
    issuedAt: outcome.issuedAt,
    authTime: outcome.authTime,
    provenAt: provenAt(gateway, proven),
    returnTo: transaction.returnTo,
    remember: transaction.remember,
    profile: outcome.identity.profile,
    told: claimedAttributes(gateway.config.attributes, outcome, existing.attributes),
  }
  const token = base64url(gateway.runtime.random(24))
  await keepRecord(gateway, 'choice', token, JSON.stringify(choice), fromNow(gateway, TRANSACTION_SECONDS))
  const name = gateway.providers.get(provider)?.name ?? provider
  const action = `${gateway.config.prefix}/choose/${token}`
  const { endsAt } = guest.user
  const props = {
    provider: name,
    existing: { name: existing.profile.name ?? name, action: `${action}/existing` },
    guestKeptUntil: endsAt === null ? null : new Date(endsAt * 1000).toISOString(),
    stayAction: `${action}/guest`,
  }
  return show(ask, gateway, guest, (frame) => chooseAccount(frame, props), cookies)
}
