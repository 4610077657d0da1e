import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Workbench, workbench } from '../support/gateway.ts'

const POLICIES = {
  'game.yaml': `
upstream: game
users: { defaultRole: player, guestRole: guest }
permissions: [players.edit]
roles:
  guest: { level: 0, permissions: [] }
  player: { level: 1, permissions: [] }
rules:
  - { path: /tools, permission: players.edit, origins: [https://tools.example.com] }
  - { path: /plain }
  - { path: /lobby, guest: auto }
  - { path: /read, methods: GET }
  - { path: /asked, methods: OPTIONS, access: public }
  - { path: /both, methods: POST, permission: players.edit, origins: [https://tools.example.com] }
  - { path: /both, methods: OPTIONS, access: public }
  - { path: /shut, methods: POST, access: deny }
  - { path: /shut, methods: OPTIONS, access: public }
  - { path: /hidden, access: deny, denyStatus: 404 }
`,
}
const TOOLS = 'https://tools.example.com'
const ANNOUNCED = { origin: TOOLS, 'access-control-request-method': 'POST' }

let bench: Workbench
beforeEach(async () => {
  bench = await workbench(POLICIES)
})
afterEach(() => bench.close())

const asks = (path: string, headers: Readonly<Record<string, string>>, method = 'OPTIONS') =>
  bench.request(path, { method, headers: { accept: 'application/json', ...headers } })

describe('a question that is no preflight (Fetch standard, section 3.2)', () => {
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['no Origin', { 'access-control-request-method': 'POST' }, 'OPTIONS'],
    ['no method announced', { origin: TOOLS }, 'OPTIONS'],
    ['neither', {}, 'OPTIONS'],
    ['a body', { ...ANNOUNCED, 'content-length': '2' }, 'OPTIONS'],
    ['another method', ANNOUNCED, 'GET'],
  ])('with %s reaches the service for nobody who is not signed in', async (_, headers, method) => {
    for (const path of ['/plain', '/tools']) expect((await asks(path, headers, method)).status).toBe(401)
    expect(bench.sent).toEqual([])
  })
})

describe('a preflight', () => {
  test('goes on as nobody where the rule leaves origins to the service', async () => {
    const { cookie } = await bench.signedIn(['player'])
    expect((await asks('/plain', { ...ANNOUNCED, cookie })).status).toBe(200)
    const sent = new Headers([...(bench.sent.at(0)?.headers ?? [])])
    expect([sent.get('postern-user'), sent.get('cookie')]).toEqual([null, null])
  })

  test('goes on where a guest would be made, and makes none', async () => {
    expect((await asks('/lobby', ANNOUNCED)).status).toBe(200)
    expect(bench.calls.filter((call) => /^(sessions|directory)\./.test(call))).toEqual([])
  })

  test('is answered from the origins of the rule, and grants no header that only Postern sets', async () => {
    const asked = { 'access-control-request-headers': 'X-Game, Postern-User, X-Forwarded-For, x y' }
    const granted = await asks('/tools', { ...ANNOUNCED, ...asked })
    expect([granted.status, granted.headers.get('access-control-allow-origin')]).toEqual([204, TOOLS])
    expect(granted.headers.get('access-control-allow-headers')?.split(', ')).toEqual([
      'content-type',
      'authorization',
      'x-api-token',
      'x-requested-with',
      'x-game',
    ])
    const foreign = await asks('/tools', { ...ANNOUNCED, origin: 'https://evil.example' })
    expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([204, null])
    expect(bench.sent).toEqual([])
  })

  test('is about the rule of what it announces, or else about one that names OPTIONS itself', async () => {
    expect((await asks('/read', ANNOUNCED)).status).toBe(405)
    expect((await asks('/read', { ...ANNOUNCED, 'access-control-request-method': 'GET' })).status).toBe(200)
    expect((await asks('/asked', ANNOUNCED)).status).toBe(200)
    expect((await asks('/hidden', ANNOUNCED)).status).toBe(404)
    expect(bench.sent).toHaveLength(2)
  })

  test('is about the rule of what it announces also where another names OPTIONS on the same path', async () => {
    const granted = await asks('/both', ANNOUNCED)
    expect([granted.status, granted.headers.get('access-control-allow-origin')]).toEqual([204, TOOLS])
    expect((await asks('/shut', ANNOUNCED)).status).toBe(403)
    expect(bench.sent).toEqual([])
  })
})
