import type { Permission, RoleName, Seconds } from '../core/brand.ts'
import { type Character, type Subject, signedInAt } from '../core/person.ts'
import type { AnonymousClaims, UserClaims } from './claim-set.ts'
import { disclosed, toldAttributes } from './disclosure.ts'
import type { Receiver } from './receiver.ts'
import { byteLength, clip, tidy } from './text.ts'

/** Everything an assertion is made of. `roles` are those the policy knows, `permissions` what this caller may in effect. */
export interface Statement {
  readonly subject: Subject
  readonly roles: readonly RoleName[]
  readonly primaryRole: RoleName | null
  readonly permissions: readonly Permission[]
}

/** Back-dating of `iat`, so that a verifier whose clock is a little behind does not refuse. */
const BACKDATE = 5
const LONGEST_LIFE = 60
/** JSON bytes of a list beyond which only its hash is sent. */
const LONGEST_LIST = 1024
const LONGEST_NAME = 80
const LONGEST_ID = 128
const LONGEST_EMAIL = 254
const LONGEST_PICTURE = 512
/** Bytes of a compact JWS beside its payload: header with a thumbprint kid, a 64-byte signature and two dots. */
const AROUND_PAYLOAD = 196

const encoder = new TextEncoder()

/** `iat` and `exp`: at most 60 s of life, back-dated, never beyond the end of the session. */
function times(
  receiver: Receiver,
  end: Seconds | null,
  now: Seconds,
): { readonly iat: Seconds; readonly exp: Seconds } {
  const life = Math.max(1, Math.min(LONGEST_LIFE, receiver.assertionSeconds))
  const iat = now - Math.min(BACKDATE, Math.floor(life / 4))
  const exp = end === null ? iat + life : Math.max(now + 1, Math.min(iat + life, end))
  return { iat: iat as Seconds, exp: exp as Seconds }
}

/** The hash that stands for a list of names: base64url SHA-256 over the sorted names joined by line feeds. */
export async function listHash(names: readonly string[]): Promise<string> {
  const bytes = encoder.encode([...names].sort().join('\n'))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace('=', '')
}

function primaryFirst(roles: readonly RoleName[], primary: RoleName | null): readonly RoleName[] {
  if (primary === null || !roles.includes(primary)) return roles
  return [primary, ...roles.filter((role) => role !== primary)]
}

/** The character and world of a session; nothing when an id is too long for a header, since a cut id is another id. */
function played(character: Character | null): Pick<UserClaims, 'character' | 'world'> {
  if (character === null) return {}
  if (character.id.length > LONGEST_ID || character.world.length > LONGEST_ID) return {}
  return { character: { id: character.id, name: clip(tidy(character.name), LONGEST_NAME) }, world: character.world }
}

function person(subject: Subject): Pick<UserClaims, 'name' | 'email' | 'email_verified' | 'picture'> {
  if (subject.kind === 'fixed-token') return { name: clip(tidy(subject.token.name), LONGEST_NAME) }
  const { name, email, emailVerified, picture } = subject.user.profile
  const shown = name === null ? '' : clip(tidy(name), LONGEST_NAME)
  const mail = email === null ? '' : tidy(email)
  return {
    ...(shown === '' ? {} : { name: shown }),
    ...(mail === '' || mail.length > LONGEST_EMAIL ? {} : { email: mail, email_verified: emailVerified }),
    ...(picture === null || picture.length > LONGEST_PICTURE ? {} : { picture: tidy(picture) }),
  }
}

function who(subject: Subject): Pick<UserClaims, 'sub' | 'sid' | 'auth_time' | 'idp' | 'token' | 'guest'> {
  switch (subject.kind) {
    case 'session': {
      const { sid, provider } = subject.session
      const at = signedInAt(subject.session)
      const proven = at === null ? {} : { auth_time: at }
      return { sub: subject.user.id, sid, ...proven, idp: provider, guest: subject.user.guest }
    }
    case 'token':
      return { sub: subject.user.id, token: subject.token.id, guest: subject.user.guest }
    case 'fixed-token':
      return { sub: `token:${subject.token.id}`, token: subject.token.id, guest: false }
  }
}

function tooLong(list: readonly string[] | undefined): list is readonly string[] {
  return list !== undefined && byteLength(JSON.stringify(list)) > LONGEST_LIST
}

/** The claims with a list replaced by its hash, where that is shorter. */
async function withHash(claims: UserClaims, list: 'roles' | 'permissions', url: string): Promise<UserClaims> {
  const { [list]: names, ...rest } = claims
  if (names === undefined) return claims
  const hashed = { ...rest, [`${list}_hash`]: await listHash(names), permissions_url: url }
  return assertionBytes(hashed) < assertionBytes(claims) ? hashed : claims
}

/** Bytes of the compact JWS that these claims become. */
function assertionBytes(claims: UserClaims): number {
  return AROUND_PAYLOAD + Math.ceil((byteLength(JSON.stringify(claims)) * 4) / 3)
}

/**
 * Claims shortened until their assertion has at most `most` bytes. Order of loss: permissions become a hash, roles
 * become a hash, then picture, name of the character, name, e-mail, attributes. Ids, world, times and `guest` always
 * stay.
 */
async function shortened(claims: UserClaims, url: string, most: number): Promise<UserClaims> {
  // WHY: nearly all fit as they are, and to know how long claims become they are written out.
  if (!tooLong(claims.permissions) && !tooLong(claims.roles) && assertionBytes(claims) <= most) return claims
  let kept = claims
  if (tooLong(kept.permissions) || assertionBytes(kept) > most) kept = await withHash(kept, 'permissions', url)
  if (tooLong(kept.roles) || assertionBytes(kept) > most) kept = await withHash(kept, 'roles', url)
  if (assertionBytes(kept) > most) kept = without(kept, 'picture')
  if (assertionBytes(kept) > most && kept.character !== undefined)
    kept = { ...kept, character: { ...kept.character, name: '' } }
  if (assertionBytes(kept) > most) kept = without(kept, 'name')
  if (assertionBytes(kept) > most) kept = without(without(kept, 'email'), 'email_verified')
  if (assertionBytes(kept) > most) kept = without(kept, 'attributes')
  return kept
}

type Droppable = 'picture' | 'name' | 'email' | 'email_verified' | 'attributes'

function without(claims: UserClaims, name: Droppable): UserClaims {
  const { [name]: _, ...rest } = claims
  return rest
}

/**
 * What an upstream is told about the caller, signed.
 *
 * @param issuer - origin + prefix of this gateway, without a trailing slash
 * @param most - bytes the finished assertion may have at most
 * @see SPEC section 5; RFC 7519 section 4.1, OpenID Connect Core section 2 (`auth_time`)
 */
export async function userClaims(
  statement: Statement,
  receiver: Receiver,
  issuer: string,
  now: Seconds,
  most: number,
): Promise<UserClaims> {
  const { subject } = statement
  const roles = primaryFirst(statement.roles, statement.primaryRole)
  const session = subject.kind === 'session' ? subject.session : null
  const claims: UserClaims = {
    iss: issuer,
    aud: receiver.audience,
    ...who(subject),
    ...times(receiver, session?.endsAt ?? null, now),
    roles,
    ...(statement.primaryRole === null || roles[0] !== statement.primaryRole
      ? {}
      : { primary_role: statement.primaryRole }),
    permissions: statement.permissions,
    ...played(session?.character ?? null),
    ...person(subject),
    ...(subject.kind === 'fixed-token' ? {} : toldAttributes(subject.user.attributes, receiver)),
  }
  return shortened(disclosed(claims, receiver), `${issuer}/permissions`, most)
}

/**
 * What an upstream is told when nobody is signed in: a proof that the request came through the gateway, and no more.
 *
 * @see DECISIONS 24
 */
export function anonymousClaims(receiver: Receiver, issuer: string, now: Seconds): AnonymousClaims {
  return { iss: issuer, aud: `${receiver.audience}#anonymous`, ...times(receiver, null, now), anonymous: true }
}
