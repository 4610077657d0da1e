import { type Answer, json } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { Sid, Tag, UserId } from '../core/brand.ts'
import type { UserRef } from '../core/person.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { LogoutClaims, Provider } from '../ports/provider.ts'
import { note } from '../session/note.ts'
import { keepRecord, readRecord } from '../session/side-record.ts'
import { overBudget } from './budget.ts'
import { followers } from './provider-session.ts'

/** A sign-in so many seconds after the order's own time is still one it means: clocks differ. */
const CLOCK_SECONDS = 60

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
  const over = await overBudget(ask, gateway, 'back-channel')
  if (over !== null) return over
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
  const claims = verified.value
  const name = `${claims.issuer}\n${claims.jti}`
  if ((await readRecord(gateway, 'logout', name)) !== null) return invalid(ask, gateway, providerId, 'replay')
  const ended = await endAll(ask, gateway, provider, claims)
  // WHY: remembered after it was obeyed, so that a retry after an outage of ours is not taken for a replay.
  await keepRecord(gateway, 'logout', name, String(ended), claims.rememberUntil)
  return json(200, { ended })
}

function invalid(ask: Ask, gateway: Gateway, provider: string, check: string): Answer {
  gateway.runtime.observe({ kind: 'sign-in', requestId: ask.requestId, provider, outcome: `logout-refused:${check}` })
  return json(400, { error: 'invalid_request', error_description: 'the logout token is not accepted' })
}

async function endAll(ask: Ask, gateway: Gateway, provider: Provider, claims: LogoutClaims): Promise<number> {
  const doomed =
    claims.providerSid === null
      ? await ofSubject(gateway, provider, claims)
      : (await followers(gateway, claims.issuer, claims.providerSid)).map(({ user, tag, sid }) => ({
          user: { id: user as UserId, tag: tag as Tag },
          sid: sid as Sid,
        }))
  let ended = 0
  for (const { user, sid } of doomed) {
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
