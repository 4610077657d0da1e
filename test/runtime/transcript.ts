import { connect } from 'node:net'
import { beforeAll, expect, test } from 'vitest'
import { ask } from '../support/http.ts'
import { Visitor } from '../support/visitor.ts'

/** Where a running deployment of the demo is. */
export interface Place {
  readonly gateway: string
}

const NAVIGATE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
const PROGRAM = { accept: 'application/json' }

interface WhoAmI {
  readonly headers: readonly (readonly [string, string])[]
  readonly [name: string]: unknown
}

function headerOf(who: WhoAmI, name: string): readonly string[] {
  return who.headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n')
  if (end === -1) return false
  const length = /^content-length: *(\d+)/im.exec(answer.slice(0, end))?.[1]
  return length === undefined ? answer.endsWith('0\r\n\r\n') : answer.length - end - 4 >= Number(length)
}

/** One raw HTTP/1.1 request, byte for byte. */
export function raw(gateway: string, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(gateway)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname)
    let answer = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      answer += chunk
      if (isWhole(answer)) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  })
}

/** The black-box transcript of the main job: the same on every runtime. */
export function transcript(place: () => Place): void {
  const padawan = new Visitor()
  const admin = new Visitor()
  const url = (path: string) => `${place().gateway}${path}`

  beforeAll(async () => {
    await padawan.signIn(place().gateway, 'google', 'ada@players.example')
    await admin.signIn(place().gateway, 'google', 'sol@players.example')
  })

  test('a page visit without a session is sent to sign-in and will come back', async () => {
    const answer = await ask(url('/players?page=2'), { headers: NAVIGATE })
    expect(answer.status).toBe(302)
    expect(answer.headers.get('location')).toBe('/auth/sign-in?return_to=%2Fplayers%3Fpage%3D2')
  })

  test('a program without a session gets a problem with a code', async () => {
    const answer = await ask(url('/players'), { headers: PROGRAM })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('www-authenticate')).toContain('Bearer')
    expect(await answer.json()).toMatchObject({
      status: 401,
      code: 'session_required',
      detail: expect.stringContaining('Sign in'),
    })
  })

  test('an unsafe method is never redirected', async () => {
    const answer = await ask(url('/players/1'), { method: 'DELETE', headers: NAVIGATE })
    expect(answer.status).toBe(401)
  })

  test('a padawan sees players', async () => {
    const answer = await padawan.send(url('/players'), { headers: PROGRAM })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toHaveProperty('players')
  })

  test('a padawan may not delete one, and is told what is missing', async () => {
    const answer = await padawan.send(url('/players/1'), { method: 'DELETE', headers: PROGRAM })
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({ code: 'permission_denied', missing: ['players.delete'] })
  })

  test('the admin may read reports', async () => {
    const answer = await admin.send(url('/admin/reports'), { headers: PROGRAM })
    expect(answer.status).toBe(200)
  })

  test('a path without a rule is refused, signed in or not', async () => {
    const anonymous = await ask(url('/a/b/c'), { headers: PROGRAM })
    const known = await admin.send(url('/a/b/c'), { headers: PROGRAM })
    expect(anonymous.status).toBe(401)
    expect(known.status).toBe(403)
    expect(await known.json()).toMatchObject({ code: 'no_rule' })
  })

  test('a path whose rule lacks the method is 405 with Allow', async () => {
    const answer = await admin.send(url('/players/7'), { method: 'PUT', headers: PROGRAM })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toContain('GET')
  })

  test('a broken id is refused before anybody is asked to sign in (seeds S29, I1)', async () => {
    const answer = await ask(url('/players/undefined'), { headers: PROGRAM })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ code: 'parameter_malformed', parameter: 'id' })
  })

  test('the upstream knows the caller by signed identity', async () => {
    const answer = await padawan.send(url('/whoami'), { headers: PROGRAM })
    const who = (await answer.json()) as WhoAmI
    expect(headerOf(who, 'postern-name')).toEqual(['Ada Lindgren'])
    expect(headerOf(who, 'postern-roles')).toEqual(['padawan'])
    expect(headerOf(who, 'postern-assertion')).toHaveLength(1)
    expect(JSON.stringify(who)).toContain('verified')
  })

  test("our own cookies never reach the upstream, the game's do", async () => {
    const cookie = `theme=dark; ${padawan.cookie(url('/'))}; lang=en`
    const answer = await ask(url('/whoami'), { headers: { ...PROGRAM, cookie } })
    const who = (await answer.json()) as WhoAmI
    expect(headerOf(who, 'cookie')).toEqual(['theme=dark; lang=en'])
  })

  test('identity headers of a client never arrive, however they are spelt', async () => {
    const { host } = new URL(place().gateway)
    const answer = await raw(place().gateway, [
      'GET /whoami HTTP/1.1',
      `Host: ${host}`,
      `Cookie: ${padawan.cookie(url('/'))}`,
      'Postern-User: forged',
      'postern_user: forged',
      'POSTERN.USER: forged',
      'Postern-Assertion: forged',
      'X-Forwarded-User: forged',
      'X-Forwarded-For: 6.6.6.6',
      'Connection: close, postern-user, postern-assertion',
    ])
    const who = JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as WhoAmI
    expect(JSON.stringify(who)).not.toContain('forged')
    expect(JSON.stringify(who)).not.toContain('6.6.6.6')
    expect(headerOf(who, 'postern-user')).toHaveLength(1)
    expect(headerOf(who, 'postern-assertion')).toHaveLength(1)
  })

  test('redirects of the upstream are passed on, not followed', async () => {
    const answer = await padawan.send(url('/echo/redirect'), { headers: PROGRAM })
    expect(answer.status).toBeGreaterThanOrEqual(301)
    expect(answer.status).toBeLessThan(309)
  })

  test('several cookies of the upstream stay several', async () => {
    const answer = await ask(url('/echo/cookies'), { headers: { ...PROGRAM, cookie: padawan.cookie(url('/')) ?? '' } })
    expect(answer.headers.getSetCookie().length).toBeGreaterThan(1)
  })

  test('the session endpoint says who is there and does not set a cookie', async () => {
    const answer = await padawan.send(url('/auth/session'), { headers: PROGRAM })
    expect(answer.status).toBe(200)
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(await answer.json()).toMatchObject({
      state: 'active',
      primary_role: 'padawan',
      is_admin: false,
      provider: 'google',
    })
  })

  test('can answers yes and no by the same evaluator (seeds A12)', async () => {
    const answer = await padawan.send(url('/auth/can?GET=/players&DELETE=/players/1'), { headers: PROGRAM })
    expect(await answer.json()).toMatchObject({ answers: [{ allowed: true }, { allowed: false }] })
  })

  test('what is below the prefix never reaches an upstream', async () => {
    const answer = await admin.send(url('/auth/nothing-here'), { headers: PROGRAM })
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
  })

  test('a form of another site cannot act with the cookie', async () => {
    const answer = await padawan.send(url('/auth/sign-out'), {
      method: 'POST',
      headers: { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' },
    })
    expect(answer.status).toBe(403)
  })

  test('signing out ends the session everywhere it is used, and deletes only our cookie', async () => {
    const visitor = new Visitor()
    await visitor.signIn(place().gateway, 'google', 'ada@players.example')
    const stolen = visitor.cookie(url('/')) ?? ''
    const answer = await visitor.send(url('/auth/sign-out'), {
      method: 'POST',
      headers: { ...NAVIGATE, origin: place().gateway },
    })
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe('/auth/signed-out?at=google')
    expect(answer.headers.get('clear-site-data')).toBe('"cache"')
    const again = await ask(url('/players'), { headers: { ...PROGRAM, cookie: stolen } })
    expect(again.status).toBe(401)
    expect(await again.json()).toMatchObject({ code: 'session_revoked' })
    expect(again.headers.getSetCookie()).toEqual([])
  })

  test('a callback from another browser signs nobody in (CVE-2017-1000069)', async () => {
    const attacker = new Visitor()
    const started = await attacker.send(url('/auth/start/google'), { headers: NAVIGATE })
    const state = new URL(started.headers.get('location') ?? '').searchParams.get('state')
    const victim = new Visitor()
    const answer = await victim.send(url(`/auth/callback/google?state=${state}&code=stolen`), { headers: NAVIGATE })
    expect(answer.status).toBe(400)
    expect(victim.cookie(url('/'))).toBeNull()
  })

  test('keys are published below the issuer and at the root', async () => {
    const below = await ask(url('/auth/.well-known/jwks.json'))
    const root = await ask(url('/.well-known/jwks.json'))
    expect(await below.json()).toEqual(await root.json())
  })
}
