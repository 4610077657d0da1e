import { expect, test } from 'vitest'
import { workbench } from '../support/gateway.ts'
import { changed, deployment, SOUND, soundWith } from './support/deployment.ts'

test('explain() prints rule, checks, runners-up and what clients get', async () => {
  const { code, out } = await deployment().postern('explain PATCH /players/7 --as player')
  expect(code).toBe(0)
  expect(out.split('\n')).toEqual([
    'PATCH play.example.com /players/7 as player',
    'rule     PATCH /players/:id  (policies/game.yaml:13)',
    '  ok   parameter: id',
    '  ok   session: session',
    '  ok   account: active',
    '  no   allPermissions: players.edit',
    'answer   forbid (permission: players.edit), 403',
    'beside   GET /players/:id  (policies/game.yaml:9): does not list PATCH',
    'client   a page visit: 403 PST422 permission_denied',
    'client   a program:    403 PST422 permission_denied',
  ])
})

test('explain() sends a page visit of nobody to sign-in and tells a program 401', async () => {
  const { out } = await deployment().postern('explain GET /players?page=2')
  expect(out.split('\n').slice(-2)).toEqual([
    'client   a page visit: 302 to /auth/sign-in?return_to=%2Fplayers%3Fpage%3D2',
    'client   a program:    401 PST401 session_required',
  ])
})

test('explain() takes anonymous for nobody', async () => {
  const { out } = await deployment().postern('explain GET /players --as anonymous')
  expect(out).toContain('GET play.example.com /players as nobody')
})

test('explain() takes a whole address', async () => {
  const { out } = await deployment().postern('explain get https://play.example.com/players --as player')
  expect(out).toContain('GET play.example.com /players as player')
  expect(out).toContain('client   a program:    goes on to upstream "game"')
})

test('explain() selects a character', async () => {
  const without = await deployment().postern('explain PATCH /players/7 --as editor')
  const chosen = await deployment().postern('explain PATCH /players/7 --as editor --character')
  expect(without.out).toContain('client   a program:    409 PST430 character_required')
  expect(chosen.out).toContain('answer   allow, 200')
})

test('explain() asks as an API token, which never gets a page', async () => {
  const { out } = await deployment().postern('explain GET /players --as player --token')
  expect(out).toContain('no   tokens: API tokens are refused here')
  expect(out).toContain('client   a page visit: 403 PST422 permission_denied')
})

test('explain() joins several roles', async () => {
  const { out } = await deployment().postern('explain GET /admin/x --as player,boss')
  expect(out).toContain('as player,boss')
  expect(out).toContain('answer   allow, 200')
})

test('explain() splits on the value of a body field', async () => {
  const rule =
    '  - path: /do\n    methods: POST\n    body: { field: action, cases: { look: {}, ban: { permission: admin.users } } }\ntests:'
  const files = changed('policies/game.yaml', 'tests:', rule)
  const look = await soundWith(files).postern('explain POST /do --as player --body look')
  const ban = await soundWith(files).postern('explain POST /do --as player --body ban')
  expect(look.out).toContain('answer   allow, 200')
  expect(ban.out).toContain('answer   forbid (permission: admin.users), 403')
})

test('explain() says that a path has no form', async () => {
  const { out } = await deployment().postern('explain GET /a/%2e%2e/b')
  expect(out).toContain('rule     none: the address has no canonical form: dot-segment')
  expect(out).toContain('client   a program:    400 PST101 bad_target')
})

test('explain() says that a host is a stranger', async () => {
  const { out } = await deployment().postern('explain GET https://other.example/players')
  expect(out).toContain('rule     none: "other.example" is not a host of this deployment')
  expect(out).toContain('421 PST102 unknown_host')
})

test("explain() says what is Postern's own", async () => {
  const { out } = await deployment().postern('explain GET /auth/sign-in')
  expect(out).toContain('rule     none: below /auth Postern answers itself; no rule decides')
})

test('explain() prints JSON for programs', async () => {
  const { out } = await deployment().postern('explain PATCH /players/7 --as player --json')
  const told = JSON.parse(out)
  expect(told).toMatchObject({
    request: { method: 'PATCH', host: 'play.example.com', target: '/players/7' },
    caller: 'player',
    rule: { id: 'PATCH /players/:id', file: 'policies/game.yaml', line: 13, column: 5 },
    decision: 'forbid',
    why: 'forbid (permission: players.edit)',
    answers: {
      navigation: { status: 403, code: 'permission_denied', number: 'PST422', location: null, upstream: null },
      program: { status: 403, code: 'permission_denied', number: 'PST422', location: null, upstream: null },
    },
  })
  expect(told.steps).toHaveLength(4)
  expect(told.runnersUp).toHaveLength(1)
})

test('explain() names a role nobody knows', async () => {
  const { code, err } = await deployment().postern('explain GET /x --as playr')
  expect({ code, err }).toEqual({ code: 2, err: '--as: unknown role "playr"; did you mean "player"?' })
})

test('explain() refuses what is no method', async () => {
  const { code, err } = await deployment().postern('explain G/T /x')
  expect({ code, err }).toEqual({
    code: 2,
    err: '"G/T" is not a method; write for example: postern explain GET /players',
  })
})

test('explain() refuses what is no address', async () => {
  const { code, err } = await deployment().postern('explain GET players')
  expect({ code, err }).toEqual({
    code: 2,
    err: '"players" is neither a path such as /players nor an address such as https://play.example.com/players',
  })
})

test('explain() refuses a character of nobody', async () => {
  const { code, err } = await deployment().postern('explain GET /x --character')
  expect({ code, err }).toEqual({ code: 2, err: '--character and --token need somebody: add --as <role>' })
})

test('explain() prints the problems of a policy that does not compile', async () => {
  const { code, out, err } = await soundWith(
    changed('policies/game.yaml', 'permission: players.edit', 'permission: players.edti'),
  ).postern('explain GET /players')
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain('PST204 unknown permission "players.edti"')
})

const REQUESTS = [
  'GET /',
  'GET /play',
  'GET /players',
  'GET /players/7',
  'GET /players/x',
  'GET /players/undefined',
  'GET /players/',
  'HEAD /players/7',
  'PATCH /players/7',
  'DELETE /players/7',
  'GET /admin',
  'POST /admin/users',
  'GET /nowhere',
  'GET /a//b',
  'GET /a;b',
  'GET /%70layers',
] as const

test('explain() foretells what the gateway answers, for everybody and both kinds of clients', async () => {
  const here = deployment()
  const bench = await workbench({
    'roles.yaml': SOUND['policies/roles.yaml'] ?? '',
    'game.yaml': SOUND['policies/game.yaml'] ?? '',
  })
  const differing: unknown[] = []
  for (const caller of ['nobody', 'player', 'editor', 'boss']) {
    const cookie = caller === 'nobody' ? null : (await bench.signedIn([caller])).cookie
    for (const request of REQUESTS) {
      const [method = '', path = ''] = request.split(' ')
      const { answers } = JSON.parse((await here.postern(`explain ${request} --as ${caller} --json`)).out)
      for (const kind of ['navigation', 'program'] as const) {
        const visit = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
        const dress = kind === 'navigation' ? visit : { accept: 'application/json' }
        const same = { ...dress, ...(cookie === null ? {} : { cookie }), origin: 'https://play.example.com' }
        const response = await bench.request(path, { method, headers: same, redirect: 'manual' })
        const got = { status: response.status, location: response.headers.get('location') }
        const told = { status: answers[kind].status ?? 200, location: answers[kind].location }
        if (JSON.stringify(got) !== JSON.stringify(told)) differing.push({ caller, request, kind, got, told })
      }
    }
  }
  bench.close()
  expect(differing).toEqual([])
})
