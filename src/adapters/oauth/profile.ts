import type { Profile } from '../../core/person.ts'

const MAX_NAME = 128
const MAX_URL = 2048

/** A short display text: control characters and direction overrides gone, trimmed, cut; null when nothing is left. */
export function displayText(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const clean = value.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, ' ').trim()
  const cut = [...clean].slice(0, MAX_NAME).join('')
  return cut === '' ? null : cut
}

/** An e-mail address with exactly one `@` and no blank or control character; null otherwise. */
export function mailAddress(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > 254) return null
  // ATTACK: full-width and small @ become a real one where an address is normalized, and move the domain.
  if (/[\uff20\ufe6b]/.test(value)) return null
  // ATTACK: `eve@evil.test@allowed.test` and quoted local parts; a second `@` makes the domain a matter of opinion.
  return /^[^@\s\u0000-\u001f\u007f"<>,;:\\[\]()]+@[^@\s\u0000-\u001f\u007f"<>,;:\\[\]()]+$/.test(value) ? value : null
}

/** An absolute https address of a picture (http too where the provider may be plain); null otherwise. */
export function pictureAddress(value: unknown, http: 'refuse' | 'allow'): string | null {
  if (typeof value !== 'string' || value.length > MAX_URL) return null
  const url = URL.parse(value)
  if (url === null) return null
  return url.protocol === 'https:' || (http === 'allow' && url.protocol === 'http:') ? url.href : null
}

/** True for `true` and for Apple's `"true"`. */
export function saysTrue(value: unknown): boolean {
  return value === true || value === 'true'
}

/** A profile from raw values; an address that is no address is neither kept nor verified. */
export function profileOf(
  raw: { readonly name: unknown; readonly email: unknown; readonly emailVerified: unknown; readonly picture: unknown },
  http: 'refuse' | 'allow',
): Profile {
  const email = mailAddress(raw.email)
  return {
    name: displayText(raw.name),
    email,
    emailVerified: email !== null && saysTrue(raw.emailVerified),
    picture: pictureAddress(raw.picture, http),
  }
}
