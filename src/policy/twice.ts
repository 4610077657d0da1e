import type { Problems } from './problem.ts'
import type { Source } from './source.ts'

/**
 * Reports every name that stands in a list again: most likely another one was meant.
 *
 * @param what - one item of the list, such as `role`
 */
export function reportTwice(
  source: Source,
  path: readonly PropertyKey[],
  what: string,
  names: readonly string[],
  problems: Problems,
): void {
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) === index) continue
    problems.error(source.at([...path, index]), 'PST220', `${what} "${name}" stands twice`, 'keep one')
  }
}
