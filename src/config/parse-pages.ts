import { PAGE_NAMES, type PageTemplates } from '../core/page-template.ts'
import { parseTextMap } from './parse-parts.ts'
import { nearest, type Reader } from './reader.ts'
import { templateProblems } from './template-checks.ts'

/** The operator's own pages: each of a page we have, and such as can carry every page it is for. */
export function parsePages(read: Reader): { readonly templates: PageTemplates } {
  const names: readonly string[] = ['*', ...PAGE_NAMES]
  const templates = parseTextMap(read, 'templates')
  for (const [name, template] of Object.entries(templates)) {
    const key = `templates.${name}`
    if (names.includes(name)) for (const problem of templateProblems(template)) read.fault(key, problem)
    else read.fault(key, strangerOf(name, names))
  }
  read.end()
  return { templates }
}

function strangerOf(name: string, names: readonly string[]): string {
  const near = nearest(name, names)
  return `is not a page of ours; ${near === null ? 'docs/pages.md lists them, and "*" is for all' : `did you mean "${near}"?`}`
}
