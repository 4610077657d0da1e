import type { Seconds } from '../../core/brand.ts'
import type { UserRef } from '../../core/person.ts'
import type { ProvenIdentity } from '../../ports/store.ts'
import { type Answer, type Calls, text, unexpected, whole } from './call.ts'
import { sha256Name } from './chain.ts'
import { claimIdentity, confirmIdentity, lookIdentity, releaseIdentity } from './scripts/identity.ts'
import { ownsIdentity } from './scripts/user-read.ts'

/** Whose an identity is according to its index. */
export interface Holder {
  readonly state: 'held' | 'new' | 'link'
  readonly tag: string
  readonly id: string
  /** When it was claimed. */
  readonly at: number
  /** Number of the record in the user's chain that last confirmed it; 0 for a claim. */
  readonly stamp: number
}

/** A claim that was not finished for so long belongs to nobody; a call takes half a second at most. */
export const CLAIM_SECONDS = 60

/** Name of an identity in keys and indexes; says nothing about the person. */
export function identityName(issuer: string, subject: string): Promise<string> {
  return sha256Name(`${issuer}\n${subject}`)
}

/** What is stored of an identity beside its profile. */
export function identityJson(identity: ProvenIdentity): string {
  const { issuer, subject, provider } = identity
  return JSON.stringify({ issuer, subject, provider })
}

const slot = (name: string): string => `i.${name}`

function holderOf(operation: string, { word, parts }: Answer): Holder | null {
  if (word === 'none') return null
  const state = text(operation, parts, 0)
  if (state !== 'held' && state !== 'new' && state !== 'link') throw unexpected(operation)
  const [tag, id] = [text(operation, parts, 1), text(operation, parts, 2)]
  return { state, tag, id, at: whole(operation, parts, 3), stamp: whole(operation, parts, 4) }
}

/** Whose an identity is; null when nobody's. */
export async function look(calls: Calls, name: string): Promise<Holder | null> {
  return holderOf('identity-look', await calls.run(lookIdentity, slot(name), {}))
}

/** Claims an identity; answers whose it is now, which need not be the caller. */
export async function claim(
  calls: Calls,
  name: string,
  user: UserRef,
  state: 'new' | 'link',
  at: Seconds,
): Promise<Holder> {
  const args = { state, tag: user.tag, id: user.id, at }
  const holder = holderOf('identity-claim', await calls.run(claimIdentity, slot(name), args))
  if (holder === null) throw unexpected('identity-claim')
  return holder
}

/** Makes a claim sure. `lost`: it is somebody else's by now. */
export async function confirm(
  calls: Calls,
  name: string,
  tag: string,
  id: string,
  at: Seconds,
  stamp: number,
): Promise<'held' | 'lost'> {
  const { word } = await calls.run(confirmIdentity, slot(name), { tag, id, at, stamp })
  if (word !== 'held' && word !== 'lost') throw unexpected('identity-confirm')
  return word
}

/** Gives an identity up if it is still this user's, and no record after `stamp` confirmed it. */
export async function release(calls: Calls, name: string, tag: string, id: string, stamp: number): Promise<void> {
  await calls.run(releaseIdentity, slot(name), { tag, id, stamp })
}

/** Whether the user's own records say that the identity is theirs: these decide, the index only leads there. */
export async function owns(calls: Calls, name: string, tag: string, id: string): Promise<boolean> {
  return (await calls.run(ownsIdentity, tag, { userid: id, name })).word === 'yes'
}
