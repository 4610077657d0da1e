import type { Ask } from '../core/ask.ts'
import { type BodyField, decide } from '../policy/decide.ts'
import type { Match } from '../policy/match.ts'
import { matchRule, type Policy } from '../policy/policy.ts'
import type { Gateway } from '../ports/gateway.ts'
import { type Caller, callerOf, keyUse } from '../session/caller.ts'
import { challenge } from './challenge.ts'
import type { FieldReader } from './held-body.ts'
import { shadowed } from './shadow.ts'
import type { Verdict } from './verdict.ts'
import { verdictOf } from './verdict-of.ts'

const NOBODY: Caller = { kind: 'nobody' }
const DEPENDS_ON_CALLER: ReadonlySet<string> = new Set([
  'forbid',
  'unknown-route',
  'needs-character',
  'onboarding',
  'suspended',
  'guest-refused',
])

/**
 * May this go through, and as whom? The one decision of every front: HTTP, sockets, forward-auth and `explain`.
 * At most one store call; a refusal is returned, never thrown. A body is read only of somebody who may be here at all,
 * and only where the rule asks for one of its fields (DECISIONS 23).
 *
 * @throws StoreUnavailable when the store is silent and the answer depends on it
 */
export async function authorize(ask: Ask, gateway: Gateway, body: FieldReader | null = null): Promise<Verdict> {
  const policy = gateway.policy()
  const match = matchRule(policy, ask)
  const anonymous = judge(ask, gateway, policy, match, NOBODY)
  if (isFinal(anonymous, ask)) return shadowed(ask, gateway, policy, match, null, body, anonymous)
  const use = keyUse(ask)
  const caller = await callerOf(ask.credentials, gateway, 'remembered', use)
  const verdict = judge(ask, gateway, policy, match, caller)
  const read = wantsBody(verdict) ? await judgeBody(ask, gateway, policy, match, caller, body) : verdict
  const remembered = caller.kind === 'somebody' && caller.cached === 'cached'
  if (read.kind === 'allow' || !remembered) return shadowed(ask, gateway, policy, match, caller, body, read)
  // WHY: a refusal from memory could be five seconds old; it is read once more before it is told (DECISIONS 8).
  const now = await callerOf(ask.credentials, gateway, 'anew', use)
  const again = judge(ask, gateway, policy, match, now)
  const final = wantsBody(again) ? await judgeBody(ask, gateway, policy, match, now, body) : again
  return shadowed(ask, gateway, policy, match, now, body, final)
}

/** The same decision about a caller who is known already: for what was let through and is still going on. */
export function judgeAgain(ask: Ask, gateway: Gateway, caller: Caller): Verdict {
  const policy = gateway.policy()
  return judge(ask, gateway, policy, matchRule(policy, ask), caller)
}

function judge(ask: Ask, gateway: Gateway, policy: Policy, match: Match, caller: Caller, body?: BodyField): Verdict {
  if (caller.kind === 'token-invalid' || caller.kind === 'ticket-invalid' || caller.kind === 'ambiguous')
    return challenge(null, caller)
  const subject = caller.kind === 'somebody' ? caller.subject : null
  const { method, host, target, address } = ask
  const decision = decide(policy, match, { subject, method, host, target, body, now: gateway.runtime.now(), address })
  return verdictOf(decision, ask, gateway, caller)
}

/** Whether only the body of the request is missing for a decision. */
function wantsBody(verdict: Verdict): boolean {
  return verdict.kind === 'refuse' && verdict.refusal.kind === 'bad-body'
}

async function judgeBody(
  ask: Ask,
  gateway: Gateway,
  policy: Policy,
  match: Match,
  caller: Caller,
  body: FieldReader | null,
): Promise<Verdict> {
  const rule = match.kind === 'rule' ? match.rule : null
  const read = rule?.body === null || rule === null ? null : await body?.field(rule.body.field)
  const verdict = judge(ask, gateway, policy, match, caller, read?.ok === true ? read.value : undefined)
  if (verdict.kind !== 'refuse' || verdict.refusal.kind !== 'bad-body' || read?.ok !== false) return verdict
  return { ...verdict, refusal: { ...verdict.refusal, problem: read.fault } }
}

/** Whether who asks cannot change the answer, so that nobody needs to be asked for: no store call. */
function isFinal(verdict: Verdict, ask: Ask): boolean {
  const { cookie, authorization, apiToken, ticket } = ask.credentials
  if (cookie === null && authorization === null && apiToken === null && ticket === undefined) return true
  if (verdict.kind === 'allow') return verdict.rule.access === 'public'
  return verdict.kind === 'refuse' && !DEPENDS_ON_CALLER.has(verdict.refusal.kind)
}
