import { type RoleName, type Seconds, type SessionKey, seconds, type Tag, type UserId } from '../../core/brand.ts'
import type {
  Attributes,
  Character,
  Identity,
  Profile,
  Session,
  SessionBasis,
  Standing,
  User,
} from '../../core/person.ts'
import { unexpected } from './call.ts'
import type { Reply } from './driver.ts'
import { field } from './names.ts'

type Fields = Readonly<Record<string, unknown>>

/** JSON text as an object. */
export function parseObject(operation: string, json: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw unexpected(operation)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unexpected(operation)
  return value as Fields
}

/** A text field of stored JSON. */
export function textOf(operation: string, fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string') throw unexpected(operation)
  return value
}

/** A text field that may be null. */
export function textOrNull(operation: string, fields: Fields, name: string): string | null {
  return fields[name] === null ? null : textOf(operation, fields, name)
}

/** A numeric field of stored JSON. */
export function numberOf(operation: string, fields: Fields, name: string): number {
  const value = fields[name]
  if (typeof value !== 'number' || !Number.isFinite(value)) throw unexpected(operation)
  return value
}

/** A numeric field that may be null. */
export function numberOrNull(operation: string, fields: Fields, name: string): number | null {
  return fields[name] === null ? null : numberOf(operation, fields, name)
}

/** A field that is true or false. */
export function flagOf(operation: string, fields: Fields, name: string): boolean {
  const value = fields[name]
  if (typeof value !== 'boolean') throw unexpected(operation)
  return value
}

/** What stands in the place of a character that is gone; no stored character is one line. */
export const GONE = 'gone'

type Played = Pick<Session, 'character' | 'characterGone'>

/** A selection as it is stored: id and world to compare with, then JSON; empty text for none. */
export function encodeCharacter({ character, characterGone }: Played): string {
  if (character === null) return characterGone === true ? GONE : ''
  const { id, name, world } = character
  return `${field(id)}\n${field(world)}\n${JSON.stringify({ id, name, world })}`
}

/** A stored selection. Half a pair is no character: it reads as gone (seeds 2.3, C2). */
export function decodeCharacter(operation: string, stored: string): Played {
  if (stored === '') return { character: null }
  if (stored === GONE) return { character: null, characterGone: true }
  const fields = parseObject(operation, stored.split('\n').slice(2).join('\n'))
  const isHalf = [fields['id'], fields['world']].some((part) => part === undefined || part === null || part === '')
  if (isHalf) return { character: null, characterGone: true }
  const character: Character = {
    id: textOf(operation, fields, 'id'),
    name: textOf(operation, fields, 'name'),
    world: textOf(operation, fields, 'world'),
  }
  return { character }
}

/** The part of a session that changes with use: one line of numbers, and the sid. */
export interface Meta {
  readonly seen: number
  readonly idle: number
  readonly ends: number
  readonly version: number
  readonly created: number
  readonly epoch: number
  readonly sid: string
}

/** The stored line of a session. */
export function encodeMeta(session: Session, epoch: number): string {
  const { lastSeenAt, idleUntil, endsAt, version, createdAt, sid } = session
  return `${lastSeenAt} ${idleUntil} ${endsAt} ${version} ${createdAt} ${epoch} ${sid}`
}

/** The line of a session, read. */
export function decodeMeta(operation: string, line: string): Meta {
  const match = /^(\d+) (\d+) (\d+) (\d+) (\d+) (\d+) ([\s\S]*)$/.exec(line)
  if (match === null) throw unexpected(operation)
  const [, seen, idle, ends, version, created, epoch, sid] = match
  return {
    seen: Number(seen),
    idle: Number(idle),
    ends: Number(ends),
    version: Number(version),
    created: Number(created),
    epoch: Number(epoch),
    sid: sid ?? '',
  }
}

/** What of a session never changes, as JSON. */
export function encodeSession(session: Session): string {
  const { key, user, tag, provider, client, userAgent, address, country, authTime, provenAt, basis, native, follows } =
    session
  return JSON.stringify({
    ...{ key, user, tag, provider, client, userAgent, address, country },
    ...{ authTime, provenAt, basis, native, follows },
  })
}

/** A session from its three stored parts. */
export function decodeSession(operation: string, line: string, record: string, character: string): Session {
  const meta = decodeMeta(operation, line)
  const fields = parseObject(operation, record)
  return {
    key: textOf(operation, fields, 'key') as SessionKey,
    sid: meta.sid as Session['sid'],
    user: textOf(operation, fields, 'user') as UserId,
    tag: textOf(operation, fields, 'tag') as Tag,
    provider: textOf(operation, fields, 'provider'),
    client: textOf(operation, fields, 'client'),
    userAgent: textOf(operation, fields, 'userAgent'),
    address: textOrNull(operation, fields, 'address'),
    country: textOrNull(operation, fields, 'country'),
    createdAt: seconds(meta.created),
    authTime: seconds(numberOf(operation, fields, 'authTime')),
    ...(fields['provenAt'] === undefined ? {} : { provenAt: seconds(numberOf(operation, fields, 'provenAt')) }),
    lastSeenAt: seconds(meta.seen),
    idleUntil: seconds(meta.idle),
    endsAt: seconds(meta.ends),
    ...decodeCharacter(operation, character),
    version: meta.version,
    ...(fields['native'] === undefined
      ? {}
      : ({ native: textOf(operation, fields, 'native') === 'loopback' ? 'loopback' : 'device' } as const)),
    ...(fields['follows'] === undefined ? {} : { follows: textOf(operation, fields, 'follows') }),
    ...(fields['basis'] === undefined ? {} : { basis: decodeBasis(operation, fields['basis']) }),
  }
}

function decodeBasis(operation: string, value: unknown): SessionBasis {
  if (typeof value !== 'object' || value === null) throw unexpected(operation)
  const fields = value as Fields
  const roles = fields['roles']
  const remember = textOf(operation, fields, 'remember')
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string')) throw unexpected(operation)
  if (remember !== 'remember' && remember !== 'forget') throw unexpected(operation)
  return {
    at: seconds(numberOf(operation, fields, 'at')),
    epoch: numberOf(operation, fields, 'epoch'),
    roles: roles as readonly string[] as readonly RoleName[],
    remember,
  }
}

/** A profile as four lines of JSON: name, e-mail, whether it is verified, picture. */
export function encodeProfile(profile: Profile): string {
  const { name, email, emailVerified, picture } = profile
  return [name, email, emailVerified, picture].map((part) => JSON.stringify(part)).join('\n')
}

/** A stored profile. */
export function decodeProfile(operation: string, stored: string): Profile {
  const [name = '', email = '', emailVerified = '', picture = ''] = stored.split('\n')
  const json = `{"name":${name},"email":${email},"emailVerified":${emailVerified},"picture":${picture}}`
  const fields = parseObject(operation, json)
  return {
    name: textOrNull(operation, fields, 'name'),
    email: textOrNull(operation, fields, 'email'),
    emailVerified: flagOf(operation, fields, 'emailVerified'),
    picture: textOrNull(operation, fields, 'picture'),
  }
}

/** Standing as JSON. */
export function encodeStanding(standing: Standing): string {
  if (standing.kind === 'active') return JSON.stringify({ kind: 'active' })
  if (standing.kind === 'banned') return JSON.stringify({ kind: 'banned', reason: standing.reason })
  return JSON.stringify({ kind: 'suspended', until: standing.until, reason: standing.reason })
}

function decodeStanding(operation: string, json: string): Standing {
  const fields = parseObject(operation, json)
  const kind = textOf(operation, fields, 'kind')
  if (kind === 'active') return { kind }
  const reason = textOf(operation, fields, 'reason')
  if (kind === 'banned') return { kind, reason }
  if (kind === 'suspended') return { kind, until: seconds(numberOf(operation, fields, 'until')), reason }
  throw unexpected(operation)
}

/** A user as fields and values of a hash. */
export function encodeUser(user: User): readonly (string | number)[] {
  return [
    ...['id', user.id, 'origin', user.origin, 'guest', user.guest ? 1 : 0, 'profile', encodeProfile(user.profile)],
    ...['roles', user.roles.join('\n'), 'primaryrole', user.primaryRole ?? '', 'standing'],
    ...[encodeStanding(user.standing), 'epoch', user.epoch, 'created', user.createdAt],
    ...['signedin', user.lastSignInAt, 'ends', user.endsAt ?? ''],
    ...Object.entries(user.attributes).flatMap(([name, value]) => [`a:${name}`, JSON.stringify(value)]),
  ]
}

const ORIGINS: readonly User['origin'][] = ['guest', 'sign-up', 'invited', 'first-admin']

function decodeAttributes(operation: string, hash: ReadonlyMap<string, string>): Attributes {
  const attributes: [string, string | number | boolean][] = []
  for (const [name, json] of hash) {
    if (!name.startsWith('a:')) continue
    const value = parseObject(operation, `{"value":${json}}`)['value']
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw unexpected(operation)
    }
    attributes.push([name.slice(2), value])
  }
  return Object.fromEntries(attributes)
}

/** A user from the fields and values of the hash. */
export function decodeUser(operation: string, tag: string, flat: readonly Reply[]): User {
  const hash = new Map<string, string>()
  for (let at = 0; at + 1 < flat.length; at += 2) hash.set(String(flat[at]), String(flat[at + 1]))
  const get = (name: string): string => {
    const value = hash.get(name)
    if (value === undefined) throw unexpected(operation)
    return value
  }
  const number = (name: string): Seconds => {
    const value = Number(get(name))
    if (get(name) === '' || !Number.isFinite(value)) throw unexpected(operation)
    return seconds(value)
  }
  const origin = ORIGINS.find((name) => name === get('origin'))
  if (origin === undefined) throw unexpected(operation)
  return {
    id: get('id') as UserId,
    tag: tag as Tag,
    origin,
    guest: get('guest') === '1',
    profile: decodeProfile(operation, get('profile')),
    roles: get('roles') === '' ? [] : (get('roles').split('\n') as RoleName[]),
    primaryRole: get('primaryrole') === '' ? null : (get('primaryrole') as RoleName),
    standing: decodeStanding(operation, get('standing')),
    attributes: decodeAttributes(operation, hash),
    epoch: number('epoch'),
    createdAt: number('created'),
    lastSignInAt: number('signedin'),
    endsAt: get('ends') === '' ? null : number('ends'),
  }
}

/** A stored identity: when it was linked, then JSON. */
export function decodeIdentity(
  operation: string,
  stored: string,
  profile: string,
  primary: 'primary' | 'secondary',
): Identity {
  const blank = stored.indexOf(' ')
  const linkedAt = Number(stored.slice(0, blank))
  if (blank < 1 || !Number.isFinite(linkedAt)) throw unexpected(operation)
  const fields = parseObject(operation, stored.slice(blank + 1))
  return {
    issuer: textOf(operation, fields, 'issuer'),
    subject: textOf(operation, fields, 'subject'),
    provider: textOf(operation, fields, 'provider'),
    profile: decodeProfile(operation, profile),
    linkedAt: seconds(linkedAt),
    primary: primary === 'primary',
  }
}
