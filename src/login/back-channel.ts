import { type Answer, json } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { Sid } from '../core/brand.ts'
import type { UserRef } from '../core/person.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { Follower } from '../ports/login-store.ts'
import type { LogoutClaims, Provider } from '../ports/provider.ts'
import { note } from '../session/note.ts'
import { claimRecord, fromNow, keepRecord, takeRecord } from '../session/side-record.ts'
import { overBudget } from './budget.ts'
import { MAX_FORM_BYTES } from './fields.ts'
import { followersOf, followKey, leaveOrder } from './provider-session.ts'

/** A sign-in so many seconds after the order's own time is still one it means: clocks differ. */
const CLOCK_SECONDS = 60
/** Longer than it takes to obey an order, seconds; whoever needs more has died over it. */
const CLAIM_SECONDS = 30

/**
 * Obeys a provider that ends its session: ours that began in it end too.
 *
 * @param form - `logout_token`, posted by the provider's server; no cookie and no Origin is asked of it
 * @see OpenID Connect Back-Channel Logout 1.0 sections 2.5 to 2.8
 */
export async function backChannelLogout(
  ask: Ask,
  gateway: Gateway,
  providerId: string,
  form: URLSearchParams,
): Promise<Answer> {
  const odd = await oddRequest(ask, gateway)
  if (odd !== null) return odd
  const provider = gateway.providers.get(providerId)
  if (provider?.logout === undefined) return refuse(ask, gateway, 'unknown-provider', { as: 'program' })
  const [token, second] = form.getAll('logout_token')
  if (token === undefined || second !== undefined) return invalid(ask, gateway, providerId, 'logout_token')
  const verified = await provider.logout(token)
  if (!verified.ok) {
    const { fault } = verified
    if (fault.kind === 'unavailable') return refuse(ask, gateway, 'provider-unavailable', { as: 'program' })
    return invalid(ask, gateway, providerId, fault.kind === 'invalid' ? fault.check : fault.kind)
  }
  // INVARIANT: before word of the order is left anywhere: who signs in at this moment is no more meant by it.
  if (await isOfOthers(gateway, verified.value)) return invalid(ask, gateway, providerId, 'sub')
  const ended = await obeyOnce(ask, gateway, provider, verified.value)
  return ended === null ? invalid(ask, gateway, providerId, 'replay') : json(200, { ended })
}

/** The refusal of what is no form of a bearable size, or comes too often; null when it may be read. */
async function oddRequest(ask: Ask, gateway: Gateway): Promise<Answer | null> {
  if (ask.method !== 'POST')
    return refuse(ask, gateway, 'method-not-allowed', { headers: [['allow', 'POST']], as: 'program' })
  if ((ask.contentLength ?? 0) > MAX_FORM_BYTES) return refuse(ask, gateway, 'body-too-large', { as: 'program' })
  return overBudget(ask, gateway, 'back-channel')
}

/** Whether an order names a session of the provider and somebody else than whose it is: it ends nothing then. */
async function isOfOthers(gateway: Gateway, claims: LogoutClaims): Promise<boolean> {
  const { issuer, subject, providerSid } = claims
  if (subject === null || providerSid === null) return false
  return (await followersOf(gateway, claims, await followKey(issuer, providerSid), providerSid)).ofOthers
}

/**
 * How many sessions an order ended; null when it was obeyed before, or is being obeyed at this moment.
 *
 * ATTACK: one and the same token at many doors at once: whoever claims it first obeys it, nobody else (section 2.6 rule 8).
 * A claim is given back after an outage of ours and ends by itself when its holder dies: the provider's next try is none.
 */
async function obeyOnce(ask: Ask, gateway: Gateway, provider: Provider, claims: LogoutClaims): Promise<number | null> {
  const name = `${claims.issuer}\n${claims.jti}`
  if (!(await claimRecord(gateway, 'logout', name, 'claimed', fromNow(gateway, CLAIM_SECONDS)))) return null
  let ended: number
  try {
    ended = await endAll(ask, gateway, provider, claims)
  } catch (thrown) {
    await takeRecord(gateway, 'logout', name)
    throw thrown
  }
  await keepRecord(gateway, 'logout', name, String(ended), claims.rememberUntil)
  return ended
}

function invalid(ask: Ask, gateway: Gateway, provider: string, check: string): Answer {
  gateway.runtime.observe({ kind: 'sign-in', requestId: ask.requestId, provider, outcome: `logout-refused:${check}` })
  return json(400, { error: 'invalid_request', error_description: 'the logout token is not accepted' })
}

async function endAll(ask: Ask, gateway: Gateway, provider: Provider, claims: LogoutClaims): Promise<number> {
  const { issuer, providerSid } = claims
  await leaveOrder(gateway, claims)
  if (providerSid === null) return end(ask, gateway, provider, await ofSubject(gateway, provider, claims))
  const key = await followKey(issuer, providerSid)
  const { known, present } = await followersOf(gateway, claims, key, providerSid)
  const browsers = await end(ask, gateway, provider, present.map(doomed))
  // INVARIANT: browsers first, then what they let in: a program is let in while its browser's session lives.
  return browsers + (await end(ask, gateway, provider, await programsOf(gateway, key, known)))
}

function doomed({ user, tag, sid }: Pick<Follower, 'user' | 'tag' | 'sid'>): Doomed {
  return { user: { id: user, tag }, sid }
}

/** Programs that were let in in one session of a provider, by whoever ever followed it. */
async function programsOf(gateway: Gateway, key: string, known: readonly Follower[]): Promise<readonly Doomed[]> {
  const people = new Map(known.map((one) => [one.user, { id: one.user, tag: one.tag }]))
  const now = gateway.runtime.now()
  const lists = await Promise.all([...people.values()].map((user) => gateway.store.sessions.list(user, now)))
  return lists
    .flat()
    .filter(({ follows }) => follows === key)
    .map(doomed)
}

async function end(ask: Ask, gateway: Gateway, provider: Provider, all: readonly Doomed[]): Promise<number> {
  let ended = 0
  for (const { user, sid } of all) {
    const audit = note(gateway, ask, 'session-revoked', 'system', user.id, { sid, by: `provider:${provider.id}` })
    const now = gateway.runtime.now()
    ended += Number(await gateway.store.sessions.revokeSid(user, sid, 'signed-out', now, audit))
    gateway.sessions.drop(user.tag)
  }
  return ended
}

interface Doomed {
  readonly user: UserRef
  readonly sid: Sid
}

/** Sessions a subject began at this provider before the order was given; later ones are not meant. */
async function ofSubject(gateway: Gateway, provider: Provider, claims: LogoutClaims): Promise<readonly Doomed[]> {
  const user = claims.subject === null ? null : await gateway.store.directory.find(claims.issuer, claims.subject)
  if (user === null) return []
  const sessions = await gateway.store.sessions.list(user, gateway.runtime.now())
  return sessions
    .filter((one) => one.provider === provider.id && one.authTime <= claims.issuedAt + CLOCK_SECONDS)
    .map(({ sid }) => ({ user, sid }))
}
