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
  const lines = routeLines(await policyOf(RULES), HOST)
  expect(lines.map(({ rule, needs, who }) => [rule.id, needs.join('; '), who.join(' ')])).toEqual([
    ['POST /manage', 'session; action=ban: players.edit; action=look: nothing more', 'player editor boss'],
    ['* /open', 'public', 'nobody guest player editor boss'],
    ['shadow * /open', 'session; a character', ''],
    ['* /p/*', 'session; level 2; guests too; API tokens too', 'editor boss'],
    ['GET /p/:id', 'session; players.view', 'player editor boss'],
    ['* /shut/*', 'deny 404', ''],
  ])
})

test('formatRoutes() prints each rule with its place', async () => {
  const text = formatRoutes(routeLines(await policyOf('rules:\n  - { path: /x, upstream: game, role: boss }\n'), HOST))
  expect(text).toBe('* /x -> game\n    session; role boss\n    for boss  (policies/rules.yaml:2)')
})
