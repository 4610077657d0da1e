import type { AnonymousClaims, UserClaims } from './claim-set.ts'
import type { Receiver } from './receiver.ts'
import { headerList, headerText } from './text.ts'

/** What a header of a dialect, or an entry of an own map, may carry. */
export type Field =
  | 'assertion'
  | 'bearer'
  | 'user'
  | 'session'
  | 'name'
  | 'roles'
  | 'primary-role'
  | 'permissions'
  | 'permissions-url'
  | 'email'
  | 'guest'
  | 'character-id'
  | 'character-name'
  | 'world'
  | 'idp'
  | 'picture'
  | 'google-user'
  | 'google-email'
  | `attribute.${string}`

/** Header names of each dialect and what they carry; every name here is reserved on every route. */
export const DIALECTS: Readonly<Record<string, readonly (readonly [string, Field])[]>> = {
  postern: [
    ['Postern-User', 'user'],
    ['Postern-Session', 'session'],
    ['Postern-Name', 'name'],
    ['Postern-Roles', 'roles'],
    ['Postern-Primary-Role', 'primary-role'],
    ['Postern-Permissions-Url', 'permissions-url'],
    ['Postern-Email', 'email'],
    ['Postern-Guest', 'guest'],
    ['Postern-Character-Id', 'character-id'],
    ['Postern-Character-Name', 'character-name'],
    ['Postern-World', 'world'],
  ],
  forwarded: [
    ['X-Forwarded-User', 'user'],
    ['X-Forwarded-Email', 'email'],
    ['X-Forwarded-Groups', 'roles'],
    ['X-Forwarded-Preferred-Username', 'name'],
  ],
  remote: [
    ['Remote-User', 'user'],
    ['Remote-Groups', 'roles'],
    ['Remote-Name', 'name'],
    ['Remote-Email', 'email'],
  ],
  webauth: [
    ['X-WEBAUTH-USER', 'user'],
    ['X-WEBAUTH-NAME', 'name'],
    ['X-WEBAUTH-EMAIL', 'email'],
    ['X-WEBAUTH-GROUPS', 'roles'],
    ['X-WEBAUTH-ROLE', 'primary-role'],
  ],
  iap: [
    ['X-Goog-IAP-JWT-Assertion', 'assertion'],
    ['X-Goog-Authenticated-User-ID', 'google-user'],
    ['X-Goog-Authenticated-User-Email', 'google-email'],
  ],
  'cf-access': [
    ['Cf-Access-Jwt-Assertion', 'assertion'],
    ['Cf-Access-Authenticated-User-Email', 'email'],
  ],
  pomerium: [
    ['X-Pomerium-Jwt-Assertion', 'assertion'],
    ['X-Pomerium-Claim-User', 'user'],
    ['X-Pomerium-Claim-Name', 'name'],
    ['X-Pomerium-Claim-Email', 'email'],
    ['X-Pomerium-Claim-Groups', 'roles'],
  ],
  alb: [
    ['x-amzn-oidc-data', 'assertion'],
    ['x-amzn-oidc-identity', 'user'],
  ],
  bearer: [['Authorization', 'bearer']],
}

const FIELDS: ReadonlySet<string> = new Set<Field>([
  'assertion',
  'user',
  'session',
  'name',
  'roles',
  'primary-role',
  'permissions',
  'email',
  'guest',
  'character-id',
  'character-name',
  'world',
  'idp',
  'picture',
])

const MAP_ENTRY = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+)=([a-z][a-z0-9._-]*)$/
const ATTRIBUTE = /^attribute\.[a-z][a-z0-9_]{0,39}$/

/** Fields in the order in which plain headers are dropped when all of them together would pass 4 KB. */
const DROP_ORDER: readonly Field[] = [
  'picture',
  'permissions',
  'character-name',
  'name',
  'roles',
  'google-email',
  'email',
  'idp',
]

/** All identity headers together, counted as `name: value` lines. */
export const MOST_HEADER_BYTES = 4096
/** What is kept free for each plain header, and for all of them. */
const PLAIN_HEADER_BYTES = 100
const MOST_PLAIN_BYTES = 1536

/** Whether a field is an attribute of the user, `attribute.<name>`. */
export function isAttribute(word: string): word is `attribute.${string}` {
  return ATTRIBUTE.test(word)
}

function isField(word: string): word is Field {
  return FIELDS.has(word) || isAttribute(word)
}

/** One entry `Header-Name=field` of an own map; null when it is not one. */
export function mapEntry(text: string): readonly [string, Field] | null {
  const match = MAP_ENTRY.exec(text)
  const [name, field] = [match?.[1], match?.[2]]
  if (name === undefined || field === undefined || !isField(field)) return null
  return [name, field]
}

/** The headers an upstream gets, in order: its assertion header, then each dialect's, each name once. */
export function headerPlan(receiver: Receiver): readonly (readonly [string, Field])[] {
  const own: readonly [string, Field] = [
    receiver.assertionHeader,
    receiver.assertionHeader.toLowerCase() === 'authorization' ? 'bearer' : 'assertion',
  ]
  const named = receiver.dialects.flatMap((dialect) => {
    const entry = mapEntry(dialect)
    if (entry !== null) return [entry]
    return Object.hasOwn(DIALECTS, dialect) ? (DIALECTS[dialect] ?? []) : []
  })
  const seen = new Set<string>()
  return [own, ...named].filter(([name]) => {
    const key = name.toLowerCase()
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/**
 * Bytes each copy of the assertion may have: what 4 KB leave after 100 bytes for each plain header (at most 1,536),
 * shared by all copies.
 */
export function assertionBudget(receiver: Receiver): number {
  const plan = headerPlan(receiver)
  const carriers = plan.filter(([, field]) => field === 'assertion' || field === 'bearer')
  const around = carriers.reduce((sum, [name, field]) => sum + name.length + (field === 'bearer' ? 11 : 4), 0)
  const plain = Math.min(MOST_PLAIN_BYTES, PLAIN_HEADER_BYTES * (plan.length - carriers.length))
  return Math.floor((MOST_HEADER_BYTES - plain - around) / carriers.length)
}

/** The value of a field; null when there is nothing to say. */
function fieldValue(field: Field, claims: UserClaims, assertion: string): string | null {
  if (isAttribute(field)) {
    const value = claims.attributes?.[field.slice('attribute.'.length)]
    return value === undefined ? null : headerText(String(value))
  }
  switch (field) {
    case 'assertion':
      return assertion
    case 'bearer':
      return `Bearer ${assertion}`
    case 'user':
      return headerText(claims.sub)
    case 'session':
      return textOf(claims.sid)
    case 'name':
      return textOf(claims.name)
    case 'roles':
      return claims.roles === undefined ? null : headerList(claims.roles)
    case 'primary-role':
      return textOf(claims.primary_role)
    case 'permissions':
      return claims.permissions === undefined ? null : headerList(claims.permissions)
    case 'permissions-url':
      return textOf(claims.permissions_url)
    case 'email':
      return textOf(provenEmail(claims))
    case 'guest':
      return claims.guest ? 'true' : null
    case 'character-id':
      return textOf(claims.character?.id)
    case 'character-name':
      return textOf(claims.character?.name)
    case 'world':
      return textOf(claims.world)
    case 'idp':
      return textOf(claims.idp)
    case 'picture':
      return textOf(claims.picture)
    // WHY: readers of these two headers cut at the first colon or strip exactly this prefix.
    case 'google-user':
      return `accounts.google.com:${headerText(claims.sub)}`
    case 'google-email': {
      const email = provenEmail(claims)
      return email === undefined ? null : `accounts.google.com:${headerText(email)}`
    }
  }
}

/**
 * ATTACK: services find accounts by the address in a header, as Grafana does, and nothing beside it says whether anybody
 * verified it: who may choose their address at a provider would be whoever they like there (nOAuth, CVE-2023-3128).
 */
function provenEmail({ email, email_verified: verified }: UserClaims): string | undefined {
  return verified === true ? email : undefined
}

function textOf(text: string | undefined): string | null {
  return text === undefined ? null : headerText(text)
}

type Line = readonly [name: string, value: string, field: Field]

function totalBytes(lines: readonly Line[]): number {
  return lines.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
}

/** Within 4 KB: whole fields go, in every dialect at once, so that no two headers disagree; then lines from the end. */
function bounded(lines: readonly Line[]): readonly Line[] {
  let kept = lines
  for (const field of DROP_ORDER) {
    if (totalBytes(kept) <= MOST_HEADER_BYTES) return kept
    kept = kept.filter((line) => line[2] !== field)
  }
  if (totalBytes(kept) > MOST_HEADER_BYTES) kept = kept.filter((line) => !isAttribute(line[2]))
  while (totalBytes(kept) > MOST_HEADER_BYTES && kept.length > 1) kept = kept.slice(0, -1)
  return kept
}

/**
 * The identity headers of a request, ready to send. Absent when there is nothing to say; printable ASCII only; at most
 * 4 KB together. An anonymous assertion goes in the upstream's own assertion header alone, never as Bearer.
 *
 * @param assertion - the compact JWS of `claims`
 * @see SPEC section 5, DECISIONS 24; docs/upstreams/headers.md
 */
export function identityHeaders(
  claims: UserClaims | AnonymousClaims,
  assertion: string,
  receiver: Receiver,
): readonly (readonly [string, string])[] {
  if ('anonymous' in claims) {
    return receiver.assertionHeader.toLowerCase() === 'authorization' ? [] : [[receiver.assertionHeader, assertion]]
  }
  const lines: Line[] = []
  for (const [name, field] of headerPlan(receiver)) {
    const value = fieldValue(field, claims, assertion)
    if (value !== null && value !== '') lines.push([name, value, field])
  }
  return bounded(lines).map(([name, value]) => [name, value])
}
