import type { Seconds } from '../core/brand.ts'
import type { Subject } from '../core/person.ts'
import { canonicalTarget, type Target } from '../core/target.ts'
import { type ConditionContext, callerContext, requestContext } from './condition.ts'
import type { Decision } from './decision.ts'
import { type Demanded, judgeDemands } from './demands.ts'
import { type Match, type MatchInput, matchTree } from './match.ts'
import type { Rule } from './model.ts'
import type { Note } from './note.ts'
import { judgePath, judgeQuery } from './params.ts'
import { effective, grantedNames, knownRoles } from './permissions.ts'
import { matchRule, type Policy } from './policy.ts'
import type { PreparedRule } from './prepare.ts'
import { type QueryView, queryValues, queryView } from './query.ts'
import { otherReadings } from './readings.ts'

/** The value of a rule's body field; undefined when it was not given, or could not be read. */
export type BodyField = string | number | boolean | null | undefined

/** Everything a decision may use. */
export interface Facts {
  readonly subject: Subject | null
  readonly target: Target
  readonly host: string
  readonly method: string
  readonly body: BodyField
  readonly now: Seconds
  readonly address: string | null
  /** Whether a certificate of the client was verified; not given: it was not. */
  readonly certified?: boolean
}

type RuleMatch = Extract<Match, { kind: 'rule' }>
type Values = Map<string, string>

const UNKNOWN: Decision = { kind: 'unknown-route' }
const NO_VALUES: Values = new Map()
const NO_QUERY: QueryView = { single: {}, unclear: () => undefined }

function judgeForm(rule: Rule, target: Target, note: Note | null): Decision | null {
  for (const form of target.forms) {
    const holds = rule.allowForms.includes(form)
    note?.({ check: 'form', holds, detail: form })
    if (!holds) return { kind: 'bad-form', rule, form }
  }
  return null
}

function judgeParams(match: RuleMatch, facts: Facts, into: Values, note: Note | null): Decision | null {
  const query = match.prepared.readsQuery ? queryValues(facts.target.query) : null
  for (const param of match.prepared.params) {
    const { name } = param.rule
    const judged =
      param.rule.in === 'path' || query === null
        ? judgePath(param, match.values[param.index] ?? null)
        : judgeQuery(param, query)
    note?.({ check: 'parameter', holds: judged.ok, detail: judged.ok ? name : `${name}: ${judged.problem}` })
    if (!judged.ok) {
      const { problem, word } = judged
      return { kind: 'bad-parameter', rule: match.rule, parameter: name, problem, word }
    }
    if (judged.value !== null) into.set(name, judged.value)
  }
  return null
}

function judgeSignedIn(rule: Rule, facts: Facts, note: Note | null): Decision | null {
  const { subject } = facts
  const { freshWithin, guest } = rule.demands
  note?.({ check: 'session', holds: subject !== null, detail: subject === null ? 'nobody signed in' : subject.kind })
  if (subject === null) return { kind: guest === 'auto' ? 'guest-required' : 'needs-session', rule }
  if (freshWithin === null || subject.kind !== 'session') return null
  // WHY: a guest has nothing to prove; where accounts are asked for, that is the answer.
  if (subject.user.guest && guest === 'refuse') return null
  const { provenAt } = subject.session
  const holds = provenAt !== undefined && facts.now - provenAt <= freshWithin
  const since = provenAt === undefined ? 'at a time nobody can tell' : `${facts.now - provenAt} s ago`
  note?.({ check: 'freshWithin', holds, detail: `proved who they are ${since}, ${freshWithin} s allowed` })
  return holds ? null : { kind: 'needs-fresh', rule }
}

function judgeAccount(rule: Rule, subject: Subject, now: Seconds, note: Note | null): Decision | null {
  if (subject.kind !== 'session' && (rule.demands.tokens === 'refuse' || rule.demands.freshWithin !== null)) {
    note?.({ check: 'tokens', holds: false, detail: 'API tokens are refused here' })
    return { kind: 'forbid', rule, reason: 'token-refused', missing: [], level: null }
  }
  if (subject.kind === 'fixed-token') return null
  const { standing, guest, attributes } = subject.user
  const usable = standing.kind === 'active' || (standing.kind === 'suspended' && standing.until <= now)
  note?.({ check: 'account', holds: usable, detail: standing.kind })
  if (!usable) return { kind: 'suspended', rule }
  if (guest) note?.({ check: 'guest', holds: rule.demands.guest !== 'refuse', detail: rule.demands.guest })
  if (guest && rule.demands.guest === 'refuse') return { kind: 'guest-refused', rule }
  if (rule.onboarding === null) return null
  const finished = attributes[rule.onboarding.attribute] === true
  note?.({ check: 'onboarding', holds: finished, detail: rule.onboarding.attribute })
  return finished ? null : { kind: 'onboarding', rule, page: rule.onboarding.page }
}

function conditionContext(policy: Policy, prepared: PreparedRule, facts: Facts, values: Values): ConditionContext {
  const { subject } = facts
  const held = subject === null || subject.kind === 'fixed-token' ? [] : knownRoles(policy, subject.user.roles)
  const { level } = effective(policy, held)
  const permissions = grantedNames(policy, subject, policy.bundle.permissions)
  const params = prepared.params.flatMap(({ rule }): [string, unknown][] => {
    const value = values.get(rule.name)
    return value === undefined ? [] : [[rule.name, rule.type === 'int' ? BigInt(value) : value]]
  })
  const query = prepared.conditionReadsQuery ? queryView(facts.target.query) : NO_QUERY
  return {
    ...callerContext(subject, held, permissions, level, policy.attributes),
    request: requestContext({
      ...facts,
      path: facts.target.path,
      query: query.single,
    }),
    params: Object.fromEntries(params),
    unclear: query.unclear,
    addressLength: facts.target.path.length + facts.target.query.length,
  }
}

function judgeOwn(match: RuleMatch, subject: Subject, values: Values, note: Note | null): Decision | null {
  for (const { rule } of match.prepared.params) {
    const value = values.get(rule.name)
    if (rule.equals === null || value === undefined) continue
    const holds = subject.kind !== 'fixed-token' && value === subject.user.id
    note?.({ check: 'own', holds, detail: `${rule.name} equals ${rule.equals}` })
    if (!holds) return { kind: 'forbid', rule: match.rule, reason: 'not-own', missing: [], level: null }
  }
  return null
}

function judgeCaller(policy: Policy, match: RuleMatch, facts: Facts, values: Values, note: Note | null): Decision {
  const { rule, prepared } = match
  const unsigned = judgeSignedIn(rule, facts, note)
  const { subject } = facts
  if (unsigned !== null || subject === null) return unsigned ?? { kind: 'needs-session', rule }
  const account = judgeAccount(rule, subject, facts.now, note)
  if (account !== null) return account
  const body = prepared.cases === null ? null : prepared.cases.get(String(facts.body))
  if (body === undefined || (body !== null && facts.body === undefined)) {
    note?.({ check: 'body', holds: false, detail: `${rule.body?.field ?? ''}: no case for this value` })
    return { kind: 'bad-body', rule, problem: facts.body === undefined ? 'missing' : 'no-case' }
  }
  const demanded: Demanded = {
    policy,
    rule,
    subject,
    note,
    context: () => conditionContext(policy, prepared, facts, values),
  }
  return (
    judgeDemands(demanded, prepared.demands) ??
    judgeOwn(match, subject, values, note) ??
    (body === null ? null : judgeDemands(demanded, body)) ??
    judgeCharacter(rule, subject, body?.demands.character ?? false, note) ?? { kind: 'allow', rule }
  )
}

function judgeCharacter(rule: Rule, subject: Subject, also: boolean, note: Note | null): Decision | null {
  if (!rule.demands.character && !also) return null
  const holds = subject.kind === 'session' && subject.session.character !== null
  const gone = subject.kind === 'session' && subject.session.characterGone === true
  note?.({
    check: 'character',
    holds,
    detail: holds ? 'selected' : gone ? 'the selected one is gone' : 'none selected',
  })
  return holds ? null : { kind: 'needs-character', rule, gone }
}

function judgeRule(policy: Policy, match: RuleMatch, facts: Facts, note: Note | null): Decision {
  const { rule } = match
  if (rule.access === 'deny') {
    // WHY: first of all checks, so that a hidden route (404) never shows itself by another refusal.
    note?.({ check: 'access', holds: false, detail: `deny ${rule.denyStatus}` })
    if (rule.denyStatus === 404) return { kind: 'not-found', rule }
    if (rule.denyStatus === 410) return { kind: 'gone', rule }
    return { kind: 'forbid', rule, reason: 'rule-denies', missing: [], level: null }
  }
  const values: Values = match.prepared.params.length === 0 ? NO_VALUES : new Map()
  const broken = judgeForm(rule, facts.target, note) ?? judgeParams(match, facts, values, note)
  if (broken !== null) return broken
  const open = rule.access === 'public' || (rule.access === 'optional' && facts.subject === null)
  if (!open) return judgeCaller(policy, match, facts, values, note)
  note?.({ check: 'access', holds: true, detail: rule.access })
  return { kind: 'allow', rule }
}

/**
 * ATTACK: `/admin;x` let in by a wide rule that allows `;` is `/admin` to a servlet container, and `/staff%2Fpanel` is
 * `/staff/panel` to Go and Flask (CVE-2026-22037): what a service may read instead has to be allowed, too, by its own rule.
 *
 * @returns null when it is, or no rule is for it: then the form is taken at the word of the rule that allows it. Else a
 * refusal by this rule, which says what of the path is secret; a hidden route stays hidden
 */
function judgeOtherwise(policy: Policy, rule: Rule, facts: Facts, note: Note | null): Decision | null {
  const { host, method } = facts
  // WHY: nobody is asked for where a rule lets everybody in, so that its own answer is the same for all.
  const subject = rule.access === 'session' ? facts.subject : null
  const refused: Decision = { kind: 'bad-form', rule, form: facts.target.forms[0] ?? ';' }
  for (const target of otherReadings(facts.target)) {
    if (target === null) return refused
    const match = matchRule(policy, { host, method, target })
    if (match.kind === 'method') return refused
    const decision = match.kind === 'rule' ? judgeRule(policy, match, { ...facts, subject, target }, note) : null
    if (decision?.kind === 'not-found') return { kind: 'not-found', rule }
    if (decision !== null && decision.kind !== 'allow') return refused
  }
  return null
}

/**
 * What the policy says about one request: the one evaluator behind every front, `explain`, `test` and `can`.
 *
 * Order of refusals: 400 (form, parameters), 401 (no session, stale), 403 (account, then permission), 409 (seeds S29);
 * a body is judged after authentication (DECISIONS 23). Total: never throws, and what cannot be evaluated refuses.
 *
 * @param note - told of every check in order; null on the hot path
 */
export function decide(policy: Policy, match: Match, facts: Facts, note: Note | null = null): Decision {
  switch (match.kind) {
    case 'none':
      return UNKNOWN
    case 'method':
      return { kind: 'method-not-allowed', allow: match.allow, beside: match.beside }
    case 'rule': {
      const decision = judgeRule(policy, match, facts, note)
      if (decision.kind !== 'allow' || facts.target.forms.length === 0) return decision
      return judgeOtherwise(policy, decision.rule, facts, note) ?? decision
    }
  }
}

/** What a shadow rule would have said beside the decision that counts. */
export interface Shadow {
  readonly rule: Rule
  readonly decision: Decision
}

/** The shadow rule for a request; null when there is none. */
export function shadowMatch(policy: Policy, input: MatchInput): RuleMatch | null {
  const beside = policy.shadowing === null ? null : matchTree(policy.shadowing, input)
  return beside?.kind === 'rule' ? beside : null
}

/** Outcomes of shadow rules for the same request; they decide nothing (DECISIONS 22). */
export function shadows(policy: Policy, facts: Facts): readonly Shadow[] {
  const beside = shadowMatch(policy, facts)
  return beside === null ? [] : [{ rule: beside.rule, decision: decide(policy, beside, facts) }]
}

/** Where and when a question of `canAccess` is asked. */
export interface Circumstances {
  readonly host: string
  readonly now: Seconds
  readonly address: string | null
  /** Not given: no certificate of the client was verified. */
  readonly certified?: boolean
}

/**
 * Whether a caller may do this: the same evaluator, yes or no (seeds A12, A23). A rule that splits on its body says yes
 * when any of its cases would let the caller through.
 *
 * @param path - origin-form path, with or without query; one without a canonical form is no
 */
export function canAccess(
  policy: Policy,
  subject: Subject | null,
  method: string,
  path: string,
  at: Circumstances,
): boolean {
  const target = canonicalTarget(path)
  if (!target.ok) return false
  const facts: Facts = { ...at, subject, method, target: target.value, body: undefined }
  const match = matchRule(policy, facts)
  const cases = match.kind === 'rule' && match.prepared.cases !== null ? [...match.prepared.cases.keys()] : [undefined]
  return cases.some((body) => decide(policy, match, { ...facts, body }).kind === 'allow')
}
