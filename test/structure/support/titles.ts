import type { FileMap } from './house.ts'

/** A title in front of a test, of a group, or behind the rows of `test.each`. */
const TITLE = /(?:\b(?:test|describe)|\)|\])\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`([^`]*)`)\s*,/g

/** The titles of all tests and groups of tests in some files. */
export function titlesOf(files: FileMap): readonly string[] {
  return [...files].flatMap(([path, text]) =>
    path.startsWith('test/') && path.endsWith('.ts')
      ? [...text.matchAll(TITLE)].map(([, single, double, template]) => single ?? double ?? template ?? '')
      : [],
  )
}

/** The ids that no title cites, as a word of its own. */
export function uncited(ids: readonly string[], titles: readonly string[]): readonly string[] {
  return ids.filter((id) => !titles.some((title) => new RegExp(`(?<![\\w-])${id}(?![\\w-])`).test(title)))
}

/** The attacks, by name, that no title shows together with the source it comes from. */
export function unshown(
  attacks: Readonly<Record<string, readonly [what: RegExp, source: RegExp]>>,
  titles: readonly string[],
): readonly string[] {
  return Object.entries(attacks)
    .filter(([, [what, source]]) => !titles.some((title) => what.test(title) && source.test(title)))
    .map(([name]) => name)
}
