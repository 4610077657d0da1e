import type { Ask } from '../core/ask.ts'
import { bearerOf } from '../core/bearer.ts'
import { type BodyField, decide } from '../policy/decide.ts'
import type { Match } from '../policy/match.ts'
import type { Rule } from '../policy/model.ts'
import type { Policy } from '../policy/policy.ts'
import type { Gateway } from '../ports/gateway.ts'
import { type Caller, callerOf, keyUse } from '../session/caller.ts'
import { challenge } from './challenge.ts'
import type { FieldReader } from './held-body.ts'
import type { Verdict } from './verdict.ts'
import { verdictOf } from './verdict-of.ts'

/** The rule a request is for; null when there is none, or none for its method. */
export function ruleIn(match: Match): Rule | null {
  return match.kind === 'rule' ? match.rule : null
}

/** What the policy says about a request of a known caller. */
export function judge(
  ask: Ask,
  gateway: Gateway,
  policy: Policy,
  match: Match,
  caller: Caller,
  body?: BodyField,
): Verdict {
  // WHY: a `deny` rule answers everybody alike: it tells nobody whether what they showed is good.
  const isDenied = ruleIn(match)?.access === 'deny'
  const refused = isDenied ? null : credentialRefused(ask, match, caller)
  if (refused !== null) return refused
  const subject = caller.kind === 'somebody' ? caller.subject : null
  const { method, host, target, address, certified } = ask
  const now = gateway.runtime.now()
  const decision = decide(policy, match, { subject, method, host, target, body, now, address, certified })
  return verdictOf(decision, ask, gateway, caller)
}

const NOBODY: Caller = { kind: 'nobody' }
const DEPENDS_ON_CALLER: ReadonlySet<string> = new Set([
  'forbid',
  'unknown-route',
  'needs-character',
  'onboarding',
  'suspended',
  'guest-refused',
])

/** What a request is told whoever asks, so that nobody needs to be asked for: no store call. Null where that matters. */
export function judgeAnybody(ask: Ask, gateway: Gateway, policy: Policy, match: Match): Verdict | null {
  const anonymous = judge(ask, gateway, policy, match, NOBODY)
  const { cookie, authorization, apiToken, ticket } = ask.credentials
  const isNobody = cookie === null && authorization === null && apiToken === null && ticket === undefined
  return isNobody || isFinal(anonymous) ? anonymous : null
}

function isFinal(verdict: Verdict): boolean {
  if (verdict.kind === 'allow') return verdict.rule.access === 'public'
  return verdict.kind === 'refuse' && !DEPENDS_ON_CALLER.has(verdict.refusal.kind)
}

/** The refusal of a credential that was shown and is none; null where there is nothing to refuse. */
function credentialRefused(ask: Ask, match: Match, caller: Caller): Verdict | null {
  if (caller.kind === 'token-invalid' || caller.kind === 'ticket-invalid' || caller.kind === 'ambiguous')
    return challenge(ruleIn(match), caller)
  // WHY: as with an API token: who presents a credential and is taken for nobody would not learn that it is over.
  if ((caller.kind === 'invalid' || caller.kind === 'ended') && bearerOf(ask.credentials.authorization) !== null)
    return challenge(ruleIn(match), caller)
  return null
}

/** Whether only the body of the request is missing for a decision. */
export function wantsBody(verdict: Verdict): boolean {
  return verdict.kind === 'refuse' && verdict.refusal.kind === 'bad-body'
}

/** From this on who sends a body is asked for once more when it has come, milliseconds. */
const MOST_HELD_MS = 1_000

/** The same with the field of the body that the rule asks for. */
export async function judgeBody(
  ask: Ask,
  gateway: Gateway,
  policy: Policy,
  match: Match,
  caller: Caller,
  body: FieldReader | null,
): Promise<Verdict> {
  const rule = ruleIn(match)
  const began = gateway.runtime.ticks()
  const read = rule?.body === null || rule === null ? null : await body?.field(rule.body.field)
  // ATTACK: a body that is held back must not keep what its sender loses meanwhile.
  const isHeld = gateway.runtime.ticks() - began > MOST_HELD_MS
  const sender = isHeld ? await callerOf(ask.credentials, gateway, 'anew', keyUse(ask)) : caller
  const verdict = judge(ask, gateway, policy, match, sender, read?.ok === true ? read.value : undefined)
  if (verdict.kind === 'allow' && read?.ok === true && read.value !== undefined)
    return { ...verdict, field: read.value }
  if (verdict.kind !== 'refuse' || verdict.refusal.kind !== 'bad-body' || read?.ok !== false) return verdict
  return { ...verdict, refusal: { ...verdict.refusal, problem: read.fault } }
}
