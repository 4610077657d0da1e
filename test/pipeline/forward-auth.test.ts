import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { secret } from '../../src/config/define.ts'
import { seconds } from '../../src/core/brand.ts'
import { forwardAuth } from '../../src/pipeline/forward-auth.ts'
import { corpus, unquoted } from '../support/corpus.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

const SECRETS = {
  NGINX_SECRET: 'n'.repeat(32),
  CADDY_SECRET: `${'c'.repeat(32)},${'C'.repeat(32)}`,
  TRAEFIK_SECRET: 't'.repeat(32),
  ENVOY_SECRET: 'e'.repeat(32),
}

const POLICY = `
upstream: game
users: { defaultRole: player, guestRole: guest, roles: many }
permissions: [play, rule]
roles:
  guest: { level: 0, permissions: [] }
  player: { level: 1, permissions: [play] }
  chief: { level: 2, permissions: [play, rule] }
rules:
  - path: /certified/*
    when: request.certificate
  - path: /open/*
    access: public
  - path: /play/*
    permission: play
  - path: /rule
    methods: [GET, POST]
    permission: rule
    origins: [https://partner.example.com]
  - path: /played
    character: selected
  - path: /scarce
    access: public
    rateLimit: { limit: 1, window: 60s, per: address }
  - path: /hidden
    access: deny
    denyStatus: 404
  - path: /moved
    access: deny
    denyStatus: 410
    denyText: Ask at the gate.
  - path: /elsewhere
    access: public
    upstream: other
`

/** Everything is open: only the spelling of a path can be refused. */
const OPEN = `
upstream: game
users: { defaultRole: player, roles: many }
permissions: [play]
roles: { player: { level: 1, permissions: [play] } }
rules: [{ path: /any/*, access: public, allowForms: [';', '%2F'] }, { path: /*, access: public, allowForms: [';', '%2F'] }]
`

type Pairs = Readonly<Record<string, string>>

const nginx = (target: string, more: Pairs = {}): Pairs => ({
  'postern-proxy-secret': SECRETS.NGINX_SECRET,
  'x-original-method': 'GET',
  'x-original-uri': target,
  'x-forwarded-host': 'play.example.com',
  'x-forwarded-proto': 'https',
  'x-forwarded-for': '203.0.113.9',
  ...more,
})

const caddy = (target: string, more: Pairs = {}): Pairs => ({
  'postern-proxy-secret': 'c'.repeat(32),
  'x-forwarded-method': 'GET',
  'x-forwarded-uri': target,
  'x-forwarded-host': 'play.example.com',
  'x-forwarded-proto': 'https',
  'x-forwarded-for': '203.0.113.9',
  ...more,
})

const VISIT = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

let bench: Workbench
let player: string
let accessToken: string
let chief: string

beforeAll(async () => {
  bench = await workbench(
    { 'rules.yaml': POLICY },
    {
      upstreams: {
        game: { url: 'https://game.example.com', preserveHost: true },
        other: { url: 'https://other.example.com' },
      },
      trustedProxies: ['10.0.0.0/8'],
      forwardAuth: {
        nginx: { secret: secret('NGINX_SECRET'), upstreams: ['game'] },
        caddy: { secret: secret('CADDY_SECRET') },
        traefik: { secret: secret('TRAEFIK_SECRET') },
        envoy: { secret: secret('ENVOY_SECRET') },
      },
    },
    { secrets: SECRETS },
  )
  const ada = await bench.signedIn(['player'], 'Ada')
  ;({ cookie: player, accessToken } = ada)
  chief = (await bench.signedIn(['chief'], 'Sol')).cookie
})
afterAll(() => bench.close())
beforeEach(() => void bench.clock.now++)

const ask = (headers: Pairs, path = '/auth/verify', method = 'GET') => bench.request(path, { method, headers })

describe('who may ask', () => {
  test('nobody without the secret: 401, whatever the headers say', async () => {
    const { 'postern-proxy-secret': _, ...rest } = nginx('/open/x')
    expect((await ask(rest)).status).toBe(401)
  })

  test.each([
    ['wrong', 'x'.repeat(32)],
    ['a part of it', SECRETS.NGINX_SECRET.slice(1)],
    ['more than it', `${SECRETS.NGINX_SECRET}n`],
    ['the list of two', SECRETS.CADDY_SECRET],
    ['sent twice', `${SECRETS.NGINX_SECRET}, ${SECRETS.NGINX_SECRET}`],
    ['empty', ''],
  ])('a secret that is %s is 401', async (_, value) => {
    expect((await ask(nginx('/open/x', { 'postern-proxy-secret': value }))).status).toBe(401)
  })

  test('every secret of a list proves the proxy', async () => {
    expect((await ask(caddy('/open/x'))).status).toBe(200)
    expect((await ask(caddy('/open/x', { 'postern-proxy-secret': 'C'.repeat(32) }))).status).toBe(200)
  })

  test('a proxy speaks its own dialect only', async () => {
    expect((await ask(nginx('/open/x', { 'postern-proxy-secret': SECRETS.TRAEFIK_SECRET }))).status).toBe(400)
  })

  test('an address only narrows, and is never guessed', async () => {
    const [first] = bench.gateway.proxies
    if (first === undefined) throw new Error('no proxy')
    const narrowed = {
      ...bench.gateway,
      proxies: [{ ...first, proxy: { ...first.proxy, addresses: ['127.0.0.1', '10.1.0.0/16'] } }],
    }
    const from = async (peer: string | null | undefined, headers = nginx('/open/x')) => {
      const request = new Request('https://play.example.com/auth/verify', { headers })
      const arrival = { requestId: 'r', rawTarget: '/auth/verify', address: '127.0.0.1', country: null }
      const told = await forwardAuth(request, peer === undefined ? arrival : { ...arrival, peer }, narrowed)
      return told.status
    }
    expect(await from('127.0.0.1')).toBe(200)
    expect(await from('10.1.255.255')).toBe(200)
    expect(await from('10.2.0.0')).toBe(401)
    expect(await from(null)).toBe(401)
    expect(await from(undefined)).toBe(401)
    expect(await from('127.0.0.1', nginx('/open/x', { 'postern-proxy-secret': 'x'.repeat(32) }))).toBe(401)
  })

  test('what it passes on of a certificate is believed by nobody (O8)', async () => {
    const headers = nginx('/certified/x', { cookie: (await bench.signedIn(['player'])).cookie })
    const request = new Request('https://play.example.com/auth/verify', { headers })
    const arrival = { requestId: 'r', rawTarget: '/auth/verify', address: '127.0.0.1', country: null, certified: true }
    const told = await forwardAuth(request, arrival, bench.gateway)
    expect(told.status).toBe(403)
    expect(
      (await forwardAuth(new Request(request.url, { headers: nginx('/open/x') }), arrival, bench.gateway)).status,
    ).toBe(200)
  })

  test('without a configured proxy there is no endpoint', async () => {
    const closed = await workbench({ 'rules.yaml': POLICY.replace('upstream: other', 'upstream: game') })
    expect((await closed.request('/auth/verify', { headers: nginx('/open/x') })).status).toBe(404)
    closed.close()
  })

  test('whoever proves to be a proxy is answered nowhere else (a path that some server resolved)', async () => {
    expect((await ask({ 'postern-proxy-secret': SECRETS.ENVOY_SECRET }, '/auth/livez')).status).toBe(400)
    expect((await ask({ 'postern-proxy-secret': SECRETS.ENVOY_SECRET }, '/open/x')).status).toBe(400)
    expect((await ask({}, '/auth/livez')).status).toBe(200)
  })
})

describe('what a call must tell', () => {
  const REQUIRED = ['x-original-method', 'x-original-uri', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-for']
  test.each(REQUIRED)('nginx without %s is 400 and says so', async (name) => {
    const { [name]: _, ...rest } = nginx('/open/x')
    const answer = await ask(rest)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ code: 'bad_forwarding', header: name })
  })

  const OF_CADDY = ['x-forwarded-method', 'x-forwarded-uri', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-for']
  test.each(OF_CADDY)('Caddy and Traefik without %s are 400', async (name) => {
    const { [name]: _, ...rest } = caddy('/open/x')
    expect((await ask(rest)).status).toBe(400)
    expect((await ask({ ...rest, 'postern-proxy-secret': SECRETS.TRAEFIK_SECRET })).status).toBe(400)
  })

  test.each(['x-forwarded-method', 'x-forwarded-uri', 'x-forwarded-host'])(
    '%s without a value is 400',
    async (name) => {
      const answer = await ask(caddy('/open/x', { [name]: '' }))
      expect([answer.status, await answer.json()]).toMatchObject([400, { header: name }])
    },
  )

  test.each(['CADDY', 'TRAEFIK'])('%s asks by GET at the endpoint itself, with whatever query', async (kind) => {
    const own = { 'postern-proxy-secret': kind === 'CADDY' ? 'c'.repeat(32) : SECRETS.TRAEFIK_SECRET }
    expect((await ask(caddy('/open/x', own))).status).toBe(200)
    expect((await ask(caddy('/open/x', own), '/auth/verify?a=b')).status).toBe(200)
    for (const path of ['/auth/verify/', '/auth/verify/answer', '/auth/verify/open/x'])
      expect([path, (await ask(caddy('/open/x', own), path)).status]).toEqual([path, 400])
    for (const method of ['POST', 'HEAD', 'DELETE'])
      expect([method, (await ask(caddy('/open/x', own), '/auth/verify', method)).status]).toEqual([method, 400])
  })

  test.each<[string, Pairs]>([
    ['another scheme', { 'x-forwarded-proto': 'http' }],
    ['a scheme sent twice', { 'x-forwarded-proto': 'https, https' }],
    ['no address', { 'x-forwarded-for': 'unknown' }],
  ])('%s is 400', async (_, more) => {
    expect((await ask(nginx('/open/x', more))).status).toBe(400)
  })

  test.each<[string, string, Pairs]>([
    ['an unknown host', '421', { 'x-forwarded-host': 'evil.example' }],
    ['two hosts', '421', { 'x-forwarded-host': 'play.example.com, evil.example' }],
    ['a method that is none', '400', { 'x-original-method': 'GET, GET' }],
    ['TRACE', '400', { 'x-original-method': 'TRACE' }],
  ])('%s is never 200', async (_, truth, more) => {
    const answer = await ask(nginx('/open/x', more))
    expect([401, 403]).toContain(answer.status)
    expect(answer.headers.get('postern-status')).toBe(truth)
  })

  test('the endpoint takes GET only', async () => {
    expect((await ask(nginx('/open/x'), '/auth/verify', 'POST')).status).toBe(400)
    expect((await ask(caddy('/open/x'), '/auth/verify/open/x')).status).toBe(400)
  })
})

describe('one spelling of a path', () => {
  const rows = corpus('targets.txt').filter(([outcome]) => outcome !== undefined)
  const folded = rows.filter(([outcome, target, canonical]) => {
    const [rawPath] = unquoted(target).split('?', 1)
    return outcome !== 'ok' || (canonical !== undefined && unquoted(canonical) !== rawPath)
  })

  test('a path that folding would change is refused, never repaired: the whole corpus', async () => {
    const targets = folded.map(([, target]) => unquoted(target)).filter((target) => /^[\x21-\x7e]+$/.test(target))
    expect(targets.length).toBeGreaterThan(150)
    const open = await workbench(
      { 'rules.yaml': OPEN },
      { forwardAuth: { nginx: { secret: secret('NGINX_SECRET') }, caddy: { secret: secret('CADDY_SECRET') } } },
      { secrets: SECRETS },
    )
    const through: string[] = []
    for (const target of targets) {
      const calls = [nginx(target), caddy(target)].map((headers) => open.request('/auth/verify', { headers }))
      if ((await Promise.all(calls)).some(({ status }) => status === 200)) through.push(target)
    }
    expect((await open.request('/auth/verify', { headers: nginx('/any/%C3%A4') })).status).toBe(200)
    open.close()
    expect(through).toEqual([])
  })

  test.each([
    '/open/%61',
    '/open/a%2fb',
    '/open/%c3%a4',
    '/open//x',
    '/open/../rule',
    '/open/%2e%2e/rule',
    '/open/x;y',
  ])('%s is 400 in truth, even on a public route', async (target) => {
    const answer = await ask(nginx(target))
    expect(answer.status).toBe(401)
    expect(answer.headers.get('postern-status')).toBe('400')
    expect((await ask(caddy(target))).status).toBe(400)
  })

  test('what is canonical goes through, query and all', async () => {
    expect((await ask(nginx('/open/%C3%A4?q=%zz&x=/../'))).status).toBe(200)
  })

  test('what is ours is never let through (GHSA-5wcc-hf24-rf5h)', async () => {
    const answer = await ask(nginx('/auth/callback/google'), '/auth/verify')
    expect([answer.status, answer.headers.get('postern-status')]).toEqual([403, '404'])
    expect((await ask(caddy('/auth/verify'))).status).toBe(404)
  })
})

describe('a request that may go through', () => {
  test('carries identity for its upstream, and its cookies without ours', async () => {
    const answer = await ask(nginx('/play/1', { cookie: `game=1; ${player}; theme=dark` }))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('postern-status')).toBe('200')
    expect(answer.headers.get('cookie')).toBe('game=1; theme=dark')
    expect(answer.headers.get('postern-name')).toBe('Ada')
    const claims = JSON.parse(atob(answer.headers.get('postern-assertion')?.split('.')[1] ?? ''))
    expect(claims).toMatchObject({ aud: 'game', iss: 'https://play.example.com/auth', roles: ['player'] })
    expect(await answer.text()).toBe('')
  })

  test('carries an anonymous assertion when nobody is signed in, and no name', async () => {
    const answer = await ask(nginx('/open/x'))
    const claims = JSON.parse(atob(answer.headers.get('postern-assertion')?.split('.')[1] ?? ''))
    expect(claims).toMatchObject({ aud: 'game#anonymous', anonymous: true })
    expect(answer.headers.get('postern-user')).toBeNull()
    expect(answer.headers.get('cookie')).toBeNull()
  })

  test('says every header for Caddy, empty when there is nothing to say (GHSA-7r4p-vjf4-gxv4)', async () => {
    const answer = await ask(caddy('/open/x', { cookie: player }))
    const empty = [...answer.headers].filter(([, value]) => value === '').map(([name]) => name)
    const plain = ['user', 'session', 'name', 'roles', 'primary-role', 'permissions-url', 'email', 'guest']
    const played = ['character-id', 'character-name', 'world']
    expect(empty.toSorted()).toEqual(
      [...[...plain, ...played].map((name) => `postern-${name}`), 'authorization', 'cookie', 'x-api-token'].toSorted(),
    )
  })

  test('keeps foreign credentials, and never a token of ours', async () => {
    const foreign = await ask(nginx('/open/x', { authorization: 'Bearer game-own' }))
    expect(foreign.headers.get('authorization')).toBe('Bearer game-own')
    const bearer = await ask(nginx('/play/x', { authorization: `Bearer ${accessToken}`, 'x-api-token': accessToken }))
    expect([bearer.status, bearer.headers.get('postern-user')]).toEqual([200, expect.stringMatching(/^0{8}-/)])
    expect(bearer.headers.get('authorization')).toBeNull()
    expect(bearer.headers.get('x-api-token')).toBeNull()
    const own = await ask(nginx('/open/x', { authorization: 'Bearer pst_abcdefghij_x', 'x-api-token': 'pst_a' }))
    expect(own.headers.get('authorization')).toBeNull()
    expect(own.headers.get('x-api-token')).toBeNull()
  })

  test('reaches only the upstreams its proxy was given', async () => {
    const answer = await ask(nginx('/elsewhere'))
    expect([answer.status, answer.headers.get('postern-status')]).toEqual([403, '404'])
    expect((await ask(caddy('/elsewhere'))).status).toBe(200)
  })

  test('is refused when the client wrote a header of ours: 400', async () => {
    for (const name of ['postern-user', 'postern_user', 'x-forwarded-user', 'remote-user', 'x-auth-request-email']) {
      const answer = await ask(caddy('/open/x', { [name]: 'admin' }))
      expect([name, answer.status]).toEqual([name, 400])
      expect(await answer.json()).toMatchObject({ code: 'bad_forwarding', header: name })
    }
  })

  test('that is refused for what only a proxy can do wrong has the code that was told in its line', async () => {
    const codeOf = async (headers: Pairs) => {
      bench.observed.length = 0
      await ask(headers)
      return bench.observed.flatMap((one) => (one.kind === 'request' ? [[one.status, one.code]] : []))
    }
    expect(await codeOf(caddy('/open/x', { 'postern-user': 'admin' }))).toEqual([[400, 'bad_forwarding']])
    expect(await codeOf(nginx('/elsewhere'))).toEqual([[404, 'not_found']])
    expect(await codeOf(caddy('/elsewhere'))).toEqual([[200, null]])
  })

  test('has identity headers of at most 4 KB', async () => {
    const answer = await ask(nginx('/play/1', { cookie: player }))
    const bytes = [...answer.headers]
      .filter(([name]) => name.startsWith('postern-') && name !== 'postern-status')
      .reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
    expect(bytes).toBeGreaterThan(200)
    expect(bytes).toBeLessThanOrEqual(4096)
  })
})

describe('a request that may not', () => {
  test('a page visit is sent to sign-in and comes back, by an absolute address', async () => {
    const answer = await ask(caddy('/play/1?a=b', VISIT))
    expect(answer.status).toBe(302)
    expect(answer.headers.get('location')).toBe('https://play.example.com/auth/sign-in?return_to=%2Fplay%2F1%3Fa%3Db')
  })

  test('nginx is told 401 with the truth and the address', async () => {
    const answer = await ask(nginx('/play/1', VISIT))
    expect([answer.status, answer.headers.get('postern-status')]).toEqual([401, '302'])
    expect(answer.headers.get('location')).toContain('/auth/sign-in?return_to=%2Fplay%2F1')
  })

  test.each<[string, Pairs, number, string]>([
    ['/play/1', {}, 401, 'session_required'],
    ['/rule', { cookie: 'player' }, 403, 'permission_denied'],
    ['/played', { cookie: 'player' }, 409, 'character_required'],
    ['/hidden', {}, 404, 'not_found'],
    ['/moved', {}, 410, 'gone'],
    ['/nowhere', { cookie: 'player' }, 403, 'no_rule'],
  ])('%s as %o is %i everywhere', async (target, who, status, code) => {
    const more = 'cookie' in who ? { cookie: player } : {}
    const told = await ask(caddy(target, more))
    expect(told.status).toBe(status)
    expect(await told.json()).toMatchObject({ status, code })
    const bent = await ask(nginx(target, more))
    expect([bent.status, bent.headers.get('postern-status')]).toEqual([status === 401 ? 401 : 403, String(status)])
    const whole = await ask(nginx(target, more), '/auth/verify/answer')
    expect(whole.status).toBe(status)
    expect(await whole.json()).toMatchObject({ code })
  })

  test('a wrong method is 405 with Allow', async () => {
    const answer = await ask(caddy('/rule', { 'x-forwarded-method': 'DELETE', cookie: chief }))
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toContain('POST')
  })

  test('an unsafe method from another site is refused', async () => {
    const post = { 'x-forwarded-method': 'POST', cookie: chief }
    expect((await ask(caddy('/rule', { ...post, origin: 'https://evil.example' }))).status).toBe(403)
    expect((await ask(caddy('/rule', { ...post, origin: 'https://play.example.com' }))).status).toBe(200)
  })

  test('a rate limit holds, by the address the proxy tells', async () => {
    const from = (address: string) => ask(caddy('/scarce', { 'x-forwarded-for': `198.51.100.1, ${address}, 10.0.0.7` }))
    expect((await from('203.0.113.50')).status).toBe(200)
    const second = await from('203.0.113.50')
    expect(second.status).toBe(429)
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await from('203.0.113.51')).status).toBe(200)
  })

  test('a silent store is 503, and nginx is told 403 with the truth', async () => {
    const { sessions } = bench.store
    const silent = { ...bench.gateway, store: { ...bench.gateway.store, sessions: { ...sessions, read: outage } } }
    const request = new Request('https://play.example.com/auth/verify', {
      headers: nginx('/play/1', { cookie: (await bench.signedIn(['player'])).cookie }),
    })
    const arrival = { requestId: 'r', rawTarget: '/auth/verify', address: null, country: null }
    const told = await forwardAuth(request, arrival, silent)
    expect([told.status, Object.fromEntries(told.headers)['postern-status']]).toEqual([403, '503'])
  })

  test('a request that was refused and would be let through now is sent again, never answered with 200', async () => {
    const again = await ask(nginx('/open/x', VISIT), '/auth/verify/answer')
    expect([again.status, again.headers.get('location')]).toEqual([302, 'https://play.example.com/open/x'])
    expect((await ask(nginx('/open/x'), '/auth/verify/answer')).status).toBe(503)
  })
})

describe('a session that gets a new key', () => {
  test('reaches the browser with a redirect to the same page, by both kinds of answer', async () => {
    for (const dress of [nginx, caddy]) {
      const { cookie, user } = await bench.signedIn(['player'])
      const audit = { ...NOTE, actor: user.id, subject: user.id, at: seconds(bench.clock.now) }
      await bench.store.directory.setRoles(user, [...user.roles, 'chief' as (typeof user.roles)[0]], null, [], audit)
      bench.gateway.sessions.drop(user.tag)
      const answer = await ask(dress('/play/1?a=b', { ...VISIT, cookie }))
      expect(answer.headers.get('location')).toBe('https://play.example.com/play/1?a=b')
      expect(answer.headers.getSetCookie()).toHaveLength(1)
      expect(answer.status).toBe(dress === nginx ? 401 : 302)
    }
  })
})

describe('Traefik', () => {
  const traefik = (target: string, more: Pairs = {}) =>
    caddy(target, { 'postern-proxy-secret': SECRETS.TRAEFIK_SECRET, ...more })

  test('is told what there is to say and no empty header: it deletes the rest itself', async () => {
    const answer = await ask(traefik('/play/1', { cookie: `${player}; theme=dark` }))
    expect([answer.status, answer.headers.get('cookie')]).toEqual([200, 'theme=dark'])
    expect([...answer.headers].filter(([, value]) => value === '')).toEqual([])
  })

  test('tells a socket by its scheme, and that of another origin is 400', async () => {
    const schemes = ['wss', 'https', 'ws', 'http', 'xwss']
    const statuses = schemes.map(
      async (scheme) => (await ask(traefik('/open/x', { 'x-forwarded-proto': scheme }))).status,
    )
    expect(await Promise.all(statuses)).toEqual([200, 200, 400, 400, 400])
    expect((await ask(caddy('/open/x', { 'x-forwarded-proto': 'wss' }))).status).toBe(400)
  })

  test('passes a refusal on with its text', async () => {
    const answer = await ask(traefik('/play/1'))
    expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'session_required' }])
  })
})

describe('sockets and preflights', () => {
  test('the length and the upgrade of the call say nothing of the request it is about', async () => {
    const preflight = { 'x-forwarded-method': 'OPTIONS', 'access-control-request-method': 'POST' }
    const origin = 'https://partner.example.com'
    expect((await ask(caddy('/rule', { ...preflight, origin, 'content-length': '2' }))).status).toBe(200)
    for (const upgrade of ['websocket', 'h2c'])
      expect([upgrade, (await ask(caddy('/play/1', { cookie: player, upgrade }))).status]).toEqual([upgrade, 200])
  })

  const handshake = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' }

  test('a handshake is judged as a socket: its Origin is checked', async () => {
    const own = { ...handshake, cookie: player, origin: 'https://play.example.com' }
    expect((await ask(nginx('/play/1', own))).status).toBe(200)
    const foreign = await ask(nginx('/play/1', { ...own, origin: 'https://evil.example' }))
    expect([foreign.status, foreign.headers.get('postern-status')]).toEqual([403, '403'])
    const { origin: _, ...silent } = own
    expect((await ask(nginx('/play/1', silent))).status).toBe(403)
  })

  test('a preflight from an origin of the rule goes on as nobody; from another it is refused', async () => {
    const preflight = {
      'x-forwarded-method': 'OPTIONS',
      'access-control-request-method': 'POST',
      cookie: chief,
    }
    const granted = await ask(caddy('/rule', { ...preflight, origin: 'https://partner.example.com' }))
    expect(granted.status).toBe(200)
    expect(granted.headers.get('postern-user')).toBe('')
    expect(granted.headers.get('host')).toBeNull()
    expect((await ask(caddy('/rule', { ...preflight, origin: 'https://evil.example' }))).status).toBe(403)
  })
})

describe('Envoy', () => {
  const headers = (more: Pairs = {}): Pairs => ({
    'postern-proxy-secret': SECRETS.ENVOY_SECRET,
    'x-forwarded-proto': 'https',
    'x-forwarded-for': '203.0.113.9',
    ...more,
  })

  test('asks with the own method and the path behind the endpoint', async () => {
    expect((await ask(headers(), '/auth/verify/open/x?y=1')).status).toBe(200)
    expect((await ask(headers({ cookie: player }), '/auth/verify/rule', 'POST')).status).toBe(403)
    expect((await ask(headers(), '/auth/verify/rule', 'DELETE')).status).toBe(405)
  })

  test('is told to remove what the answer does not set', async () => {
    const answer = await ask(headers({ cookie: `${player}; theme=dark` }), '/auth/verify/play/1')
    expect(answer.headers.get('cookie')).toBe('theme=dark')
    const removed = answer.headers.get('x-envoy-auth-headers-to-remove')?.split(',') ?? []
    expect(removed).toEqual(expect.arrayContaining(['authorization', 'x-api-token', 'postern-email', 'postern-guest']))
    expect(removed).not.toContain('cookie')
    expect(removed).not.toContain('postern-user')
  })

  test('without a path behind the endpoint is 400', async () => {
    expect((await ask(headers(), '/auth/verify')).status).toBe(400)
  })

  test('a path in another spelling is 400', async () => {
    expect((await ask(headers(), '/auth/verify/open/%61')).status).toBe(400)
    expect((await ask(headers(), '/auth/verify//open/x')).status).toBe(400)
  })
})

const NOTE = { event: 'roles-changed', requestId: 'test', policy: '', detail: {} } as const

async function outage(): Promise<never> {
  const { StoreUnavailable } = await import('../../src/ports/store.ts')
  throw new StoreUnavailable('sessions.read', 'silent')
}
