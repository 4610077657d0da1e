import type { Vocabulary } from './known.ts'
import type { ParamData, ParamMap, RuleData } from './language.ts'
import type { ParamRule, Segment } from './model.ts'
import { anchored, patternFault } from './pattern.ts'
import type { Problems } from './problem.ts'
import type { Source } from './source.ts'
import { didYouMean } from './suggest.ts'

/** One rule while it is compiled: its data and where it stands. */
export interface RuleSite {
  readonly source: Source
  readonly index: number
  readonly data: RuleData
  readonly words: Vocabulary
  readonly problems: Problems
}

const DEFAULT_MAX_LENGTH = 128

function plain(name: string, place: 'path' | 'query'): ParamRule {
  return {
    name,
    in: place,
    type: 'text',
    min: null,
    max: null,
    values: [],
    pattern: null,
    maxLength: DEFAULT_MAX_LENGTH,
    required: place === 'path',
    allowWords: [],
    equals: null,
    redirect: null,
  }
}

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

function compileParam(site: RuleSite, name: string, written: ParamData, inPath: boolean): ParamRule {
  const { source, index, problems } = site
  const path = ['rules', index, 'params', name]
  const data: ParamMap = typeof written === 'string' ? { type: written } : written
  const place = data.in ?? 'path'
  if (place === 'path' && !inPath) {
    const known = site.data.path.split('/').flatMap((part) => (part.startsWith(':') ? [part.slice(1)] : []))
    problems.error(
      source.atKey(path),
      'PST228',
      `the path has no parameter ":${name}"`,
      known.length > 0 ? didYouMean(name, known) : 'a query parameter needs in: query',
    )
  }
  const type = typeOf(data)
  const contradiction = contradictions(type, data)
  if (contradiction !== null) problems.error(source.atKey(path), 'PST227', `parameter "${name}": ${contradiction}`)
  if (place === 'path' && data.required === false) {
    problems.error(
      source.at([...path, 'required']),
      'PST227',
      `path parameter "${name}" is always required`,
      'remove required:',
    )
  }
  const fault = data.pattern === undefined ? null : patternFault(data.pattern)
  if (fault !== null) {
    const slow = fault === 'is not a regular expression' ? 'PST230' : 'PST231'
    problems.error(
      source.at([...path, 'pattern']),
      slow,
      `pattern "${data.pattern}" ${fault}`,
      'a simpler pattern, or type: slug',
    )
  }
  const redirect = data.redirect
  return {
    ...plain(name, place),
    type,
    min: data.min ?? null,
    max: data.max ?? null,
    values: data.values ?? [],
    pattern: data.pattern === undefined || fault !== null ? null : anchored(data.pattern),
    maxLength: data.maxLength ?? DEFAULT_MAX_LENGTH,
    required: place === 'path' || (data.required ?? false),
    allowWords: data.allowWords ?? [],
    equals: data.equals ?? null,
    redirect:
      redirect === undefined
        ? null
        : typeof redirect === 'string'
          ? { missing: redirect, malformed: redirect }
          : redirect,
  }
}

/** Every parameter of a rule: path parameters nobody described are text of at most 128 characters. */
export function compileParams(site: RuleSite, segments: readonly Segment[]): readonly ParamRule[] {
  const inPath = segments.flatMap((segment) => (segment.kind === 'param' ? [segment.name] : []))
  const written = site.data.params ?? {}
  const described = Object.entries(written).map(([name, data]) => compileParam(site, name, data, inPath.includes(name)))
  const others = inPath.filter((name) => !Object.hasOwn(written, name)).map((name) => plain(name, 'path'))
  const order = (param: ParamRule): number => (param.in === 'path' ? inPath.indexOf(param.name) : inPath.length)
  return [...described, ...others].sort((a, b) => order(a) - order(b))
}
