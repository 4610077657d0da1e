import type { AttributeTypes } from '../core/person.ts'
import { canonicalTarget } from '../core/target.ts'
import { callerMap, PRETEND_NOW, pretend, pretendRole } from './callers.ts'
import { decide, type Facts } from './decide.ts'
import type { Part } from './known.ts'
import type { CallerData, OutcomeData, TestData } from './language.ts'
import type { PolicyBundle, Position } from './model.ts'
import { describe, statusOf } from './outcome.ts'
import { loadPolicy, matchRule, type Policy } from './policy.ts'
import type { Problem } from './problem.ts'

/** One caller of one test, run. */
export interface TestResult {
  readonly name: string
  readonly caller: string
  readonly request: string
  readonly expected: string
  readonly got: string
  readonly passed: boolean
  readonly at: Position
}

interface Case {
  readonly test: TestData
  readonly caller: CallerData
  readonly label: string
  readonly expected: OutcomeData
  readonly at: Position
}

function casesOf(part: Part): readonly Case[] {
  return (part.data.tests ?? []).flatMap((test, index): Case[] => {
    if (test === null) return []
    const { expect } = test
    if (typeof expect !== 'object') {
      const caller = test.as ?? 'nobody'
      const label = typeof caller === 'string' ? caller : JSON.stringify(caller)
      return [{ test, caller, label, expected: expect, at: part.source.at(['tests', index, 'expect']) }]
    }
    return Object.entries(expect).map(([caller, expected]) => {
      const at = part.source.atKey(['tests', index, 'expect', caller])
      return { test, caller, label: caller, expected, at }
    })
  })
}

function judge(policy: Policy, one: Case, host: string): { readonly got: string; readonly passed: boolean } {
  const { test, expected } = one
  const space = test.request.indexOf(' ')
  const target = canonicalTarget(test.request.slice(space + 1))
  if (!target.ok) return { got: `400 (${target.fault.problem})`, passed: expected === 400 || expected === 'bad-form' }
  const facts: Facts = {
    subject: pretend(one.caller, policy.bundle),
    target: target.value,
    host: test.host ?? host,
    method: test.request.slice(0, space),
    body: test.body,
    now: PRETEND_NOW,
    address: null,
    certified: test.certificate === true,
  }
  const decision = decide(policy, matchRule(policy, facts), facts)
  const status = statusOf(decision, facts.subject === null ? 'nobody' : 'signed-in')
  const id = 'rule' in decision ? decision.rule.id : 'no rule'
  const answered = typeof expected === 'number' ? status === expected : decision.kind === expected
  const passed = answered && (test.rule === undefined || test.rule === id)
  return { got: `${describe(decision)} ${status}, by ${id}`, passed }
}

/** Runs the `tests:` of all files with the evaluator that serves requests; `host` is used where a test names none. */
export function runPolicyTests(
  bundle: PolicyBundle,
  parts: readonly Part[],
  { host, attributes }: { readonly host: string; readonly attributes: AttributeTypes },
): readonly TestResult[] {
  const cases = parts.flatMap(casesOf)
  const lists = cases.flatMap(({ caller }) => {
    const permissions = callerMap(caller)?.permissions
    return permissions === undefined ? [] : [pretendRole(permissions)]
  })
  const policy = loadPolicy({ ...bundle, roles: [...bundle.roles, ...lists] }, attributes)
  return cases.map((one) => {
    const { test, label, at } = one
    const wanted = test.rule === undefined ? String(one.expected) : `${one.expected}, by ${test.rule}`
    return { name: test.name, caller: label, request: test.request, expected: wanted, ...judge(policy, one, host), at }
  })
}

/** Failed tests in the form of every other finding. */
export function testProblems(results: readonly TestResult[]): readonly Problem[] {
  return results
    .filter((result) => !result.passed)
    .map((result) => ({
      ...result.at,
      code: 'PST271',
      severity: 'error',
      message: `test "${result.name}" failed: ${result.request} as ${result.caller}: expected ${result.expected}`,
      hint: `got ${result.got}`,
    }))
}
