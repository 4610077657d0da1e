import { unknownParts } from './callers.ts'
import type { Part, Vocabulary } from './known.ts'
import type { CallerMap, TestData } from './language.ts'
import type { Position } from './model.ts'
import type { Problems } from './problem.ts'
import type { Source } from './source.ts'
import { didYouMean } from './suggest.ts'

function checkCaller(written: string, at: Position, words: Vocabulary, problems: Problems): void {
  if (written === 'nobody' || written === 'anonymous') return
  for (const role of (written.split('+')[0] ?? '').split(',').map((part) => part.trim())) {
    if (!words.roles.has(role)) {
      problems.error(at, 'PST205', `unknown role "${role}"`, didYouMean(role, ['nobody', ...words.roles]))
    }
  }
  for (const part of unknownParts(written)) {
    problems.error(at, 'PST270', `"+${part}" is no part of a caller`, 'known: +character, +token')
  }
}

/** One test while it is checked. */
interface TestSite {
  readonly source: Source
  readonly path: readonly PropertyKey[]
  readonly test: TestData
  readonly words: Vocabulary
  readonly problems: Problems
}

function checkCallerMap({ source, path, words, problems }: TestSite, caller: CallerMap): void {
  for (const role of caller.roles ?? []) checkCaller(role, source.at([...path, 'as', 'roles']), words, problems)
  for (const [index, name] of (caller.permissions ?? []).entries()) {
    if (name.endsWith('*') || words.permissions.has(name)) continue
    const at = source.at([...path, 'as', 'permissions', index])
    problems.error(at, 'PST204', `unknown permission "${name}"`, didYouMean(name, words.permissions))
  }
  for (const [name, value] of Object.entries(caller.attributes ?? {})) {
    const type = Object.hasOwn(words.attributes, name) ? words.attributes[name]?.type : undefined
    if (typeof value === type) continue
    const at = source.atKey([...path, 'as', 'attributes', name])
    if (type === undefined)
      problems.error(at, 'PST209', `unknown attribute "${name}"`, didYouMean(name, Object.keys(words.attributes)))
    else problems.error(at, 'PST211', `attribute "${name}" is a ${type}, not a ${typeof value}`)
  }
}

function checkTest(site: TestSite): void {
  const { source, path, test, words, problems } = site
  if (typeof test.as === 'string') checkCaller(test.as, source.at([...path, 'as']), words, problems)
  else if (test.as !== undefined) checkCallerMap(site, test.as)
  if (test.host !== undefined && !words.hosts.includes(test.host)) {
    const at = source.at([...path, 'host'])
    problems.error(at, 'PST208', `unknown host "${test.host}"`, didYouMean(test.host, words.hosts))
  }
  if (typeof test.expect !== 'object') return
  if (test.as !== undefined) {
    const at = source.atKey([...path, 'as'])
    problems.error(at, 'PST227', '"as" means nothing beside a map of callers', 'remove as:')
  }
  const callers = Object.keys(test.expect)
  if (callers.length === 0) {
    problems.error(source.atKey([...path, 'expect']), 'PST212', '"expect" is empty', 'name at least one caller')
  }
  for (const caller of callers) {
    checkCaller(caller, source.atKey([...path, 'expect', caller]), words, problems)
  }
}

/** Names in the `tests:` of all files: a test about a role that does not exist proves nothing. */
export function checkTests(parts: readonly Part[], words: Vocabulary, problems: Problems): void {
  for (const { source, data } of parts) {
    for (const [index, test] of (data.tests ?? []).entries()) {
      if (test !== null) checkTest({ source, path: ['tests', index], test, words, problems })
    }
  }
}
