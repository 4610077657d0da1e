/**
 * Assertions that every verifier must judge alike, made with the fixed keys below: `node test/vectors/generate.ts`
 * writes test/vectors/assertions.vectors.json. Verifiers whose library has no settable clock are given the same cases
 * made for the present (`assertionVectors(now)`).
 */
import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { base64url } from 'jose'

/** One assertion and what a verifier has to say about it. */
export interface Vector {
  readonly name: string
  readonly token: string
  /** A verifier that knows no anonymous assertions must refuse those. */
  readonly expect: 'user' | 'anonymous' | 'refused'
  /** Code of `postern/verify` for a refusal; `sub` for a user. */
  readonly says: string
  /** EdDSA ones are for verifiers whose library has it. */
  readonly algorithm: 'ES256' | 'EdDSA'
}

export interface VectorFile {
  readonly issuer: string
  readonly audience: string
  /** Seconds since the epoch at which the cases hold. */
  readonly now: number
  readonly leewaySeconds: number
  readonly jwks: { readonly keys: readonly Readonly<Record<string, string>>[] }
  readonly vectors: readonly Vector[]
}

type PrivateJwk = Readonly<Record<string, string>> & { readonly kid: string; readonly alg: 'ES256' | 'EdDSA' }

// Test keys: they are public and sign nothing but this file.
const CURRENT: PrivateJwk = {
  kty: 'EC',
  crv: 'P-256',
  x: '-RFRbbNRznMehbdky2S19QPBhOdXQsP5tv6k4_6JlwM',
  y: 'AVJRnYi_l5hnoZpecz1Q2PfdUhEF2ioYpWs464-_2J8',
  d: 'Gr5-XOZ_jEKRmr_2q3ivkGnJQg_f1EmQxjCJxVqkkFU',
  kid: 'Ysk7MZgfV_qhlpfMaoO4xv2hHcHmTQk_n54kvGLC-L4',
  alg: 'ES256',
}
const PREVIOUS: PrivateJwk = {
  kty: 'EC',
  crv: 'P-256',
  x: 'ojWrvsyn_Gc9PviLq2WSq_p8a70axgyc_vQUeXpEmz0',
  y: 'qmoLz_Vn42-CerRzXbor98IYkqe2W-ONqnHIRnc0j-o',
  d: 'F-hn5u5Zg-ZHcAN3SasyTLF3iqk6wqHTn7ReRxfIFoY',
  kid: 'TQ68Zue-KzAQHeQ_kEmwptOXHJdqOcZOeslBniTLeYk',
  alg: 'ES256',
}
const NEXT: PrivateJwk = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: 'IUyukq0fYJUW3tLHjPvPedj0WPpoZ0Mses2efEvWIIY',
  d: '9m60s8lwoywxxE8rXZDjBYC0dn9U0b5DRY1v08pcEfs',
  kid: 'ZOat9unOodxbb0LHkosUoVk-f-Z0KIrwSuWC8GrbEy8',
  alg: 'EdDSA',
}
const STRANGER: PrivateJwk = {
  kty: 'EC',
  crv: 'P-256',
  x: '_kHG7004d11naDVvGrXCtVf0d8u7MIHDOvHB5c67kNY',
  y: 'jTwHNICugBivroU6geBi2vtPhoSJ843Gockrcq7Eit8',
  d: 'rpSIinng8sxk9zS3VpOVcE9h61T1sXruTs_4LA0zqb8',
  kid: 'Nix1FXWDQeBs6gAISirDf03C4seS4N4hnpFIFM7GMGU',
  alg: 'ES256',
}

const ISSUER = 'https://play.example.com/auth'
const AUDIENCE = 'rooms'
const USER = '7b1f2f5e-58b1-4e43-9d6a-2f1a5f0e9a11'
const GUEST = 'c0ffee00-0000-4000-8000-000000000001'

type Claims = Readonly<Record<string, unknown>>

function published({ d: _, ...jwk }: PrivateJwk): Readonly<Record<string, string>> {
  return { ...jwk, use: 'sig' }
}

function encoded(value: unknown): string {
  return base64url.encode(JSON.stringify(value))
}

async function signed(claims: Claims, key: PrivateJwk, header: Claims = {}): Promise<string> {
  const { alg, kid, ...jwk } = key
  const input = `${encoded({ alg, kid, typ: 'JWT', ...header })}.${encoded(claims)}`
  const how = alg === 'ES256' ? { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } : { name: 'Ed25519' }
  const secret = await crypto.subtle.importKey('jwk', jwk, how, false, ['sign'])
  const signature = await crypto.subtle.sign(how, secret, new TextEncoder().encode(input))
  return `${input}.${base64url.encode(new Uint8Array(signature))}`
}

function unsigned(claims: Claims): string {
  return `${encoded({ alg: 'none', kid: CURRENT.kid, typ: 'JWT' })}.${encoded(claims)}.`
}

/** HS256 under the published key: what algorithm confusion looks like. */
function confused(claims: Claims): string {
  const input = `${encoded({ alg: 'HS256', kid: CURRENT.kid, typ: 'JWT' })}.${encoded(claims)}`
  const secret = JSON.stringify(published(CURRENT))
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

/** The same signature under other claims. */
async function tampered(claims: Claims, key: PrivateJwk): Promise<string> {
  const [header, , signature] = (await signed(claims, key)).split('.')
  return `${header}.${encoded({ ...claims, roles: ['system_admin'] })}.${signature}`
}

/** All cases, made for the moment `now`. */
export async function assertionVectors(now: number): Promise<VectorFile> {
  const good = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: USER,
    sid: 'Sid0123456789abcdefghi',
    iat: now - 5,
    exp: now + 55,
    auth_time: now - 600,
    idp: 'discord',
    guest: false,
    roles: ['game_master', 'player'],
    primary_role: 'game_master',
    permissions: ['games.view', 'games.edit'],
    character: { id: 'c-42', name: 'Żółw' },
    world: 'midgard',
    name: 'Zoë Müller',
    email: 'zoe@example.com',
    email_verified: true,
  }
  const { sub: _, ...nobody } = good
  const anonymous = { iss: ISSUER, aud: `${AUDIENCE}#anonymous`, iat: now - 5, exp: now + 55, anonymous: true }
  const user = (name: string, token: string, says = USER): Vector => ({
    name,
    token,
    expect: 'user',
    says,
    algorithm: 'ES256',
  })
  const refused = (name: string, token: string, says: string): Vector => ({
    name,
    token,
    expect: 'refused',
    says,
    algorithm: 'ES256',
  })
  const vectors: Vector[] = [
    user('good', await signed(good, CURRENT)),
    { ...user('good, EdDSA', await signed(good, NEXT)), algorithm: 'EdDSA' },
    user('rotated: signed with the previous key', await signed(good, PREVIOUS)),
    user(
      'guest',
      await signed({ ...good, sub: GUEST, guest: true, roles: ['guest'], primary_role: 'guest' }, CURRENT),
      GUEST,
    ),
    user('over for 5 s, within the leeway', await signed({ ...good, iat: now - 65, exp: now - 5 }, CURRENT)),
    user('5 s from the future, within the leeway', await signed({ ...good, iat: now + 5, exp: now + 65 }, CURRENT)),
    refused('expired', await signed({ ...good, iat: now - 90, exp: now - 30 }, CURRENT), 'assertion_expired'),
    refused('future', await signed({ ...good, iat: now + 120, exp: now + 180 }, CURRENT), 'assertion_from_future'),
    refused('wrong audience', await signed({ ...good, aud: 'chat' }, CURRENT), 'assertion_audience'),
    refused('wrong issuer', await signed({ ...good, iss: 'https://evil.example/auth' }, CURRENT), 'assertion_issuer'),
    refused('wrong algorithm: HS256 under the public key', confused(good), 'assertion_algorithm'),
    refused('none', unsigned(good), 'assertion_algorithm'),
    refused('unknown kid', await signed(good, STRANGER), 'assertion_unknown_key'),
    refused('known kid, another key', await signed(good, { ...STRANGER, kid: CURRENT.kid }), 'assertion_signature'),
    refused('tampered', await tampered(good, CURRENT), 'assertion_signature'),
    { ...refused('tampered, EdDSA', await tampered(good, NEXT), 'assertion_signature'), algorithm: 'EdDSA' },
    {
      ...refused(
        'EdDSA under the kid of an ES256 key',
        await signed(good, { ...NEXT, kid: CURRENT.kid }),
        'assertion_unknown_key',
      ),
      algorithm: 'EdDSA',
    },
    refused(
      'ES256 under the kid of an EdDSA key',
      await signed(good, { ...CURRENT, kid: NEXT.kid }),
      'assertion_unknown_key',
    ),
    refused('no expiry', await signed({ ...good, exp: undefined }, CURRENT), 'assertion_claims'),
    refused('no subject', await signed(nobody, CURRENT), 'assertion_claims'),
    refused('no assertion at all', '', 'assertion_missing'),
    refused('not a token', 'admin', 'assertion_malformed'),
    refused('dots', '.'.repeat(4096), 'assertion_malformed'),
    { name: 'anonymous', token: await signed(anonymous, CURRENT), expect: 'anonymous', says: '', algorithm: 'ES256' },
    refused('anonymous, yet with a subject', await signed({ ...anonymous, sub: USER }, CURRENT), 'assertion_claims'),
  ]
  return {
    issuer: ISSUER,
    audience: AUDIENCE,
    now,
    leewaySeconds: 10,
    jwks: { keys: [published(PREVIOUS), published(CURRENT), published(NEXT)] },
    vectors,
  }
}

/** The moment of the committed file. */
export const COMMITTED_AT = 1_800_000_000

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = new URL('./assertions.vectors.json', import.meta.url)
  writeFileSync(file, `${JSON.stringify(await assertionVectors(COMMITTED_AT), null, 2)}\n`)
}
