import { casings } from '../core/letter-case.ts'
import type { ParamRule, PolicyBundle, Rule, Segment } from './model.ts'
import { acceptedValues, valuesBeyond } from './param-values.ts'
import { type Crossing, METHODS } from './reach.ts'

/** One request that a policy is asked about. */
export interface Probe {
  readonly host: string
  readonly method: string
  /** Canonical path, with the query that declared parameters need. */
  readonly path: string
  readonly body: string | undefined
}

/** A value where anything goes, or where nothing better is known: then a rule refuses it, and that is an answer too. */
const ANY = 'probe'

/** Whether only what a rule takes is asked for, or also what it just refuses. */
type Reach = 'inside' | 'beyond'

/** The spellings of one part of a request; the first is the ordinary one. */
type Part = readonly string[]

function valuesOf(param: ParamRule | undefined, reach: Reach): readonly string[] {
  if (param === undefined) return [ANY]
  const values = [...acceptedValues(param), ...(reach === 'beyond' ? valuesBeyond(param) : [])]
  return values.length === 0 ? [ANY] : values
}

function segmentPart(rule: Rule, segment: Segment, depth: number, reach: Reach): Part {
  if (segment.kind === 'param') {
    const param = rule.params.find((one) => one.in === 'path' && one.name === segment.name)
    return valuesOf(param, reach).map((value) => `/${encodeURIComponent(value)}`)
  }
  if (segment.kind === 'rest') {
    return Array.from({ length: Math.max(3, depth - rule.segments.length + 3) }, (_, below) => `/${ANY}`.repeat(below))
  }
  return rule.foldCase === true ? [`/${segment.text}`, `/${casings(segment.text)[0]}`] : [`/${segment.text}`]
}

function queryPart(param: ParamRule, reach: Reach): Part {
  const given = valuesOf(param, reach).map((value) => `${encodeURIComponent(param.name)}=${encodeURIComponent(value)}`)
  return param.required ? given : ['', ...given]
}

/** Each part in all its spellings while the others keep their first: every value once, not every combination. */
function variations(parts: readonly Part[]): readonly (readonly string[])[] {
  const ordinary = parts.map((part) => part[0] ?? '')
  const others = parts.flatMap((part, index) => part.slice(1).map((spelling) => ordinary.with(index, spelling)))
  return [ordinary, ...others]
}

/** Paths with their queries that a rule is meant for. */
function pathsOf(rule: Rule, depth: number, reach: Reach): readonly string[] {
  const query = rule.params.filter((param) => param.in === 'query').map((param) => queryPart(param, reach))
  const path = rule.segments.map((segment) => segmentPart(rule, segment, depth, reach))
  return variations([...path, ...query]).map((spelling) => {
    const asked = spelling.slice(path.length).filter((pair) => pair !== '')
    return `${spelling.slice(0, path.length).join('') || '/'}${asked.length === 0 ? '' : '?'}${asked.join('&')}`
  })
}

/** The depth of the deepest path that any rule spells out. */
function depthOf(rules: readonly Rule[]): number {
  return Math.max(0, ...rules.map((rule) => rule.segments.length))
}

/** Requests that a rule is meant for, on the hosts and by the methods it names. */
export function requestsFor(rule: Rule, rules: readonly Rule[], hosts: readonly string[]): readonly Probe[] {
  const methods = rule.methods.length === 0 ? METHODS : rule.methods
  return probesOf(rule, depthOf(rules), rule.hosts.length === 0 ? hosts : rule.hosts, methods, 'inside')
}

function probesOf(
  rule: Rule,
  depth: number,
  hosts: readonly string[],
  methods: readonly string[],
  reach: Reach,
): readonly Probe[] {
  const bodies = rule.body === null ? [undefined] : Object.keys(rule.body.cases)
  return pathsOf(rule, depth, reach).flatMap((path) =>
    hosts.flatMap((host) => methods.flatMap((method) => bodies.map((body) => ({ host, method, path, body })))),
  )
}

/** The request at which one rule took the place of another, with values that the new one takes. */
function crossed({ is, host, method, segments }: Crossing): readonly Probe[] {
  const spelled = segments.map((text, index): Segment => {
    const own = is.segments[index]
    if (text !== null) return { kind: 'literal', text }
    return own?.kind === 'param' ? own : { kind: 'literal', text: ANY }
  })
  return probesOf({ ...is, segments: spelled }, 0, [host], [method], 'inside')
}

/**
 * Requests that touch every rule of these bundles from the inside and from just outside, on every host, each once.
 *
 * @param crossings - where one rule takes the place of another
 */
export function probes(
  bundles: readonly PolicyBundle[],
  hosts: readonly string[],
  crossings: readonly Crossing[],
): readonly Probe[] {
  const found = new Map<string, Probe>()
  const rules = bundles.flatMap((bundle) => bundle.rules)
  const edge: readonly Probe[] = hosts.flatMap((host) =>
    METHODS.map((method) => ({ host, method, path: `/${ANY}`, body: undefined })),
  )
  const depth = depthOf(rules)
  const all = rules.flatMap((rule) =>
    probesOf(rule, depth, hosts, [...new Set([...METHODS, ...rule.methods])], 'beyond'),
  )
  for (const probe of [...edge, ...all, ...crossings.flatMap(crossed)]) {
    found.set(`${probe.host} ${probe.method} ${probe.path} ${probe.body ?? ''}`, probe)
  }
  return [...found.values()]
}
