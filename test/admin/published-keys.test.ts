import { createPublicKey, verify } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { type Workbench, workbench } from '../support/gateway.ts'

const ROLES = `
users: { defaultRole: player }
permissions: [players.view]
roles:
  player: { level: 1, permissions: [players.view] }
`
const GAME = `
upstream: game
rules:
  - path: /players
    permission: players.view
`
let bench: Workbench
afterEach(() => bench.close())

async function read(path: string) {
  const answer = await bench.request(path)
  return { status: answer.status, cache: answer.headers.get('cache-control'), body: await answer.json() }
}

describe('published keys', () => {
  test('the discovery document names the JWKS that is there, and the algorithm of its keys', async () => {
    bench = await workbench({ 'roles.yaml': ROLES, 'game.yaml': GAME }, { assertion: { algorithm: 'EdDSA' } })
    const { body, cache } = await read('/auth/.well-known/openid-configuration')
    expect(body).toMatchObject({
      issuer: 'https://play.example.com/auth',
      jwks_uri: 'https://play.example.com/auth/.well-known/jwks.json',
      id_token_signing_alg_values_supported: ['EdDSA'],
    })
    expect(cache).toBe('public, max-age=300')
    const jwks = await read(new URL(body.jwks_uri).pathname)
    expect(jwks).toMatchObject({ status: 200, cache: 'public, max-age=300' })
    expect(jwks.body.keys[0].alg).toBe('EdDSA')
  })

  test('stand at the root too, also beside a rule for everything', async () => {
    bench = await workbench({ 'roles.yaml': ROLES, 'game.yaml': `${GAME}  - { path: '/*', access: public }\n` })
    expect((await read('/.well-known/jwks.json')).body).toEqual((await read('/auth/.well-known/jwks.json')).body)
    expect((await read('/.well-known/openid-configuration')).body.issuer).toBe('https://play.example.com/auth')
    expect(bench.sent).toEqual([])
  })

  test('leave a path at the root to the upstream whose rule names it', async () => {
    bench = await workbench({
      'roles.yaml': ROLES,
      'game.yaml': `${GAME}  - { path: '/.well-known/*', access: public }\n`,
    })
    await bench.request('/.well-known/jwks.json')
    expect(bench.sent.map(({ url }) => url)).toEqual(['https://game.example.com/.well-known/jwks.json'])
    expect((await read('/auth/.well-known/jwks.json')).body.keys).toHaveLength(1)
  })

  test.each([
    ['a rule names it', '/.well-known/*', [{ id: 'launcher', name: 'Launcher' }]],
    ['there are no native clients', '/*', []],
  ])('leave the metadata for native clients to the upstream where %s', async (_, path, nativeClients) => {
    const game = `${GAME}  - { path: '${path}', access: public }\n`
    bench = await workbench({ 'roles.yaml': ROLES, 'game.yaml': game }, { nativeClients })
    await bench.request('/.well-known/oauth-authorization-server/auth')
    expect(bench.sent.map(({ url }) => url)).toEqual([
      'https://game.example.com/.well-known/oauth-authorization-server/auth',
    ])
  })

  test('are where readers of other gateways look below the issuer', async () => {
    bench = await workbench({ 'roles.yaml': ROLES, 'game.yaml': GAME })
    const jwks = (await read('/auth/.well-known/jwks.json')).body
    expect((await read('/auth/cdn-cgi/access/certs')).body).toEqual(jwks)
    expect((await read('/auth/.well-known/pomerium/jwks.json')).body).toEqual(jwks)
  })

  test('are given one by one as PEM, as readers of x-amzn-oidc-data want them', async () => {
    bench = await workbench({ 'roles.yaml': ROLES, 'game.yaml': GAME })
    const { cookie } = await bench.signedIn(['player'])
    await bench.request('/players', { headers: { cookie } })
    const assertion = bench.sent.at(-1)?.headers.get('postern-assertion') ?? ''
    const [head = '', claims = '', signature = ''] = assertion.split('.')
    const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString())
    const answer = await bench.request(`/auth/keys/${kid}`)
    const key = createPublicKey(await answer.text())
    const how = { key, dsaEncoding: 'ieee-p1363' } as const
    expect(verify('sha256', Buffer.from(`${head}.${claims}`), how, Buffer.from(signature, 'base64url'))).toBe(true)
    expect((await bench.request('/auth/keys/unknown')).status).toBe(404)
  })
})
