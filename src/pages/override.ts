import { type PageTemplates, type TemplateVariable, VARIABLE } from '../core/page-template.ts'
import type { Page } from './layout.ts'

/**
 * The page in the operator's own document: that of its name, else that of `*`; the built-in page where there is neither,
 * and where the document wants something a page does not have. Status, headers and the policy stay the page's own.
 *
 * @param templates - as `parseConfig` checked them
 */
export function overridePage(page: Page, templates: PageTemplates): Page {
  const template = templates[page.name] ?? templates['*']
  if (template === undefined) return page
  let isWhole = true
  // ATTACK: a player may be called `{{body}}` or `$&`: one pass over the operator's text, and a function that answers, so
  // that nothing in a value is read again.
  const html = template.replace(VARIABLE, (_, name: string) => {
    const value = partOf(page, name.trim())
    if (value === null) isWhole = false
    return value ?? ''
  })
  return isWhole ? { ...page, html } : page
}

function partOf({ parts }: Page, name: string): string | null {
  return Object.hasOwn(parts, name) ? parts[name as TemplateVariable] : null
}
