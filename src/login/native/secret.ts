import { base64url, equalBytes, utf8 } from '../../core/bytes.ts'
import type { Gateway } from '../../ports/gateway.ts'
import type { SessionSeed } from '../../session/open.ts'
import { MAC_BYTES } from '../../session/token.ts'

/** What a secret of this room is for; each kind has macs of its own. */
export type SecretKind = 'device-code' | 'authorization-code'

const SHAPE = /^([A-Za-z0-9_-]{32})([A-Za-z0-9_-]{11})$/

// WHY: no tag of a user has a dash, so that no session token and no code share a mac.
async function macOf(mac: CryptoKey, kind: SecretKind, secret: string): Promise<string> {
  const signature = await crypto.subtle.sign('HMAC', mac, utf8(`${kind}.${secret}`))
  return base64url(new Uint8Array(signature).subarray(0, MAC_BYTES))
}

/** A fresh secret of 24 random bytes and its mac, 43 characters; it is told once and never stored. */
export async function freshSecret(
  { mac, runtime }: Pick<Gateway, 'mac' | 'runtime'>,
  kind: SecretKind,
): Promise<string> {
  const secret = base64url(runtime.random(24))
  return `${secret}${await macOf(mac, kind, secret)}`
}

/**
 * What a code of ours is worth: the one session that is made of it. Neither the code nor the token says anything of the
 * other to whoever does not hold the key.
 */
export async function seedOf({ mac }: Pick<Gateway, 'mac'>, kind: SecretKind, code: string): Promise<SessionSeed> {
  const part = async (what: string, length: number) =>
    new Uint8Array(await crypto.subtle.sign('HMAC', mac, utf8(`${what} of ${kind}.${code}`))).subarray(0, length)
  return { secret: await part('session-secret', 24), sid: await part('session-name', 16) }
}

/** Whether a secret was made here. ATTACK: invented ones cost no store call. */
export async function isOurs({ mac }: Pick<Gateway, 'mac'>, kind: SecretKind, value: string): Promise<boolean> {
  const [, secret, given] = SHAPE.exec(value) ?? []
  if (secret === undefined || given === undefined) return false
  return equalBytes(utf8(await macOf(mac, kind, secret)), utf8(given))
}
