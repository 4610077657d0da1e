import { expect, test } from 'vitest'
import { formatRoutes, routeLines } from '../../src/policy/routes.ts'
import { HOST, policyOf } from './support.ts'

const RULES = `
upstream: game
rules:
  - { path: /open, access: public }
  - { path: "/p/:id", methods: GET, permission: players.view, params: { id: { type: uuid, equals: user.id } } }
  - { path: /p/*, minLevel: 2, guest: allow, tokens: allow }
  - { path: /shut/*, access: deny, denyStatus: 404 }
  - { path: /manage, methods: POST, body: { field: action, cases: { ban: { permission: players.edit }, look: {} } } }
  - { path: /open, mode: shadow, character: selected }
`

test('routeLines() says of each rule what it needs and who may', async () => {
  const lines = routeLines(await policyOf(RULES), [HOST])
  expect(lines.map(({ rule, needs, who }) => [rule.id, needs.join('; '), who.join(' ')])).toEqual([
    ['POST /manage', 'session; action=ban: players.edit; action=look: nothing more', 'player editor boss'],
    ['* /open', 'public', 'nobody guest player editor boss'],
    ['shadow * /open', 'session; a character', ''],
    ['* /p/*', 'session; level 2; guests too; API tokens too', 'editor boss'],
    ['GET /p/:id', 'session; players.view', 'player editor boss'],
    ['* /shut/*', 'deny 404', ''],
  ])
})

test('routeLines() lists a part of them, as they stand in the whole', async () => {
  const policy = await policyOf(RULES)
  const all = routeLines(policy, [HOST])
  expect(routeLines(policy, [HOST], { from: 2, most: 3 })).toEqual(all.slice(2, 5))
  expect(routeLines(policy, [HOST], { from: 6, most: 3 })).toEqual([])
})

test('formatRoutes() prints each rule with its place', async () => {
  const text = formatRoutes(
    routeLines(await policyOf('rules:\n  - { path: /x, upstream: game, role: boss }\n'), [HOST]),
  )
  expect(text).toBe('* /x -> game\n    session; role boss\n    for boss  (policies/rules.yaml:2)')
})

test('routeLines() finds a value for a pattern', async () => {
  const rule = '{ path: "/items/:code", access: public, params: { code: { pattern: "[A-Z]{2}-[0-9]{4}" } } }'
  const [line] = routeLines(await policyOf(`upstream: game\nrules:\n  - ${rule}\n`), [HOST])
  expect(line?.who).toEqual(['nobody', 'guest', 'player', 'editor', 'boss'])
})

test('routeLines() asks a rule only about requests that it answers itself', async () => {
  const rules = (wide: string, deep: string) => `  - { path: /*, ${wide} }\n  - { path: "/:a/:b", ${deep} }\n`
  const who = async (text: string) =>
    routeLines(await policyOf(`upstream: game\nrules:\n${text}`), [HOST]).map((line) => line.who.join(' '))
  const [everybody, boss] = ['nobody guest player editor boss', 'boss']
  expect(await who(rules('access: public', 'permission: admin.users'))).toEqual([everybody, boss])
  expect(await who(rules('permission: admin.users', 'access: public'))).toEqual([boss, everybody])
})

test('routeLines() does not guess what a condition or a value nobody found decides', async () => {
  const odd = '  - { path: "/e/:v", params: { v: { pattern: "[\\\\u{1F680}-\\\\u{1F6FF}]" } } }\n'
  const when = '  - { path: /w, when: has(user.attributes.coins) }\n'
  const lines = routeLines(await policyOf(`upstream: game\nrules:\n${odd}${when}`), [HOST])
  expect(lines.map(({ who, unsure }) => [who.join(' '), unsure.join(' ')])).toEqual([
    ['', 'nobody guest player editor boss'],
    ['', 'player editor boss'],
  ])
  expect(formatRoutes(lines)).toContain('for none; perhaps player, editor, boss')
})
