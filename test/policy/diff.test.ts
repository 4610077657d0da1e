import { expect, test } from 'vitest'
import { type Checked, checkPolicy } from '../../src/policy/compile.ts'
import { acknowledgements, diffPolicies, isChanged, type PolicyDiff } from '../../src/policy/diff.ts'
import { formatDiff } from '../../src/policy/diff-lines.ts'
import type { PolicyBundle } from '../../src/policy/model.ts'
import { formatProblems } from '../../src/policy/print.ts'
import { HOST, KNOWN, ROLES } from './support.ts'

const BEFORE =
  'upstream: game\nrules:\n  - { path: /list, permission: players.view }\n  - { path: /edit, permission: players.edit }\n'

async function check(rules: string, roles: string): Promise<Checked> {
  return checkPolicy(
    [
      { name: 'roles.yaml', text: roles },
      { name: 'rules.yaml', text: rules },
    ],
    KNOWN,
  )
}

function bundleOf(checked: Checked): PolicyBundle {
  if (checked.bundle === null) throw new Error(formatProblems(checked.problems))
  return checked.bundle
}

async function diff(rules: string, roles = ROLES): Promise<PolicyDiff> {
  const before = bundleOf(await check(BEFORE, ROLES))
  const after = await check(rules, roles)
  return diffPolicies(before, bundleOf(after), [HOST], acknowledgements(after.parts))
}

const who = (found: PolicyDiff, effect: string): readonly string[] => [
  ...new Set(
    found.differences.filter((one) => one.effect === effect).map((one) => `${one.caller} ${one.method} ${one.path}`),
  ),
]

test('diffPolicies() of equal policies is empty, also when lines move', async () => {
  const same = await diff(`# a comment\n${BEFORE}`)
  expect(isChanged(same)).toBe(false)
  expect(formatDiff(same)).toBe('')
})

test('diffPolicies() says who gains which method and path', async () => {
  const found = await diff(BEFORE.replace('permission: players.edit', 'permission: play_game'))
  expect(who(found, 'gains')).toContain('player+character GET /edit')
  expect(who(found, 'gains')).not.toContain('guest+character GET /edit')
  expect(who(found, 'loses')).toEqual([])
  expect(found.changed).toEqual(['* /edit'])
})

test('diffPolicies() says who loses what', async () => {
  const found = await diff(BEFORE.replace('permission: players.view', 'methods: GET, permission: players.edit'))
  expect(who(found, 'loses')).toContain('player+character GET /list')
  expect(who(found, 'loses')).toContain('boss+character POST /list')
  expect(found.widenings).toEqual([])
})

test('diffPolicies() says who loses the values beyond a bound that is new, or closer', async () => {
  const rule = (params: string): string =>
    `upstream: game\nrules:\n  - { path: /x/:id, methods: GET, params: { id: ${params} } }\n`
  const between = async (was: string, is: string): Promise<PolicyDiff> =>
    diffPolicies(bundleOf(await check(rule(was), ROLES)), bundleOf(await check(rule(is), ROLES)), [HOST], [])
  const numbers = who(await between('int', '{ type: int, min: 5, max: 90 }'), 'loses')
  expect(numbers).toEqual(expect.arrayContaining(['player+character GET /x/4', 'player+character GET /x/91']))
  const texts = who(await between('slug', '{ type: slug, maxLength: 3 }'), 'loses')
  expect(texts).toContain('player+character GET /x/xxxx')
})

test('diffPolicies() sees a role that got a permission', async () => {
  const roles = ROLES.replace(
    'permissions: [players.view, play_game]',
    'permissions: [players.view, play_game, players.edit]',
  )
  expect(who(await diff(BEFORE, roles), 'gains')).toContain('player+character DELETE /edit')
})

test('diffPolicies() demands an acknowledgement for what becomes public', async () => {
  const rules = BEFORE.replace('permission: players.view', 'access: public')
  expect((await diff(rules)).widenings).toEqual([{ line: 'public * /list', acknowledged: false }])
  expect(formatDiff(await diff(rules))).toContain('! public * /list; add acknowledge: ["public * /list"]')
  const said = await diff(`${rules}acknowledge: ["public * /list"]\n`)
  expect(said.widenings).toEqual([{ line: 'public * /list', acknowledged: true }])
})

test('diffPolicies() demands one for a wildcard and for each admin permission of a role', async () => {
  const star = await diff(BEFORE, ROLES.replace('permissions: [players.edit]', "permissions: ['*']"))
  expect(star.widenings).toEqual([{ line: 'wildcard editor', acknowledged: false }])
  const admin = await diff(BEFORE, ROLES.replace('permissions: [players.edit]', "permissions: ['admin.*']"))
  expect(admin.widenings.map((one) => one.line)).toEqual(['admin editor admin.logs', 'admin editor admin.users'])
})

test('diffPolicies() sees a new public wildcard below and what it opens', async () => {
  const found = await diff(`${BEFORE}  - { path: /files/*, access: public }\n`)
  expect(who(found, 'gains')).toContain('nobody GET /files/probe/probe')
  expect(found.widenings.map((one) => one.line)).toEqual(['public * /files/*'])
})

test('diffPolicies() names rules whose conduct changed without changing an answer', async () => {
  const found = await diff(BEFORE.replace('permission: players.edit', 'permission: players.edit, csrf: off'))
  expect(found.differences).toEqual([])
  expect(found.changed).toEqual(['* /edit'])
  expect(isChanged(found)).toBe(true)
})

test('diffPolicies() demands an acknowledgement when new users start with more', async () => {
  const found = await diff(BEFORE, ROLES.replace('defaultRole: player', 'defaultRole: boss'))
  expect(found.people).toEqual(['users.defaultRole: player -> boss'])
  expect(found.widenings).toEqual([{ line: 'wildcard defaultRole', acknowledged: false }])
})

test('diffPolicies() names roles that manage others than before', async () => {
  const found = await diff(
    BEFORE,
    ROLES.replace('permissions: [players.edit]', 'permissions: [players.edit], manages: []'),
  )
  expect(found.differences).toEqual([])
  expect(found.people).toEqual(['role changed: editor'])
  expect(isChanged(found)).toBe(true)
})

test('diffPolicies() says that a role that goes is built in (A7)', async () => {
  const builtIn = ROLES.replace('inherits: player', 'inherits: player, system: true')
  const without = (roles: string) => roles.replace(/\n {2}editor: .*/, '')
  const before = bundleOf(await check(BEFORE, builtIn))
  const after = await check(BEFORE, without(builtIn))
  const found = diffPolicies(before, bundleOf(after), [HOST], acknowledgements(after.parts))
  expect(found.people).toContain('role removed: editor, which is built in: a push is refused')
  expect((await diff(BEFORE, without(ROLES))).people).toContain('role removed: editor')
})

test('diffPolicies() asks callers whom the rules tell apart', async () => {
  const rules = 'upstream: game\nrules:\n  - { path: /a, character: selected }\n  - { path: /b, freshWithin: 5m }\n'
  const before = bundleOf(await check(rules, ROLES))
  const later = rules.replace(', character: selected', '').replace('5m', '10m')
  const found = diffPolicies(before, bundleOf(await check(later, ROLES)), [HOST], [])
  expect(who(found, 'gains')).toContain('player+no-character GET /a')
  expect(who(found, 'gains')).toContain('player+600s-ago GET /b')
  expect(who(found, 'gains')).not.toContain('player+601s-ago GET /b')
})

test('diffPolicies() asks callers on both sides of every age, in the order of numbers', async () => {
  const rules = (c: string) =>
    `upstream: game\nrules:\n  - { path: /a, freshWithin: 2m }\n  - { path: /b, freshWithin: 10m }\n  - { path: /c${c} }\n`
  const before = bundleOf(await check(rules(', freshWithin: 1h'), ROLES))
  const found = diffPolicies(before, bundleOf(await check(rules(''), ROLES)), [HOST], [])
  const ages = found.callers.filter((name) => name.startsWith('player+') && name.endsWith('s-ago'))
  expect(ages).toEqual(['player+600s-ago', 'player+3600s-ago', 'player+3601s-ago'])
  expect(who(found, 'gains').filter((line) => line.startsWith('player') && line.includes('GET'))).toEqual([
    'player+3601s-ago GET /c',
  ])
})

test('diffPolicies() asks tokens, and callers without a character where a case of a body asks for one', async () => {
  const rules = (case_: string, more: string) =>
    `upstream: game\nrules:\n  - { path: /a, methods: POST, body: { field: do, cases: { go: ${case_} } } }\n  - { path: /b${more} }\n`
  const before = bundleOf(await check(rules('{ character: selected }', ''), ROLES))
  const after = bundleOf(await check(rules('{}', ', tokens: allow'), ROLES))
  const gains = who(diffPolicies(before, after, [HOST], []), 'gains')
  expect(gains).toContain('player+no-character POST /a')
  expect(gains).toContain('player+token GET /b')
  expect(gains.filter((line) => line.startsWith('player+character'))).toEqual([])
})

test('diffPolicies() asks callers who have and who have not finished signing up', async () => {
  const rule = '  - { path: /a, onboarding: { attribute: registration_completed, page: /w } }\n'
  const before = bundleOf(await check(`upstream: game\nrules:\n${rule}`, ROLES))
  const after = bundleOf(await check('upstream: game\nrules:\n  - { path: /a }\n', ROLES))
  const found = diffPolicies(before, after, [HOST], [])
  expect(who(found, 'gains').filter((line) => line.includes('GET'))).toEqual([
    'player+unfinished GET /a',
    'editor+unfinished GET /a',
    'boss+unfinished GET /a',
  ])
})

test('diffPolicies() names what requests cannot show', async () => {
  const found = await diff(BEFORE.replace('permission: players.edit', 'permission: players.edit, when: user.level > 1'))
  expect(found.untried).toEqual(['* /edit'])
})

test('formatDiff() names the host where not every one has the difference', async () => {
  const rules = BEFORE.replace('permission: players.edit', 'permission: players.edit, host: admin.example.com')
  const before = bundleOf(await check(BEFORE, ROLES))
  const text = formatDiff(diffPolicies(before, bundleOf(await check(rules, ROLES)), KNOWN.hosts, []))
  expect(text).toContain(`- editor, boss * ${HOST}/edit: allow -> unknown-route`)
})

test('formatDiff() shows three paths of many that are alike', async () => {
  const kinds = (values: string) =>
    `upstream: game\nrules:\n  - { path: "/k/:k", access: public, params: { k: { values: [${values}] } } }\n`
  const before = bundleOf(await check(kinds('a'), ROLES))
  const after = bundleOf(await check(kinds('a, b, c, d, e, f'), ROLES))
  const text = formatDiff(diffPolicies(before, after, [HOST], []))
  expect(text).toContain('+ everybody * /k/b, /k/c, /k/d and 2 more: bad-parameter (k: malformed) -> allow')
})
