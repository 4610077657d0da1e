import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** A signer whose key set is served on a loopback port, as the gateway serves its own. */
export interface Voucher {
  readonly jwksUrl: string
  readonly issuer: string
  /** Headers of a signed-in player, with an assertion for the audience (`game` unless told). */
  headersFor(player: VouchedPlayer, audience?: string): Promise<Record<string, string>>
  sign(claims: Readonly<Record<string, unknown>>, audience: string): Promise<string>
  close(): Promise<void>
}

/** Who is vouched for. */
export interface VouchedPlayer {
  readonly id: string
  readonly name: string
  readonly role: string
}

const KEY_ID = 'test-1'

/** Makes a key and serves its public half. */
export async function startVoucher(): Promise<Voucher> {
  const pair = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: KEY_ID, alg: 'ES256', use: 'sig' }
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: [jwk] }))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const issuer = 'http://localhost:8787/auth'

  const sign: Voucher['sign'] = (claims, audience) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: KEY_ID })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('60s')
      .sign(pair.privateKey)

  return {
    jwksUrl: `http://127.0.0.1:${port}/jwks.json`,
    issuer,
    sign,
    async headersFor({ id, name, role }, audience = 'game') {
      return {
        'Postern-User': id,
        'Postern-Session': `sid-${id}`,
        'Postern-Name': encodeURIComponent(name),
        'Postern-Roles': role,
        'Postern-Primary-Role': role,
        'Postern-Guest': 'false',
        'Postern-Assertion': await sign({ sub: id, name, roles: [role] }, audience),
      }
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
