import { afterEach, describe, expect, test } from 'vitest'
import { localKeys, type ReceivedMessage, Refused, verifyAssertion, verifyRequest } from '../../src/verify/index.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

const POLICIES = {
  'roles.yaml': `
users: { defaultRole: player }
permissions: [players.view]
roles:
  player: { level: 1, permissions: [players.view] }
`,
  'game.yaml': `
upstream: game
rules:
  - path: /players
    permission: players.view
`,
}
const SECRET = 'a-shared-secret-of-more-than-32-bytes'
let bench: Workbench
afterEach(() => bench.close())

/** What the upstream received, as the published verifier wants it. */
function received(): ReceivedMessage {
  const sent = bench.sent.at(-1)
  if (sent === undefined) throw new Error('nothing was sent')
  const url = new URL(sent.url)
  return {
    method: sent.method,
    authority: url.host,
    target: `${url.pathname}${url.search}`,
    header: (name) => sent.headers.get(name),
    names: [...sent.headers.keys()],
  }
}

async function options(secret?: { keyId: string; bytes: Uint8Array<ArrayBuffer> }) {
  const now = () => bench.clock.now
  return {
    keys: localKeys((await bench.gateway.signer.jwks()) as never),
    issuer: 'https://play.example.com/auth',
    audience: 'game',
    now,
    message: { now, ...(secret === undefined ? {} : { secret }) },
  }
}

describe('an upstream that asks for signed messages', () => {
  test('can verify each request with the gateway’s published key', async () => {
    bench = await workbench(POLICIES, { upstreams: { game: { url: 'https://game.example.com', sign: 'message' } } })
    const { cookie, user } = await bench.signedIn(['player'])
    await bench.request('/players?page=2', { headers: { cookie } })
    expect(await verifyRequest(received(), await options())).toMatchObject({ kind: 'user', id: user.id })
  })

  test('sees the public Host where it wants to, and that one is signed (DECISIONS 26)', async () => {
    const game = { url: 'https://game.example.com', sign: 'message', preserveHost: true } as const
    bench = await workbench(POLICIES, { upstreams: { game } })
    const { cookie, user } = await bench.signedIn(['player'])
    await bench.request('/players', { headers: { cookie } })
    expect(bench.sent.at(-1)?.headers.get('host')).toBe('play.example.com')
    expect(bench.sent.at(-1)?.headers.get('x-forwarded-host')).toBe('play.example.com')
    const atPublic = { ...received(), authority: 'play.example.com' }
    expect(await verifyRequest(atPublic, await options())).toMatchObject({ kind: 'user', id: user.id })
    await expect(verifyRequest(received(), await options())).rejects.toThrow(Refused)
  })

  test('refuses the same request with another query, method or header', async () => {
    bench = await workbench(POLICIES, { upstreams: { game: { url: 'https://game.example.com', sign: 'message' } } })
    const { cookie } = await bench.signedIn(['player'])
    await bench.request('/players?page=2', { headers: { cookie } })
    const message = received()
    const settings = await options()
    await expect(verifyRequest({ ...message, target: '/players?page=3' }, settings)).rejects.toBeInstanceOf(Refused)
    await expect(verifyRequest({ ...message, method: 'DELETE' }, settings)).rejects.toBeInstanceOf(Refused)
    const header = (name: string) => (name.toLowerCase() === 'postern-roles' ? 'admin' : message.header(name))
    await expect(verifyRequest({ ...message, header }, settings)).rejects.toBeInstanceOf(Refused)
  })

  test('may share a secret instead (HMAC-SHA256)', async () => {
    process.env['TEST_MESSAGE_SECRET'] = SECRET
    const game = {
      url: 'https://game.example.com',
      sign: 'message',
      messageSecret: { secret: 'TEST_MESSAGE_SECRET' },
    } as const
    bench = await workbench(POLICIES, { upstreams: { game } })
    const { cookie } = await bench.signedIn(['player'])
    await bench.request('/players', { headers: { cookie } })
    const bytes = new TextEncoder().encode(SECRET) as Uint8Array<ArrayBuffer>
    expect(await verifyRequest(received(), await options({ keyId: 'game', bytes }))).toMatchObject({ kind: 'user' })
    await expect(verifyRequest(received(), await options())).rejects.toBeInstanceOf(Refused)
  })
})

test('an upstream that does not ask gets no signature, and its assertion verifies', async () => {
  bench = await workbench(POLICIES)
  const { cookie } = await bench.signedIn(['player'])
  await bench.request('/players', { headers: { cookie } })
  const sent = bench.sent.at(-1)
  expect(sent?.headers.get('signature')).toBeNull()
  expect(await verifyAssertion(sent?.headers.get('postern-assertion') ?? '', await options())).toMatchObject({
    kind: 'user',
  })
})
