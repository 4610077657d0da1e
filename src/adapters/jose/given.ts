import { base64url, type CryptoKey, calculateJwkThumbprint, exportJWK, importPKCS8, type JWK } from 'jose'
import type { KeyRing, KeyState } from '../../ports/key-ring.ts'
import type { AssertionClaims, GivenKey, Signer } from '../../ports/signer.ts'
import { encodedHeader, SCHEMES, type SigningAlgorithm } from './keypair.ts'
import { ownBytes } from './seal.ts'

/** A given key that cannot sign; says which one and why, without a byte of it. */
export class GivenKeyProblem extends Error {
  override readonly name = 'GivenKeyProblem'
}

interface OpenKey {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly key: CryptoKey
  readonly header: string
  readonly jwk: JWK
}

const PROBE = ownBytes(new TextEncoder().encode('the two halves of one key'))

/** PKCS #8 as a private JWK. */
async function jwkOf(pem: string, which: string): Promise<JWK> {
  for (const algorithm of ['ES256', 'EdDSA'] as const) {
    try {
      return await exportJWK(await importPKCS8(pem, algorithm, { extractable: true }))
    } catch {
      // The next algorithm; what neither takes is told of below.
    }
  }
  throw new GivenKeyProblem(`${which} is PKCS #8 of neither P-256 nor Ed25519`)
}

async function opened(given: GivenKey, index: number): Promise<OpenKey> {
  const which = `key ${index + 1}`
  const jwk: JWK = 'pem' in given ? await jwkOf(given.pem, which) : given.jwk
  const { kty, crv, x, y, d } = jwk
  if (kty === undefined || crv === undefined || x === undefined || d === undefined)
    throw new GivenKeyProblem(`${which} has no private part`)
  const algorithm: SigningAlgorithm = kty === 'EC' ? 'ES256' : 'EdDSA'
  const { generate, sign } = SCHEMES[algorithm]
  const core = { kty, crv, x, ...(y === undefined ? {} : { y }) }
  const kid = jwk.kid ?? (await calculateJwkThumbprint(core))
  try {
    const key = await crypto.subtle.importKey('jwk', { ...core, d }, generate, false, ['sign'])
    const open = await crypto.subtle.importKey('jwk', core, generate, false, ['verify'])
    // WHY: not every runtime looks whether the halves belong together, and nobody could verify what they sign.
    if (!(await crypto.subtle.verify(sign, open, await crypto.subtle.sign(sign, key, PROBE), PROBE)))
      throw new GivenKeyProblem(`${which} has a public part that does not belong to its private part`)
    return {
      kid,
      algorithm,
      key,
      header: encodedHeader(algorithm, kid),
      jwk: { ...core, kid, alg: algorithm, use: 'sig' },
    }
  } catch (error) {
    if (error instanceof GivenKeyProblem) throw error
    throw new GivenKeyProblem(`${which} is not a usable ${crv} key`)
  }
}

/** What `givenSigner` makes: signs, and lists what it signs with. */
export type GivenSigner = Signer & Pick<KeyRing, 'list'>

/**
 * A signer on keys that the operator gives as a secret: the first one signs, all of them are published. To rotate, put
 * the next key last, a day later first, and take the old one away a day after that.
 *
 * @throws GivenKeyProblem
 * @see RFC 7517 section 4, RFC 7638 (`kid` is the thumbprint unless given)
 */
export async function givenSigner(given: readonly GivenKey[]): Promise<GivenSigner> {
  const keys = await Promise.all(given.map(opened))
  const [first] = keys
  if (first === undefined) throw new GivenKeyProblem('there is no key')
  const twice = keys.find(({ kid }, index) => keys.findIndex((other) => other.kid === kid) !== index)
  if (twice !== undefined) throw new GivenKeyProblem(`two keys have the kid ${twice.kid}`)
  const { kid, algorithm, key, header } = first
  const scheme = SCHEMES[algorithm]
  async function signed(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.sign(scheme.sign, key, bytes))
  }
  return {
    async sign(claims: AssertionClaims) {
      const input = `${header}${base64url.encode(JSON.stringify(claims))}`
      return `${input}.${base64url.encode(await signed(ownBytes(new TextEncoder().encode(input))))}`
    },
    currentKid() {
      return kid
    },
    async signMessage(base: Uint8Array<ArrayBuffer>) {
      return { keyId: kid, algorithm: scheme.message, signature: await signed(base) }
    },
    async jwks() {
      return { keys: keys.map((one) => one.jwk) }
    },
    async list() {
      return keys.map((one, index): KeyState => {
        const state = index === 0 ? 'current' : 'published'
        return { kid: one.kid, algorithm: one.algorithm, state, createdAt: null, activeAt: null }
      })
    },
  }
}

/**
 * The keys of an operator who gives them: listed here, changed where the secret is. Statements that must hold for years
 * are signed by the gateway's own key, which is kept when a given one is taken away.
 *
 * @param secret - name of the secret, for the answer to whoever would change the keys here
 */
export function givenRing(signer: GivenSigner, own: KeyRing, secret: string): KeyRing {
  return {
    list: () => signer.list(),
    rotate: async () => ({ kind: 'given', secret }),
    revoke: async () => ({ kind: 'given', secret }),
    attest: (statement) => own.attest(statement),
    attested: (jws, statement) => own.attested(jws, statement),
  }
}
