import type { UserId } from '../../core/brand.ts'
import { ok } from '../../core/result.ts'
import { permissionsOf } from '../../policy/permissions.ts'
import type { Page } from '../../ports/page.ts'
import { adminsOf, endOfLastAdmin, lastAdmin, PEOPLE, targetOf, unknownUser } from './authority.ts'
import { type Call, noteOf, type Outcome } from './call.ts'
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

/** Operations about people as such. */
export const userOperations: readonly Operation[] = [
  operation(
    { name: 'users.list', effect: 'read', needs: 'users' },
    (read) => ({ text: optionalBounded(read, 'text', 80), page: pageOf(read) }),
    listUsers,
  ),
  operation(
    { name: 'users.search', effect: 'read', needs: 'users' },
    (read) => ({ text: boundedText(read, 'text', 80), page: pageOf(read) }),
    listUsers,
  ),
  operation({ name: 'users.show', effect: 'read', needs: 'users' }, (read) => ({ user: userId(read) }), showUser),
  operation({ name: 'users.remove', effect: 'write', needs: 'remove' }, (read) => ({ user: userId(read) }), removeUser),
]
