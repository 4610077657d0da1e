import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secret } from '../../src/config/define.ts'
import { forwardAuth } from '../../src/pipeline/forward-auth.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

const SECRETS = { NGINX: 'n'.repeat(32), CADDY: 'c'.repeat(32), TRAEFIK: 't'.repeat(32), ENVOY: 'e'.repeat(32) }

const POLICY = `
upstream: game
users: { defaultRole: player, roles: many }
permissions: [play]
roles: { player: { level: 1, permissions: [play] } }
rules:
  - { path: /open/*, access: public }
  - { path: /play/*, permission: play }
  - { path: /api/*, access: public, upstream: api }
  - { path: /hidden, access: deny, denyStatus: 404 }
`

type Pairs = Readonly<Record<string, string>>

const TOLD = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' }

const nginx = (target: string, more: Pairs = {}): Pairs => ({
  'postern-proxy-secret': SECRETS.NGINX,
  'x-original-method': 'GET',
  'x-original-uri': target,
  'x-forwarded-host': 'play.example.com',
  ...TOLD,
  ...more,
})

const caddy = (target: string, more: Pairs = {}): Pairs => ({
  'postern-proxy-secret': SECRETS.CADDY,
  'x-forwarded-method': 'GET',
  'x-forwarded-uri': target,
  'x-forwarded-host': 'play.example.com',
  ...TOLD,
  ...more,
})

const traefik = (target: string, more: Pairs = {}): Pairs =>
  caddy(target, { 'postern-proxy-secret': SECRETS.TRAEFIK, ...more })

const envoy = (more: Pairs = {}): Pairs => ({ 'postern-proxy-secret': SECRETS.ENVOY, ...TOLD, ...more })

let bench: Workbench
let player: string

beforeAll(async () => {
  bench = await workbench(
    { 'rules.yaml': POLICY },
    {
      upstreams: {
        game: { url: 'https://game.example.com' },
        api: { url: 'https://api.example.com', dialects: ['bearer'] },
      },
      forwardAuth: {
        nginx: { secret: secret('NGINX') },
        caddy: { secret: secret('CADDY') },
        traefik: { secret: secret('TRAEFIK') },
        envoy: { secret: secret('ENVOY') },
      },
    },
    { secrets: SECRETS },
  )
  player = (await bench.signedIn(['player'], 'Ada')).cookie
})
afterAll(() => bench.close())

const ask = (headers: Pairs, path = '/auth/verify', method = 'GET') => bench.request(path, { method, headers })

describe('a header that only Postern may set (CVE-2026-33495; GHSA-7r4p-vjf4-gxv4)', () => {
  test.each(['postern-user', 'postern_assertion', 'x-forwarded-user', 'remote-user'])(
    'is not believed when a client sends %s through Envoy',
    async (name) => {
      const answer = await ask(envoy({ [name]: 'admin' }), '/auth/verify/open/x')
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({ code: 'bad_forwarding', header: name })
    },
  )

  test('of Envoy itself is its own business, and of a client through another proxy a forgery', async () => {
    const own = { 'x-envoy-expected-rq-timeout-ms': '15000' }
    expect((await ask(envoy(own), '/auth/verify/open/x')).status).toBe(200)
    expect((await ask(caddy('/open/x', own))).status).toBe(400)
  })
})

describe('an answer that lets a request through', () => {
  test('never says where the request came from: that is what its proxy knows', async () => {
    for (const answer of [await ask(nginx('/play/1', { cookie: player })), await ask(caddy('/open/x'))]) {
      expect(answer.status).toBe(200)
      const said = [...answer.headers.keys()].filter((name) => name === 'host' || name.startsWith('x-forwarded-'))
      expect(said).toEqual([])
    }
  })

  test('keeps an X-Api-Token that is the game’s own', async () => {
    const answer = await ask(nginx('/open/x', { 'x-api-token': 'of-the-game' }))
    expect([answer.status, answer.headers.get('x-api-token')]).toEqual([200, 'of-the-game'])
  })

  test('replaces the Authorization of a client where the service is told by it who asks', async () => {
    const foreign = { authorization: 'Bearer forged.by.client' }
    const nobody = await ask(caddy('/api/x', foreign))
    expect([nobody.status, nobody.headers.get('authorization')]).toEqual([200, ''])
    const ada = await ask(caddy('/api/x', { ...foreign, cookie: player }))
    expect(ada.status).toBe(200)
    expect(ada.headers.get('authorization')).not.toContain('forged')
  })
})

describe('a preflight through a proxy', () => {
  const announced = { origin: 'https://partner.example.com', 'access-control-request-method': 'GET' }
  const preflight = (target: string) => ask(caddy(target, { ...announced, 'x-forwarded-method': 'OPTIONS' }))

  test('goes on as nobody where the rule leaves origins to the service', async () => {
    const answer = await preflight('/play/1')
    expect([answer.status, answer.headers.get('postern-user')]).toEqual([200, ''])
  })

  test('does not show what is hidden', async () => {
    expect((await preflight('/hidden')).status).toBe(404)
    expect((await preflight('/nowhere')).status).toBe(403)
  })
})

describe('a call in another form than its proxy has', () => {
  test('is 400: below the endpoint, by another method, or with a header that is empty', async () => {
    expect((await ask(nginx('/open/x'), '/auth/verify/open/x')).status).toBe(400)
    expect((await ask(nginx('/open/x'), '/auth/verify/answer', 'POST')).status).toBe(400)
    expect((await ask(caddy('/open/x'), '/auth/verify', 'POST')).status).toBe(400)
    expect((await ask(nginx('/open/x', { 'x-original-method': '' }))).status).toBe(400)
    expect((await ask(nginx('/open/x', { 'x-forwarded-for': '' }))).status).toBe(400)
  })

  test('is a socket’s scheme only where Traefik tells it', async () => {
    expect((await ask(traefik('/open/x', { 'x-forwarded-proto': 'wss' }))).status).toBe(200)
    expect((await ask(traefik('/open/x', { 'x-forwarded-proto': 'ws' }))).status).toBe(400)
    expect((await ask(traefik('/open/x', { 'x-forwarded-proto': 'xwss' }))).status).toBe(400)
    expect((await ask(caddy('/open/x', { 'x-forwarded-proto': 'wss' }))).status).toBe(400)
  })
})

test('a secret that two proxies share proves neither: they do not speak alike', async () => {
  const [first, second] = bench.gateway.proxies
  if (first === undefined || second === undefined) throw new Error('two proxies are configured')
  const headers = nginx('/open/x')
  const arrival = { requestId: 'r', rawTarget: '/auth/verify', address: '127.0.0.1', country: null }
  const told = async (proxies: typeof bench.gateway.proxies) => {
    const request = new Request('https://play.example.com/auth/verify', { headers })
    return (await forwardAuth(request, arrival, { ...bench.gateway, proxies })).status
  }
  expect(await told([first, second])).toBe(200)
  expect(await told([first, { ...second, digests: first.digests }])).toBe(401)
})
