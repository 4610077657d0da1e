import { nearest, type Reader } from '../../config/reader.ts'
import type { UserId } from '../../core/brand.ts'
import { ok } from '../../core/result.ts'
import { permissionsOf } from '../../policy/permissions.ts'
import type { Page } from '../../ports/page.ts'
import { adminsOf, endOfLastAdmin, lastAdmin, PEOPLE, targetOf, unknownUser } from './authority.ts'
import { type Call, noteOf, type Outcome, refused } from './call.ts'
import { boundedText, type Operation, operation, optionalBounded, pageOf, userId } from './define.ts'
import { identityView, sessionView, tokenView, userView, type View } from './views.ts'

/** People by part of their name, or everybody when `text` is null. */
export async function listUsers(
  call: Call,
  input: { readonly text: string | null; readonly page: Page },
): Promise<Outcome<View>> {
  const { store, policy } = { store: call.gateway.store, policy: call.gateway.policy() }
  const found = await store.directory.search(input.text ?? '', input.page)
  return ok({ users: found.items.map((user) => userView(user, policy)), next: found.next })
}

/** What a provider calls somebody: its own id of them, and the provider as the configuration names it, or its issuer. */
export interface NamedIdentity {
  readonly provider: string | null
  readonly issuer: string | null
  readonly subject: string
}

/** Whoever has an identity: one or nobody, by an exact match in the index that sign-ins use. */
export async function findByIdentity(call: Call, named: NamedIdentity): Promise<Outcome<View>> {
  const { directory } = call.gateway.store
  const issuer = named.issuer ?? issuerOf(call, named.provider ?? '')
  if (typeof issuer !== 'string') return issuer
  const holder = await directory.find(issuer, named.subject)
  const user = holder === null ? null : await directory.read(holder.id)
  return ok({ users: user === null ? [] : [userView(user, call.gateway.policy())], next: null })
}

function issuerOf({ gateway: { providers } }: Call, id: string): string | Outcome<never> {
  const provider = providers.get(id)
  const where = { where: 'provider', what: id }
  if (provider === undefined) {
    const known = [...providers.keys()]
    const near = nearest(id, known)
    const right = near === null ? `configured are ${known.join(', ') || 'none'}` : `did you mean "${near}"?`
    return refused('unknown-provider', `${right}; of a provider that is gone, give the issuer instead`, where)
  }
  const hint = 'its accounts have an issuer for each tenant: give that as issuer, instead of provider'
  return provider.issuer ?? refused('bad-body', hint, where)
}

/** One person with identities, sessions, tokens and presence (seeds S40). */
export async function showUser(call: Call, input: { readonly user: string }): Promise<Outcome<View>> {
  const { store, runtime } = call.gateway
  const policy = call.gateway.policy()
  const user = await store.directory.read(input.user as UserId)
  if (user === null) return unknownUser(input.user)
  const now = runtime.now()
  const [identities, sessions, tokens, presence] = await Promise.all([
    store.directory.identities(user),
    store.sessions.list(user, now),
    store.tokens.list(user, now),
    store.sessions.presence(user, now),
  ])
  return ok({
    ...userView(user, policy),
    permissions: permissionsOf(policy, user.roles),
    online: presence.online,
    worlds: presence.worlds,
    open_sockets: call.gateway.openSockets?.(user.id) ?? null,
    identities: identities.map(identityView),
    sessions: sessions.map((session) => sessionView(session, now)),
    tokens: tokens.map((token) => tokenView(token, now)),
  })
}

/** Removes a person with sessions, tokens and identities; the audit trail keeps only the opaque id. */
export async function removeUser(call: Call, input: { readonly user: string }): Promise<Outcome<View>> {
  const target = await targetOf(call, input.user, PEOPLE)
  if (!target.ok) return target
  const { store, runtime, sessions } = call.gateway
  if (call.mode === 'rehearse') return (await endOfLastAdmin(call, target.value)) ?? ok({ removed: target.value.id })
  const audit = noteOf(call, 'user-removed', target.value.id)
  const removed = await store.directory.remove(target.value, adminsOf(call), runtime.now(), audit)
  sessions.drop(target.value.tag)
  if (removed === 'no-user') return unknownUser(input.user)
  if (removed === 'last-admin') return lastAdmin()
  return ok({ removed: target.value.id })
}

// ATTACK: half an identity that is read as nothing would answer with everybody where one person was asked for.
function identityOf(read: Reader): NamedIdentity | null {
  const of = (key: string, most: number) => optionalBounded(read, key, most)
  const [provider, issuer, subject] = [of('provider', 64), of('issuer', 512), of('subject', 255)]
  if (provider === null && issuer === null && subject === null) return null
  if (subject === null) read.fault('subject', 'is needed too: what the provider itself calls the person')
  else if ((provider === null) === (issuer === null))
    read.fault('provider', 'must stand beside subject, or else issuer: one of the two')
  for (const key of ['text', 'after'])
    if (read.raw(key) !== undefined && read.raw(key) !== null)
      read.fault(key, 'must be left out where subject is given: at most one person has it')
  return { provider, issuer, subject: subject ?? '' }
}

/** Operations about people as such. */
export const userOperations: readonly Operation[] = [
  operation(
    { name: 'users.list', effect: 'read', needs: 'users' },
    (read) => ({ identity: identityOf(read), text: optionalBounded(read, 'text', 80), page: pageOf(read) }),
    (call, { identity, text, page }) =>
      identity === null ? listUsers(call, { text, page }) : findByIdentity(call, identity),
  ),
  operation(
    { name: 'users.search', effect: 'read', needs: 'users' },
    (read) => ({ text: boundedText(read, 'text', 80), page: pageOf(read) }),
    listUsers,
  ),
  operation({ name: 'users.show', effect: 'read', needs: 'users' }, (read) => ({ user: userId(read) }), showUser),
  operation({ name: 'users.remove', effect: 'write', needs: 'remove' }, (read) => ({ user: userId(read) }), removeUser),
]
