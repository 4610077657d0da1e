import { base64url, type CryptoKey, calculateJwkThumbprint, type JWK } from 'jose'
import type { AssertionClaims, Signer } from '../../ports/signer.ts'
import { encodedHeader, SCHEMES, type SigningAlgorithm } from './keypair.ts'

interface GivenKey {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly key: CryptoKey
  readonly header: string
  readonly jwk: JWK
}

function algorithmOf(jwk: JWK): SigningAlgorithm {
  if (jwk.kty === 'EC' && jwk.crv === 'P-256') return 'ES256'
  if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519') return 'EdDSA'
  throw new TypeError(`signing key of kind ${jwk.kty} ${jwk.crv ?? ''}; a P-256 or Ed25519 JWK is needed`)
}

async function given(jwk: JWK): Promise<GivenKey> {
  const { kty, crv, x, y, d } = jwk
  const algorithm = algorithmOf(jwk)
  if (kty === undefined || crv === undefined || x === undefined || d === undefined) {
    throw new TypeError('a signing key without its private part')
  }
  const core = { kty, crv, x, ...(y === undefined ? {} : { y }) }
  const kid = jwk.kid ?? (await calculateJwkThumbprint(core))
  const key = await crypto.subtle.importKey('jwk', { ...core, d }, SCHEMES[algorithm].generate, false, ['sign'])
  return {
    kid,
    algorithm,
    key,
    header: encodedHeader(algorithm, kid),
    jwk: { ...core, kid, alg: algorithm, use: 'sig' },
  }
}

/**
 * A signer on keys that the operator gives as secrets: the first one signs, all of them are published. To rotate, put
 * the next key last, a day later first, and take the old one away a day after that.
 *
 * @param jwks - private JWKs, P-256 or Ed25519, at least one; `kid` is the thumbprint unless given
 * @see RFC 7517 section 4, RFC 7638
 */
export async function givenSigner(jwks: readonly JWK[]): Promise<Signer> {
  const keys = await Promise.all(jwks.map(given))
  const [first] = keys
  if (first === undefined) throw new TypeError('no signing key is given')
  if (new Set(keys.map((key) => key.kid)).size < keys.length) throw new TypeError('two signing keys have one kid')
  const { kid, algorithm, key, header } = first
  const scheme = SCHEMES[algorithm]
  async function signed(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.sign(scheme.sign, key, bytes))
  }
  return {
    async sign(claims: AssertionClaims) {
      const input = `${header}${base64url.encode(JSON.stringify(claims))}`
      return `${input}.${base64url.encode(await signed(new TextEncoder().encode(input)))}`
    },
    async currentKid() {
      return kid
    },
    async signMessage(base) {
      return { keyId: kid, algorithm: scheme.message, signature: await signed(base) }
    },
    async jwks() {
      return { keys: keys.map((one) => one.jwk) }
    },
  }
}
