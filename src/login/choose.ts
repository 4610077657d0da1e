import type { Answer } from '../core/answer.ts'
import { redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { seconds } from '../core/brand.ts'
import type { User } from '../core/person.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { note } from '../session/note.ts'
import { takeRecord } from '../session/side-record.ts'
import { endSession } from './arrive.ts'
import { arrivedCookie } from './arrived.ts'
import { isBearer, isBlocked, owner, type Person } from './caller.ts'
import { takeTold } from './claims.ts'
import { isStillSafe } from './destination.ts'
import { openFor } from './open-for.ts'
import type { Choice } from './promote.ts'
import { rememberProviderSession } from './provider-session.ts'

/**
 * What a guest chose whose provider account already belongs to a player. Both were proven in this browser: the guest by
 * the session that asks, the player by the provider before the choice was offered; it is taken once.
 */
export async function choose(ask: Ask, gateway: Gateway, token: string, which: string): Promise<Answer> {
  const called = await owner(ask, gateway, new URLSearchParams())
  if ('answer' in called) return called.answer
  if (isBearer(ask)) return refuse(ask, gateway, 'not-navigation', { subject: called.who })
  if (which !== 'existing' && which !== 'guest') return refuse(ask, gateway, 'not-found')
  const kept = await takeRecord(gateway, 'choice', token)
  if (kept === null) return refuse(ask, gateway, 'sign-in-interrupted', { subject: called.who })
  const choice = JSON.parse(kept) as Choice
  if (choice.guestSid !== called.who.session.sid)
    return refuse(ask, gateway, 'sign-in-interrupted', { subject: called.who })
  const destination = isStillSafe(choice.returnTo, gateway) ? choice.returnTo : '/'
  if (which === 'guest') return redirect(303, destination)
  return becomeExisting(ask, gateway, called.who, choice, destination)
}

/** The player of the provider account, with what it said of them; null when it has none any more. */
async function chosenPlayer(ask: Ask, gateway: Gateway, choice: Choice): Promise<User | null> {
  const { directory } = gateway.store
  const { issuer, subject, provider, profile } = choice
  if (profile === undefined) {
    const ref = await directory.find(issuer, subject)
    return ref === null ? null : directory.read(ref.id)
  }
  const now = gateway.runtime.now()
  const audit = note(gateway, ask, 'sign-up', 'system', null, { provider })
  const signedIn = await directory.signIn({ issuer, subject, provider, profile }, null, now, audit)
  if (signedIn.kind === 'closed') return null
  gateway.sessions.drop(signedIn.user.tag)
  return signedIn.user
}

async function becomeExisting(
  ask: Ask,
  gateway: Gateway,
  guest: Person,
  choice: Choice,
  destination: string,
): Promise<Answer> {
  const found = await chosenPlayer(ask, gateway, choice)
  if (found === null) return refuse(ask, gateway, 'sign-in-interrupted', { subject: guest })
  if (isBlocked(found, gateway)) return refuse(ask, gateway, 'account-suspended', { standing: found.standing })
  const user = await takeTold(ask, gateway, found, { provider: choice.provider, changes: choice.told ?? {} })
  const now = gateway.runtime.now()
  const opened = await openFor(ask, gateway, {
    user,
    provider: choice.provider,
    authTime: choice.authTime === null ? now : seconds(Math.min(choice.authTime, now)),
    provenAt: choice.provenAt === null ? null : seconds(choice.provenAt),
    remember: choice.remember ? 'remember' : 'forget',
  })
  const restart = { provider: choice.provider, returnTo: destination }
  const interrupted = () => refuse(ask, gateway, 'sign-in-interrupted', { restart, subject: guest })
  if (!opened.ok && opened.fault === 'changed') return interrupted()
  if (!opened.ok) return refuse(ask, gateway, opened.fault === 'too-many' ? 'too-many-sessions' : 'session-invalid')
  // WHY: the ID token is not kept while the guest chooses: sign-out at the provider then goes without the hint.
  const { issuer, subject, provider, providerSid = null, issuedAt = null } = choice
  const kept = { identity: { provider, issuer, subject }, idToken: null, providerSid, issuedAt }
  const followed = await rememberProviderSession(ask, gateway, opened.value.session, kept)
  if (followed === 'over') return interrupted()
  // WHY: the trail names both, so that a game can move what the guest had; the guest account keeps its own end.
  await endSession(ask, gateway, guest.session, { chose: user.id })
  gateway.runtime.observe({
    kind: 'sign-in',
    requestId: ask.requestId,
    provider: choice.provider,
    outcome: 'chosen-over-guest',
  })
  return redirect(303, destination, [['set-cookie', opened.value.setCookie], arrivedCookie(ask, gateway)])
}
