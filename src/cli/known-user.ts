import { seconds } from '../core/brand.ts'
import type { Subject } from '../core/person.ts'
import { PRETEND_NOW, pretend } from '../policy/callers.ts'
import type { CallerMap } from '../policy/language.ts'
import type { PolicyBundle } from '../policy/model.ts'

type Fields = Readonly<Record<string, unknown>>

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((part): part is string => typeof part === 'string') : []
}

/** Seconds since a moment of an answer; null when there is none. */
function ago(value: unknown, now: number): number | null {
  const at = Date.parse(textOf(value) ?? '')
  return Number.isNaN(at) ? null : Math.max(0, Math.round(now - at / 1000))
}

function standingOf(value: unknown, now: number): NonNullable<CallerMap['standing']> {
  const { kind, until } = fieldsOf(value)
  if (kind === 'banned') return 'banned'
  return kind === 'suspended' && Date.parse(textOf(until) ?? '') / 1000 > now ? 'suspended' : 'active'
}

function attributesOf(value: unknown): Record<string, string | number | boolean> {
  const known = Object.entries(fieldsOf(value)).filter(
    (entry): entry is [string, string | number | boolean] => typeof entry[1] !== 'object' && entry[1] !== undefined,
  )
  return Object.fromEntries(known)
}

/** The session used last: it says whether a character is selected, and how long ago the person signed in. */
function latestSession(value: unknown): Fields | null {
  const sessions = (Array.isArray(value) ? value : []).map(fieldsOf)
  const byUse = sessions.sort((a, b) => (textOf(b['last_seen']) ?? '').localeCompare(textOf(a['last_seen']) ?? ''))
  return byUse[0] ?? null
}

/** A person of a running gateway, as a decision sees them. */
export interface KnownUser {
  readonly subject: Subject
  /** For the reader: name, roles and the session that was taken. */
  readonly label: string
}

/**
 * The person that the operation `users.show` tells about, at the moment at which `explain` pretends to be.
 *
 * @param now - seconds since the epoch
 */
export function knownUser(
  shown: Fields,
  bundle: PolicyBundle,
  asks: { readonly by: 'session' | 'token'; readonly now: number },
): KnownUser {
  const session = latestSession(shown['sessions'])
  const roles = textsOf(shown['roles'])
  const character = session !== null && session['character'] !== null && session['character'] !== undefined
  const caller: CallerMap = {
    roles,
    guest: shown['guest'] === true,
    character,
    id: textOf(shown['id']) ?? '',
    attributes: attributesOf(shown['attributes']),
    standing: standingOf(shown['standing'], asks.now),
    signedInAgo: ago(session?.['authenticated'], asks.now) ?? 0,
    ...(session === null ? {} : { provider: textOf(session['provider']) ?? 'unknown' }),
    ...(asks.by === 'token' ? { token: true as const } : {}),
  }
  const made = pretend(caller, bundle)
  if (made === null || made.kind === 'fixed-token') throw new Error('a person is somebody')
  const user = {
    ...made.user,
    profile: {
      name: textOf(shown['name']),
      email: textOf(shown['email']),
      emailVerified: shown['email_verified'] === true,
      picture: null,
    },
    createdAt: seconds(PRETEND_NOW - (ago(shown['created'], asks.now) ?? 0)),
  }
  const gone = session?.['character_gone'] === true
  const plays = character ? 'with a character' : gone ? 'its character is gone' : 'without a character'
  const how = session === null ? 'without a session, as if signed in now' : plays
  const role = roles.length === 0 ? 'no role' : roles.join(',')
  const subject: Subject =
    made.kind === 'session' && gone
      ? { ...made, user, session: { ...made.session, characterGone: true } }
      : { ...made, user }
  return { subject, label: `${caller.id} (${role}; ${asks.by === 'token' ? 'by token' : how})` }
}
