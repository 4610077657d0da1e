import { expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import { canAccess, shadows } from '../../src/policy/decide.ts'
import { ask, CHARACTER, factsOf, fixedToken, HOST, NOW, policyOf, signedIn, token } from './support.ts'

const rule = (text: string) => policyOf(`upstream: game\nrules:\n${text}`)
const suspended = { kind: 'suspended', until: seconds(NOW + 1), reason: 'spam' } as const

test('decide() lets nobody pass where no rule matches', async () => {
  const policy = await rule('  - path: /x\n')
  expect(ask(policy, 'GET /y', signedIn(['boss']))).toEqual({ kind: 'unknown-route' })
})

test('decide() knows a user without any role as one who may do nothing beyond a session (2.3)', async () => {
  const policy = await rule('  - path: /x\n  - { path: /p, permission: play_game }\n  - { path: /l, minLevel: 0 }\n')
  expect(ask(policy, 'GET /x', signedIn([])).kind).toBe('allow')
  expect(ask(policy, 'GET /p', signedIn([]))).toMatchObject({ kind: 'forbid', missing: ['play_game'] })
  expect(ask(policy, 'GET /l', signedIn([]))).toMatchObject({ kind: 'forbid', reason: 'level' })
})

test('decide() gives a role the policy does not know no permission and no level (2.3, A4)', async () => {
  const policy = await rule('  - path: /x\n  - { path: /p, permission: play_game }\n  - { path: /l, minLevel: 0 }\n')
  expect(ask(policy, 'GET /x', signedIn(['wizard'])).kind).toBe('allow')
  expect(ask(policy, 'GET /p', signedIn(['wizard'])).kind).toBe('forbid')
  expect(ask(policy, 'GET /l', signedIn(['wizard'])).kind).toBe('forbid')
  expect(ask(policy, 'GET /p', signedIn(['wizard', 'player'])).kind).toBe('allow')
})

test('decide() refuses suspended and banned accounts before any permission (2.3, S29)', async () => {
  const policy = await rule('  - { path: /p, permission: players.edit }\n  - { path: /open, access: public }\n')
  expect(ask(policy, 'GET /p', signedIn(['boss'], { standing: suspended })).kind).toBe('suspended')
  expect(ask(policy, 'GET /p', signedIn(['boss'], { standing: { kind: 'banned', reason: 'x' } })).kind).toBe(
    'suspended',
  )
  expect(ask(policy, 'GET /open', signedIn(['boss'], { standing: suspended })).kind).toBe('allow')
})

test('decide() ends a suspension at its last second', async () => {
  const policy = await rule('  - path: /x\n')
  const until = (at: number) => signedIn([], { standing: { kind: 'suspended', until: seconds(at), reason: 'x' } })
  expect(ask(policy, 'GET /x', until(NOW + 1)).kind).toBe('suspended')
  expect(ask(policy, 'GET /x', until(NOW)).kind).toBe('allow')
  expect(ask(policy, 'GET /x', until(NOW - 1)).kind).toBe('allow')
})

test('decide() asks for a character only from those who may (2.3, S29: 403 before 409)', async () => {
  const policy = await rule('  - { path: /p, permission: play_game, character: selected }\n')
  expect(ask(policy, 'GET /p', null).kind).toBe('needs-session')
  expect(ask(policy, 'GET /p', signedIn([])).kind).toBe('forbid')
  expect(ask(policy, 'GET /p', signedIn(['player'])).kind).toBe('needs-character')
  expect(ask(policy, 'GET /p', signedIn(['player'], {}, { character: CHARACTER })).kind).toBe('allow')
})

test('decide() refuses in the order 400, 401, 403, 409 (S29)', async () => {
  const policy = await rule(
    '  - path: /p/:id\n    params: { id: slug }\n    permission: play_game\n    character: selected\n    freshWithin: 5m\n',
  )
  const stale = { provenAt: seconds(NOW - 301) }
  expect(ask(policy, 'GET /p/a;b', null).kind).toBe('bad-form')
  expect(ask(policy, 'GET /p/undefined', null).kind).toBe('bad-parameter')
  expect(ask(policy, 'GET /p/7', null).kind).toBe('needs-session')
  expect(ask(policy, 'GET /p/7', signedIn([], { standing: suspended }, stale)).kind).toBe('needs-fresh')
  expect(ask(policy, 'GET /p/7', signedIn([], { standing: suspended }, { provenAt: NOW })).kind).toBe('suspended')
  expect(ask(policy, 'GET /p/7', signedIn([], {}, { provenAt: NOW })).kind).toBe('forbid')
  expect(ask(policy, 'GET /p/7', signedIn(['player'], {}, { provenAt: NOW })).kind).toBe('needs-character')
})

test('decide() counts freshness to the second', async () => {
  const policy = await rule('  - { path: /p, freshWithin: 300 }\n')
  const at = (time: number) => ask(policy, 'GET /p', signedIn([], {}, { provenAt: seconds(time) })).kind
  expect([at(NOW - 299), at(NOW - 300), at(NOW - 301)]).toEqual(['allow', 'allow', 'needs-fresh'])
})

test('decide() names the level that is asked for (A6)', async () => {
  const policy = await rule('  - { path: /p, minLevel: 2 }\n')
  expect(ask(policy, 'GET /p', signedIn(['player']))).toMatchObject({ kind: 'forbid', reason: 'level', level: 2 })
  expect(ask(policy, 'GET /p', signedIn(['editor'])).kind).toBe('allow')
  expect(ask(policy, 'GET /p', signedIn(['player', 'boss'])).kind).toBe('allow')
})

test('decide() names every missing permission of allPermissions', async () => {
  const policy = await rule('  - { path: /p, allPermissions: [players.view, players.edit, admin.logs] }\n')
  expect(ask(policy, 'GET /p', signedIn(['player']))).toMatchObject({ missing: ['players.edit', 'admin.logs'] })
  expect(ask(policy, 'GET /p', signedIn(['boss'])).kind).toBe('allow')
})

test('decide() tells guests to sign in unless the rule takes them', async () => {
  const policy = await rule('  - path: /p\n  - { path: /g, guest: allow }\n  - { path: /a, guest: auto }\n')
  const guest = signedIn(['guest'], { guest: true })
  expect(ask(policy, 'GET /p', guest).kind).toBe('guest-refused')
  expect(ask(policy, 'GET /g', guest).kind).toBe('allow')
  expect(ask(policy, 'GET /a', guest).kind).toBe('allow')
  expect(ask(policy, 'GET /a', null).kind).toBe('guest-required')
})

test('decide() hides a deny rule that answers 404 behind nothing else (A18, O5)', async () => {
  const policy = await rule(
    '  - { path: "/docs/:page", access: deny, denyStatus: 404 }\n  - { path: /no, access: deny }\n',
  )
  expect(ask(policy, 'GET /docs/7', signedIn(['boss'])).kind).toBe('not-found')
  expect(ask(policy, 'GET /docs/undefined', null).kind).toBe('not-found')
  expect(ask(policy, 'GET /docs/a;b', null).kind).toBe('not-found')
  expect(ask(policy, 'GET /no', signedIn(['boss']))).toMatchObject({ kind: 'forbid', reason: 'rule-denies' })
})

test('decide() says of what is gone to everybody that it is, whatever else is wrong (C1)', async () => {
  const policy = await rule(
    '  - { path: "/old/:page", access: deny, denyStatus: 410, denyText: Sign in first. }\n  - { path: /on, access: session }\n',
  )
  for (const target of ['GET /old/7', 'POST /old/undefined', 'GET /old/a;b']) {
    expect(ask(policy, target, null)).toMatchObject({ kind: 'gone', rule: { denyText: 'Sign in first.' } })
    expect(ask(policy, target, signedIn(['boss'])).kind).toBe('gone')
  }
  expect(ask(policy, 'GET /on', signedIn(['boss'])).kind).toBe('allow')
})

test('decide() keeps an admin area off the public host (A18)', async () => {
  const policy = await rule(
    '  - { path: /admin/*, host: play.example.com, access: deny, denyStatus: 404 }\n  - { path: /admin/users, permission: admin.users }\n',
  )
  expect(ask(policy, 'GET /admin/users', signedIn(['boss'])).kind).toBe('not-found')
  expect(ask(policy, 'GET /admin/users', signedIn(['boss']), { host: 'admin.example.com' }).kind).toBe('allow')
})

test('decide() sends unfinished registrations to their page (P5)', async () => {
  const policy = await rule('  - { path: /p, onboarding: { attribute: registration_completed, page: /welcome } }\n')
  const done = (value: boolean) => signedIn([], { attributes: { registration_completed: value } })
  expect(ask(policy, 'GET /p', signedIn([]))).toMatchObject({ kind: 'onboarding', page: '/welcome' })
  expect(ask(policy, 'GET /p', done(false)).kind).toBe('onboarding')
  expect(ask(policy, 'GET /p', done(true)).kind).toBe('allow')
})

const manage =
  '  - path: /manage\n    methods: POST\n    body: { field: action, cases: { ban: { permission: players.edit }, drop: { role: boss } } }\n'

test('decide() splits a rule by one field of the body, after authentication (A16, DECISIONS 23)', async () => {
  const policy = await rule(manage)
  const editor = signedIn(['editor'])
  expect(ask(policy, 'POST /manage', null, { body: undefined }).kind).toBe('needs-session')
  expect(ask(policy, 'POST /manage', editor, { body: 'ban' }).kind).toBe('allow')
  expect(ask(policy, 'POST /manage', editor, { body: 'drop' })).toMatchObject({ kind: 'forbid', reason: 'role' })
  expect(ask(policy, 'POST /manage', editor, { body: 'other' })).toMatchObject({ kind: 'bad-body', problem: 'no-case' })
  expect(ask(policy, 'POST /manage', editor)).toMatchObject({ kind: 'bad-body', problem: 'missing' })
  expect(ask(policy, 'POST /manage', editor, { body: 'constructor' }).kind).toBe('bad-body')
})

test('decide() does not take a body without the field for a case of that name', async () => {
  const policy = await rule('  - path: /m\n    methods: POST\n    body: { field: action, cases: { undefined: {} } }\n')
  const editor = signedIn(['editor'])
  expect(ask(policy, 'POST /m', editor)).toMatchObject({ kind: 'bad-body', problem: 'missing' })
  expect(ask(policy, 'POST /m', editor, { body: 'undefined' }).kind).toBe('allow')
})

test('decide() asks for any of the permissions where the game splits by itself (A16)', async () => {
  const policy = await rule('  - { path: /manage, methods: POST, anyPermission: [players.edit, admin.users] }\n')
  expect(ask(policy, 'POST /manage', signedIn(['editor'])).kind).toBe('allow')
  expect(ask(policy, 'POST /manage', signedIn(['player']))).toMatchObject({ missing: ['players.edit', 'admin.users'] })
})

test('decide() gives an API token what its owner and its scopes both allow', async () => {
  const policy = await rule('  - { path: /p, permission: players.edit, tokens: allow }\n  - path: /no\n')
  expect(ask(policy, 'GET /p', token(['editor'], null)).kind).toBe('allow')
  expect(ask(policy, 'GET /p', token(['editor'], ['players.edit'])).kind).toBe('allow')
  expect(ask(policy, 'GET /p', token(['editor'], ['players.*'])).kind).toBe('allow')
  expect(ask(policy, 'GET /p', token(['editor'], ['players.view'])).kind).toBe('forbid')
  expect(ask(policy, 'GET /p', token(['player'], ['players.edit', '*'])).kind).toBe('forbid')
  expect(ask(policy, 'GET /p', token(['boss'], ['play_game'])).kind).toBe('forbid')
  expect(ask(policy, 'GET /no', token(['boss'], null))).toMatchObject({ kind: 'forbid', reason: 'token-refused' })
})

test('decide() lets no API token through where one case of the body asks for a character', async () => {
  const policy = await rule(
    '  - path: /b\n    methods: POST\n    tokens: allow\n    permission: players.view\n    body: { field: action, cases: { look: {}, play: { character: selected } } }\n',
  )
  for (const subject of [token(['player'], null), fixedToken(['players.view'])]) {
    expect(ask(policy, 'POST /b', subject, { body: 'look' }).kind).toBe('allow')
    expect(ask(policy, 'POST /b', subject, { body: 'play' })).toMatchObject({ kind: 'needs-character', gone: false })
  }
})

test('decide() gives a fixed token its own permissions and nothing else', async () => {
  const policy = await rule(
    '  - { path: /p, permission: players.edit, tokens: allow }\n  - { path: /l, minLevel: 0, tokens: allow }\n',
  )
  expect(ask(policy, 'GET /p', fixedToken(['players.edit'])).kind).toBe('allow')
  expect(ask(policy, 'GET /p', fixedToken([])).kind).toBe('forbid')
  expect(ask(policy, 'GET /l', fixedToken(['*']))).toMatchObject({ kind: 'forbid', reason: 'token-refused' })
})

test('decide() does not let a limited token pass by the role of its owner', async () => {
  const policy = await rule(
    '  - { path: /r, role: boss, tokens: allow }\n  - { path: /l, minLevel: 5, tokens: allow }\n',
  )
  expect(ask(policy, 'GET /r', token(['boss'], ['players.view'])).kind).toBe('forbid')
  expect(ask(policy, 'GET /l', token(['boss'], ['players.view'])).kind).toBe('forbid')
  expect(ask(policy, 'GET /r', token(['boss'], null)).kind).toBe('allow')
})

test('decide() takes the role of its owner from a limited token where a permission of its scopes is asked for too', async () => {
  const policy = await rule(
    '  - { path: /all, permission: players.edit, role: editor, tokens: allow }\n' +
      '  - { path: /any, anyPermission: [players.edit, admin.logs], minLevel: 2, tokens: allow }\n',
  )
  for (const path of ['/all', '/any']) {
    expect(ask(policy, `GET ${path}`, token(['editor'], ['players.edit'])).kind).toBe('allow')
    expect(ask(policy, `GET ${path}`, token(['editor'], ['play_game'])).kind).toBe('forbid')
  }
})

test('decide() holds the demands of an optional rule only against those who are signed in', async () => {
  const policy = await rule('  - { path: /o, access: optional }\n  - { path: /d, access: optional, role: guest }\n')
  expect(ask(policy, 'GET /o', null).kind).toBe('allow')
  expect(ask(policy, 'GET /o', signedIn(['guest'], { guest: true })).kind).toBe('allow')
  expect(ask(policy, 'GET /o', signedIn([], { standing: suspended })).kind).toBe('suspended')
  expect(ask(policy, 'GET /d', null).kind).toBe('allow')
  expect(ask(policy, 'GET /d', signedIn(['player'])).kind).toBe('forbid')
})

test('shadows() says what a shadow rule would have said and decides nothing', async () => {
  const policy = await rule(
    '  - { path: /x/*, access: public }\n  - { path: "/x/:id", mode: shadow, permission: players.edit }\n',
  )
  const facts = factsOf('GET /x/7', signedIn(['player']))
  expect(ask(policy, 'GET /x/7', facts.subject)).toMatchObject({ kind: 'allow', rule: { path: '/x/*' } })
  expect(shadows(policy, facts)).toMatchObject([{ rule: { path: '/x/:id' }, decision: { kind: 'forbid' } }])
  expect(shadows(policy, factsOf('GET /x/7/8', null))).toEqual([])
})

test('a shadow rule alone opens nothing', async () => {
  const policy = await rule('  - { path: /x, mode: shadow, access: public }\n')
  expect(ask(policy, 'GET /x', null).kind).toBe('unknown-route')
})

const circumstances = { host: HOST, now: NOW, address: null }

test('canAccess() answers yes or no with the same evaluator (A12)', async () => {
  const policy = await rule(`  - { path: /p, methods: GET, permission: players.edit }\n${manage}`)
  expect(canAccess(policy, signedIn(['editor']), 'GET', '/p', circumstances)).toBe(true)
  expect(canAccess(policy, signedIn(['player']), 'GET', '/p', circumstances)).toBe(false)
  expect(canAccess(policy, null, 'GET', '/p', circumstances)).toBe(false)
  expect(canAccess(policy, signedIn(['editor']), 'DELETE', '/p', circumstances)).toBe(false)
  expect(canAccess(policy, signedIn(['editor']), 'GET', '/p/../p', circumstances)).toBe(false)
  expect(canAccess(policy, signedIn(['editor']), 'POST', '/manage', circumstances)).toBe(true)
  expect(canAccess(policy, signedIn(['player']), 'POST', '/manage', circumstances)).toBe(false)
})

test('decide() challenges nobody and refuses somebody: 401 and 403 are two things (A13)', async () => {
  const policy = await rule('  - { path: /admin, permission: admin.users }\n')
  expect(ask(policy, 'GET /admin', null).kind).toBe('needs-session')
  expect(ask(policy, 'GET /admin', signedIn(['player']))).toMatchObject({ kind: 'forbid', missing: ['admin.users'] })
})

test('decide() tells a guest to become an account before it tells one to confirm a sign-in', async () => {
  const policy = await rule('  - { path: /pay, freshWithin: 5m, permission: play_game }\n')
  const before = { provenAt: seconds(NOW - 301) }
  expect(ask(policy, 'GET /pay', signedIn(['player'], { guest: true }, before)).kind).toBe('guest-refused')
  expect(ask(policy, 'GET /pay', signedIn(['player'], {}, before)).kind).toBe('needs-fresh')
  expect(ask(policy, 'GET /pay', token(['player'], null))).toMatchObject({ kind: 'forbid', reason: 'token-refused' })
})

test('decide() lets a guest play whose rule takes guests, however long ago it came, unless it asks for more', async () => {
  const policy = await rule('  - { path: /lobby, guest: allow }\n  - { path: /pay, guest: allow, freshWithin: 5m }\n')
  const guest = signedIn(['guest'], { guest: true }, { provenAt: seconds(NOW - 301) })
  expect(ask(policy, 'GET /lobby', guest).kind).toBe('allow')
  expect(ask(policy, 'GET /pay', guest).kind).toBe('needs-fresh')
})

test('decide() never finds what is a player’s own in a fixed token, which is nobody: neither id nor level', async () => {
  const policy = await rule(
    [
      '  - { path: "/mine/:id", params: { id: { type: text, equals: user.id } }, tokens: allow }',
      '  - { path: /known, when: user.level >= 0 || user.id != "", tokens: allow }',
      '  - { path: /nobody, when: user.level < 0 && user.signedIn, tokens: allow }',
    ].join('\n'),
  )
  const robot = fixedToken(['*'])
  expect(ask(policy, 'GET /mine/f1', robot)).toMatchObject({ kind: 'forbid', reason: 'not-own' })
  expect(ask(policy, 'GET /known', robot).kind).toBe('forbid')
  expect(ask(policy, 'GET /nobody', robot).kind).toBe('allow')
})

test('decide() asks whose an id is only where one is given', async () => {
  const policy = await rule(
    '  - path: /mine\n    params: { user: { in: query, type: text, required: false, equals: user.id } }\n',
  )
  const own = '00000000-0000-4000-8000-000000000001'
  expect(ask(policy, 'GET /mine', signedIn(['player'])).kind).toBe('allow')
  expect(ask(policy, `GET /mine?user=${own}`, signedIn(['player'])).kind).toBe('allow')
  expect(ask(policy, 'GET /mine?user=0', signedIn(['player']))).toMatchObject({ kind: 'forbid', reason: 'not-own' })
})

test('decide() gives a condition the text of a parameter as text, and one that was not given not at all', async () => {
  const policy = await rule(
    '  - path: /map\n    params: { world: { in: query, type: text, required: false } }\n    when: params.world == "north"\n',
  )
  expect(ask(policy, 'GET /map?world=north', signedIn(['player'])).kind).toBe('allow')
  expect(ask(policy, 'GET /map?world=south', signedIn(['player'])).kind).toBe('forbid')
  expect(ask(policy, 'GET /map', signedIn(['player'])).kind).toBe('forbid')
})

test('decide() asks for a character where one case of a body does, and says when the selected one is gone', async () => {
  const policy = await rule(
    '  - path: /act\n    methods: POST\n    body: { field: action, cases: { fight: { character: selected }, look: { permission: play_game } } }\n',
  )
  const player = signedIn(['player'])
  expect(ask(policy, 'POST /act', player, { body: 'look' }).kind).toBe('allow')
  expect(ask(policy, 'POST /act', player, { body: 'fight' })).toMatchObject({ kind: 'needs-character', gone: false })
  const lost = signedIn(['player'], {}, { characterGone: true })
  expect(ask(policy, 'POST /act', lost, { body: 'fight' })).toMatchObject({ kind: 'needs-character', gone: true })
})

test('decide() never throws, whatever the facts', async () => {
  const policy = await rule('  - { path: "/x/:n", params: { n: int }, when: request.now > params.n }\n')
  const odd = { now: seconds(Number.NaN) }
  expect(ask(policy, 'GET /x/7', signedIn(['player'], { createdAt: seconds(1.5) }), odd).kind).toBe('forbid')
  expect(ask(policy, 'GET /x/9007199254740993', signedIn(['player'])).kind).toBe('bad-parameter')
  expect(ask(policy, 'GET /x/7', signedIn(['__proto__', 'constructor'])).kind).toBe('allow')
})
