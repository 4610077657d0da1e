import { type Answer, json } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { typedAttributes, type User } from '../core/person.ts'
import { refuse } from '../pages/refuse.ts'
import { canAccess } from '../policy/decide.ts'
import { isAdmin, permissionsOf, primaryRole } from '../policy/permissions.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { Told } from '../ports/memory.ts'
import { callerOf } from '../session/caller.ts'
import { touch } from '../session/slide.ts'
import { countTokenCall, excessDetails } from '../session/token-limit.ts'
import { type Called, caller, isBearer, isBlocked, isForeign, nobodyHere, type Person } from './caller.ts'

/** Who asks and may, or the refusal that says why not; a session of a suspended account is no session (seeds 2.3). */
async function usable(ask: Ask, gateway: Gateway): Promise<Called> {
  const called = await caller(ask, gateway, { as: 'program' })
  if ('answer' in called || !isBlocked(called.who.user, gateway)) return called
  return { answer: refuse(ask, gateway, 'account-suspended', { subject: called.who, as: 'program' }) }
}

function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}

/** Whether this answer is the first with renewed user data or a rotated key here, and since when (seeds 2.2). */
function toldNow(gateway: Gateway, { user, session }: Person): Told {
  const now = gateway.runtime.now()
  const { basis } = session
  const madeAt = basis?.at ?? session.createdAt
  const isRotated = madeAt > session.createdAt
  const since = basis !== undefined && user.epoch > basis.epoch ? now : isRotated ? madeAt : null
  return gateway.sessions.tell(session.sid, `${user.epoch} ${session.key.slice(-12)}`, since, now)
}

async function primaryIdentity(gateway: Gateway, user: User) {
  const identities = await gateway.store.directory.identities(user)
  const primary = identities.find((identity) => identity.primary)
  if (primary === undefined) return null
  const { provider, profile, linkedAt } = primary
  return { provider, name: profile.name, email: profile.email, since: time(linkedAt) }
}

function publicAttributes(gateway: Gateway, user: User): User['attributes'] {
  const { attributes } = gateway.config
  return Object.fromEntries(
    Object.entries(typedAttributes(user.attributes, attributes)).filter(([name]) => attributes[name]?.public === true),
  )
}

/**
 * The session as a game page sees it (seeds A12, S22); looking does not slide it. 401 when there is none.
 * Shape: docs/schemas/session.schema.json, version 1.
 */
export async function sessionState(ask: Ask, gateway: Gateway): Promise<Answer> {
  const found = await usable(ask, gateway)
  if ('answer' in found) return found.answer
  const { user, session } = found.who
  const policy = gateway.policy()
  const identity = await primaryIdentity(gateway, user)
  const { news, refreshedAt } = toldNow(gateway, found.who)
  const { id, profile, guest } = user
  return json(200, {
    version: 1,
    state: news === 'news' ? 'refreshed' : 'active',
    sid: session.sid,
    user: { id, name: profile.name, email: profile.email, picture: profile.picture, guest },
    roles: user.roles,
    primary_role: primaryRole(policy, user),
    permissions: permissionsOf(policy, user.roles),
    is_admin: isAdmin(policy, user.roles),
    provider: session.provider,
    primary_identity: identity,
    character: session.character,
    attributes: publicAttributes(gateway, user),
    created: time(session.createdAt),
    refreshed: refreshedAt === null ? null : time(refreshedAt),
    last_seen: time(session.lastSeenAt),
    idle_until: time(session.idleUntil),
    expires: time(session.endsAt),
    authenticated: time(session.authTime),
  })
}

/** The heartbeat: moves last-seen and does nothing else (seeds S22). */
export async function heartbeat(ask: Ask, gateway: Gateway): Promise<Answer> {
  if (ask.method !== 'POST')
    return refuse(ask, gateway, 'method-not-allowed', { headers: [['allow', 'POST']], as: 'program' })
  if (isForeign(ask, gateway)) return refuse(ask, gateway, 'cross-site', { as: 'program' })
  const found = await usable(ask, gateway)
  if ('answer' in found) return found.answer
  // INVARIANT: a replaced key reads for a moment and keeps nothing alive (DECISIONS 5).
  if (found.who.grace === true) return refuse(ask, gateway, 'session-invalid', { as: 'program' })
  await touch(gateway, found.who.user, found.who.session)
  return json(200, { ok: true })
}

const MAX_QUESTIONS = 100

/** The refusal of questions that cannot be answered; null when they can. */
function oddQuestions(ask: Ask, gateway: Gateway, questions: readonly (readonly [string, string])[]): Answer | null {
  const refused = (fault: 'parameter-missing' | 'parameter-malformed', parameter: string, problem: string) =>
    refuse(ask, gateway, fault, { members: { parameter, problem }, as: 'program' })
  if (questions.length === 0)
    return refused('parameter-missing', 'GET', 'ask 1 to 100 pairs such as ?GET=/players&DELETE=/players/1')
  if (questions.length > MAX_QUESTIONS)
    return refused('parameter-malformed', questions[0]?.[0] ?? '', `${questions.length} pairs; ask at most 100 at once`)
  const odd = questions.find(([method]) => !/^[A-Z]{1,20}$/.test(method))
  if (odd === undefined) return null
  const name = odd[0].slice(0, 80)
  return refused('parameter-malformed', name, `${JSON.stringify(name)} is no method; ask pairs such as ?GET=/players`)
}

/**
 * Yes or no for `?GET=/players&DELETE=/players/1`: may the caller? The same evaluator as the hot path, no reasons.
 * At most 100 questions; pairs are answered in order.
 */
export async function mayCaller(ask: Ask, gateway: Gateway): Promise<Answer> {
  const asking = await callerOf(ask.credentials, gateway, 'remembered')
  if (asking.kind === 'ambiguous') return refuse(ask, gateway, 'bad-credential', { as: 'program' })
  if (asking.kind === 'token-invalid' || asking.kind === 'ticket-invalid')
    return refuse(ask, gateway, asking.kind, { as: 'program' })
  if ((asking.kind === 'invalid' || asking.kind === 'ended') && isBearer(ask))
    return nobodyHere(ask, gateway, asking, { as: 'program' })
  const subject = asking.kind === 'somebody' ? asking.subject : null
  const excess = await countTokenCall(subject, gateway)
  if (excess !== null) return refuse(ask, gateway, 'rate-limited', { ...excessDetails(excess), as: 'program' })
  const questions = [...new URLSearchParams(ask.target.query)]
  const odd = oddQuestions(ask, gateway, questions)
  if (odd !== null) return odd
  const { host, address, certified } = ask
  const at = { host, now: gateway.runtime.now(), address, certified }
  const answers = questions.map(([method, path]) => ({
    method,
    path,
    allowed: canAccess(gateway.policy(), subject, method, path, at),
  }))
  return json(200, { version: 1, answers })
}

/** The usable providers for game pages: id, name, start address; never a client id or secret (seeds P4). */
export async function providerList(_ask: Ask, gateway: Gateway): Promise<Answer> {
  const providers = [...gateway.providers.values()].map(({ id, name }) => ({
    id,
    name,
    start: `${gateway.config.origin}${gateway.config.prefix}/start/${id}`,
  }))
  return json(200, { version: 1, providers, guests: gateway.config.guests === 'on' })
}
