import { err, ok, type Result } from '../core/result.ts'
import type { GivenKey } from '../ports/signer.ts'

const FORMS = 'a private JWK, a list of them, a JWK set, or PKCS #8 in PEM'
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[A-Za-z0-9+/=\s]*-----END \1-----/g

/**
 * The signing keys of a secret, in their order: the first one signs.
 *
 * @param text - JSON (one private JWK, a list, or a JWK set) or PEM blocks `PRIVATE KEY`, in which `\n` may stand for a line
 * break; P-256 or Ed25519
 * @returns the keys, or what is wrong with them, without a byte of them
 * @see RFC 7517 sections 4 and 5; RFC 5958 and RFC 7468 section 10 (PKCS #8)
 */
export function parseSigningKeys(text: string): Result<readonly GivenKey[], string> {
  return text.trimStart().startsWith('-----BEGIN ') ? parsePem(text.replaceAll('\\n', '\n')) : parseJwks(text)
}

function parsePem(text: string): Result<readonly GivenKey[], string> {
  const blocks = [...text.matchAll(BLOCK)]
  const other = blocks.find(([, label]) => label !== 'PRIVATE KEY')?.[1]
  if (other === 'EC PRIVATE KEY')
    return err('is in the older form "EC PRIVATE KEY": convert it by openssl pkcs8 -topk8 -nocrypt')
  if (other !== undefined) return err(`has a PEM block "${other}": only "PRIVATE KEY", not encrypted, is taken`)
  if (blocks.length === 0 || text.replace(BLOCK, '').trim() !== '')
    return err('is PEM that is cut off or mixed with text')
  return ok(blocks.map(([pem]) => ({ pem })))
}

function parseJwks(text: string): Result<readonly GivenKey[], string> {
  const value = json(text)
  if (value === undefined) return err(`is neither JSON nor PEM: give ${FORMS}`)
  const listed = isObject(value) && 'keys' in value ? value['keys'] : Array.isArray(value) ? value : [value]
  if (!Array.isArray(listed) || listed.length === 0) return err(`holds no key: give ${FORMS}`)
  const keys: GivenKey[] = []
  for (const [index, jwk] of listed.entries()) {
    const fault = isObject(jwk) ? jwkFault(jwk) : 'is no JWK'
    if (fault !== null) return err(`key ${index + 1} ${fault}`)
    keys.push({ jwk })
  }
  return ok(keys)
}

function jwkFault(jwk: Readonly<Record<string, unknown>>): string | null {
  const { kty, crv, x, y, d, kid } = jwk
  const isP256 = kty === 'EC' && crv === 'P-256' && typeof y === 'string'
  const isEd25519 = kty === 'OKP' && crv === 'Ed25519'
  if ((!isP256 && !isEd25519) || typeof x !== 'string')
    return `is of the kind ${word(kty)} ${word(crv)}: P-256 (ES256) and Ed25519 (EdDSA) sign assertions`
  if (typeof d !== 'string') return 'has no private part "d": a public key cannot sign'
  return kid === undefined || (typeof kid === 'string' && /^[\x21-\x7e]{1,128}$/.test(kid))
    ? null
    : 'has a "kid" that is not 1 to 128 visible ASCII characters'
}

function word(value: unknown): string {
  return typeof value === 'string' && /^[\w-]{1,20}$/.test(value) ? value : '(none)'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A parsed value; undefined when it is no JSON, since the reason would quote it. */
function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
