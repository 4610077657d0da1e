import { type Seconds, seconds } from '../core/brand.ts'
import { base64url, sha256, utf8 } from '../core/bytes.ts'
import type { User, UserRef } from '../core/person.ts'
import type { Upstream } from '../ports/config.ts'
import type { Gateway } from '../ports/gateway.ts'
import { UpstreamFailed } from '../ports/upstream.ts'
import { note } from '../session/note.ts'

/** Guests in one event, and in one step of the purge. */
const BATCH = 100
/** After so long an account goes even though an upstream was never reached: nobody's data waits for ever. */
const LONGEST_WAIT = 7 * 86_400
const DAY = 86_400
const EVENT_LIFE = 60
/** A promotion that was under way when the account ended is done by then. */
const GRACE = 10

/** What `endGuests` did: how many accounts are gone, and whether there is more to do. */
export interface GuestsEnded {
  readonly ended: number
  /** `more`: come again at once; `untold`: an upstream did not take the event, so come again later. */
  readonly left: 'none' | 'more' | 'untold'
}

/**
 * Ends guest accounts whose time is over: first the upstreams that want to know are told, then the accounts go. Until
 * then an account is its own outbox: it is over for everybody, and stays stored until the event was taken. So an event
 * is sent at least once, also over a crash (seeds G1, G2).
 *
 * @throws StoreUnavailable
 */
export async function endGuests(gateway: Gateway): Promise<GuestsEnded> {
  const { directory } = gateway.store
  const now = seconds(gateway.runtime.now() - GRACE)
  const due = await directory.overdueGuests(now, BATCH)
  const found = await Promise.all(due.map(async (ref) => ({ ref, user: await directory.read(ref.id) })))
  const over = found.filter(({ user }) => user !== null && isOver(user, now))
  const told =
    over.length === 0 ||
    (await tellAll(
      over.map(({ ref }) => ref),
      gateway,
    ))
  let ended = 0
  for (const { ref, user } of found) {
    // WHY: who is no guest any more was not told of: the purge only mends what the index says of him.
    const isWaiting = !told && user !== null && isOver(user, now) && now - endOf(user) < LONGEST_WAIT
    if (!isWaiting && (await purge(ref, now, gateway))) ended++
  }
  return { ended, left: told ? (due.length === BATCH ? 'more' : 'none') : 'untold' }
}

function endOf({ endsAt, createdAt }: User): number {
  return endsAt ?? createdAt + DAY
}

function isOver(user: User, now: Seconds): boolean {
  return user.guest && endOf(user) <= now
}

function purge(ref: UserRef, now: Seconds, gateway: Gateway): Promise<boolean> {
  const audit = note(gateway, { requestId: 'guest-ends' }, 'user-removed', 'system', ref.id, { reason: 'guest-over' })
  return gateway.store.directory.purgeGuest(ref, now, audit)
}

/** Whether every upstream with an address for events took this one. */
async function tellAll(guests: readonly UserRef[], gateway: Gateway): Promise<boolean> {
  const upstreams = gateway.config.upstreams.filter(({ events }) => events !== null)
  const taken = await Promise.all(upstreams.map((upstream) => tell(upstream, guests, gateway)))
  return taken.every((one) => one)
}

/**
 * Sends one event as a signed statement.
 *
 * @see RFC 8417 (security event tokens), RFC 8935 (delivery by POST: 202 or another 2xx takes it)
 */
async function tell(upstream: Upstream, guests: readonly UserRef[], gateway: Gateway): Promise<boolean> {
  const { runtime, config } = gateway
  const users = guests.map(({ id }) => id)
  const url = `${upstream.url}${upstream.events ?? ''}`
  const iat = runtime.now()
  const type = `${config.origin}${config.prefix}/events/guests-ended`
  const token = await gateway.signer.sign({
    iss: `${config.origin}${config.prefix}`,
    // ATTACK: of an audience of its own, and about nobody by `sub`: no verifier of assertions takes it for one.
    aud: `${upstream.audience}#events`,
    iat,
    exp: seconds(iat + EVENT_LIFE),
    jti: base64url((await sha256(utf8(users.join(' ')))).subarray(0, 18)),
    events: { [type]: { users } },
  })
  const headers = new Headers({ 'content-type': 'application/secevent+jwt', accept: 'application/json' })
  try {
    const body = utf8(token)
    const request = { upstream: upstream.name, url, method: 'POST', headers, body, signal: null, lease: null }
    const answer = await gateway.upstream.send({ ...request, responseTimeoutMs: upstream.responseTimeoutMs })
    await answer.body?.cancel()
    if (answer.ok) return true
    runtime.observe({ kind: 'event-untaken', upstream: upstream.name, users: users.length, reason: `${answer.status}` })
  } catch (error) {
    if (!(error instanceof UpstreamFailed)) throw error
    runtime.observe({ kind: 'event-untaken', upstream: upstream.name, users: users.length, reason: error.kind })
  }
  return false
}
