import type { Ask, Credentials } from '../core/ask.ts'
import { digest } from '../core/bytes.ts'
import { isSafe } from '../core/client-kind.ts'
import type { Subject, TokenGrant } from '../core/person.ts'
import type { Gateway } from '../ports/gateway.ts'
import { isOurs, presentedToken, readApiToken } from './api-token.ts'
import { identifierOf } from './identifier.ts'
import { type Freshness, type Identified, identify, recall } from './identify.ts'
import { identifyTicket } from './ticket.ts'

export type { Freshness } from './identify.ts'

/** Who a request's credentials name, whichever they are. */
export type Caller =
  | Exclude<Identified, { readonly kind: 'somebody' }>
  | { readonly kind: 'somebody'; readonly subject: Subject; readonly cached: 'cached' | 'read' }
  | { readonly kind: 'token-invalid' }
  | { readonly kind: 'ticket-invalid' }
  | { readonly kind: 'ambiguous' }

/** Who an API token names. */
export type TokenCaller = Extract<Caller, { readonly kind: 'somebody' | 'token-invalid' | 'ambiguous' }>

/** What a request does with its session: a replaced key still reads for a moment, and never acts (DECISIONS 5). */
export type KeyUse = 'read' | 'act'

/** What a request does: safe methods read; everything else acts, and a socket can. */
export function keyUse(ask: Pick<Ask, 'method' | 'front'>): KeyUse {
  return isSafe(ask.method) && ask.front !== 'socket' ? 'read' : 'act'
}

/**
 * The caller: whoever a one-time ticket names, an API token when one is presented, else the session: by its access token,
 * else by its cookie, which is then the only one read. A value that is neither ours nor a static token passes on unread
 * and authenticates nobody (DECISIONS 4).
 *
 * @throws StoreUnavailable when the store is silent
 */
export async function callerOf(
  credentials: Credentials,
  gateway: Gateway,
  freshness: Freshness,
  use: KeyUse = 'read',
): Promise<Caller> {
  if (credentials.ticket !== undefined) return usable(await identifyTicket(credentials.ticket, gateway), use)
  const byToken = await tokenCaller(credentials, gateway)
  if (byToken !== null) return byToken
  return usable(await identify(credentials, { ...identifierOf(gateway), freshness }), use)
}

/**
 * The caller that an API token names, or why it names nobody; null when none of ours is presented, and only then may a
 * session be looked for (seeds T1).
 *
 * @throws StoreUnavailable when the store is silent
 */
export async function tokenCaller(credentials: Credentials, gateway: Gateway): Promise<TokenCaller | null> {
  const presented = presentedToken(credentials, gateway.isOwnSecret)
  if (presented.kind === 'ambiguous') return { kind: 'ambiguous' }
  return presented.kind === 'token' ? callerByToken(presented.value, gateway) : null
}

/** The caller of a session as memory alone knows it; null where it takes more to say. Reads and changes nothing. */
export function rememberedCaller(credentials: Credentials, gateway: Gateway, use: KeyUse): Caller | null {
  const { cookie, authorization, apiToken, ticket } = credentials
  if ((cookie === null && authorization === null) || apiToken !== null || ticket !== undefined) return null
  const recalled = recall(credentials, identifierOf(gateway))
  if (recalled === null) return null
  const caller = usable(recalled, use)
  return caller.kind === 'somebody' ? caller : null
}

function usable(identified: Identified | { readonly kind: 'ticket-invalid' }, use: KeyUse): Caller {
  const isReplaced = identified.kind === 'somebody' && identified.subject.grace === true
  return isReplaced && use === 'act' ? { kind: 'invalid' } : identified
}

async function callerByToken(value: string, gateway: Gateway): Promise<TokenCaller | null> {
  const fixed = gateway.fixedTokens.size === 0 ? undefined : gateway.fixedTokens.get(await digest(value))
  if (fixed !== undefined) return { kind: 'somebody', subject: { kind: 'fixed-token', token: fixed }, cached: 'read' }
  if (!isOurs(value)) return null
  const key = await readApiToken(gateway.apiMac, value)
  if (key === null) return { kind: 'token-invalid' }
  const now = gateway.runtime.now()
  const found = await gateway.store.tokens.read(key, now)
  if (found.kind === 'unknown') return { kind: 'token-invalid' }
  const { token, owner } = found
  const { id, name, scopes, hourlyLimit } = token
  const grant: TokenGrant = { id, name, scopes, fixed: false, hourlyLimit }
  const uses = gateway.sessions.claimUses(token.id, now, 60)
  if (uses > 0) gateway.runtime.background(gateway.store.tokens.touch(key, now, uses))
  return { kind: 'somebody', subject: { kind: 'token', user: owner, token: grant }, cached: 'read' }
}
