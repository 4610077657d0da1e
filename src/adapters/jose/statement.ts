import { base64url, type CryptoKey, calculateJwkThumbprint } from 'jose'
import { type Seconds, seconds } from '../../core/brand.ts'
import type { Statement } from '../../ports/key-ring.ts'
import type { StoredKey } from '../../ports/keys.ts'
import { openKey, SCHEMES, type SigningAlgorithm, type SigningKey } from './keypair.ts'
import type { Sealer } from './seal.ts'

// ATTACK: of a type and for an audience of its own, and without an end: no verifier of assertions takes it for one.
const TYPE = 'postern-statement'
const AUDIENCE = 'postern:statement'

const bytesOf = (text: string) => new TextEncoder().encode(text)

function payloadOf(statement: Statement, iat: number): Readonly<Record<string, unknown>> {
  return { aud: AUDIENCE, iat, statement }
}

/** A statement as a compact JWS of the key that signs now. */
export async function signStatement(statement: Statement, by: SigningKey, now: Seconds): Promise<string> {
  const header = { alg: by.algorithm, kid: by.kid, typ: TYPE }
  const parts = [header, payloadOf(statement, now)].map((part) => base64url.encode(JSON.stringify(part)))
  const input = parts.join('.')
  const signature = await crypto.subtle.sign(SCHEMES[by.algorithm].sign, by.key, bytesOf(input))
  return `${input}.${base64url.encode(new Uint8Array(signature))}`
}

function partOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(base64url.decode(text)))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** The public half of a stored key; null when the key was not made under this root secret. */
async function genuinePublic(stored: StoredKey, sealing: Sealer): Promise<CryptoKey | null> {
  // ATTACK: who can write to the store could add a key of his own: only one that was sealed under the root secret
  // counts, and only with the public half that its name is the thumbprint of.
  let key: SigningKey
  try {
    key = await openKey(stored, sealing)
  } catch {
    return null
  }
  const { kty = '', crv = '', x = '', y } = key.jwk
  const core = { kty, crv, x, ...(y === undefined ? {} : { y }) }
  if ((await calculateJwkThumbprint(core)) !== stored.kid) return null
  return crypto.subtle.importKey('jwk', core, SCHEMES[key.algorithm].generate, false, ['verify'])
}

/**
 * Whether a compact JWS says this very statement, signed by one of these keys while it was in use.
 *
 * @param keys - every key there ever was, retired ones included
 */
export async function isStatement(
  jws: string,
  statement: Statement,
  keys: readonly StoredKey[],
  sealing: Sealer,
): Promise<boolean> {
  const [head = '', body = '', sign = '', ...more] = jws.split('.')
  const [header, payload] = [partOf(head), partOf(body)]
  const stored = keys.find(({ kid }) => kid === header?.['kid'])
  const iat = payload?.['iat']
  if (more.length > 0 || header?.['typ'] !== TYPE || stored === undefined || typeof iat !== 'number') return false
  if (header['alg'] !== stored.algorithm || body !== base64url.encode(JSON.stringify(payloadOf(statement, iat))))
    return false
  if (iat < stored.createdAt || (stored.retiredAt !== null && seconds(iat) > stored.retiredAt)) return false
  const key = await genuinePublic(stored, sealing)
  if (key === null) return false
  const scheme = SCHEMES[stored.algorithm as SigningAlgorithm].sign
  return crypto.subtle.verify(
    scheme,
    key,
    base64url.decode(sign) as Uint8Array<ArrayBuffer>,
    bytesOf(`${head}.${body}`),
  )
}
