import { createEmulator } from 'emulate'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { discord } from '../../deploy/demo/discord.ts'
import { peopleAt } from '../../deploy/demo/people.ts'
import { freePorts } from '../support/ports.ts'
import { authorizationOf, carriedBack, pkce, press, redeem, type Walk } from './walk.ts'

const CLIENT = { client_id: '118', client_secret: 'a secret' }
const REDIRECT = 'http://localhost:8787/auth/callback/discord'
const FORM = { ...CLIENT, redirect_uri: REDIRECT }

let base: string
let running: { reset(): Promise<void>; close(): Promise<void> }

beforeAll(async () => {
  const port = await freePorts(1)
  base = `http://127.0.0.1:${port}`
  const settings = {
    clientId: CLIENT.client_id,
    clientSecret: CLIENT.client_secret,
    redirectUri: REDIRECT,
    people: peopleAt('discord'),
  }
  running = await createEmulator({ service: discord(settings), port, baseUrl: base, hostname: '127.0.0.1' })
})
beforeEach(() => running.reset())
afterAll(() => running.close())

function walk(extra: Readonly<Record<string, string>> = {}, scope = 'identify email'): Walk {
  return { base, authorize: '/oauth2/authorize', clientId: CLIENT.client_id, redirectUri: REDIRECT, scope, extra }
}

async function codeFor(extra: Readonly<Record<string, string>> = {}, scope?: string): Promise<string> {
  return carriedBack(await press(walk(extra, scope), 'gruni')).get('code') ?? ''
}

const tokenUrl = (): string => `${base}/api/oauth2/token`

async function tokenFor(scope?: string): Promise<string> {
  const response = await redeem(tokenUrl(), { ...FORM, code: await codeFor({}, scope) })
  return ((await response.json()) as { access_token: string }).access_token
}

function read(path: string, token: string): Promise<Response> {
  return fetch(`${base}${path}`, { headers: { authorization: `Bearer ${token}` } })
}

describe('authorize', () => {
  const open = (change: Readonly<Record<string, string>>): Promise<Response> => {
    const query = authorizationOf(walk())
    for (const [name, value] of Object.entries(change)) query.set(name, value)
    return fetch(`${base}/oauth2/authorize?${query}`, { redirect: 'manual' })
  }

  test('an unknown client is a page, never a redirect', async () => {
    expect((await open({ client_id: '119' })).status).toBe(400)
  })

  test('an unregistered redirect URI is a page, never a redirect', async () => {
    expect((await open({ redirect_uri: `${REDIRECT}/more` })).status).toBe(400)
  })

  test('a plain challenge is refused', async () => {
    const back = carriedBack(await open({ code_challenge: 'x'.repeat(43), code_challenge_method: 'plain' }))
    expect(back.get('error')).toBe('invalid_request')
  })

  test('what the request says is shown as text', async () => {
    const page = await (await open({ state: '"><script>alert(1)</script>' })).text()
    expect(page).not.toContain('<script>')
  })

  test('Cancel comes back as access_denied with the state', async () => {
    const back = carriedBack(await press(walk(), 'Cancel'))
    expect([back.get('error'), back.get('state'), back.get('code')]).toEqual(['access_denied', 'the-state', null])
  })

  test('a choice that is not on the page is refused', async () => {
    const body = authorizationOf(walk())
    body.set('choice', '1')
    const response = await fetch(`${base}/oauth2/authorize`, { method: 'POST', body, redirect: 'manual' })
    expect(response.status).toBe(400)
  })
})

describe('token', () => {
  test('a code buys a bearer token for the scope that was asked for', async () => {
    const response = await redeem(tokenUrl(), { ...FORM, code: await codeFor() })
    expect(await response.json()).toMatchObject({ token_type: 'Bearer', expires_in: 604_800, scope: 'identify email' })
  })

  test('client authentication may be in the header', async () => {
    const authorization = `Basic ${Buffer.from('118:a%20secret').toString('base64')}`
    const response = await redeem(tokenUrl(), { redirect_uri: REDIRECT, code: await codeFor() }, { authorization })
    expect(response.status).toBe(200)
  })

  test('a wrong secret is invalid_client', async () => {
    const response = await redeem(tokenUrl(), { ...FORM, client_secret: 'another', code: await codeFor() })
    expect([response.status, await response.json()]).toEqual([401, { error: 'invalid_client' }])
  })

  test('a code is good once', async () => {
    const code = await codeFor()
    await redeem(tokenUrl(), { ...FORM, code })
    const again = await redeem(tokenUrl(), { ...FORM, code })
    expect(await again.json()).toEqual({ error: 'invalid_grant', error_description: 'Invalid "code" in request.' })
  })

  test('of two that redeem a code at once exactly one gets a token', async () => {
    const code = await codeFor()
    const both = await Promise.all([redeem(tokenUrl(), { ...FORM, code }), redeem(tokenUrl(), { ...FORM, code })])
    expect(both.map((response) => response.status).sort()).toEqual([200, 400])
  })

  test('another redirect URI is refused', async () => {
    const response = await redeem(tokenUrl(), { ...FORM, redirect_uri: `${REDIRECT}/`, code: await codeFor() })
    expect(await response.json()).toMatchObject({ error_description: 'Invalid "redirect_uri" in request.' })
  })

  test('a sent challenge needs its verifier', async () => {
    const { verifier, challenge } = pkce()
    const extra = { code_challenge: challenge, code_challenge_method: 'S256' }
    const without = await redeem(tokenUrl(), { ...FORM, code: await codeFor(extra) })
    const wrong = await redeem(tokenUrl(), { ...FORM, code: await codeFor(extra), code_verifier: pkce().verifier })
    const right = await redeem(tokenUrl(), { ...FORM, code: await codeFor(extra), code_verifier: verifier })
    expect([without.status, wrong.status, right.status]).toEqual([400, 400, 200])
  })

  test('a verifier without a challenge is a downgrade and refused', async () => {
    const response = await redeem(tokenUrl(), { ...FORM, code: await codeFor(), code_verifier: pkce().verifier })
    expect(response.status).toBe(400)
  })

  test('a JSON body is refused', async () => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(tokenUrl(), {
      method: 'POST',
      headers,
      body: JSON.stringify({ ...FORM, code: await codeFor() }),
    })
    expect(response.status).toBe(400)
  })
})

describe('users/@me', () => {
  test('names the person; the address only with the scope email', async () => {
    const full = (await (await read('/api/v10/users/@me', await tokenFor())).json()) as Record<string, unknown>
    const bare = (await (await read('/api/v10/users/@me', await tokenFor('identify'))).json()) as Record<
      string,
      unknown
    >
    expect(full).toMatchObject({
      id: '175928847299117063',
      username: 'gruni',
      global_name: 'Grünhild Söderberg',
      email: 'gruni@players.example',
      verified: true,
    })
    expect([bare['id'], 'email' in bare]).toEqual(['175928847299117063', false])
  })

  test('guilds need their scope', async () => {
    const allowed = await read('/api/v10/users/@me/guilds', await tokenFor('identify guilds'))
    const refused = await read('/api/v10/users/@me/guilds', await tokenFor())
    expect([allowed.status, refused.status]).toEqual([200, 401])
  })

  test('an unknown token gets the error of Discord', async () => {
    const response = await read('/api/v10/users/@me', 'unknown')
    expect([response.status, await response.json()]).toEqual([401, { message: '401: Unauthorized', code: 0 }])
  })

  test('a revoked token is unknown', async () => {
    const token = await tokenFor()
    await fetch(`${tokenUrl()}/revoke`, { method: 'POST', body: new URLSearchParams({ ...CLIENT, token }) })
    expect((await read('/api/v10/users/@me', token)).status).toBe(401)
  })
})

describe('trouble', () => {
  const make = (query: string): Promise<Response> => fetch(`${base}/_demo/trouble?${query}`, { method: 'POST' })

  test('html-429 answers HTML with Retry-After, as often as asked', async () => {
    await make('kind=html-429&times=1&retry_after=9')
    const first = await redeem(tokenUrl(), FORM)
    const second = await redeem(tokenUrl(), FORM)
    expect([first.status, first.headers.get('retry-after'), first.headers.get('content-type')]).toEqual([
      429,
      '9',
      'text/html; charset=utf-8',
    ])
    expect(second.status).toBe(400)
  })

  test('error-500 answers 500', async () => {
    await make('kind=error-500')
    expect((await read('/api/v10/users/@me', 'any')).status).toBe(500)
  })

  test('hang does not answer', async () => {
    await make('kind=hang')
    const request = fetch(tokenUrl(), { method: 'POST', signal: AbortSignal.timeout(300) })
    await expect(request).rejects.toThrow(/timeout/)
  })

  test('an unknown kind is refused', async () => {
    expect((await make('kind=flood')).status).toBe(400)
  })
})
