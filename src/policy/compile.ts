import type { Permission } from '../core/brand.ts'
import { err, ok, type Result } from '../core/result.ts'
import { bundleHash } from './bundle.ts'
import { reportConflicts } from './conflicts.ts'
import { readForm } from './form.ts'
import type { Known, Part, Vocabulary } from './known.ts'
import type { PolicyBundle, Rule } from './model.ts'
import { byText } from './order.ts'
import { type Problem, type Problems, problems, sorted } from './problem.ts'
import { compileRoles, type RoleSet, vocabulary } from './roles.ts'
import { compileRules } from './rules.ts'
import { type PolicyFile, readSource } from './source.ts'
import { checkTests } from './test-checks.ts'

/** Everything `check` learns from a set of files. */
export interface Checked {
  /** Null when there is at least one error. */
  readonly bundle: PolicyBundle | null
  /** Errors and warnings, in the order of files and lines. */
  readonly problems: readonly Problem[]
  /** The files as data, for their tests and acknowledgements; only those that could be read. */
  readonly parts: readonly Part[]
}

/** Findings that another file could have answered. */
const ELSEWHERE: ReadonlySet<string> = new Set(['PST204', 'PST205', 'PST224'])

function readParts(files: readonly PolicyFile[], found: Problems): readonly Part[] {
  // WHY: the same files give the same hash, whatever order a folder lists them in.
  const inOrder = [...files].sort((a, b) => byText(a.name, b.name))
  return inOrder.flatMap((file) => {
    const source = readSource(file, found)
    const form = source === null ? null : readForm(source, found)
    return source === null || form === null ? [] : [{ source, ...form }]
  })
}

function allPermissions(words: Vocabulary, rules: readonly Rule[], roles: RoleSet): readonly Permission[] {
  const named = new Set<string>(words.permissions)
  for (const role of roles.roles)
    for (const permission of role.permissions) if (permission !== '*') named.add(permission)
  for (const { demands } of rules)
    for (const one of [...demands.anyPermission, ...demands.allPermissions]) named.add(one)
  return [...named].sort() as readonly string[] as readonly Permission[]
}

/** Reads, checks and compiles a set of policy files; every problem of every file at once. */
export async function checkPolicy(files: readonly PolicyFile[], known: Known): Promise<Checked> {
  const found = problems()
  const parts = readParts(files, found)
  const words = vocabulary(parts, known, found)
  const listed = problems()
  const roles = compileRoles(parts, words, listed)
  const rules = compileRules(parts, words, listed)
  reportConflicts(rules, known.hosts, listed)
  checkTests(parts, words, listed)
  // WHY: every name of a file that could not be read whole would be reported as unknown in all others.
  const complete = parts.length === files.length && parts.every((part) => part.names === 'whole')
  const all = [...found.list, ...listed.list.filter((problem) => complete || !ELSEWHERE.has(problem.code))]
  const failed = all.some((problem) => problem.severity === 'error')
  const content = {
    format: 1 as const,
    ...roles,
    permissions: allPermissions(words, rules, roles),
    rules,
  }
  const bundle = failed ? null : { ...content, hash: await bundleHash(content), parent: null }
  return { bundle, problems: sorted(all), parts }
}

/** The bundle of a set of policy files, or every error in them (warnings: `checkPolicy`). */
export async function compilePolicy(
  files: readonly PolicyFile[],
  known: Known,
): Promise<Result<PolicyBundle, readonly Problem[]>> {
  const checked = await checkPolicy(files, known)
  return checked.bundle === null ? err(checked.problems) : ok(checked.bundle)
}
