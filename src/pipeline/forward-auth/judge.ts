import type { Answer } from '../../core/answer.ts'
import type { Ask } from '../../core/ask.ts'
import { isBelow } from '../../core/target.ts'
import { headerPlan } from '../../identity/dialects.ts'
import { PROXY_NAMES } from '../../identity/reserved.ts'
import { refuse } from '../../pages/refuse.ts'
import type { AskingProxy, Upstream } from '../../ports/config.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { followUp } from '../../session/follow-up.ts'
import { answer } from '../answer.ts'
import { authorize } from '../authorize.ts'
import { dress } from '../dress.ts'
import { type Allowed, upstreamOf } from '../forward.ts'
import { isLimited, withinLimits } from '../limits.ts'
import { isPreflight, preflightVerdict } from '../preflight.ts'
import type { Verdict } from '../verdict.ts'

/** A verdict for a proxy: what it may send on, or the answer to whoever asked it. */
export type Told =
  | { readonly kind: 'refused'; readonly verdict: Verdict | null; readonly answer: Answer }
  | {
      readonly kind: 'granted'
      readonly verdict: Verdict
      readonly answer: Answer
      /** Every header the answer may carry towards this upstream, in lower case. */
      readonly names: readonly string[]
    }

/**
 * The decision about a request of a proxy: the one of every front, then what only this front has to look at.
 *
 * @throws StoreUnavailable when the store is silent and the answer depends on it
 */
export async function judged(ask: Ask, headers: Headers, gateway: Gateway, proxy: AskingProxy): Promise<Told> {
  // ATTACK: what is ours is never asked about: such an address would be let through to an upstream (GHSA-5wcc-hf24-rf5h).
  if (isBelow(ask.target.path, gateway.config.prefix)) return refusedAs(null, refuse(ask, gateway, 'not-found'))
  const verdict = isPreflight(ask, gateway) ? announced(ask, gateway) : await authorize(ask, gateway)
  if (verdict.kind !== 'allow') return refusedAs(verdict, answer(verdict, ask, gateway))
  const upstream = upstreamOf(verdict.rule, gateway)
  if (!proxy.upstreams.includes(upstream.name)) return refusedAs(verdict, refuse(ask, gateway, 'not-found'))
  const forged = forgedHeader(headers, upstream, gateway, proxy)
  if (forged !== null)
    return refusedAs(verdict, refuse(ask, gateway, 'bad-forwarding', { members: { header: forged } }))
  const instead = await followUp(ask, gateway, verdict.rule, verdict.subject)
  if (instead !== null) return refusedAs(verdict, instead)
  const limited = isLimited(verdict.rule, verdict.subject) ? await withinLimits(ask, gateway, verdict) : verdict
  if (limited.kind !== 'allow') return refusedAs(limited, answer(limited, ask, gateway))
  const grant = { status: 200, headers: await grantedHeaders(ask, gateway, limited, upstream), body: null }
  const names = [...headerPlan(upstream).map(([name]) => name.toLowerCase()), ...REPLACED]
  return { kind: 'granted', verdict: limited, answer: grant, names: [...new Set(names)] }
}

function refusedAs(verdict: Verdict | null, told: Answer): Told {
  return { kind: 'refused', verdict, answer: told }
}

/**
 * A preflight goes on as nobody, and the upstream answers it: a 2xx of ours would let the proxy forward it all the same.
 * Where the rule names origins, only from those.
 */
function announced(ask: Ask, gateway: Gateway): Verdict {
  const verdict = preflightVerdict(ask, gateway)
  if (verdict.kind !== 'allow' || verdict.rule.origins.length === 0) return verdict
  const isNamed = verdict.rule.origins.includes(ask.browser.origin ?? '')
  return isNamed ? verdict : { kind: 'cross-site', rule: verdict.rule, subject: null }
}

/** A header only Postern may set that the client wrote itself; null when there is none. */
function forgedHeader(headers: Headers, upstream: Upstream, gateway: Gateway, proxy: AskingProxy): string | null {
  for (const name of headers.keys()) {
    // WHY: these three are replaced by what the answer says; Envoy writes headers of its own name.
    if (REPLACED.has(name) || PROXY_NAMES.has(name)) continue
    if (proxy.kind === 'envoy' && name.startsWith('x-envoy-')) continue
    if (gateway.identity.isReserved(upstream, name)) return name
  }
  return null
}

const REPLACED: ReadonlySet<string> = new Set(['cookie', 'authorization', 'x-api-token'])
const OF_THE_PROXY: ReadonlySet<string> = new Set(['host', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-for'])

/**
 * What replaces the headers of the client's request: who asks, and its credentials without ours. A name that is not
 * there must be deleted by the proxy, which every sample does before it sets.
 */
async function grantedHeaders(
  ask: Ask,
  gateway: Gateway,
  { subject }: Allowed,
  upstream: Upstream,
): Promise<Answer['headers']> {
  const { cookie, authorization, apiToken } = ask.credentials
  const said: [string, string][] = []
  if (cookie !== null) said.push(['cookie', cookie])
  if (authorization !== null) said.push(['authorization', authorization])
  if (apiToken !== null) said.push(['x-api-token', apiToken])
  const identity = await gateway.identity.headers(subject, gateway.policy(), upstream)
  const dressed = dress(ask, said, null, subject, upstream, identity, gateway)
  return [['cache-control', 'no-store'], ...dressed.filter(([name]) => !OF_THE_PROXY.has(name))]
}
