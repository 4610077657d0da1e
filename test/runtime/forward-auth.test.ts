import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { envoyHere } from '../support/envoy.ts'
import { type Fronted, PROXY_SECRETS, startFronted } from '../support/fronted.ts'
import { ask } from '../support/http.ts'
import { FORGED, SPOOFED_NAMES } from '../support/spoof.ts'
import { Visitor } from '../support/visitor.ts'

const VISIT = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const PROGRAM = { accept: 'application/json' }

/** One raw request; answers its status line, and the whole answer. */
function raw(port: number, head: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      answer += chunk
      // WHY: Envoy leaves a connection open for a second, unless its client is done too.
      socket.end()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
    socket.write(`${[...head, 'Connection: close'].join('\r\n')}\r\n\r\n`)
  })
}

const statusOf = (answer: string) => Number(answer.split(' ', 2)[1])

const hasEnvoy = (await envoyHere()) !== null

for (const kind of ['nginx', 'caddy', 'envoy'] as const) {
  describe.skipIf(kind === 'envoy' && !hasEnvoy)(`a game behind ${kind}, which asks Postern`, () => {
    const visitor = new Visitor()
    const seen: IncomingMessage[] = []
    let here: Fronted

    beforeAll(async () => {
      here = await startFronted(kind, 'node')
      here.game.answer = (request, response) => {
        seen.push(request)
        request.resume()
        request.on('end', () => {
          response.setHeader('set-cookie', 'game=1; Path=/')
          response.end(JSON.stringify({ url: request.url, method: request.method, headers: request.rawHeaders }))
        })
      }
      await visitor.signIn(here.origin, 'google', 'ada@players.example', '/play/first?a=b')
    }, 90_000)
    afterAll(() => here?.stop(), 30_000)

    const url = (path: string) => `${here.origin}${path}`
    const arrived = (name: string) => {
      const pairs = seen.at(-1)?.rawHeaders ?? []
      return pairs.filter((_, i) => i % 2 === 1 && pairs[i - 1]?.toLowerCase() === name)
    }

    test('a sign-in through the proxy returned to where it began, as the person who signed in', () => {
      expect(visitor.steps.at(-1)).toMatchObject({ url: url('/play/first?a=b'), status: 200 })
      expect(arrived('postern-name')).toEqual(['Ada%20Lindgren'].map(decodeURIComponent))
      expect(arrived('postern-user')[0]).toMatch(/^[0-9a-f-]{36}$/)
      expect(arrived('postern-assertion')[0]?.split('.')).toHaveLength(3)
    })

    test('the game gets the request as it was sent, its cookies without ours', async () => {
      const cookie = `theme=dark; ${visitor.cookie(here.origin)}; last=1`
      const answer = await ask(url('/play/x%20y?q=%zz&r=/../'), {
        method: 'POST',
        body: 'move=3',
        headers: { ...PROGRAM, cookie, origin: here.origin, 'content-type': 'text/plain' },
      })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('set-cookie')).toBe('game=1; Path=/')
      expect(await answer.json()).toMatchObject({ url: '/play/x%20y?q=%zz&r=/../', method: 'POST' })
      expect(arrived('cookie').join()).not.toContain('__Host-')
      expect(arrived('cookie').join()).toContain('theme=dark')
      expect(arrived('x-forwarded-for')).toEqual(['127.0.0.1'])
    })

    test('a page visit without a session goes to sign-in and will come back', async () => {
      const answer = await ask(url('/play/1?x=1'), { headers: VISIT })
      expect(answer.status).toBe(302)
      expect(answer.headers.get('location')).toBe(`${here.origin}/auth/sign-in?return_to=%2Fplay%2F1%3Fx%3D1`)
    })

    test('a program gets the problem it would get from the full proxy', async () => {
      const told = async (path: string, init: RequestInit = {}) => {
        const answer = await visitor.send(url(path), { ...init, headers: { ...PROGRAM, ...init.headers } })
        const body = (await answer.json()) as { readonly code: string }
        return [answer.status, body.code, answer.headers.get('content-type')]
      }
      const problem = 'application/problem+json'
      expect(await told('/rule/x')).toEqual([403, 'permission_denied', problem])
      expect(await told('/played/x')).toEqual([409, 'character_required', problem])
      expect(await told('/nowhere')).toEqual([403, 'no_rule', problem])
      expect(await told('/room/x', { method: 'DELETE' })).toEqual([405, 'method_not_allowed', problem])
      const anonymous = await ask(url('/play/1'), { headers: PROGRAM })
      expect(anonymous.status).toBe(401)
      expect(anonymous.headers.get('www-authenticate')).toContain('Bearer')
      expect(await anonymous.json()).toMatchObject({ code: 'session_required' })
    })

    test('a page visit that may not gets the page', async () => {
      const answer = await visitor.send(url('/rule/x'), { headers: VISIT })
      expect(answer.status).toBe(403)
      expect(answer.headers.get('content-type')).toContain('text/html')
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    })

    test('an unsafe method without a session is never redirected', async () => {
      const answer = await ask(url('/play/1'), {
        method: 'POST',
        body: 'a=1',
        headers: { ...VISIT, origin: here.origin },
      })
      expect(answer.status).toBe(401)
    })

    test('a rate limit is 429 with Retry-After', async () => {
      const statuses: number[] = []
      for (let i = 0; i < 3; i++) statuses.push((await ask(url('/scarce'), { headers: PROGRAM })).status)
      expect(statuses).toEqual([200, 200, 429])
      const answer = await ask(url('/scarce'), { headers: PROGRAM })
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    })

    test('nobody has a name: nothing of a person arrives on a public route', async () => {
      expect((await ask(url('/open/x'), { headers: PROGRAM })).status).toBe(200)
      const names = (seen.at(-1)?.rawHeaders ?? []).filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
      expect(names.filter((name) => name.startsWith('postern-'))).toEqual(['postern-assertion'])
      expect(names).not.toContain('cookie')
      expect(names).not.toContain('authorization')
    })

    test('no header of the spoof corpus arrives on a public route', async () => {
      seen.length = 0
      const host = `Host: localhost:${here.port}`
      const statuses = new Map<number, number>()
      for (const name of SPOOFED_NAMES) {
        const status = statusOf(await raw(here.port, ['GET /open/x HTTP/1.1', host, `${name}: ${FORGED}`]))
        statuses.set(status, 1 + (statuses.get(status) ?? 0))
      }
      expect([...statuses.keys()].sort()).toEqual([200, 400])
      expect(Math.min(...statuses.values())).toBeGreaterThan(25)
      expect(seen.length).toBe(statuses.get(200))
      expect(seen.flatMap(({ rawHeaders }) => rawHeaders.filter((value) => value.includes(FORGED)))).toEqual([])
    }, 120_000)

    test('a forged original address chooses no other rule (GHSA-7x63-xv5r-3p2x)', async () => {
      const forged = {
        'x-original-uri': '/open/x',
        'x-forwarded-uri': '/open/x',
        'x-original-method': 'GET',
        'x-forwarded-method': 'GET',
        'x-original-url': 'http://localhost/open/x',
        'x-rewrite-url': '/open/x',
      }
      for (const [name, value] of Object.entries(forged)) {
        const before = seen.length
        const answer = await ask(url('/play/1'), { headers: { ...PROGRAM, [name]: value } })
        expect([name, [400, 401]]).toEqual([name, expect.arrayContaining([answer.status])])
        expect(seen.length).toBe(before)
      }
    })

    test('the decision endpoint is 404 from the outside, in every spelling, with any header', async () => {
      const forged = {
        'x-original-uri': '/open/x',
        'x-forwarded-uri': '/open/x',
        'x-original-method': 'GET',
        'x-forwarded-method': 'GET',
        'x-forwarded-host': `localhost:${here.port}`,
        'postern-proxy-secret': PROXY_SECRETS[kind],
      }
      const spellings = ['/auth/verify', '/auth/verify?x', '/auth/verify/answer', '/auth/verify/', '/auth/%76erify']
      for (const spelling of [...spellings, '/auth/x/../verify', '/%61uth/verify/open/x']) {
        const lines = Object.entries(forged).map(([name, value]) => `${name}: ${value}`)
        const answer = await raw(here.port, [`GET ${spelling} HTTP/1.1`, `Host: localhost:${here.port}`, ...lines])
        expect([spelling, [400, 401, 404]]).toEqual([spelling, expect.arrayContaining([statusOf(answer)])])
        expect(answer.toLowerCase()).not.toContain('postern-assertion')
      }
    })

    test('a path that folding would change is refused and never arrives', async () => {
      const paths = ['/open/%61', '/open/%2e%2e/rule/x', '/open//x', '/open/../rule/x', '/open/a%2fb', '/open/x;y']
      for (const path of [...paths, '/open/%252e', '/open/%c3%a4', '/open/./x', '//open/x', '/open\\x']) {
        const before = seen.length
        const answer = await raw(here.port, [`GET ${path} HTTP/1.1`, `Host: localhost:${here.port}`])
        expect([path, [400, 401, 404]]).toEqual([path, expect.arrayContaining([statusOf(answer)])])
        expect([path, seen.length]).toEqual([path, before])
      }
    })

    test('a large session cookie beside large own ones still fits', async () => {
      const cookie = `${visitor.cookie(here.origin)}; big=${'b'.repeat(8000)}`
      const answer = await ask(url('/play/1'), { headers: { ...PROGRAM, cookie } })
      expect(answer.status).toBe(200)
      expect(arrived('cookie').join()).toContain(`big=${'b'.repeat(8000)}`)
    })

    test('a socket opens with identity, carries messages, and closes with its code', async () => {
      const cookie = visitor.cookie(here.origin) ?? ''
      const socket = new WebSocket(`${url('/room/1').replace('http', 'ws')}`, ['a', 'b'], {
        origin: here.origin,
        headers: { cookie },
      })
      await new Promise((resolve, reject) => {
        socket.once('open', resolve)
        socket.once('error', reject)
      })
      expect(socket.protocol).toBe('b')
      const { headers } = here.game.upgrades.at(-1) ?? {}
      expect(headers?.['postern-name']).toBe('Ada Lindgren')
      expect(headers?.cookie ?? '').not.toContain('__Host-postern')
      const echo = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))))
      socket.send('hello')
      expect(await echo).toBe('hello')
      const closed = new Promise((resolve) => socket.once('close', (code, reason) => resolve([code, String(reason)])))
      socket.send('close:4000:enough')
      expect(await closed).toEqual([4000, 'enough'])
    })

    test('a socket of nobody, or from another site, does not open', async () => {
      const attempt = (origin: string, cookie: string | null) =>
        new Promise<number>((resolve) => {
          const headers = cookie === null ? {} : { cookie }
          const socket = new WebSocket(url('/room/1').replace('http', 'ws'), { origin, headers })
          socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
          socket.once('open', () => resolve(101))
          socket.on('error', () => undefined)
        })
      const before = here.game.upgrades.length
      expect(await attempt(here.origin, null)).toBe(401)
      expect(await attempt('https://evil.example', visitor.cookie(here.origin))).toBe(403)
      expect(here.game.upgrades.length).toBe(before)
    })

    test('signing out through the proxy ends it', async () => {
      const answer = await visitor.send(url('/auth/sign-out'), {
        method: 'POST',
        body: new URLSearchParams(),
        headers: { origin: here.origin, 'sec-fetch-site': 'same-origin', accept: 'text/html' },
      })
      expect(answer.status).toBe(303)
      expect((await visitor.send(url('/play/1'), { headers: PROGRAM })).status).toBe(401)
    })

    test('a proxy with a wrong secret, or without Postern, lets nobody through', async () => {
      const before = seen.length
      await here.postern.stop()
      for (const path of ['/open/x', '/play/x']) {
        const answer = await ask(url(path), { headers: PROGRAM })
        expect([502, 503]).toContain(answer.status)
      }
      expect(seen.length).toBe(before)
    }, 30_000)
  })
}
