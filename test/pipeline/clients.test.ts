import { afterEach, beforeEach, expect, test } from 'vitest'
import { ORIGIN, type Workbench, workbench } from '../support/gateway.ts'

const POLICIES = {
  'game.yaml': `
upstream: game
users: { defaultRole: player }
permissions: [players.edit]
roles:
  player: { level: 1, permissions: [] }
rules:
  - path: /play
  - path: /rare
    permission: players.edit
  - path: /tools
    methods: [GET, PUT]
    origins: [https://tools.example.com]
  - path: /anywhere
    csrf: off
`,
}
const TOOLS = 'https://tools.example.com'
const VISIT = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
let bench: Workbench
beforeEach(async () => {
  bench = await workbench(POLICIES)
})
afterEach(() => bench.close())

interface Told {
  readonly status: number
  readonly type: string | null
  readonly location: string | null
}

async function told(method: string, headers: Record<string, string>, path = '/play'): Promise<Told> {
  const { status, headers: got } = await bench.request(path, { method, headers })
  // A session that is not there is nothing to delete (DECISIONS 2), and nobody may keep a refusal.
  expect(got.getSetCookie()).toEqual([])
  expect(got.get('cache-control')).toBe('no-store')
  return { status, type: got.get('content-type'), location: got.get('location') }
}

const PROBLEM = { status: 401, type: 'application/problem+json', location: null }
const SIGN_IN = { status: 302, type: null, location: '/auth/sign-in?return_to=%2Fplay' }

test('a visit is sent to sign in and comes back, by GET and by HEAD', async () => {
  expect(await told('GET', VISIT)).toEqual(SIGN_IN)
  expect(await told('HEAD', VISIT)).toEqual(SIGN_IN)
  expect(await told('GET', { accept: 'text/html' })).toEqual(SIGN_IN)
})

test('the way to the sign-in is kept by no cache for anybody else', async () => {
  const { headers } = await bench.request('/play', { headers: VISIT })
  expect(headers.get('vary')).toBe('cookie, accept, authorization, sec-fetch-mode')
})

test('a form that is sent is refused by a page, never redirected', async () => {
  const form = { ...VISIT, 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN }
  expect(await told('POST', form)).toEqual({ status: 401, type: 'text/html; charset=utf-8', location: null })
})

test('fetch, XMLHttpRequest and programs get a problem', async () => {
  expect(await told('GET', { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' })).toEqual(PROBLEM)
  expect(await told('GET', { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' })).toEqual(PROBLEM)
  expect(await told('GET', {})).toEqual(PROBLEM)
  expect(await told('HEAD', {})).toEqual(PROBLEM)
  expect(await told('DELETE', { accept: 'application/json' })).toEqual(PROBLEM)
})

test('images, scripts, frames and event streams get a problem', async () => {
  expect(
    await told('GET', { accept: 'image/avif,*/*', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }),
  ).toEqual(PROBLEM)
  expect(await told('GET', { accept: '*/*', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' })).toEqual(PROBLEM)
  expect(await told('GET', { ...VISIT, 'sec-fetch-dest': 'iframe' })).toEqual(PROBLEM)
  expect(await told('GET', { accept: 'text/event-stream', 'sec-fetch-mode': 'cors' })).toEqual(PROBLEM)
})

test('whoever sends a credential in a header never gets HTML, not even when asking for it', async () => {
  expect(await told('GET', { ...VISIT, authorization: 'Basic dXNlcjpwYXNz' })).toEqual(PROBLEM)
  expect(await told('GET', { ...VISIT, 'x-api-token': 'something' })).toEqual(PROBLEM)
  const { headers } = await bench.request('/play', { headers: { authorization: 'Bearer pst_aaaaaaaaaa_bad' } })
  expect(headers.get('www-authenticate')).toBe('Bearer realm="play.example.com", error="invalid_token"')
})

test('who is signed in and may not is told so by a page or a problem, without a way to sign in', async () => {
  const { cookie } = await bench.signedIn(['player'])
  expect(await told('GET', { ...VISIT, cookie }, '/rare')).toEqual({
    status: 403,
    type: 'text/html; charset=utf-8',
    location: null,
  })
  expect(await told('GET', { cookie }, '/rare')).toEqual({ ...PROBLEM, status: 403 })
})

async function preflight(path: string, origin: string, method: string) {
  const headers = { origin, 'access-control-request-method': method }
  const response = await bench.request(path, { method: 'OPTIONS', headers })
  const granted = ['origin', 'credentials', 'methods'].map((name) =>
    response.headers.get(`access-control-allow-${name}`),
  )
  return [response.status, ...granted, response.headers.get('vary')]
}

const BY = 'origin, access-control-request-method, access-control-request-headers'

test('a preflight is answered from the origins of the rule, and never challenged', async () => {
  expect(await preflight('/tools', TOOLS, 'PUT')).toEqual([204, TOOLS, 'true', 'PUT', BY])
  expect(await preflight('/tools', 'https://evil.example.com', 'PUT')).toEqual([204, null, null, null, BY])
  expect(await preflight('/tools', `${TOOLS}:8443`, 'GET')).toEqual([204, null, null, null, BY])
  expect(bench.calls.filter((call) => call !== 'keys.ensure')).toEqual([])
  expect(bench.sent).toEqual([])
})

test('an allowed origin may send headers of its own, but none that only we may set', async () => {
  const asked = async (names: string, origin = TOOLS) => {
    const headers = { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': names }
    const { headers: got } = await bench.request('/tools', { method: 'OPTIONS', headers })
    return got.get('access-control-allow-headers')
  }
  const usual = 'content-type, authorization, x-api-token, x-requested-with'
  expect(await asked('content-type')).toBe(usual)
  expect(await asked('Content-Type, X-Game-Build,x-csrf')).toBe(`${usual}, x-game-build, x-csrf`)
  expect(await asked('postern-user, x_forwarded_user, x-game')).toBe(`${usual}, x-game`)
  expect(await asked(`*, bad name, ${'x'.repeat(65)}, a:b, "q"`)).toBe(usual)
  expect(await asked(Array.from({ length: 500 }, (_, index) => `x-${index}`).join(','))).not.toContain('x-64')
  expect(await asked('x-game', 'https://evil.example.com')).toBeNull()
})

test('a page of an allowed origin reads its 401; another one does not', async () => {
  const read = async (origin: string) =>
    (await bench.request('/tools', { headers: { origin, 'sec-fetch-mode': 'cors' } })).headers.get(
      'access-control-allow-origin',
    )
  expect([await read(TOOLS), await read('null'), await read('https://evil.example.com')]).toEqual([TOOLS, null, null])
})

test('where no rule is, whoever is not signed in is told the same as where one is', async () => {
  const nowhere = await bench.request('/nowhere', { headers: { accept: 'application/json' } })
  const play = await bench.request('/play', { headers: { accept: 'application/json' } })
  expect([nowhere.status, ((await nowhere.json()) as { code: string }).code]).toEqual([401, 'session_required'])
  expect(play.status).toBe(401)
})

test('a rule without the check of Origin takes what other sites send for somebody, and no other rule does', async () => {
  const { cookie } = await bench.signedIn(['player'])
  const foreign = { cookie, origin: 'https://elsewhere.example.com', 'sec-fetch-site': 'cross-site' }
  const statuses = ['/anywhere', '/play'].map(
    async (path) => (await bench.request(path, { method: 'POST', headers: foreign })).status,
  )
  expect(await Promise.all(statuses)).toEqual([200, 403])
})
