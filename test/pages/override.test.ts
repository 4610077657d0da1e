import { expect, test } from 'vitest'
import { noPermission } from '../../src/pages/access.ts'
import { overridePage, TEMPLATE_VARIABLES, templateProblems } from '../../src/pages/override.ts'
import { frameOf } from './samples.ts'

const page = noPermission(frameOf('en', '<b>Mira {{id}}'), { missing: null, otherAccountUrl: '/auth/sign-in' })
const TEMPLATE =
  '<title>{{title}}</title><style>{{style}}</style><h1>{{ heading }}</h1>{{body}}{{actions}}<p>{{viewer}}</p>{{id}}'

test('overridePage() fills the variables with finished markup', () => {
  const html = overridePage(page, TEMPLATE).html
  expect(html).toContain('<title>You do not have permission · Lantern Vale</title>')
  expect(html).toContain('<h1>You do not have permission</h1>')
  expect(html).toContain('<a class="button go" href="/">')
})

test('overridePage() keeps names escaped and never fills a variable inside a name', () => {
  expect(overridePage(page, TEMPLATE).html).toContain('as <bdi>&lt;b&gt;Mira {{id}}</bdi>.</p>7f3a9c1e5b2d')
})

test('overridePage() answers with the built-in page when there is no template', () => {
  expect(overridePage(page, null)).toBe(page)
})

test('overridePage() answers with the built-in page when a variable is unknown', () => {
  expect(overridePage(page, `${TEMPLATE}{{colour}}`)).toBe(page)
})

test('templateProblems() names what is unknown and what is missing', () => {
  expect(templateProblems('{{title}}{{heading}}{{body}}{{colour}}{{__proto__}}')).toEqual([
    'unknown variable "colour"',
    'unknown variable "__proto__"',
    'variable "actions" is not used',
  ])
})

test('every page offers exactly the variables that are documented', () => {
  expect(Object.keys(page.parts).sort()).toEqual([...TEMPLATE_VARIABLES].sort())
})
