import type { Attributes } from '../core/person.ts'
import type { UserClaims } from './claim-set.ts'
import { type Field, mapEntry } from './dialects.ts'
import type { Receiver } from './receiver.ts'

/** What `claims` of an upstream may list beside `attribute.<name>`, each with the claims that go with it. */
export const DISCLOSABLE: Readonly<Record<string, readonly (keyof UserClaims)[]>> = {
  sid: ['sid'],
  auth_time: ['auth_time'],
  idp: ['idp'],
  roles: ['roles', 'primary_role'],
  permissions: ['permissions'],
  character: ['character'],
  world: ['world'],
  name: ['name'],
  email: ['email', 'email_verified'],
  picture: ['picture'],
}

/** What of `claims` a field of an own map says; null: what every upstream is told. */
const SAID: Readonly<Record<string, string>> = {
  session: 'sid',
  name: 'name',
  roles: 'roles',
  'primary-role': 'roles',
  permissions: 'permissions',
  email: 'email',
  'character-id': 'character',
  'character-name': 'character',
  world: 'world',
  idp: 'idp',
  picture: 'picture',
}

const ATTRIBUTE = 'attribute.'

/** The name behind `attribute.<name>`; null for anything else. */
export function attributeName(word: string): string | null {
  return word.startsWith(ATTRIBUTE) ? word.slice(ATTRIBUTE.length) : null
}

/** What of `claims` a field needs; null when every upstream is told it. */
export function claimBehind(field: Field): string | null {
  return attributeName(field) === null ? (SAID[field] ?? null) : field
}

/** Names of the attributes an upstream is told: those its `claims` list, and those its own map writes. */
export function attributesTold(receiver: Pick<Receiver, 'claims' | 'dialects'>): readonly string[] {
  const words = [...(receiver.claims ?? []), ...receiver.dialects.flatMap((dialect) => mapEntry(dialect)?.[1] ?? [])]
  return [...new Set(words.flatMap((word) => attributeName(word) ?? []))]
}

/** The attributes of a user that an upstream is told; absent when there is none. */
export function toldAttributes(attributes: Attributes, receiver: Receiver): Pick<UserClaims, 'attributes'> {
  const told = attributesTold(receiver).flatMap((name) => {
    const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined
    return value === undefined ? [] : [[name, value] as const]
  })
  return told.length === 0 ? {} : { attributes: Object.fromEntries(told) }
}

/** Whether an upstream is told one of `DISCLOSABLE`. */
export function isTold(receiver: Pick<Receiver, 'claims'>, word: string): boolean {
  return receiver.claims === null || receiver.claims.includes(word)
}

/** The claims without those the upstream is not told. */
export function disclosed(claims: UserClaims, receiver: Receiver): UserClaims {
  const withheld = Object.entries(DISCLOSABLE).flatMap(([word, names]) => (isTold(receiver, word) ? [] : names))
  if (withheld.length === 0) return claims
  const kept = Object.entries(claims).filter(([name]) => !withheld.some((one) => one === name))
  return Object.fromEntries(kept) as UserClaims
}
