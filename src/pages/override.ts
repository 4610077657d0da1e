import type { Page } from './layout.ts'

/** Variables an operator's template may use; what each means stands at `Page`. All arrive as finished, escaped HTML. */
export const TEMPLATE_VARIABLES = [
  'title',
  'brand',
  'home',
  'language',
  'direction',
  'heading',
  'body',
  'viewer',
  'actions',
  'code',
  'id',
  'time',
  'style',
] as const

// INVARIANT: without these a page could not say what happened and what to do.
const REQUIRED = ['title', 'heading', 'body', 'actions'] as const

const VARIABLE = /\{\{\s*([^{}]*?)\s*\}\}/g

/**
 * What is wrong with an operator's template; empty when it can be used.
 *
 * @param template - a whole document with `{{variable}}` in it
 */
export function templateProblems(template: string): readonly string[] {
  const used = new Set([...template.matchAll(VARIABLE)].map((match) => match[1] ?? ''))
  const known: ReadonlySet<string> = new Set(TEMPLATE_VARIABLES)
  return [
    ...[...used].filter((name) => !known.has(name)).map((name) => `unknown variable "${name}"`),
    ...REQUIRED.filter((name) => !used.has(name)).map((name) => `variable "${name}" is not used`),
  ]
}

/**
 * The page in the operator's own document; the built-in page when there is no template or it has problems.
 *
 * The policy stays the same: a template's own scripts, images and styles other than `<style>{{style}}</style>` are refused
 * by the browser.
 *
 * @param template - null: the operator has none for this page
 */
export function overridePage(page: Page, template: string | null): Page {
  if (template === null || templateProblems(template).length > 0) return page
  return { ...page, html: template.replace(VARIABLE, (_, name: string) => page.parts[name] ?? '') }
}
