import type { FileMap } from './house.ts'

const TITLE = /(?:\b(?:test|describe|it)(?:\.\w+)*(?:<[^()]*>)?|\))\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1\s*,/g

/** The title of every test and group in these files. */
export function titlesOf(files: FileMap): readonly string[] {
  return [...files].flatMap(([path, text]) =>
    path.startsWith('test/') ? Array.from(text.matchAll(TITLE), ([, , title = '']) => title) : [],
  )
}

/** Whether a title cites an id, as a word of its own; an escape such as `%C3` is none. */
export function cites(title: string, id: string): boolean {
  return new RegExp(`(?<![%\\w-])${id}(?![\\w-])`).test(title)
}

/** Ids that no title cites. */
export function uncited(titles: readonly string[], ids: readonly string[]): readonly string[] {
  return ids.filter((id) => !titles.some((title) => cites(title, id)))
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
