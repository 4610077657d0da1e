import { toResponse } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { Subject } from '../core/person.ts'
import { ticketEcho } from '../core/ticket.ts'
import { refuse } from '../pages/refuse.ts'
import type { Rule } from '../policy/model.ts'
import type { Upstream } from '../ports/config.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { UpstreamBody } from '../ports/upstream.ts'
import { withheldFrom } from './abroad.ts'
import { dress, dressCopy, type HeaderPairs, signed, upstreamTarget } from './dress.ts'
import type { ListedHeaders } from './intake.ts'
import { leaseTerms } from './lease.ts'
import { isPersonal } from './private.ts'
import { isLasting, lastingOf } from './stream.ts'
import { type Undressed, undress } from './undress.ts'
import type { Verdict } from './verdict.ts'

/** A request that was let through. */
export type Allowed = Extract<Verdict, { readonly kind: 'allow' }>

/** What of a client's request travels on, whichever front it came to. */
export interface Passage {
  readonly headers: Iterable<readonly [string, string]>
  /** The same as they came, where they may be copied as a whole; null: `headers` says it all. */
  readonly original: ListedHeaders | null
  /** The Connection header. */
  readonly connection: string | null
  /** The subprotocols an upgrade offers. */
  readonly protocols?: string | null
  readonly body: UpstreamBody
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal | null
}

/**
 * Sends what was let through to its upstream, dressed, and gives the answer, undressed.
 *
 * @param extra - headers of ours that are no identity
 * @throws UpstreamFailed
 */
export async function forward(
  passage: Passage,
  ask: Ask,
  gateway: Gateway,
  allowed: Allowed,
  extra: HeaderPairs = [],
): Promise<Response> {
  const { rule, subject } = allowed
  const upstream = upstreamOf(rule, gateway)
  const target = upstreamTarget(ask, upstream)
  if (target === null) return toResponse(refuse(ask, gateway, 'not-found', { rule, subject }))
  const told = gateway.identity.headers(subject, gateway.policy(), upstream)
  // WHY: what is remembered is there at once, as are headers that nothing is computed over; each wait costs.
  const identity = told instanceof Promise ? await told : told
  const url = `${upstream.url}${target}`
  const written = upstream.sign === 'none' ? target : (gateway.upstream.written?.(url) ?? target)
  const headers =
    copied(passage, ask, gateway, upstream, subject, identity, extra) ??
    (await dressed(passage, ask, gateway, written, upstream, subject, identity, extra))
  const response = await gateway.upstream.send({
    upstream: upstream.name,
    url,
    method: ask.method,
    headers,
    body: passage.body,
    get signal() {
      return passage.signal
    },
    responseTimeoutMs: timeoutOf(rule, upstream),
    ...socketTerms(ask, rule, subject, passage),
  })
  const withheld = withheldFrom(ask, subject, rule, gateway.config)
  return held(undress(response, isPersonal(ask, subject) ? 'one' : 'all', withheld), ask, gateway, allowed)
}

function held({ response, contentType }: Undressed, ask: Ask, gateway: Gateway, allowed: Allowed): Response {
  const { hold } = gateway.upstream
  if (hold === undefined || !isLasting(contentType)) return response
  const lasting = lastingOf(ask, gateway, allowed)
  return lasting === null ? response : hold(response, lasting)
}

/** What only an upgrade brings. */
function socketTerms(ask: Ask, rule: Rule, subject: Subject | null, { protocols }: Passage) {
  if (ask.front !== 'socket') return { lease: null }
  const echo = ticketEcho(protocols ?? null)
  return { lease: leaseTerms(ask, rule, subject), ...(echo === null ? {} : { echo }) }
}

/** The headers as they came, with ours, where they may be copied as a whole and nothing is computed over them. */
function copied(
  { original, connection }: Passage,
  ask: Ask,
  gateway: Gateway,
  upstream: Upstream,
  subject: Subject | null,
  identity: HeaderPairs,
  extra: HeaderPairs,
): Headers | null {
  if (original === null || upstream.sign !== 'none' || ask.front === 'socket' || extra.length > 0) return null
  return dressCopy(ask, original.whole, original.pairs, connection, subject, upstream, identity, gateway)
}

async function dressed(
  { headers, connection }: Passage,
  ask: Ask,
  gateway: Gateway,
  target: string,
  upstream: Upstream,
  subject: Subject | null,
  identity: HeaderPairs,
  extra: HeaderPairs,
): Promise<Headers> {
  const pairs = dress(ask, headers, connection, subject, upstream, identity, gateway)
  for (const [name, value] of extra) pairs.push([name, value])
  const sent = await signed(pairs, identity, ask.method, target, upstream, gateway)
  if (ask.front === 'socket') sent.push(['upgrade', 'websocket'], ['connection', 'Upgrade'])
  return new Headers(sent)
}

/** How long an upstream may take to begin its answer to a rule, milliseconds. */
export function timeoutOf(rule: Rule, upstream: Upstream): number {
  return rule.timeoutSeconds === null ? upstream.responseTimeoutMs : rule.timeoutSeconds * 1000
}

/** The upstream of a rule. */
export function upstreamOf(rule: Rule, gateway: Gateway): Upstream {
  const upstream = gateway.config.upstreams.find((candidate) => candidate.name === rule.upstream)
  // INVARIANT: the policy is checked against the configured upstreams before it serves.
  if (upstream === undefined)
    throw new Error(`rule ${rule.id} names upstream "${rule.upstream}", which is not configured`)
  return upstream
}
