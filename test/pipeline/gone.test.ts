import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Workbench, workbench } from '../support/gateway.ts'

const TEXT = 'Sign in at /auth/sign-in, then choose <a character>.'
const POLICIES = {
  'a.yaml': `
users: { defaultRole: player }
roles: { player: { level: 0, permissions: [] } }
upstream: game
rules:
  - path: /login-direct
    access: deny
    denyStatus: 410
    denyText: "${TEXT}"
`,
}

let bench: Workbench
beforeAll(async () => {
  bench = await workbench(POLICIES)
})
afterAll(() => bench.close())

test('C1: what is gone is 410 with directions, for programs and whoever is signed in, and no upstream is asked', async () => {
  const { cookie } = await bench.signedIn(['player'])
  for (const more of [{}, { cookie, origin: 'https://play.example.com' }]) {
    const headers = { accept: 'application/json', 'content-type': 'application/json', ...more }
    const answer = await bench.request('/login-direct', { method: 'POST', body: '{"world":"north"}', headers })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([410, 'application/problem+json'])
    expect(await answer.json()).toMatchObject({ status: 410, code: 'gone', number: 'PST123', detail: TEXT })
  }
  expect(bench.sent).toEqual([])
  const outcomes = bench.observed.flatMap((one) => (one.kind === 'request' ? [one.outcome] : []))
  expect(outcomes).toEqual(['refuse:gone', 'refuse:gone'])
})

test('C1: a page visit reads them on a page of its own, as text', async () => {
  const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const answer = await bench.request('/login-direct', { headers })
  const page = await answer.text()
  expect([answer.status, answer.headers.get('content-type')]).toEqual([410, 'text/html; charset=utf-8'])
  expect(page).toContain('<h1')
  expect(page).toContain('then choose &lt;a character&gt;.')
  expect(page).not.toContain('<a character>')
})
