import type { z } from 'zod'
import type { PolicyData } from './language.ts'
import { policyFile } from './schema.ts'

type Issue = z.core.$ZodIssue

/** A file with the right form, or what is left of it without the parts that have another. */
export interface Form {
  readonly data: PolicyData
  /** Whether roles and permissions are all there: else unknown names may only be names that were left out. */
  readonly names: 'whole' | 'partial'
}

type Loose = Record<string, unknown>

function isLoose(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Leaves out each rule, test, role or top-level key that an issue lies in; lists keep their places as holes. */
function withoutFaults(
  data: Loose,
  issues: readonly Issue[],
): { readonly rest: Loose; readonly holes: ReadonlySet<string> } {
  const rest: Loose = { ...data }
  const holes = new Set<string>()
  for (const { path, ...issue } of issues) {
    const [top, item] = path
    if (top === undefined) {
      for (const key of issue.code === 'unrecognized_keys' ? issue.keys : Object.keys(rest)) delete rest[key]
    } else if ((top === 'rules' || top === 'tests') && typeof item === 'number') holes.add(`${top} ${item}`)
    else {
      const part = rest[String(top)]
      if (top === 'roles' && item !== undefined && isLoose(part)) {
        rest['roles'] = Object.fromEntries(Object.entries(part).filter(([name]) => name !== item))
      } else delete rest[String(top)]
    }
  }
  return { rest, holes }
}

/** What is left of a file without the parts that have another form; null when that is nothing usable. */
export function salvage(data: unknown, issues: readonly Issue[]): Form | null {
  if (!isLoose(data)) return null
  const { rest, holes } = withoutFaults(data, issues)
  const kept = (key: 'rules' | 'tests'): Loose => {
    const list = rest[key]
    return Array.isArray(list) ? { [key]: list.filter((_, index) => !holes.has(`${key} ${index}`)) } : {}
  }
  const read = policyFile.safeParse({ ...rest, ...kept('rules'), ...kept('tests') })
  if (!read.success) return null
  const spread = <T>(key: 'rules' | 'tests', good: readonly (T | null)[]): (T | null)[] => {
    const left = [...good]
    const list = rest[key]
    return Array.isArray(list)
      ? list.map((_, index) => (holes.has(`${key} ${index}`) ? null : (left.shift() ?? null)))
      : []
  }
  const names = issues.every(({ path }) => path[0] === 'rules' || path[0] === 'tests') ? 'whole' : 'partial'
  const { rules = [], tests = [] } = read.data
  return { data: { ...read.data, rules: spread('rules', rules), tests: spread('tests', tests) }, names }
}
