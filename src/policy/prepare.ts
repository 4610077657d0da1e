import { type Condition, compileCondition } from './condition.ts'
import type { Demands, ParamRule, Rule } from './model.ts'
import type { PreparedParam } from './params.ts'

/** Demands with their condition compiled. */
export interface PreparedDemands {
  readonly demands: Demands
  readonly condition: Condition | null
}

/** A rule with everything compiled that requests need. */
export interface PreparedRule {
  readonly rule: Rule
  readonly params: readonly PreparedParam[]
  readonly demands: PreparedDemands
  /** By value of the body's field; null when the rule reads no body. */
  readonly cases: ReadonlyMap<string, PreparedDemands> | null
  /** True when a declared parameter stands in the query. */
  readonly readsQuery: boolean
  /** True when a condition may look into the query: else it is not taken apart for conditions. */
  readonly conditionReadsQuery: boolean
}

function prepareDemands(demands: Demands, params: readonly ParamRule[]): PreparedDemands {
  return { demands, condition: demands.when === null ? null : compileCondition(demands.when, params) }
}

function prepareParam(param: ParamRule, names: readonly string[]): PreparedParam {
  return {
    rule: param,
    index: param.in === 'path' ? names.indexOf(param.name) : -1,
    pattern: param.pattern === null ? null : new RegExp(param.pattern, 'u'),
  }
}

/** Compiles patterns and conditions of one rule; throws when one does not compile: such a bundle is not used. */
export function prepareRule(rule: Rule): PreparedRule {
  const names = rule.segments.flatMap((segment) => (segment.kind === 'param' ? [segment.name] : []))
  const demands = prepareDemands(rule.demands, rule.params)
  const cases = Object.entries(rule.body?.cases ?? {}).map(([value, data]): [string, PreparedDemands] => {
    return [value, prepareDemands(data, rule.params)]
  })
  const every = [demands, ...cases.map(([, prepared]) => prepared)]
  return {
    rule,
    params: rule.params.map((param) => prepareParam(param, names)),
    demands,
    cases: rule.body === null ? null : new Map(cases),
    readsQuery: rule.params.some((param) => param.in === 'query'),
    conditionReadsQuery: every.some(({ condition }) => condition?.readsQuery === true),
  }
}
