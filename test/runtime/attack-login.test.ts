import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, startDemo } from '../support/demo.ts'
import { formsOf } from '../support/forms.ts'
import { ask } from '../support/http.ts'
import { Visitor } from '../support/visitor.ts'

const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const PROGRAM = { accept: 'application/json' }
const HOSTILE = [
  'https://evil.test/',
  '//evil.test/',
  '/\\evil.test/',
  '/%5Cevil.test',
  '/\t/evil.test',
  '/x\r\nSet-Cookie: a=b',
  'javascript:alert(1)',
  'https://evil.test\\@localhost/',
  '/./%2e%2e//evil.test',
  '/auth/sign-out',
  '/%61uth/start/google',
  '',
]

for (const runtime of ['node', 'deno', 'workers']) {
  describe(`sign-in under attack on ${runtime}`, () => {
    let demo: Demo
    const url = (path: string) => `${demo.gateway}${path}`

    beforeAll(async () => {
      demo = await startDemo({ environment: { DEMO_RUNTIME: runtime } })
    }, 90_000)
    afterAll(() => demo?.stop(), 30_000)

    /** A visitor who has come back from the provider as far as the callback, which is not asked yet. */
    async function atCallback(provider: string, label: string) {
      const visitor = new Visitor()
      const started = await visitor.send(url(`/auth/start/${provider}?return_to=/play`), { headers: PAGE })
      let here = started.headers.get('location') ?? ''
      const page = await visitor.send(here, { headers: PAGE })
      const form = formsOf(await page.text()).find(({ html }) => html.includes(label))
      if (form === undefined) throw new Error(`no form with ${label}`)
      here = new URL(form.action, here).href
      const answered = await visitor.send(here, { method: 'POST', body: form.fields, headers: PAGE })
      return { visitor, callback: answered.headers.get('location') ?? '' }
    }

    const sessions = (answer: Response) =>
      answer.headers.getSetCookie().filter((line) => /^__Host-postern[^;]*=./.test(line))

    test('twenty callbacks at once make one session (better-auth GHSA-7w99-5wm4-3g79)', async () => {
      const { visitor, callback } = await atCallback('google', 'ada@players.example')
      const cookie = visitor.cookie(demo.gateway) ?? ''
      const headers = { ...PAGE, cookie }
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(callback, { headers })))
      expect(answers.flatMap(sessions)).toHaveLength(1)
      expect(answers.filter(({ status }) => status >= 500)).toEqual([])
      const again = await ask(callback, { headers })
      expect([again.status, sessions(again)]).toEqual([400, []])
    })

    test("one provider's answer is not another's (next-auth CVE-2026-73419)", async () => {
      const { visitor, callback } = await atCallback('google', 'ada@players.example')
      const mixed = callback.replace('/callback/google', '/callback/github')
      const answer = await visitor.send(mixed, { headers: PAGE })
      expect([answer.status, sessions(answer)]).toEqual([400, []])
      expect((await visitor.send(callback, { headers: PAGE })).status).toBe(303)
    })

    test.each(['state', 'code', 'iss', 'error'])(
      '%s sent twice is refused (mod_auth_openidc 2026-08-12)',
      async (name) => {
        const { visitor, callback } = await atCallback('google', 'ada@players.example')
        const value = new URL(callback).searchParams.get(name) ?? 'x'
        const twice = `${callback}&${name}=${encodeURIComponent(value)}&${name}=${encodeURIComponent(value)}`
        const answer = await visitor.send(twice, { headers: PAGE })
        expect([answer.status, sessions(answer)]).toEqual([400, []])
      },
    )

    test('an error of the provider is a page, wins over a code and starts nothing (vouch-proxy, row 138)', async () => {
      const { visitor, callback } = await atCallback('google', 'ada@players.example')
      const answer = await visitor.send(`${callback}&error=access_denied`, { headers: PAGE })
      expect(answer.status).toBe(403)
      expect(answer.headers.get('location')).toBeNull()
      expect(sessions(answer)).toEqual([])
    })

    test('a cookie of before is not the cookie of after (ZITADEL CVE-2024-28197)', async () => {
      const visitor = new Visitor()
      await visitor.signIn(demo.gateway, 'google', 'ada@players.example')
      const before = visitor.cookie(demo.gateway)
      await visitor.signIn(demo.gateway, 'google', 'sol@players.example')
      expect(visitor.cookie(demo.gateway)).not.toBe(before)
      const old = await ask(url('/auth/session'), { headers: { ...PROGRAM, cookie: before ?? '' } })
      expect(old.status).toBe(401)
    })

    test('the cookie of an attempt is nobody in the place of a session (next-auth CVE-2023-48309)', async () => {
      const { visitor } = await atCallback('google', 'ada@players.example')
      const [, value = ''] = /__Host-pt[^=]*=([^;]+)/.exec(visitor.cookie(demo.gateway) ?? '') ?? []
      const { port } = new URL(demo.gateway)
      const answer = await ask(url('/players'), { headers: { ...PROGRAM, cookie: `__Host-postern-${port}=${value}` } })
      expect(answer.status).toBe(401)
    })

    test.each(HOSTILE)(
      'return_to %j goes nowhere else (CVE-2020-5233, CVE-2020-11053, CVE-2024-56734)',
      async (wish) => {
        const query = new URLSearchParams({ return_to: wish })
        for (const path of ['/auth/sign-in', '/auth/start/google']) {
          const answer = await ask(url(`${path}?${query}`), { headers: PAGE })
          expect([path, answer.status, answer.headers.get('location')]).toEqual([path, 400, null])
        }
        const guest = await ask(url('/auth/guest'), {
          method: 'POST',
          body: query,
          headers: { ...PAGE, origin: demo.gateway },
        })
        expect([guest.status, guest.headers.getSetCookie()]).toEqual([400, []])
      },
    )

    test('no header of a request chooses where the provider sends people (ZITADEL CVE-2025-64101)', async () => {
      const headers = {
        ...PAGE,
        forwarded: 'host=evil.test;proto=https',
        'x-forwarded-host': 'evil.test',
        'x-forwarded-proto': 'javascript',
        'x-forwarded-prefix': '//evil.test',
        'x-original-url': '/evil',
        'x-http-method-override': 'DELETE',
      }
      const path = '/auth/start/google?scope=x&redirect_uri=https://evil.test&client_id=evil&prompt=none'
      const answer = await ask(url(path), { headers })
      expect(answer.headers.get('location')).not.toContain('evil')
      expect(new URL(answer.headers.get('location') ?? '').searchParams.getAll('redirect_uri')).toEqual([
        url('/auth/callback/google'),
      ])
    })

    test.each([
      ['/auth/sign-out', 403],
      ['/auth/sign-out/everywhere', 403],
      ['/auth/guest', 403],
      ['/auth/session/touch', 403],
      ['/auth/start/google', 403],
    ])('another site cannot post to %s, whatever the body is called (Hono CVE-2024-48913)', async (path, status) => {
      const visitor = new Visitor()
      await visitor.signIn(demo.gateway, 'google', 'ada@players.example')
      const cookie = visitor.cookie(demo.gateway) ?? ''
      const sites: readonly Record<string, string>[] = [
        { origin: 'https://evil.test' },
        { origin: 'null' },
        { origin: 'null', 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { origin: `${demo.gateway}.evil.test` },
        { origin: demo.gateway.toUpperCase() },
      ]
      for (const site of sites) {
        const answer = await ask(url(path), { method: 'POST', headers: { accept: 'text/html', cookie, ...site } })
        expect([site, answer.status, answer.headers.getSetCookie()]).toEqual([site, status, []])
      }
      for (const method of ['GET', 'OPTIONS', 'PUT', 'DELETE'].slice(path.includes('start') ? 1 : 0)) {
        await ask(url(path), { method, headers: { ...PROGRAM, cookie, 'x-http-method-override': 'POST' } })
      }
      const still = await ask(url('/auth/session'), { headers: { ...PROGRAM, cookie } })
      expect(still.status).toBe(200)
    })

    test.each(['https://evil.test', 'null', null])(
      'a socket from %s is refused (cross-site WebSocket hijacking)',
      async (origin) => {
        const visitor = new Visitor()
        await visitor.signIn(demo.gateway, 'google', 'ada@players.example')
        const { host, port } = new URL(demo.gateway)
        const lines = [
          'GET /process1/room1 HTTP/1.1',
          `Host: ${host}`,
          `Cookie: ${visitor.cookie(demo.gateway)}`,
          ...(origin === null ? [] : [`Origin: ${origin}`]),
          'Upgrade: websocket',
          'Connection: Upgrade',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
          '',
          '',
        ]
        const first = await new Promise<string>((resolve, reject) => {
          const socket = connect(Number(port), '127.0.0.1', () => socket.write(lines.join('\r\n')))
          socket.once('error', reject)
          socket.once('data', (chunk) => {
            socket.destroy()
            resolve(chunk.toString('latin1'))
          })
        })
        expect(first).toMatch(/^HTTP\/1\.1 403/)
      },
    )

    test('odd names are only names (Hono GHSA-v8w9-8mx6-g223)', async () => {
      const cookie = '__proto__=a; constructor=b; __Host-postern=c; =d; ;;; "'
      for (const path of [
        '/players?__proto__[x]=1&constructor=2',
        '/auth/can?GET=/play&__proto__=/x',
        '/__proto__/x',
      ]) {
        const answer = await ask(url(path), { headers: { ...PROGRAM, cookie } })
        expect(answer.status).toBeLessThan(500)
      }
    })

    test('what we answer is not kept by caches (security.md class "cache poisoning and deception")', async () => {
      for (const path of [
        '/players',
        '/players.css',
        '/a/b/c',
        '/auth/session',
        '/auth/sign-in',
        '/auth/x',
        '/players//',
      ]) {
        for (const headers of [PAGE, PROGRAM]) {
          const answer = await ask(url(path), { headers })
          expect([path, answer.headers.get('cache-control')]).toEqual([path, 'no-store'])
        }
      }
    })
  })
}
