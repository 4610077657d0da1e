import { type RoleName, type SessionKey, type Sid, seconds, type Tag, type UserId } from '../../core/brand.ts'
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
import type { Row } from './driver.ts'
import {
  type Doc,
  docOf,
  endOf,
  maybeMomentOf,
  maybeTextOf,
  memberFlag,
  memberMaybeText,
  memberText,
  memberWhole,
  momentOf,
  namesOf,
  textOf,
  Unreadable,
  wholeOf,
  wordOf,
} from './row.ts'

/** A profile of stored JSON. */
export function profileOf(doc: Doc): Profile {
  return {
    name: memberMaybeText(doc, 'name'),
    email: memberMaybeText(doc, 'email'),
    emailVerified: memberFlag(doc, 'emailVerified'),
    picture: memberMaybeText(doc, 'picture'),
  }
}

function standingOf(doc: Doc): Standing {
  const kind = wordOf(doc['kind'], ['active', 'suspended', 'banned'], 'standing')
  if (kind === 'active') return { kind }
  if (kind === 'banned') return { kind, reason: memberText(doc, 'reason') }
  return { kind, until: seconds(memberWhole(doc, 'until')), reason: memberText(doc, 'reason') }
}

function attributesOf(doc: Doc): Attributes {
  const attributes: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries(doc)) {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw new Unreadable(`attribute ${name} is neither text, number nor flag`)
    }
    attributes[name] = value
  }
  return attributes
}

/** A user row. */
export function userOf(row: Row): User {
  const primary = maybeTextOf(row, 'primary_role')
  return {
    id: textOf(row, 'id') as UserId,
    tag: textOf(row, 'tag') as Tag,
    origin: wordOf(row['origin'], ['guest', 'sign-up', 'invited', 'first-admin'], 'origin'),
    guest: wholeOf(row, 'guest') === 1,
    profile: profileOf(docOf(row, 'profile')),
    roles: namesOf(row, 'roles') as readonly RoleName[],
    primaryRole: primary as RoleName | null,
    standing: standingOf(docOf(row, 'standing')),
    attributes: attributesOf(docOf(row, 'attributes')),
    epoch: wholeOf(row, 'epoch'),
    createdAt: momentOf(row, 'created_at'),
    lastSignInAt: momentOf(row, 'last_sign_in_at'),
    endsAt: maybeMomentOf(row, 'ends_at'),
  }
}

function isHalf(doc: Doc): boolean {
  return [doc['id'], doc['world']].some((part) => part === undefined || part === null || part === '')
}

/** The character column: null without one, and for half a pair, which is no character (seeds C2). */
export function characterIn(row: Row): Character | null {
  if (row['character'] === null) return null
  const doc = docOf(row, 'character')
  if (isHalf(doc)) return null
  return { id: memberText(doc, 'id'), name: memberText(doc, 'name'), world: memberText(doc, 'world') }
}

function played(row: Row): Pick<Session, 'character' | 'characterGone'> {
  const character = characterIn(row)
  if (character !== null) return { character }
  const isGone = row['character'] !== null || wholeOf(row, 'character_gone') === 1
  return { character, ...(isGone ? { characterGone: true } : {}) }
}

/** What of a session is written once: everything but its clock, its character and its version. */
export function factsOf(session: Session): string {
  const { provider, client, userAgent, address, country, provenAt, basis, native, follows } = session
  return JSON.stringify({ provider, client, userAgent, address, country, provenAt, basis, native, follows })
}

/** A session row. An end that cannot be read lies in the past (seeds S16). */
export function sessionOf(row: Row): Session {
  const facts = docOf(row, 'facts')
  return {
    key: textOf(row, 'key') as SessionKey,
    sid: textOf(row, 'sid') as Sid,
    user: textOf(row, 'user') as UserId,
    tag: textOf(row, 'tag') as Tag,
    provider: memberText(facts, 'provider'),
    client: memberText(facts, 'client'),
    userAgent: memberText(facts, 'userAgent'),
    address: memberMaybeText(facts, 'address'),
    country: memberMaybeText(facts, 'country'),
    createdAt: momentOf(row, 'created_at'),
    authTime: momentOf(row, 'auth_time'),
    ...(facts['provenAt'] === undefined ? {} : { provenAt: seconds(memberWhole(facts, 'provenAt')) }),
    lastSeenAt: momentOf(row, 'last_seen_at'),
    idleUntil: endOf(row, 'idle_until'),
    endsAt: endOf(row, 'ends_at'),
    ...played(row),
    version: wholeOf(row, 'version'),
    ...(facts['native'] === undefined ? {} : { native: wordOf(facts['native'], ['device', 'loopback'], 'native') }),
    ...(facts['follows'] === undefined ? {} : { follows: memberText(facts, 'follows') }),
    ...(facts['basis'] === undefined ? {} : { basis: basisOf(facts['basis']) }),
  }
}

function basisOf(value: unknown): SessionBasis {
  if (typeof value !== 'object' || value === null) throw new Unreadable('member basis is not an object')
  const doc = value as Doc
  const roles = doc['roles']
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string'))
    throw new Unreadable('member basis.roles is not a list of texts')
  return {
    at: seconds(memberWhole(doc, 'at')),
    epoch: memberWhole(doc, 'epoch'),
    roles: roles as readonly string[] as readonly RoleName[],
    remember: wordOf(doc['remember'], ['remember', 'forget'], 'basis.remember'),
  }
}

/** An identity row. */
export function identityOf(row: Row): Identity {
  const doc = docOf(row, 'doc')
  const profile = doc['profile']
  if (typeof profile !== 'object' || profile === null) throw new Unreadable('member profile is not an object')
  return {
    issuer: memberText(doc, 'issuer'),
    subject: memberText(doc, 'subject'),
    provider: memberText(doc, 'provider'),
    profile: profileOf(profile as Doc),
    linkedAt: momentOf(row, 'linked_at'),
    primary: wholeOf(row, 'is_primary') === 1,
  }
}
