import { base64url, equalSecrets, utf8 } from '../../core/bytes.ts'
import type { Visit } from './visit.ts'

/** How long a page may wait for its button, seconds. */
const LIFE = 15 * 60

async function macOf({ gateway, person }: Visit, at: number, words: readonly string[]): Promise<string> {
  const signed = utf8(`administrative page\n${JSON.stringify([person.session.sid, at, ...words])}`)
  const mac = await crypto.subtle.sign('HMAC', gateway.mac, signed)
  return base64url(new Uint8Array(mac).subarray(0, 18))
}

/** Proves that a page of this moment said these words to this session. */
export async function sealOf(visit: Visit, words: readonly string[]): Promise<string> {
  const at = visit.gateway.runtime.now()
  return `${at}.${await macOf(visit, at, words)}`
}

/** Whether a page of the last quarter of an hour said these words to this session. */
export async function isSealed(visit: Visit, words: readonly string[], seal: string): Promise<boolean> {
  const [, at, mac] = /^(\d{1,12})\.([A-Za-z0-9_-]{24})$/.exec(seal) ?? []
  if (at === undefined || mac === undefined) return false
  const age = visit.gateway.runtime.now() - Number(at)
  return age >= 0 && age <= LIFE && (await equalSecrets(mac, await macOf(visit, Number(at), words)))
}
