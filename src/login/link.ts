import { type Answer, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { LoginTransaction } from '../ports/login-store.ts'
import type { ProviderOutcome } from '../ports/provider.ts'
import { identifierOf } from '../session/identifier.ts'
import { identify } from '../session/identify.ts'
import { note } from '../session/note.ts'

/** How old a sign-in may be for changes to the account, seconds (SPEC 3). */
export const FRESH_SECONDS = 300

/**
 * Adds a proven identity to the account that began the attempt, never by equal e-mail (seeds L1, L6).
 *
 * ATTACK: the attempt is bound to the session it began in: another session's answer links nothing.
 */
export async function linkIdentity(
  ask: Ask,
  gateway: Gateway,
  transaction: LoginTransaction,
  outcome: ProviderOutcome,
  cookie: readonly [string, string],
): Promise<Answer> {
  const identified = await identify(ask.credentials, identifierOf(gateway))
  if (identified.kind !== 'somebody') return refuse(ask, gateway, 'session-required', { headers: [cookie] })
  const { user, session } = identified.subject
  const now = gateway.runtime.now()
  if (session.sid !== transaction.sid) return refuse(ask, gateway, 'sign-in-interrupted', { headers: [cookie] })
  if (transaction.createdAt - session.authTime > FRESH_SECONDS)
    return refuse(ask, gateway, 'session-stale', { headers: [cookie] })
  const audit = note(gateway, ask, 'identity-linked', user.id, user.id, { provider: outcome.identity.provider })
  const linked = await gateway.store.directory.link(user, outcome.identity, 'secondary', now, audit)
  gateway.sessions.drop(user.tag)
  if (linked === 'taken') return refuse(ask, gateway, 'identity-taken', { headers: [cookie] })
  if (linked === 'no-user') return refuse(ask, gateway, 'session-invalid', { headers: [cookie] })
  return redirect(303, transaction.returnTo, [cookie])
}
