import { type Answer, problem, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { clientKind } from '../core/client-kind.ts'
import { refuse } from '../pages/refuse.ts'
import type { AskingProxy } from '../ports/config.ts'
import type { Gateway } from '../ports/gateway.ts'
import { failure, unaskable } from './failure.ts'
import { askFromForwarded } from './forward-auth/ask.ts'
import { caddy } from './forward-auth/caddy.ts'
import { envoy } from './forward-auth/envoy.ts'
import type { Call, FrontProxy, Untold } from './forward-auth/front-proxy.ts'
import { judged, type Told } from './forward-auth/judge.ts'
import { nginx } from './forward-auth/nginx.ts'
import { provenProxy } from './forward-auth/proven.ts'
import { traefik } from './forward-auth/traefik.ts'
import { type Arrival, PROXY_SECRET } from './intake.ts'
import { record } from './record.ts'

const DIALECTS: Readonly<Record<AskingProxy['kind'], FrontProxy>> = { nginx, caddy, traefik, envoy }

/**
 * Whether a request that a proxy in front received may go on, by the one decision of every front. Closed to everybody who
 * does not prove to be a configured proxy; a call that lacks a part of the client's request is 400.
 *
 * @see DECISIONS 28; GHSA-7x63-xv5r-3p2x, GHSA-5wcc-hf24-rf5h
 */
export async function forwardAuth(request: Request, arrival: Arrival, gateway: Gateway): Promise<Answer> {
  const { requestId } = arrival
  if (gateway.proxies.length === 0) return problem('not-found', requestId)
  const proxy = await provenProxy(request.headers.get(PROXY_SECRET), arrival, gateway)
  if (proxy === null) return problem('token-invalid', requestId, { detail: 'Only a configured proxy may ask this.' })
  const dialect = DIALECTS[proxy.kind]
  const call = callOf(request, arrival, gateway)
  const original = dialect.original(call)
  if (!original.ok) return untold(original.fault, requestId)
  const asked = askFromForwarded(original.value, request.headers, arrival, gateway.config)
  if (asked.kind === 'untold') return untold(asked.untold, requestId)
  const whole = dialect.wantsWhole(call)
  if (asked.kind === 'unaskable') {
    const told = unaskable(asked.unaskable, arrival, gateway)
    return whole ? told : dialect.refused(told)
  }
  return tell(asked.ask, request.headers, arrival, gateway, proxy, dialect, whole ? 'whole' : 'verdict')
}

/** The call with what stands behind the endpoint in its raw target. */
function callOf({ method, headers }: Request, { rawTarget }: Arrival, { config }: Gateway): Call {
  const endpoint = `${config.prefix}/verify`
  // INVARIANT: routes match decoded paths; an endpoint in another spelling was called by no sample of ours.
  const below = rawTarget.startsWith(endpoint) ? rawTarget.slice(endpoint.length) : '?'
  return { method, headers, below }
}

function untold({ header }: Untold, requestId: string): Answer {
  const detail = `The call lacks ${header}, or has it in another form than agreed; see docs/forward-auth.md.`
  return problem('bad-forwarding', requestId, { detail, header })
}

async function tell(
  ask: Ask,
  headers: Headers,
  arrival: Arrival,
  gateway: Gateway,
  proxy: AskingProxy,
  dialect: FrontProxy,
  wanted: 'verdict' | 'whole',
): Promise<Answer> {
  const began = gateway.runtime.ticks()
  let told: Told
  try {
    told = await judged(ask, headers, gateway, proxy)
  } catch (error) {
    const thrown = error instanceof Error ? error : new Error(String(error))
    told = { kind: 'refused', verdict: null, answer: failure(thrown, ask, arrival, gateway) }
  }
  const absolute = withAbsoluteLocation(told.answer, ask, gateway)
  // WHY: the second call of one request; the first one was counted and reported.
  if (wanted === 'whole') return told.kind === 'refused' ? absolute : meanwhile(ask, gateway)
  if (told.verdict !== null) record(ask, gateway, told.verdict, told.answer.status, began, told.answer.code)
  return told.kind === 'granted' ? dialect.granted(absolute, told.names) : dialect.refused(absolute)
}

/** What was refused a moment ago would be let through now: a page visit tries again, a program is told to. */
function meanwhile(ask: Ask, gateway: Gateway): Answer {
  if (clientKind(ask) !== 'navigation') return refuse(ask, gateway, 'overloaded', { headers: [['retry-after', '1']] })
  return withAbsoluteLocation(redirect(302, `${ask.target.path}${ask.target.query}`), ask, gateway)
}

// WHY: a proxy that resolves a relative address does so against its own one of Postern.
function withAbsoluteLocation(told: Answer, ask: Ask, { config }: Gateway): Answer {
  const scheme = config.origin.slice(0, config.origin.indexOf('//'))
  const headers = told.headers.map(([name, value]): readonly [string, string] =>
    name === 'location' && value.startsWith('/') ? [name, `${scheme}//${ask.host}${value}`] : [name, value],
  )
  return { ...told, headers }
}
