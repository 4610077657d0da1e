/** Every page of ours; what an operator's own template is named after (docs/pages.md). */
export const PAGE_NAMES = [
  'account',
  'admin-audit',
  'admin-confirm',
  'admin-home',
  'admin-person',
  'admin-policy',
  'admin-sessions',
  'bad-parameter',
  'bad-request',
  'broken-invitation',
  'choose-account',
  'chooser',
  'consent',
  'cookies-blocked',
  'cross-site-refused',
  'device-code',
  'device-confirm',
  'device-done',
  'devices-full',
  'full',
  'gone',
  'guest-needs-account',
  'hand-over',
  'headers-too-large',
  'identity-in-use',
  'internal-error',
  'interrupted',
  'invitation',
  'invited',
  'last-method',
  'method-not-allowed',
  'needs-character',
  'no-permission',
  'not-admitted',
  'not-found',
  'nothing-submitted',
  'onboarding',
  'open-in-browser',
  'provider-down',
  'provider-refused',
  'quota-reached',
  'session-ended',
  'signed-in-elsewhere',
  'signed-out',
  'store-down',
  'suspended',
  'too-many-tries',
  'unproven',
  'upstream-down',
] as const

/** The stable name of a page. */
export type PageName = (typeof PAGE_NAMES)[number]

/** Operators' own documents by page; `*` is for every page that has none of its own. Checked at start. */
export type PageTemplates = Readonly<Partial<Record<PageName | '*', string>>>

/**
 * Where a variable of a template may stand. `plain`: in text and in quoted attributes; `markup`: in text alone;
 * `attributes`: inside an opening tag; `sheet`: alone in `<style>`.
 */
export type VariablePlace = 'plain' | 'markup' | 'attributes' | 'sheet'

/** What an operator's template may use, each written `{{name}}`; the meanings are in docs/pages.md. */
export type TemplateVariable =
  | 'actions'
  | 'body'
  | 'brand'
  | 'code'
  | 'direction'
  | 'focus'
  | 'head'
  | 'heading'
  | 'home'
  | 'id'
  | 'language'
  | 'more'
  | 'style'
  | 'time'
  | 'title'
  | 'tone'
  | 'viewer'

/** Where each variable may stand. */
export const TEMPLATE_VARIABLES: Readonly<Record<TemplateVariable, VariablePlace>> = {
  actions: 'markup',
  body: 'markup',
  brand: 'markup',
  code: 'plain',
  direction: 'plain',
  focus: 'attributes',
  head: 'markup',
  heading: 'markup',
  home: 'plain',
  id: 'plain',
  language: 'plain',
  more: 'markup',
  style: 'sheet',
  time: 'markup',
  title: 'plain',
  tone: 'plain',
  viewer: 'markup',
}

/** What stands for a variable in a template; its name is within, blanks around it do not count. */
export const VARIABLE: RegExp = /\{\{([^{}]*)\}\}/g
