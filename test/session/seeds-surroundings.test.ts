import { afterEach, describe, expect, test } from 'vitest'
import { StoreUnavailable } from '../../src/ports/store.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

/** Section 9 of the seeds: what stands around sessions. */
const POLICIES = {
  'roles.yaml': 'users: { defaultRole: player }\nroles: { player: { level: 1, permissions: [] } }\n',
  'game.yaml': `
upstream: game
rules:
  - path: /open
    access: public
  - path: /play
  - path: /worlds/:session_id/say
    redact: [session_id]
  - path: /tools
    methods: [GET, POST]
    origins: [https://tools.example.com]
`,
}
let bench: Workbench
afterEach(() => bench.close())

describe('health', () => {
  const ready = async () => {
    const answer = await bench.request('/auth/readyz')
    return [answer.status, await answer.json()]
  }

  test('O1: has the number of active players, from a counter and as a metric', async () => {
    bench = await workbench(POLICIES, {
      staticTokens: [{ name: 'scraper', secret: { secret: 'TEST_SCRAPER' }, permissions: ['admin.system'] }],
    })
    for (let n = 0; n < 3; n++) await bench.signedIn(['player'])
    bench.calls.length = 0
    expect(await ready()).toMatchObject([200, { status: 'ok', store: 'ok', sessions_active: 3, sessions_total: 3 }])
    expect(bench.calls.toSorted()).toEqual(['rates.hit', 'sessions.count'])
    const scraped = await bench.request('/auth/metrics', { headers: { authorization: 'Bearer a-test-secret-value' } })
    expect(await scraped.text()).toMatch(/^postern_sessions_active 3$/m)
  })

  test('O1: is degraded while the store fails, and not dead', async () => {
    bench = await workbench(POLICIES)
    const { sessions } = bench.store
    Object.assign(sessions, { count: () => Promise.reject(new StoreUnavailable('sessions.count', 'silent')) })
    expect(await ready()).toMatchObject([503, { status: 'degraded', store: 'unavailable' }])
    expect((await bench.request('/auth/livez')).status).toBe(200)
    expect((await bench.request('/open')).status).toBe(200)
  })
})

describe('calls from other origins', () => {
  const preflight = async (origin: string, method: string) => {
    const headers = { origin, 'access-control-request-method': method, 'access-control-request-headers': 'x-move' }
    const answer = await bench.request('/tools', { method: 'OPTIONS', headers })
    const names = ['origin', 'credentials', 'methods', 'headers'].map((name) => `access-control-allow-${name}`)
    return [answer.status, ...names.map((name) => answer.headers.get(name))]
  }

  test('O4: exact origins with scheme, with credentials, methods and headers', async () => {
    bench = await workbench(POLICIES)
    const tools = 'https://tools.example.com'
    expect(await preflight(tools, 'POST')).toEqual([
      204,
      tools,
      'true',
      expect.stringMatching(/\bPOST\b/),
      expect.stringMatching(/, x-move$/),
    ])
    expect((await preflight('http://tools.example.com', 'POST'))[1]).toBeNull()
    expect((await preflight('https://tools.example.com:8443', 'POST'))[1]).toBeNull()
    expect((await preflight(tools, 'DELETE'))[1]).not.toBe('*')
  })

  test('O4: "*" together with credentials is a mistake that is told', async () => {
    const wild = { ...POLICIES, 'game.yaml': POLICIES['game.yaml'].replace('https://tools.example.com', '"*"') }
    await expect(workbench(wild)).rejects.toThrow('origins are called with credentials, so "*" is not allowed')
    bench = await workbench(POLICIES)
  })
})

describe('a session of the upstream', () => {
  test('O10: is its own: it passes, is not logged, and is nobody here', async () => {
    bench = await workbench(POLICIES)
    const theirs = 'their-own-session-7f3a'
    const said = { cookie: `session_id=${theirs}`, 'x-session-id': theirs }
    expect((await bench.request(`/play?session_id=${theirs}`, { headers: said })).status).toBe(401)
    const { cookie } = await bench.signedIn(['player'])
    const headers = { ...said, cookie: `${cookie}; session_id=${theirs}` }
    expect((await bench.request(`/worlds/${theirs}/say?session_id=${theirs}`, { headers })).status).toBe(200)
    const [sent] = bench.sent
    expect(sent?.url).toContain(`/worlds/${theirs}/say?session_id=${theirs}`)
    expect(sent?.headers.get('cookie')).toBe(`session_id=${theirs}`)
    expect(sent?.headers.get('x-session-id')).toBe(theirs)
    await bench.settle()
    expect(JSON.stringify(bench.observed)).not.toContain(theirs)
  })
})
