import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Workbench, workbench } from '../support/gateway.ts'

const POLICIES = {
  'a.yaml': `
users: { defaultRole: player }
roles: { player: { level: 0, permissions: [] } }
upstream: game
rules:
  - { path: /shut, access: deny }
  - { path: /hidden, access: deny, denyStatus: 404 }
  - { path: /old, access: deny, denyStatus: 410, denyText: Elsewhere. }
  - { path: /open }
`,
}

let bench: Workbench
beforeAll(async () => {
  bench = await workbench(POLICIES)
})
afterAll(() => bench.close())

const BAD = `pst_abcdefghij_${'A'.repeat(43)}`
const CREDENTIALS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['nobody', {}],
  ['a bad API token', { authorization: `Bearer ${BAD}` }],
  ['a bad API token in its own header', { 'x-api-token': BAD }],
  ['two tokens in one header', { authorization: `Bearer ${BAD}, ${BAD}` }],
  ['a bad cookie', { cookie: '__Host-postern=abcdefghij.x.y' }],
]

test.each(CREDENTIALS)('a deny rule answers %s as everybody', async (_, headers) => {
  const asked = { headers: { accept: 'application/json', ...headers } }
  const statuses = ['/shut', '/hidden', '/old'].map(async (path) => (await bench.request(path, asked)).status)
  expect(await Promise.all(statuses)).toEqual([403, 404, 410])
})

test('a deny rule answers an access token that is over as everybody, and the record names whoever is signed in', async () => {
  const { accessToken, cookie, user } = await bench.signedIn(['player'])
  const over = `${accessToken.slice(0, -3)}AAA`
  for (const token of [accessToken, over]) {
    const headers = { accept: 'application/json', authorization: `Bearer ${token}` }
    expect((await bench.request('/shut', { headers })).status).toBe(403)
  }
  expect((await bench.request('/open', { headers: { authorization: `Bearer ${over}` } })).status).toBe(401)
  bench.observed.length = 0
  await bench.request('/shut', { headers: { cookie } })
  expect(bench.observed).toContainEqual(expect.objectContaining({ kind: 'request', userId: user.id, status: 403 }))
})
