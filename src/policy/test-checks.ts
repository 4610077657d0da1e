import { unknownParts } from './callers.ts'
import type { Part, Vocabulary } from './known.ts'
import type { Position } from './model.ts'
import type { Problems } from './problem.ts'
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

/** Names in the `tests:` of all files: a test about a role that does not exist proves nothing. */
export function checkTests(parts: readonly Part[], words: Vocabulary, problems: Problems): void {
  for (const { source, data } of parts) {
    for (const [index, test] of (data.tests ?? []).entries()) {
      const path = ['tests', index]
      if (typeof test.as === 'string') checkCaller(test.as, source.at([...path, 'as']), words, problems)
      else {
        for (const role of test.as?.roles ?? []) checkCaller(role, source.at([...path, 'as', 'roles']), words, problems)
      }
      if (test.host !== undefined && !words.hosts.includes(test.host)) {
        problems.error(
          source.at([...path, 'host']),
          'PST208',
          `unknown host "${test.host}"`,
          didYouMean(test.host, words.hosts),
        )
      }
      if (typeof test.expect !== 'object') continue
      if (test.as !== undefined) {
        problems.error(
          source.atKey([...path, 'as']),
          'PST227',
          '"as" means nothing beside a map of callers',
          'remove as:',
        )
      }
      for (const caller of Object.keys(test.expect)) {
        checkCaller(caller, source.atKey([...path, 'expect', caller]), words, problems)
      }
    }
  }
}
