import type { CryptoKey } from 'jose'
import { importJWK, type JWK } from 'jose'
import { type LastGood, lastGood } from './last-good.ts'
import { type Outbound, readObject } from './outbound.ts'
import { invalid } from './trouble.ts'

/** Signature algorithms an ID token may use: asymmetric only, so never `none` and never a shared secret. */
export const SIGNATURE_ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

/** A provider's verification keys, and the verification key a token header asks for. */
export interface KeySource {
  find(outbound: Outbound, header: { readonly alg: string; readonly kid: string | null }): Promise<FoundKey>
}

/** A usable key; `issuer` is Microsoft's per-key issuer, which must then agree with the token's. */
export interface FoundKey {
  readonly key: CryptoKey
  readonly issuer: string | null
}

const MAX_KEYS = 100

function familyOf(alg: string): { readonly kty: string; readonly crv: readonly string[] } {
  if (alg === 'ES256') return { kty: 'EC', crv: ['P-256'] }
  if (alg === 'ES384') return { kty: 'EC', crv: ['P-384'] }
  if (alg === 'ES512') return { kty: 'EC', crv: ['P-521'] }
  if (alg === 'EdDSA' || alg === 'Ed25519') return { kty: 'OKP', crv: ['Ed25519'] }
  return { kty: 'RSA', crv: [] }
}

function fits(key: JWK, alg: string, kid: string | null): boolean {
  const family = familyOf(alg)
  if (key.kty !== family.kty || (kid !== null && key.kid !== kid)) return false
  if (family.crv.length > 0 && !family.crv.includes(key.crv ?? '')) return false
  if (key.use !== undefined && key.use !== 'sig') return false
  if (Array.isArray(key.key_ops) && !key.key_ops.includes('verify')) return false
  return key.alg === undefined || key.alg === alg || (familyOf(key.alg).kty === 'OKP' && family.kty === 'OKP')
}

function bytesOf(value: unknown): Uint8Array {
  if (typeof value !== 'string' || !/^[\w-]+$/.test(value)) throw invalid('jwk')
  return Uint8Array.from(atob(value.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
}

/**
 * Refuses RSA keys that verify everything or are easily broken.
 *
 * ATTACK: with e = 1 the signature is the padded message itself, so anybody signs; jose imports such keys.
 *
 * @see NIST FIPS 186-5 section 5.1 (odd e above 2^16), RFC 7518 section 3.3 (2048 bits)
 */
function checkRsa(key: JWK): void {
  const e = bytesOf(key.e)
  const exponent = e.length > 6 ? Number.POSITIVE_INFINITY : e.reduce((sum, byte) => sum * 256 + byte, 0)
  const odd = ((e.at(-1) ?? 0) & 1) === 1
  if (!odd || exponent < 65_537) throw invalid('rsa-exponent')
  const n = bytesOf(key.n)
  const first = n.findIndex((byte) => byte !== 0)
  if (first < 0 || n.length - first < 256) throw invalid('rsa-size')
}

async function toKey(key: JWK, alg: string): Promise<FoundKey> {
  if (key.kty === 'RSA') checkRsa(key)
  // WHY: only public members are imported, whatever a careless provider publishes.
  const { kty, crv, x, y, n, e } = key
  const members = Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined)
  const imported = await importJWK(Object.fromEntries(members) as unknown as JWK, alg)
  if (imported instanceof Uint8Array) throw invalid('jwk')
  const { issuer } = key as JWK & { readonly issuer?: unknown }
  return { key: imported, issuer: typeof issuer === 'string' ? issuer : null }
}

/**
 * Keys at `jwks_uri`, by value: fresh for ten minutes, last good for a day; an unknown `kid` asks again at most once a
 * minute, so that sixty forged tokens make one fetch.
 *
 * @param address - answers the current `jwks_uri`, which discovery may change
 */
export function keySource(address: (outbound: Outbound) => Promise<string>): KeySource {
  const keys: LastGood<readonly JWK[]> = lastGood(
    async (outbound) => {
      const url = await address(outbound)
      const answer = await readObject(
        await outbound.fetch(url, { headers: { accept: 'application/json, application/jwk-set+json' } }),
      )
      const list = answer['keys']
      if (!Array.isArray(list)) throw invalid('jwks')
      return list
        .filter((key): key is JWK => typeof key === 'object' && key !== null && typeof key.kty === 'string')
        .slice(0, MAX_KEYS)
    },
    { fresh: 600, lastGood: 86_400, between: 60, afterFailure: 10 },
  )
  const pick = (list: readonly JWK[], alg: string, kid: string | null): JWK | null => {
    const fitting = list.filter((key) => fits(key, alg, kid))
    if (fitting.length > 1) throw invalid('ambiguous-key')
    return fitting[0] ?? null
  }
  return {
    async find(outbound, { alg, kid }) {
      if (!SIGNATURE_ALGORITHMS.includes(alg)) throw invalid('alg')
      const known = pick(await keys.current(outbound), alg, kid)
      if (known !== null) return toKey(known, alg)
      const renewed = pick(await keys.newer(outbound), alg, kid)
      if (renewed === null) throw invalid('kid')
      return toKey(renewed, alg)
    },
  }
}
