import { afterEach, describe, expect, test } from 'vitest'
import { StoreUnavailable } from '../../src/ports/store.ts'
import { UpstreamFailed } from '../../src/ports/upstream.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

const POLICIES = {
  'roles.yaml': `
users: { defaultRole: player }
roles:
  player: { level: 1, permissions: [] }
`,
  'game.yaml': `
upstream: game
rules:
  - path: /chat/:room
    methods: GET
    redact: [room]
    tokens: allow
    origins: [https://tools.example.com]
  - path: /chat/:id
    methods: PUT
  - path: /open/:id
    methods: GET
`,
}
const INVALID_TOKEN = `pst_abcdefghij_${'a'.repeat(54)}`
let bench: Workbench
afterEach(() => bench.close())

/** Status, and the path and rule in the log. */
async function logged(path: string, init: RequestInit = {}): Promise<unknown> {
  bench.observed.length = 0
  const { status } = await bench.request(path, init)
  await bench.settle()
  const requests = bench.observed.flatMap((one) => (one.kind === 'request' ? [one] : []))
  expect(JSON.stringify(bench.observed)).not.toContain('cellar')
  return [status, ...requests.map((one) => `${one.path} ${one.rule}`)]
}

describe('what a rule calls secret stays out of the log (seeds A17)', () => {
  test('by whatever method it is asked for', async () => {
    bench = await workbench(POLICIES)
    const { cookie } = await bench.signedIn(['player'])
    const shown = '/chat/[redacted]'
    expect(await logged('/chat/cellar', { headers: { cookie } })).toEqual([200, `${shown} GET /chat/:room`])
    expect(await logged('/chat/cellar', { method: 'DELETE', headers: { cookie } })).toEqual([405, `${shown} null`])
    expect(await logged('/chat/cellar/', { method: 'DELETE' })).toEqual([405, `${shown}/ null`])
    const asking = { origin: 'https://other.example', 'access-control-request-method': 'DELETE' }
    expect(await logged('/chat/cellar', { method: 'OPTIONS', headers: asking })).toEqual([405, `${shown} null`])
    expect(await logged('/open/7', { method: 'DELETE' })).toEqual([405, '/open/7 null'])
  })

  test('with whatever credential, and the rule is named', async () => {
    bench = await workbench(POLICIES)
    const { accessToken } = await bench.signedIn(['player'])
    const { cookie } = await bench.signedIn(['player'])
    const other = (await bench.signedIn(['player'])).cookie
    const shown = '/chat/[redacted] GET /chat/:room'
    const token = { authorization: `Bearer ${INVALID_TOKEN}` }
    expect(await logged('/chat/cellar', { headers: token })).toEqual([401, shown])
    const upgrade = { upgrade: 'websocket', connection: 'Upgrade' }
    expect(await logged('/chat/cellar?postern_ticket=never-made', { headers: upgrade })).toEqual([401, shown])
    expect(await logged('/chat/cellar', { headers: { cookie: `${cookie}; ${other}` } })).toEqual([401, shown])
    expect(await logged(`/chat/cellar?t=${accessToken}`)).toEqual([400, shown])
  })
})

describe('a refusal that is about a credential or a method is answered as the rule says', () => {
  test('an origin of the rule may read it', async () => {
    bench = await workbench(POLICIES)
    const headers = { authorization: `Bearer ${INVALID_TOKEN}`, origin: 'https://tools.example.com' }
    const told = await bench.request('/chat/lobby', { headers })
    expect([told.status, told.headers.get('access-control-allow-origin')]).toEqual([401, 'https://tools.example.com'])
  })

  test('its body has the type that its upstream asks for (SPEC 1.6)', async () => {
    const game = { url: 'https://game.example.com', problemType: 'application/json' } as const
    bench = await workbench(POLICIES, { upstreams: { game } })
    const ask = async (init: RequestInit) => {
      const { status, headers } = await bench.request('/chat/lobby', init)
      return [status, headers.get('content-type')]
    }
    expect(await ask({ headers: { 'x-api-token': INVALID_TOKEN } })).toEqual([401, 'application/json'])
    expect(await ask({ method: 'DELETE' })).toEqual([405, 'application/json'])
  })
})

describe('what fails has a line with the id that its client is told, and its rule (SPEC 10)', () => {
  const idOf = async (response: Response) => ((await response.json()) as { readonly request_id: string }).request_id

  test('a service that does not answer', async () => {
    const silent = () => Promise.reject(new UpstreamFailed('unreachable', 'x', { error: 'connection_refused' }))
    bench = await workbench(POLICIES, {}, { upstream: silent })
    const { cookie } = await bench.signedIn(['player'])
    const requestId = await idOf(await bench.request('/open/7', { headers: { cookie } }))
    expect(bench.observed).toContainEqual(
      expect.objectContaining({ kind: 'upstream-failed', requestId, rule: 'GET /open/:id' }),
    )
    const line = { kind: 'request', requestId, path: '/open/7', rule: 'GET /open/:id', status: 502, upstream: 'game' }
    expect(bench.observed.filter(({ kind }) => kind === 'request')).toEqual([
      expect.objectContaining({ ...line, outcome: 'failed:upstream_unreachable' }),
    ])
  })

  test('a silent store', async () => {
    bench = await workbench(POLICIES)
    const { cookie } = await bench.signedIn(['player'])
    const { sessions } = bench.store as unknown as { sessions: Record<string, unknown> }
    sessions['read'] = () => Promise.reject(new StoreUnavailable('sessions.read', 'silent'))
    bench.gateway.sessions.clear()
    const requestId = await idOf(await bench.request('/open/7', { headers: { cookie } }))
    expect(bench.observed).toContainEqual(
      expect.objectContaining({ kind: 'store-unavailable', requestId, rule: 'GET /open/:id' }),
    )
    expect(bench.observed.filter(({ kind }) => kind === 'request')).toEqual([
      expect.objectContaining({ requestId, rule: 'GET /open/:id', status: 503, outcome: 'failed:store_unavailable' }),
    ])
  })

  test.each([
    ['/open//7', 'play.example.com', 400, 'bad_target'],
    ['/open/7', 'other.example', 421, 'unknown_host'],
  ])('%s of %s, which nobody is asked about', async (path, host, status, code) => {
    bench = await workbench(POLICIES)
    const told = await bench.request(path, { headers: { host } })
    const requestId = await idOf(told)
    expect(told.status).toBe(status)
    expect(bench.observed).toEqual([{ kind: 'unaskable', requestId, code, status }])
  })
})

const OF_CODES = {
  'roles.yaml': `
users: { defaultRole: player }
permissions: [p.edit]
roles:
  player: { level: 1, permissions: [] }
`,
  'game.yaml': `
upstream: game
rules:
  - path: /play
    methods: GET
  - path: /rule
    methods: [GET, POST]
    permission: p.edit
  - path: /talk
    methods: POST
  - path: /hall
    methods: GET
    character: selected
  - path: /members
    methods: GET
    guest: refuse
  - path: /gone
    access: deny
    denyStatus: 410
    denyText: Use /play.
  - path: /items/:id
    methods: GET
    access: public
    params: { id: slug }
  - path: /rooms
    methods: GET
    access: public
    params: { room: { in: query, type: uuid, required: true } }
`,
}

/** The problem that was told, and the line of the log about it. */
async function toldAndLogged(path: string, init: RequestInit = {}) {
  bench.observed.length = 0
  const answer = await bench.request(path, init)
  const told = answer.headers.get('content-type')?.includes('problem+json')
    ? ((await answer.json()) as { code: string }).code
    : null
  await bench.settle()
  const [line] = bench.observed.flatMap((one) => (one.kind === 'request' ? [one] : []))
  return { told, line }
}

describe('the line of a request has the problem code that was told', () => {
  const as = async (who: string) => (who === 'nobody' ? {} : { cookie: (await bench.signedIn(['player'])).cookie })
  const cross = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  const rows: readonly (readonly [string, string, RequestInit | undefined, string | null])[] = [
    ['/play', 'nobody', {}, 'session_required'],
    ['/play', 'player', {}, null],
    ['/rule', 'player', {}, 'permission_denied'],
    ['/rule', 'player', { method: 'DELETE' }, 'method_not_allowed'],
    ['/talk', 'player', { method: 'POST', headers: cross }, 'cross_site'],
    ['/hall', 'player', {}, 'character_required'],
    ['/gone', 'player', {}, 'gone'],
    ['/items/a%20b', 'nobody', {}, 'parameter_malformed'],
    ['/rooms', 'nobody', {}, 'parameter_missing'],
    ['/nowhere', 'player', {}, 'no_rule'],
    ['/play', 'nobody', { headers: { authorization: `Bearer ${INVALID_TOKEN}` } }, 'token_invalid'],
  ]
  test.each(rows)('%s by %s %o: %s', async (path, who, init, code) => {
    bench = await workbench(OF_CODES)
    const headers = { ...(init?.headers as Record<string, string>), ...(await as(who)) }
    const { told, line } = await toldAndLogged(path, { ...init, headers })
    expect({ told, logged: line?.code }).toEqual({ told: code, logged: code })
  })

  test('an operation that is refused has its code, too', async () => {
    bench = await workbench(OF_CODES)
    const { cookie } = await bench.signedIn(['player'])
    const { told, line } = await toldAndLogged('/auth/admin/api/sessions.count', { headers: { cookie } })
    expect(told).toBe('permission_denied')
    expect(line?.code).toBe('permission_denied')
  })

  test('a page of the administration that refuses has the code it shows', async () => {
    bench = await workbench(OF_CODES)
    const { cookie } = await bench.signedIn(['player'])
    const visiting = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const { line } = await toldAndLogged('/auth/admin', { headers: { cookie, ...visiting } })
    expect([line?.status, line?.code]).toEqual([403, 'permission_denied'])
  })
})

describe('the line of a bad parameter says which, and what kind of value it was, never the value (seeds I3)', () => {
  test.each([
    ['/items/undefined', 'id', 'word', 'undefined'],
    ['/items/NaN', 'id', 'word', 'NaN'],
    ['/items/%20', 'id', 'blank', null],
    ['/items/cellar%20door', 'id', 'pattern', null],
    ['/rooms', 'room', 'missing', null],
    ['/rooms?room=cellar', 'room', 'pattern', null],
    ['/rooms?room=null', 'room', 'word', 'null'],
    ['/rooms?room=', 'room', 'blank', null],
  ])('%s', async (path, parameter, value, word) => {
    bench = await workbench(OF_CODES)
    const { line } = await toldAndLogged(path)
    expect(line).toMatchObject({
      parameter,
      value,
      word,
      requestId: expect.any(String),
      durationMs: expect.any(Number),
    })
    expect(line?.rule).toMatch(/^GET \/(items\/:id|rooms)$/)
    expect(JSON.stringify({ ...line, path: '' })).not.toContain('cellar')
  })

  test('a line about anything else has no such members', async () => {
    bench = await workbench(OF_CODES)
    const { line } = await toldAndLogged('/items/7')
    expect(Object.keys(line ?? {})).not.toContain('parameter')
  })
})
