import type { FileMap } from './house.ts'

const TITLE = /(?:\b(?:test|describe|it)(?:\.\w+)*(?:<[^()]*>)?|\))\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1\s*,/g

/** The title of every test and group in these files. */
export function titlesOf(files: FileMap): readonly string[] {
  return [...files].flatMap(([, text]) => Array.from(text.matchAll(TITLE), ([, , title = '']) => title))
}

/** Whether a title cites an id, as a word of its own; an escape such as `%C3` is none. */
export function cites(title: string, id: string): boolean {
  return new RegExp(`(?<![%\\w])${id}(?!\\w)`).test(title)
}

/** Ids that no title cites. */
export function uncited(titles: readonly string[], ids: readonly string[]): readonly string[] {
  return ids.filter((id) => !titles.some((title) => cites(title, id)))
}
