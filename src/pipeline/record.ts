import type { Ask } from '../core/ask.ts'
import type { Subject } from '../core/person.ts'
import type { Rule } from '../policy/model.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { Observation } from '../ports/observation.ts'
import { noteRefusal } from '../session/refusals.ts'
import { withoutTokens } from '../session/shown-tokens.ts'
import { codeOf } from './told.ts'
import type { Verdict } from './verdict.ts'

/** The rule a verdict comes from; null when it comes from none. */
export function ruleOf(verdict: Verdict): Rule | null {
  if (verdict.kind !== 'refuse') return verdict.rule
  return 'rule' in verdict.refusal ? verdict.refusal.rule : null
}

/** A verdict in a few machine words. */
export function outcomeOf(verdict: Verdict): string {
  if (verdict.kind === 'challenge') return `challenge:${verdict.untold ?? verdict.reason}`
  if (verdict.kind === 'refuse') return `refuse:${verdict.refusal.kind}`
  return verdict.kind === 'limited' ? `limited:${verdict.limit.kind}` : verdict.kind
}

/**
 * The rules that say what of a path is secret: the one a verdict comes from; where the path has none for the method, those
 * for its other methods, because what is a secret stays one.
 */
function redactingOf(verdict: Verdict, rule: Rule | null): readonly Rule[] {
  if (verdict.kind === 'refuse' && verdict.refusal.kind === 'method-not-allowed') return verdict.refusal.beside
  return redactingBy(rule)
}

// WHY: most rules call nothing secret, and no list is made for them: this is on the way of every request.
function redactingBy(rule: Rule | null): readonly Rule[] {
  return rule === null || rule.redact.length === 0 ? NOTHING_SECRET : [rule]
}

const NOTHING_SECRET: readonly Rule[] = []

/** The path for a log: values of parameters that rules call secret are replaced (seeds A17), and so are tokens of ours. */
function loggedPath(ask: Ask, rules: readonly Rule[], gateway: Gateway): string {
  if (rules.length === 0) return withoutTokens(ask.target.path, gateway)
  const isSecret = (index: number) =>
    rules.some(({ segments, redact }) => {
      const pattern = segments[index]
      return pattern?.kind === 'param' && redact.includes(pattern.name)
    })
  const shown = ask.target.segments.map((segment, index) => (isSecret(index) ? '[redacted]' : segment))
  return withoutTokens(`/${shown.join('/')}`, gateway)
}

/**
 * Outcomes that are about who somebody is or how much they do. Requests in bad form, and steps on the way such as choosing
 * a character, are for the log alone.
 */
const OF_THE_RECORD: ReadonlySet<string> = new Set([
  'refuse:forbid',
  'refuse:guest-refused',
  'refuse:suspended',
  'refuse:not-found',
  'cross-site',
  'limited:rate-limited',
  'limited:token-limited',
  'limited:quota-exceeded',
])

/** What came of a request. */
interface Fate {
  readonly rule: Rule | null
  /** The rules that say what of the path is secret. */
  readonly redacting: readonly Rule[]
  readonly subject: Subject | null
  readonly outcome: string
  readonly code: string | null
  readonly status: number
  readonly bad?: BadParameter | null
}

type BadParameter = Required<Pick<Extract<Observation, { readonly kind: 'request' }>, 'parameter' | 'value' | 'word'>>

/** What the line says of a parameter that was refused: never its value, but for a word of a page that had none (seeds I3). */
function badParameter(verdict: Verdict): BadParameter | null {
  if (verdict.kind !== 'refuse' || verdict.refusal.kind !== 'bad-parameter') return null
  const { parameter, problem, word } = verdict.refusal
  const malformed = word === null ? 'pattern' : 'word'
  return { parameter, value: problem === 'malformed' ? malformed : problem === 'empty' ? 'blank' : 'missing', word }
}

/** Its line in the log, and its place in the counters. */
function observeRequest(ask: Ask, gateway: Gateway, began: number, fate: Fate): void {
  const { rule, redacting, subject, outcome, code, status, bad = null } = fate
  const line = {
    kind: 'request',
    requestId: ask.requestId,
    front: ask.front,
    method: ask.method,
    path: loggedPath(ask, redacting, gateway),
    host: ask.host,
    rule: rule?.id ?? null,
    outcome,
    code,
    status,
    userId: subject === null || subject.kind === 'fixed-token' ? null : subject.user.id,
    sid: subject?.kind === 'session' ? subject.session.sid : null,
    upstream: rule?.upstream ?? null,
    durationMs: Math.round((gateway.runtime.ticks() - began) * 100) / 100,
    policy: gateway.policy().bundle.hash,
  } as const
  gateway.runtime.observe(bad === null ? line : { ...line, ...bad })
}

/** Reports a request that came to nothing for a reason that is not its own: a store, a service, a bug. */
export function recordFailure(
  ask: Ask,
  gateway: Gateway,
  rule: Rule | null,
  code: string,
  status: number,
  began: number,
): void {
  const redacting = redactingBy(rule)
  observeRequest(ask, gateway, began, { rule, redacting, subject: null, outcome: `failed:${code}`, code, status })
}

/**
 * Reports one finished decision: who by id, which rule, what came of it; no query, no credential. The refusal of somebody
 * who is signed in goes into the record too.
 *
 * @param code - what was told; not given: what the verdict comes to
 */
export function record(
  ask: Ask,
  gateway: Gateway,
  verdict: Verdict,
  status: number,
  began: number,
  code: string | null = codeOf(verdict),
): void {
  const rule = ruleOf(verdict)
  const subject = 'subject' in verdict ? verdict.subject : null
  const isUnknown = verdict.kind === 'refuse' && verdict.refusal.kind === 'unknown-route'
  const outcome = isUnknown ? 'no rule' : outcomeOf(verdict)
  const redacting = redactingOf(verdict, rule)
  const fate = { rule, redacting, subject, outcome, code, status, bad: badParameter(verdict) }
  observeRequest(ask, gateway, began, fate)
  if (verdict.kind === 'allow' || rule === null || subject === null) return
  if (OF_THE_RECORD.has(outcome)) noteRefusal(ask, gateway, subject, rule.id, outcome)
}
