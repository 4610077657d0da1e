import { afterEach, beforeEach, expect, test } from 'vitest'
import { UpstreamFailed } from '../../src/ports/upstream.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

const POLICIES = {
  'game.yaml': `
upstream: game
users: { defaultRole: player }
permissions: [players.edit]
roles:
  player: { level: 1, permissions: [] }
rules:
  - path: /tools
    permission: players.edit
    origins: [https://tools.example.com]
  - path: /limited
    access: public
    rateLimit: { limit: 1, window: 1m, per: address }
    origins: [https://tools.example.com]
  - path: /plain
  - path: /closed
    permission: players.edit
`,
}
let bench: Workbench
beforeEach(async () => {
  bench = await workbench(POLICIES)
})
afterEach(() => bench.close())

async function grant(path: string, origin: string | null, cookie = ''): Promise<readonly unknown[]> {
  const headers = { cookie, ...(origin === null ? {} : { origin }) }
  const response = await bench.request(path, { headers })
  const names = ['access-control-allow-origin', 'access-control-allow-credentials', 'vary']
  return [response.status, ...names.map((name) => response.headers.get(name))]
}

const TOOLS = 'https://tools.example.com'

test('an origin that a rule lets call can read why it was refused', async () => {
  const { cookie } = await bench.signedIn(['player'])
  expect(await grant('/tools', TOOLS)).toEqual([401, TOOLS, 'true', 'origin'])
  expect(await grant('/tools', TOOLS, cookie)).toEqual([403, TOOLS, 'true', 'origin'])
  await grant('/limited', TOOLS)
  expect(await grant('/limited', TOOLS)).toEqual([429, TOOLS, 'true', 'origin'])
})

test('an origin of the rule can read that its service does not answer, and nobody else', async () => {
  bench.close()
  bench = await workbench(
    POLICIES,
    { upstreams: { game: { url: 'https://game.example.com', problemType: 'application/json' } } },
    {
      upstream: () => Promise.reject(new UpstreamFailed('timeout', 'slow', { upstream: 'game' })),
    },
  )
  expect(await grant('/limited', TOOLS)).toEqual([504, TOOLS, 'true', 'origin'])
  expect(await grant('/limited', 'https://evil.example.com')).toEqual([429, null, null, 'origin'])
  expect(bench.observed).toContainEqual(
    expect.objectContaining({ kind: 'upstream-failed', upstream: 'game', reason: 'http_response_timeout' }),
  )
  const { cookie } = await bench.signedIn(['player'])
  const open = await bench.request('/plain', { headers: { cookie } })
  expect([open.status, open.headers.get('content-type')]).toEqual([504, 'application/json'])
})

test('no other origin can, and no cache mixes them up', async () => {
  for (const origin of [
    null,
    'null',
    'https://evil.example.com',
    `${TOOLS}.evil.example.com`,
    'https://TOOLS.example.com',
  ])
    expect(await grant('/tools', origin)).toEqual([401, null, null, 'origin'])
  expect(await grant('/closed', TOOLS)).toEqual([401, null, null, null])
})
