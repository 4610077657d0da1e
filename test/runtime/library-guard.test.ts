import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { PROXY_NAMES } from '../../src/identity/reserved.ts'
import { libraryOf, type PosternVariables } from '../../src/runtime/library.ts'
import { postern } from '../../src/runtime/library-node.ts'
import { ORIGIN, type Workbench, workbench } from '../support/gateway.ts'
import { FORGED, SPOOFED_NAMES } from '../support/spoof.ts'

const POLICY = `
upstream: game
users: { defaultRole: player, roles: many }
permissions: [play, rule]
roles:
  player: { level: 1, permissions: [play] }
rules:
  - path: /mine
    permission: play
  - path: /open
    access: public
  - path: /.well-known/assetlinks.json
    access: public
  - path: /rule
    permission: rule
  - path: /upload
    methods: POST
    access: public
    maxBody: 1KiB
  - path: /scarce
    access: public
    rateLimit: { limit: 1, window: 60s, per: address }
`

let bench: Workbench
let cookie = ''
const ran: string[] = []
/** What the route was handed last. */
let handed: Request | null = null

function gateOf({ gateway }: Workbench) {
  const app = createApp(gateway.config)
  return libraryOf(async (request) => {
    const rawTarget = request.url.slice(ORIGIN.length)
    return { gateway, app, arrival: { requestId: 'r', rawTarget, address: '203.0.113.7', country: null } }
  })
}

function hostOf(of: Workbench) {
  const gate = gateOf(of)
  const host = new Hono<{ Variables: PosternVariables }>()
  host.use(gate.guard)
  host.all('*', (context) => {
    ran.push(context.req.path)
    handed = context.req.raw
    const { caller, rule } = context.get('postern')
    return context.json({ caller, rule, may: caller?.may('play') ?? false })
  })
  return host
}

const ask = (path: string, init: RequestInit = {}, of = bench) =>
  hostOf(of).request(`${ORIGIN}${path}`, {
    ...init,
    headers: { host: 'play.example.com', ...(init.headers as Record<string, string>) },
  })

beforeAll(async () => {
  bench = await workbench({ 'rules.yaml': POLICY })
  cookie = (await bench.signedIn(['player'], 'Ada')).cookie
})
afterAll(() => bench.close())

describe('guard', () => {
  test('leaves what is well known to the host, but the two documents of our own that no rule names', async () => {
    ran.length = 0
    const at = async (path: string) => (await ask(`/.well-known/${path}`)).status
    expect([await at('assetlinks.json'), await at('openid-configuration'), await at('security.txt')]).toEqual([
      200, 200, 401,
    ])
    expect(ran).toEqual(['/.well-known/assetlinks.json'])
    const document = (await (await ask('/.well-known/openid-configuration')).json()) as { readonly jwks_uri?: string }
    expect(document.jwks_uri).toMatch(/jwks\.json$/)
  })

  test('hands an allowed route its caller, with nothing in it that opens anything', async () => {
    const answer = await ask('/mine', { headers: { cookie } })
    expect(answer.status).toBe(200)
    const text = await answer.text()
    expect(JSON.parse(text)).toMatchObject({ caller: { name: 'Ada', roles: ['player'] }, may: true })
    for (const secret of [cookie.split('=')[1] ?? '', '"key"', '"tag"', '"session":'])
      expect(text).not.toContain(secret)
  })

  test.each(['/mine', '/open'])('hands %s no header that a client wrote to be believed', async (path) => {
    const headers = Object.fromEntries(SPOOFED_NAMES.map((name) => [name, FORGED]))
    expect((await ask(path, { headers: { ...headers, cookie } })).status).toBe(200)
    const passed = [...(handed?.headers ?? [])].filter(([, value]) => value.includes(FORGED))
    expect(passed.map(([name]) => name).filter((name) => !PROXY_NAMES.has(name))).toEqual([])
  })

  test('hands its route credentials and what a proxy in front of the host said, and a body as it came', async () => {
    const own = { authorization: 'Bearer of-the-host', 'x-forwarded-for': '198.51.100.1', 'x-mine': '1' }
    const headers = { ...own, 'postern-user': FORGED }
    expect((await ask('/open', { method: 'POST', headers, body: 'said' })).status).toBe(200)
    const kept = Object.keys(own).map((name) => handed?.headers.get(name))
    expect([handed?.method, await handed?.text(), kept]).toEqual(['POST', 'said', Object.values(own)])
    expect(handed?.headers.get('postern-user')).toBe(null)
  })

  test('leaves what the gateway behind it needs to know the caller', async () => {
    const gate = gateOf(bench)
    const host = new Hono<{ Variables: PosternVariables }>()
    host.use(gate.guard)
    host.route('/', gate.app)
    const headers = { host: 'play.example.com', cookie, 'postern-user': FORGED }
    expect((await host.request(`${ORIGIN}/mine`, { headers })).status).toBe(200)
    expect(bench.sent.at(-1)?.headers.get('postern-user')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('hands its route no word of a certificate that nobody verified', async () => {
    const clientCertificate = { header: 'x-client-verify', value: 'SUCCESS' }
    const of = await workbench({ 'rules.yaml': POLICY }, { clientCertificate, trustedProxies: ['192.0.2.1'] })
    for (const name of ['x-client-verify', 'X_Client_Verify']) {
      expect((await ask('/open', { headers: { [name]: 'SUCCESS' } }, of)).status).toBe(200)
      expect([name, [...(handed?.headers ?? [])].filter(([, value]) => value === 'SUCCESS')]).toEqual([name, []])
    }
    of.close()
  })

  test('hands on the very request where nothing was forged', async () => {
    const request = new Request(`${ORIGIN}/open`, { headers: { host: 'play.example.com' } })
    await hostOf(bench).request(request)
    expect(handed).toBe(request)
  })

  test('hands a public route nobody', async () => {
    expect(await (await ask('/open')).json()).toMatchObject({ caller: null, may: false })
  })

  test.each([
    ['/mine', {}, 401],
    ['/rule', { cookie: 'own' }, 403],
    ['/nowhere', { cookie: 'own' }, 403],
    ['/open%00', {}, 400],
  ])('%s as %o is %i, and the route does not run', async (path, who, status) => {
    const before = ran.length
    const answer = await ask(path, { headers: 'cookie' in who ? { cookie } : {} })
    expect(answer.status).toBe(status)
    expect(ran.length).toBe(before)
  })

  test('answers own endpoints itself', async () => {
    expect((await ask('/auth/livez')).status).toBe(200)
    expect((await ask('/auth/nothing')).status).toBe(404)
  })

  test('keeps a rate limit', async () => {
    expect((await ask('/scarce')).status).toBe(200)
    expect((await ask('/scarce')).status).toBe(429)
  })

  test('fails closed on a rule it cannot keep, and says which', async () => {
    expect((await ask('/upload', { method: 'POST', body: 'x' })).status).toBe(500)
    const bug = bench.observed.find(({ kind }) => kind === 'bug')
    expect(JSON.stringify(bug)).toContain('maxBody')
  })

  test('two instances in one process share neither sessions nor memory', async () => {
    const other = await workbench({ 'rules.yaml': POLICY })
    expect((await ask('/mine', { headers: { cookie } })).status).toBe(200)
    expect((await ask('/mine', { headers: { cookie } }, other)).status).toBe(401)
    other.close()
  })

  test('what the host holds has no way to keys, store or secrets', async () => {
    const definition = { origin: ORIGIN, upstreams: { game: { url: 'https://game.example.com' } } }
    const gate = postern(definition, bench.gateway.policy().bundle, { environment: () => undefined })
    expect(Object.keys(gate).toSorted()).toEqual(['app', 'close', 'fetch', 'guard'])
    expect(JSON.stringify(gate)).not.toMatch(/store|secret|mac|key/i)
    await gate.close()
  })
})
