import { type Answer, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { bearerOf } from '../core/bearer.ts'
import { clientKind, isSafe } from '../core/client-kind.ts'
import { type ReturnTo, safeReturnTo } from '../core/redirect.ts'
import { type RefusalDetails, refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { excessDetails } from '../session/token-limit.ts'
import { ruleOf } from './record.ts'
import { challengeFault, limitFault, refusalFault } from './told.ts'
import type { ChallengeReason, Limit, Refusal, Verdict } from './verdict.ts'

const OVER: ReadonlySet<ChallengeReason> = new Set(['expired', 'revoked', 'invalid'])

type Refused = Exclude<Verdict, { readonly kind: 'allow' }>

/** The answer to everybody who is not let through, dressed for the kind of client that asks (SPEC 1.6). */
export function answer(verdict: Refused, ask: Ask, gateway: Gateway): Answer {
  const plain = plainAnswer(verdict, ask, gateway)
  const origins = ruleOf(verdict)?.origins ?? []
  return origins.length === 0 ? plain : { ...plain, headers: [...plain.headers, ...readableBy(origins, ask)] }
}

/** Lets the origins of a rule read why they were refused: a page that cannot would see a network error (DECISIONS 27). */
export function readableBy(
  origins: readonly string[],
  { browser: { origin } }: Pick<Ask, 'browser'>,
): Answer['headers'] {
  const vary = ['vary', 'origin'] as const
  if (origin === null || !origins.includes(origin)) return [vary]
  return [vary, ['access-control-allow-origin', origin], ['access-control-allow-credentials', 'true']]
}

function plainAnswer(verdict: Refused, ask: Ask, gateway: Gateway): Answer {
  switch (verdict.kind) {
    case 'challenge':
      return challenge(verdict, ask, gateway)
    case 'bad-credential':
    case 'token-in-url':
      return refuse(ask, gateway, verdict.kind, { rule: verdict.rule })
    case 'cross-site':
      return refuse(ask, gateway, 'cross-site', { rule: verdict.rule, subject: verdict.subject })
    case 'refuse':
      return refusal(verdict.refusal, { subject: verdict.subject }, ask, gateway)
    case 'limited':
      return limited(verdict, ask, gateway)
  }
}

function limited({ rule, subject, limit }: Extract<Verdict, { readonly kind: 'limited' }>, ask: Ask, gateway: Gateway) {
  return refuse(ask, gateway, limitFault(limit), { rule, subject, ...limitDetails(limit) })
}

function limitDetails(limit: Limit): RefusalDetails {
  switch (limit.kind) {
    case 'body-too-large':
      return { members: { limit: limit.most } }
    case 'rate-limited':
      return { headers: [['retry-after', String(limit.retryAfter)]] }
    case 'token-limited':
      return excessDetails(limit.excess)
    case 'quota-exceeded':
      return { members: { limit: limit.limit, used: limit.used } }
  }
}

function returnToOfAsk(ask: Ask, gateway: Gateway): ReturnTo {
  const rules = { origin: gateway.config.origin, prefix: gateway.config.prefix, origins: [] }
  const whole = safeReturnTo(`${ask.target.path}${ask.target.query}`, rules)
  // WHY: a destination that is too long becomes the path alone; it is never cut in the middle (DECISIONS 15).
  return whole ?? safeReturnTo(ask.target.path, rules) ?? ('/' as ReturnTo)
}

function challenge(verdict: Extract<Verdict, { readonly kind: 'challenge' }>, ask: Ask, gateway: Gateway): Answer {
  const { prefix } = gateway.config
  const details: RefusalDetails = { rule: verdict.rule, ended: verdict.ended }
  if (clientKind(ask) === 'navigation') {
    const wish = encodeURIComponent(returnToOfAsk(ask, gateway))
    const why = verdict.ended === null ? '' : `&ended=${verdict.ended}`
    const fresh = verdict.reason === 'stale' ? '&fresh=1' : ''
    return redirect(302, `${prefix}/sign-in?return_to=${wish}${why}${fresh}`, [
      ['vary', 'cookie, accept, authorization, sec-fetch-mode'],
    ])
  }
  return refuse(ask, gateway, challengeFault(verdict.reason), {
    ...details,
    headers: challengeHeaders(verdict, ask, gateway),
    members: {
      sign_in: `${gateway.config.origin}${prefix}/sign-in`,
      ...(verdict.ended === null ? {} : { reason: verdict.ended }),
    },
  })
}

function challengeHeaders(
  { reason, rule }: Extract<Verdict, { readonly kind: 'challenge' }>,
  ask: Ask,
  gateway: Gateway,
): readonly (readonly [string, string])[] {
  const realm = `realm="${gateway.config.host}"`
  if (reason === 'stale') {
    const within = rule?.demands.freshWithin ?? null
    const age = within === null ? '' : `, max_age="${within}"`
    return [['www-authenticate', `Bearer ${realm}, error="insufficient_user_authentication"${age}`]]
  }
  return [['www-authenticate', `Bearer ${realm}${isNotAccepted(reason, ask) ? ', error="invalid_token"' : ''}`]]
}

/** Whether a token was presented and is the reason: only then is its error told (RFC 6750 section 3.1). */
function isNotAccepted(reason: ChallengeReason, { credentials: { authorization } }: Ask): boolean {
  if (reason === 'token-invalid') return authorization !== null
  return OVER.has(reason) && bearerOf(authorization) !== null
}

function refusal(refused: Refusal, details: RefusalDetails, ask: Ask, gateway: Gateway): Answer {
  const say = (members: RefusalDetails['members'] = {}) =>
    refuse(ask, gateway, refusalFault(refused), {
      ...details,
      ...('rule' in refused && { rule: refused.rule }),
      members,
    })
  switch (refused.kind) {
    case 'method-not-allowed':
      return methodRefused(refused, details, ask, gateway)
    case 'bad-parameter':
      return badParameter(refused, ask, gateway)
    case 'bad-body':
      return say({ problem: refused.problem })
    case 'forbid':
      return say(forbidMembers(refused, gateway))
    case 'gone':
      return say({ detail: refused.rule.denyText })
    case 'onboarding':
      return onboarding(refused, ask, gateway)
    default:
      return say()
  }
}

function methodRefused(
  { allow, beside }: Extract<Refusal, { readonly kind: 'method-not-allowed' }>,
  details: RefusalDetails,
  ask: Ask,
  gateway: Gateway,
): Answer {
  const [rule = null] = beside
  return refuse(ask, gateway, 'method-not-allowed', { ...details, rule, headers: [['allow', allow.join(', ')]] })
}

function forbidMembers(
  refused: Extract<Refusal, { readonly kind: 'forbid' }>,
  gateway: Gateway,
): Readonly<Record<string, unknown>> {
  if (!gateway.config.nameMissingPermission) return {}
  const missing = refused.missing.length === 0 ? {} : { missing: refused.missing }
  return { reason: refused.reason, ...missing, ...(refused.level === null ? {} : { min_level: refused.level }) }
}

function badParameter(
  refused: Extract<Refusal, { readonly kind: 'bad-parameter' }>,
  ask: Ask,
  gateway: Gateway,
): Answer {
  const declared = refused.rule.params.find((param) => param.name === refused.parameter)?.redirect ?? null
  if (declared !== null && clientKind(ask) === 'navigation' && isSafe(ask.method)) {
    return redirect(302, refused.problem === 'malformed' ? declared.malformed : declared.missing)
  }
  const { parameter, rule } = refused
  return refuse(ask, gateway, refusalFault(refused), { rule, members: { parameter }, parameter })
}

function onboarding(refused: Extract<Refusal, { readonly kind: 'onboarding' }>, ask: Ask, gateway: Gateway): Answer {
  if (clientKind(ask) !== 'navigation')
    return refuse(ask, gateway, refusalFault(refused), { rule: refused.rule, members: { page: refused.page } })
  const [, page = '', place = ''] = /^([^#]*)(.*)$/.exec(refused.page) ?? []
  const joint = page.includes('?') ? '&' : '?'
  return redirect(302, `${page}${joint}return_to=${encodeURIComponent(returnToOfAsk(ask, gateway))}${place}`)
}
