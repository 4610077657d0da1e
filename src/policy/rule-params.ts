import type { Vocabulary } from './known.ts'
import type { ParamData, ParamMap, RuleData } from './language.ts'
import type { ParamRule, Segment } from './model.ts'
import { anchored, patternFault } from './pattern.ts'
import type { Problems } from './problem.ts'
import { queryValue, queryValues } from './query.ts'
import type { Source } from './source.ts'
import { didYouMean } from './suggest.ts'
import { reportTwice } from './twice.ts'

/** One rule while it is compiled: its data and where it stands. */
export interface RuleSite {
  readonly source: Source
  readonly index: number
  readonly data: RuleData
  readonly words: Vocabulary
  readonly problems: Problems
}

const DEFAULT_MAX_LENGTH = 128

function typeOf(data: ParamMap): ParamRule['type'] {
  if (data.type !== undefined) return data.type
  if (data.pattern !== undefined) return 'pattern'
  return data.values === undefined ? 'text' : 'enum'
}

function contradictions(type: ParamRule['type'], data: ParamMap): string | null {
  if (type !== 'int' && (data.min !== undefined || data.max !== undefined)) return '"min" and "max" need type: int'
  if (data.min !== undefined && data.max !== undefined && data.min > data.max)
    return `"min" ${data.min} is above "max" ${data.max}`
  if ((type === 'enum') !== (data.values !== undefined)) return 'type: enum and "values" need each other'
  if ((type === 'pattern') !== (data.pattern !== undefined)) return 'type: pattern and "pattern" need each other'
  return null
}

function checkParam(site: RuleSite, name: string, data: ParamMap, inPath: boolean): void {
  const { source, index, problems } = site
  const path = ['rules', index, 'params', name]
  const place = data.in ?? 'path'
  if (place === 'path' && !inPath) {
    const known = site.data.path.split('/').flatMap((part) => (part.startsWith(':') ? [part.slice(1)] : []))
    const hint = known.length > 0 ? didYouMean(name, known) : 'a query parameter needs in: query'
    problems.error(source.atKey(path), 'PST228', `the path has no parameter ":${name}"`, hint)
  }
  // ATTACK: /players/7?id=<mine> would be judged by the query alone, and the upstream reads the path.
  if (place === 'query' && inPath) {
    const message = `parameter "${name}" stands in the path; in: query would leave it unjudged there`
    problems.error(source.atKey(path), 'PST227', message, 'remove in: query, or rename one of the two')
  }
  reportTwice(source, [...path, 'values'], 'value', data.values ?? [], problems)
  reportTwice(source, [...path, 'allowWords'], 'word', data.allowWords ?? [], problems)
  const contradiction = contradictions(typeOf(data), data)
  if (contradiction !== null) problems.error(source.atKey(path), 'PST227', `parameter "${name}": ${contradiction}`)
  if (place === 'path' && data.required === false) {
    const at = source.at([...path, 'required'])
    problems.error(at, 'PST227', `path parameter "${name}" is always required`, 'remove required:')
  }
}

function compilePattern(site: RuleSite, name: string, data: ParamMap): string | null {
  const { pattern } = data
  if (pattern === undefined) return null
  const fault = patternFault(pattern, data.maxLength ?? DEFAULT_MAX_LENGTH)
  if (fault === null) return anchored(pattern)
  const code = fault === 'is not a regular expression' ? 'PST230' : 'PST231'
  const at = site.source.at(['rules', site.index, 'params', name, 'pattern'])
  site.problems.error(at, code, `pattern "${pattern}" ${fault}`, 'a simpler pattern, or type: slug')
  return null
}

function compileParam(site: RuleSite, name: string, written: ParamData, inPath: boolean): ParamRule {
  const data: ParamMap = typeof written === 'string' ? { type: written } : written
  const { redirect } = data
  const place = data.in ?? 'path'
  checkParam(site, name, data, inPath)
  return {
    name,
    in: place,
    type: typeOf(data),
    min: data.min ?? null,
    max: data.max ?? null,
    values: data.values ?? [],
    pattern: compilePattern(site, name, data),
    maxLength: data.maxLength ?? DEFAULT_MAX_LENGTH,
    // WHY: whose own id is compared must be said, else leaving it out would pass the comparison.
    required: place === 'path' || (data.required ?? data.equals !== undefined),
    allowWords: data.allowWords ?? [],
    equals: data.equals ?? null,
    redirect: typeof redirect === 'string' ? { missing: redirect, malformed: redirect } : (redirect ?? null),
  }
}

/** Two names that one service takes for the same would each refuse the other. */
function checkSpellings(site: RuleSite, names: readonly string[]): void {
  const together = queryValues(`?${names.map(encodeURIComponent).join('&')}`)
  for (const name of names.filter((one) => queryValue(together, one).kind === 'repeated')) {
    const at = site.source.atKey(['rules', site.index, 'params', name])
    const message = `parameter "${name}" has another spelling here, which some services take for the same name`
    site.problems.error(at, 'PST227', message, 'keep one of them')
  }
}

/** Every parameter of a rule: path parameters nobody described are text of at most 128 characters. */
export function compileParams(site: RuleSite, segments: readonly Segment[]): readonly ParamRule[] {
  const inPath = segments.flatMap((segment) => (segment.kind === 'param' ? [segment.name] : []))
  const written = site.data.params ?? {}
  const described = Object.entries(written).map(([name, data]) => compileParam(site, name, data, inPath.includes(name)))
  checkSpellings(
    site,
    described.flatMap((param) => (param.in === 'query' ? [param.name] : [])),
  )
  const others = inPath
    .filter((name) => !Object.hasOwn(written, name))
    .map((name) => compileParam(site, name, 'text', true))
  const order = (param: ParamRule): number => (param.in === 'path' ? inPath.indexOf(param.name) : inPath.length)
  return [...described, ...others].sort((a, b) => order(a) - order(b))
}
