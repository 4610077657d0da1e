import { PRETEND_ID } from './callers.ts'
import type { ParamRule, PolicyBundle, Rule } from './model.ts'

/** One request that a policy is asked about. */
export interface Probe {
  readonly host: string
  readonly method: string
  /** Canonical path, with the query that declared parameters need. */
  readonly path: string
  readonly body: string | undefined
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const UUID = '00000000-0000-4000-8000-000000000002'
const PLAIN: readonly string[] = ['probe', '7', UUID]

function valuesOf(param: ParamRule | undefined): readonly string[] {
  if (param === undefined) return PLAIN
  const own = param.equals === null ? [] : [PRETEND_ID]
  switch (param.type) {
    case 'int':
      return [...own, String(param.min ?? param.max ?? 7)]
    case 'uuid':
      return [...own, UUID]
    case 'enum':
      return [...own, ...param.values]
    case 'slug':
    case 'text':
    case 'pattern':
      return [...own, ...PLAIN]
  }
}

function pathsOf(rule: Rule): readonly string[] {
  let paths: readonly string[] = ['']
  for (const segment of rule.segments) {
    if (segment.kind === 'literal') paths = paths.map((path) => `${path}/${segment.text}`)
    else if (segment.kind === 'rest') paths = paths.flatMap((path) => [path, `${path}/probe`, `${path}/probe/probe`])
    else {
      const values = valuesOf(rule.params.find((param) => param.in === 'path' && param.name === segment.name))
      paths = paths.flatMap((path) => values.map((value) => `${path}/${value}`)).slice(0, 24)
    }
  }
  return paths.map((path) => (path === '' ? '/' : path))
}

function queryOf(rule: Rule): string {
  const parts = rule.params
    .filter((param) => param.in === 'query' && param.required)
    .map((param) => `${encodeURIComponent(param.name)}=${encodeURIComponent(valuesOf(param)[0] ?? '7')}`)
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}

function probesOf(rule: Rule, host: string): readonly Probe[] {
  const hosts = rule.hosts.length === 0 ? [host] : rule.hosts
  const methods = [...new Set([...METHODS, ...rule.methods])]
  const bodies = rule.body === null ? [undefined] : Object.keys(rule.body.cases)
  const query = queryOf(rule)
  return pathsOf(rule).flatMap((path) =>
    hosts.flatMap((at) =>
      methods.flatMap((method) => bodies.map((body) => ({ host: at, method, path: path + query, body }))),
    ),
  )
}

/** One request that this rule is meant for: its first method, the caller's own id where it asks for it, the depth of a wildcard. */
export function sampleOf(rule: Rule, host: string): Pick<Probe, 'host' | 'method' | 'path'> {
  const path = pathsOf(rule).at(rule.segments.at(-1)?.kind === 'rest' ? -1 : 0) ?? '/'
  return { host: rule.hosts[0] ?? host, method: rule.methods[0] ?? 'GET', path: path + queryOf(rule) }
}

/** Requests that touch every rule of these bundles from the inside and from just outside; each once. */
export function probes(bundles: readonly PolicyBundle[], host: string): readonly Probe[] {
  const found = new Map<string, Probe>()
  const edge: readonly Probe[] = METHODS.map((method) => ({ host, method, path: '/probe', body: undefined }))
  const all = bundles.flatMap((bundle) => bundle.rules).flatMap((rule) => probesOf(rule, host))
  for (const probe of [...edge, ...all]) {
    found.set(`${probe.host} ${probe.method} ${probe.path} ${probe.body ?? ''}`, probe)
  }
  return [...found.values()]
}
