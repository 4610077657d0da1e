import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { decide } from '../policy/decide.ts'
import type { Match } from '../policy/match.ts'
import type { Rule } from '../policy/model.ts'
import { matchRule, type Policy } from '../policy/policy.ts'
import type { Gateway } from '../ports/gateway.ts'
import { looksTokened } from '../session/shown-tokens.ts'
import { upstreamOf } from './forward.ts'
import type { Verdict } from './verdict.ts'

/** Whether this is a CORS preflight: OPTIONS with Origin and Access-Control-Request-Method; it has no body. */
export function isPreflight({ method, browser, contentLength, target }: Ask, gateway: Gateway): boolean {
  if (method !== 'OPTIONS' || browser.origin === null || browser.preflight === null || contentLength) return false
  // ATTACK: an address with a token of ours goes on to nobody, also not as the question about it.
  return !looksTokened(target, gateway)
}

/** What a preflight is met with: an answer of ours, or a verdict that is never a challenge and never about anybody. */
export type Met =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'judged'; readonly verdict: Verdict }

/**
 * Meets a preflight: from the origins of the rule it is about, or, where it names none, by what the service behind it
 * says to nobody (DECISIONS 27).
 *
 * @see Fetch standard, section 3.2 (CORS protocol)
 */
export function preflight(ask: Ask, gateway: Gateway): Met {
  const match = matchFor(ask, gateway.policy())
  if (match.kind === 'rule' && match.rule.origins.length > 0)
    return { kind: 'answered', answer: granted(ask, match.rule, gateway) }
  return { kind: 'judged', verdict: preflightVerdict(ask, gateway) }
}

/**
 * Whether a preflight may reach the service: every check that is about the request and none that is about its caller,
 * who is not known before the request itself comes.
 */
export function preflightVerdict(ask: Ask, gateway: Gateway): Verdict {
  const policy = gateway.policy()
  const { host, target, address, browser } = ask
  const facts = { subject: null, host, target, method: browser.preflight ?? '', address, body: undefined }
  const decision = decide(policy, matchFor(ask, policy), { ...facts, now: gateway.runtime.now() })
  switch (decision.kind) {
    case 'allow':
    case 'needs-session':
    case 'needs-fresh':
    case 'guest-required':
      return { kind: 'allow', rule: decision.rule, subject: null }
    default:
      return { kind: 'refuse', refusal: decision, subject: null }
  }
}

/** The rule of the request that is announced; where there is none, one that names OPTIONS itself. */
function matchFor({ host, target, browser }: Ask, policy: Policy): Match {
  const announced = matchRule(policy, { host, target, method: browser.preflight ?? '' })
  if (announced.kind === 'rule') return announced
  const itself = matchRule(policy, { host, target, method: 'OPTIONS' })
  return itself.kind === 'rule' ? itself : announced
}

const VARY = 'origin, access-control-request-method, access-control-request-headers'
/** Headers that pages send and that every rule with origins takes. */
const USUAL = ['content-type', 'authorization', 'x-api-token', 'x-requested-with']
const NAME = /^[!#$%&'+.^_`|~0-9a-z-]{1,64}$/
const MOST_NAMES = 64

function granted(ask: Ask, rule: Rule, gateway: Gateway): Answer {
  const { origin, preflight: method } = ask.browser
  const isGranted = origin !== null && method !== null && rule.origins.includes(origin)
  const grant: Answer['headers'] = isGranted
    ? [
        ['access-control-allow-origin', origin],
        ['access-control-allow-credentials', 'true'],
        ['access-control-allow-methods', method],
        ['access-control-allow-headers', headersFor(ask, rule, gateway).join(', ')],
        ['access-control-max-age', '600'],
      ]
    : []
  return { status: 204, headers: [['vary', VARY], ...grant], body: null }
}

// WHY: an origin that may use a player's session may name its own headers; what only we may set would never arrive.
function headersFor({ browser }: Ask, rule: Rule, gateway: Gateway): readonly string[] {
  const asked = (browser.preflightHeaders ?? '').split(',', MOST_NAMES).map((name) => name.trim().toLowerCase())
  const upstream = upstreamOf(rule, gateway)
  const fit = asked.filter((name) => NAME.test(name) && !gateway.identity.isReserved(upstream, name))
  return [...new Set([...USUAL, ...fit])]
}
