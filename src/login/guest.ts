import { networkOf } from '../core/address.ts'
import { type Answer, json, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { seconds } from '../core/brand.ts'
import { clientKind, isCrossSite } from '../core/client-kind.ts'
import type { User } from '../core/person.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { identifierOf } from '../session/identifier.ts'
import { identify } from '../session/identify.ts'
import { note } from '../session/note.ts'
import { openSession } from '../session/open.ts'
import { freshTag } from '../session/token.ts'
import { uuid } from './admit.ts'
import { returnToOf } from './start.ts'

/** Guests one network may make in an hour. */
const GUESTS_PER_HOUR = 20

/**
 * Makes a guest account and its session: only by a button of ours, never by a link (DECISIONS 16, seeds G1, G4).
 *
 * @param wish - raw `return_to` of the form
 */
export async function startGuest(ask: Ask, gateway: Gateway, wish: string | null): Promise<Answer> {
  const guestRole = gateway.policy().bundle.guestRole
  if (ask.method !== 'POST') return refuse(ask, gateway, 'method-not-allowed', { headers: [['allow', 'POST']] })
  if (isCrossSite(ask, [gateway.config.origin])) return refuse(ask, gateway, 'cross-site')
  if (gateway.config.guests === 'off' || guestRole === null) return refuse(ask, gateway, 'guests-off')
  const returnTo = returnToOf(wish, gateway)
  if (returnTo === null) return refuse(ask, gateway, 'bad-return')
  const identified = await identify(ask.credentials, identifierOf(gateway))
  if (identified.kind === 'somebody') return done(ask, returnTo, [])
  const now = gateway.runtime.now()
  const hit = await gateway.store.rates.hit(
    `guest:${networkOf(ask.address ?? '', 4) ?? 'unknown'}`,
    GUESTS_PER_HOUR,
    seconds(3600),
    now,
  )
  if (!hit.allowed)
    return refuse(ask, gateway, 'too-many-tries', { headers: [['retry-after', String(hit.retryAfter)]] })
  const user = newGuest(gateway, [guestRole])
  await gateway.store.directory.createGuest(user, note(gateway, ask, 'guest-created', user.id, user.id))
  const opened = await openSession(ask, gateway, { user, provider: 'guest', authTime: now, remember: 'forget' })
  if (!opened.ok) return refuse(ask, gateway, 'session-invalid')
  return done(ask, returnTo, [['set-cookie', opened.value.setCookie]])
}

function done(ask: Ask, returnTo: string, headers: readonly (readonly [string, string])[]): Answer {
  return clientKind(ask) === 'program' ? json(200, { ok: true }, headers) : redirect(303, returnTo, headers)
}

function newGuest(gateway: Gateway, roles: User['roles']): User {
  const { runtime, config } = gateway
  const now = runtime.now()
  const number = new DataView(runtime.random(4).buffer).getUint32(0) % 100_000
  return {
    id: uuid(runtime.random(16)),
    tag: freshTag((count) => runtime.random(count)),
    origin: 'guest',
    guest: true,
    profile: { name: `guest_${String(number).padStart(5, '0')}`, email: null, emailVerified: false, picture: null },
    roles,
    primaryRole: null,
    standing: { kind: 'active' },
    attributes: {},
    epoch: 1,
    createdAt: now,
    lastSignInAt: now,
    endsAt: seconds(now + config.session.guestSeconds),
  }
}
