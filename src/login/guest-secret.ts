import type { Ask } from '../core/ask.ts'
import type { Tag, UserId } from '../core/brand.ts'
import { base64url, sha256, utf8 } from '../core/bytes.ts'
import { cookieValues, hostCookie } from '../core/cookie.ts'
import type { Gateway } from '../ports/gateway.ts'
import { cookieForm, guestCookieName } from '../session/open.ts'
import { freshTag } from '../session/token.ts'
import { uuid } from './admit.ts'

/** What a browser's guest secret stands for: one guest account, whoever asks how often (DECISIONS 16). */
export interface GuestSecret {
  readonly id: UserId
  readonly tag: Tag
  readonly header: readonly [string, string]
  /** Whether the browser brought it. */
  readonly known: 'known' | 'fresh'
}

const SHAPE = /^[A-Za-z0-9_-]{22}$/

/** The browser's secret, or a fresh one: it names its guest account by a digest, and is stored nowhere. */
export async function guestSecret(ask: Ask, gateway: Gateway, which: 'own' | 'fresh'): Promise<GuestSecret> {
  const [first, second] = cookieValues(ask.credentials.cookie ?? '', guestCookieName(gateway))
  const own = which === 'own' && first !== undefined && second === undefined && SHAPE.test(first) ? first : null
  const secret = own ?? base64url(gateway.runtime.random(16))
  const bytes = await sha256(utf8(`guest account of ${secret}`))
  const maxAge = gateway.config.session.guestSeconds
  return {
    id: uuid(bytes.subarray(0, 16)),
    tag: freshTag(() => bytes.subarray(16, 26)),
    header: ['set-cookie', hostCookie(guestCookieName(gateway), secret, { maxAge, ...cookieForm(ask, gateway) })],
    known: own === null ? 'fresh' : 'known',
  }
}
