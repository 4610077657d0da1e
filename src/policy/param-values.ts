import { PRETEND_ID } from './callers.ts'
import type { ParamRule } from './model.ts'
import { judgePath } from './params.ts'
import { patternSamples } from './pattern-samples.ts'

const UUID = '00000000-0000-4000-8000-000000000002'
const PLAIN: readonly string[] = ['probe', '7', UUID]

/** Whether a rule takes this value of a parameter: the judge of requests, asked before there is one. */
export function isAccepted(param: ParamRule, value: string): boolean {
  const pattern = param.pattern === null ? null : new RegExp(param.pattern, 'u')
  return judgePath({ rule: param, index: 0, pattern }, encodeURIComponent(value)).ok
}

function candidates(param: ParamRule): readonly string[] {
  switch (param.type) {
    case 'int':
      return [param.min ?? param.max ?? 7, param.max ?? param.min ?? 7].map(String)
    case 'uuid':
      return [UUID]
    case 'enum':
      return param.values
    case 'slug':
    case 'text':
      return [...PLAIN, ...param.allowWords]
    case 'pattern':
      return [...patternSamples(param.pattern ?? ''), ...PLAIN]
  }
}

/** Longest value that is spelled out to show where the bound is. */
const SHOWN_LENGTH = 64

/** Values just beyond the bounds of a parameter: whoever draws a bound closer takes them from somebody. */
export function valuesBeyond(param: ParamRule): readonly string[] {
  const numbers = [param.min === null ? [] : [param.min - 1], param.max === null ? [] : [param.max + 1]].flat()
  const long = param.type !== 'int' && param.maxLength < SHOWN_LENGTH ? ['x'.repeat(param.maxLength + 1)] : []
  return [...numbers.map(String), ...long].filter((value) => !isAccepted(param, value))
}

/** Values that a rule takes for a parameter, the caller's own id first where it asks for it; none where none was found. */
export function acceptedValues(param: ParamRule): readonly string[] {
  const own = param.equals === null ? [] : [PRETEND_ID]
  // WHY: half a character of two is text to a pattern, and no path or query can carry it.
  const sendable = [...new Set([...own, ...candidates(param)])].filter((value) => value.isWellFormed())
  return sendable.filter((value) => isAccepted(param, value))
}
