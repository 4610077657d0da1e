import { afterEach, describe, expect, test } from 'vitest'
import { uuid } from '../../src/login/admit.ts'
import { ORIGIN, type Workbench, workbench } from '../support/gateway.ts'

const POLICIES = {
  'roles.yaml':
    'users: { defaultRole: player, guestRole: guest }\nroles:\n  guest: { level: 0, permissions: [] }\n  player: { level: 1, permissions: [] }\n',
  'game.yaml': 'upstream: game\nrules:\n  - path: /play\n',
}
const VISIT = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const GITHUB = {
  github: {
    clientId: 'client',
    clientSecret: { secret: 'TEST_GITHUB_SECRET' },
    options: {
      authorization: 'https://github.com/login/oauth/authorize',
      token: 'https://github.com/login/oauth/access_token',
      userinfo: 'https://api.github.com/user',
    },
  },
}

let bench: Workbench
afterEach(() => bench.close())

describe('the start of a sign-in', () => {
  test('sends a page visit to the provider with state and PKCE, and binds the attempt to the browser', async () => {
    bench = await workbench(POLICIES, { providers: GITHUB })
    const answer = await bench.request('/auth/start/github?return_to=%2Fplay', { headers: VISIT })
    const to = new URL(answer.headers.get('location') ?? '')
    expect(answer.status).toBe(302)
    expect(to.origin).toBe('https://github.com')
    expect(to.searchParams.get('redirect_uri')).toBe(`${ORIGIN}/auth/callback/github`)
    expect(to.searchParams.get('code_challenge_method')).toBe('S256')
    expect(to.searchParams.get('state')).toMatch(/^[A-Za-z0-9_-]{43}$/)
    const [cookie = ''] = answer.headers.getSetCookie()
    expect(cookie).toMatch(/^__Host-pt-[A-Za-z0-9_-]{8}=[^;]+; Path=\/; Max-Age=600; HttpOnly; Secure; SameSite=Lax$/)
    expect(cookie.split(';')[0]?.length).toBeLessThanOrEqual(60)
  })

  test.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/auth/start/github',
    'javascript:alert(1)',
  ])('is refused with 400 for the destination %s', async (wish) => {
    bench = await workbench(POLICIES, { providers: GITHUB })
    const answer = await bench.request(`/auth/start/github?return_to=${encodeURIComponent(wish)}`, { headers: VISIT })
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  test('is refused to a script: only page visits start one', async () => {
    bench = await workbench(POLICIES, { providers: GITHUB })
    const answer = await bench.request('/auth/start/github', {
      headers: { accept: 'application/json', 'sec-fetch-mode': 'cors' },
    })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ code: 'not_navigation' })
  })

  test('knows no provider that is not configured', async () => {
    bench = await workbench(POLICIES, { providers: GITHUB })
    expect((await bench.request('/auth/start/discord', { headers: VISIT })).status).toBe(404)
  })
})

test('uuid() is a version 4 UUID of its bytes (RFC 9562 section 5.4)', async () => {
  bench = await workbench(POLICIES)
  expect(uuid(new Uint8Array(16))).toBe('00000000-0000-4000-8000-000000000000')
  expect(uuid(new Uint8Array(16).fill(255))).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff')
})
