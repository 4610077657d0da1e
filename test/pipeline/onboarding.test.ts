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
  - path: /play/*
    methods: [GET, POST]
    onboarding: { attribute: registered, page: /welcome }
  - path: /raid
    onboarding: { attribute: registered, page: '/welcome?step=2#form' }
  - path: /welcome
  - path: /rare
    permission: players.edit
`,
}
const VISIT = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

let bench: Workbench
let cookie: string
beforeEach(async () => {
  bench = await workbench(POLICIES, { attributes: { registered: { type: 'boolean' } } })
  cookie = (await bench.signedIn(['player'])).cookie
})
afterEach(() => bench.close())

/** Marks the player as registered. */
async function register(): Promise<void> {
  const [user] = (await bench.store.directory.search('', { after: null, limit: 1 })).items
  if (user === undefined) throw new Error('no user')
  const at = bench.gateway.runtime.now()
  const who = { at, actor: 'system', subject: user.id, requestId: 'r', policy: '', detail: {} } as const
  await bench.store.directory.setAttributes(user, { registered: true }, { ...who, event: 'attributes-changed' })
  bench.gateway.sessions.drop(user.tag)
}

test('a visit goes to the page that is missing, with the way back, and the game sees nothing of it', async () => {
  const answer = await bench.request('/play/7?room=a%20b', { headers: { ...VISIT, cookie } })
  expect(answer.status).toBe(302)
  expect(answer.headers.get('location')).toBe(`/welcome?return_to=${encodeURIComponent('/play/7?room=a%20b')}`)
  expect(bench.sent).toEqual([])
})

test('a page with a query of its own keeps it, and its place', async () => {
  const answer = await bench.request('/raid?room=7', { headers: { ...VISIT, cookie } })
  expect(answer.headers.get('location')).toBe('/welcome?step=2&return_to=%2Fraid%3Froom%3D7#form')
})

test('a program gets 403 onboarding_required with the page', async () => {
  const answer = await bench.request('/play/7', { headers: { accept: 'application/json', cookie } })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([403, 'application/problem+json'])
  expect(await answer.json()).toMatchObject({ code: 'onboarding_required', page: '/welcome' })
})

test('a form gets a page with 403, and is not redirected with what it carries', async () => {
  const headers = { ...VISIT, cookie, origin: ORIGIN, 'sec-fetch-site': 'same-origin' }
  const answer = await bench.request('/play/7', { method: 'POST', headers, body: new URLSearchParams({ move: 'e4' }) })
  expect([answer.status, answer.headers.get('location')]).toEqual([403, null])
  const page = await answer.text()
  expect(page).toContain('One more step')
  expect(page).toMatch(/<a [^>]*href="\/welcome"/)
})

test('whoever is registered passes, and the page itself is open to whoever is not', async () => {
  expect((await bench.request('/welcome', { headers: { ...VISIT, cookie } })).status).toBe(200)
  await register()
  expect((await bench.request('/play/7', { headers: { ...VISIT, cookie } })).status).toBe(200)
})

test('the page of a missing permission names it, as the problem document does (S30)', async () => {
  const page = await bench.request('/rare', { headers: { ...VISIT, cookie } })
  expect(page.status).toBe(403)
  expect(await page.text()).toContain('Missing permission: <code><bdi>players.edit</bdi></code>')
})
