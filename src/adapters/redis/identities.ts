import type { RoleName, Seconds, Tag, UserId } from '../../core/brand.ts'
import type { Identity, User, UserRef } from '../../core/person.ts'
import type { AuditNote } from '../../ports/audit.ts'
import type { DirectoryStore, Linked, ProvenIdentity, SignedIn, Unlinked } from '../../ports/store.ts'
import { type Answer, list, text, texts, unexpected } from './call.ts'
import { decodeIdentity, decodeUser, encodeProfile, encodeUser } from './codec.ts'
import type { Context } from './context.ts'
import { type Change, type Effect, personIs, recorded } from './effects.ts'
import {
  CLAIM_SECONDS,
  claim,
  confirm,
  type Holder,
  identityJson,
  identityName,
  look,
  owns,
  release,
} from './identity-index.ts'
import { readIdentities } from './scripts/user-read.ts'
import { linkUser, primaryUser, signInUser, unlinkUser } from './scripts/user-write.ts'

/** The part of the directory that ties proven identities to users. */
export type IdentityStore = Pick<
  DirectoryStore,
  'signIn' | 'promote' | 'find' | 'identities' | 'link' | 'unlink' | 'setPrimary'
>

const MAX_TRIES = 16

function userIn(operation: string, tag: string, answer: Answer): User {
  return decodeUser(operation, tag, list(operation, answer.parts, 0))
}

interface SigningIn {
  readonly name: string
  readonly identity: ProvenIdentity
  readonly fresh: User | null
  readonly now: Seconds
  readonly audit: AuditNote
}

async function enter(context: Context, signing: SigningIn, holder: Holder, change: Change): Promise<SignedIn | null> {
  const { name, identity, fresh, now } = signing
  const { tag, id, state } = holder
  // WHY: whoever comes second finishes what the first one claimed, with the first one's id; so two calls make one user
  // and a crash between claim and user leaves nothing that the next sign-in does not complete.
  const fields = fresh === null ? [] : encodeUser({ ...fresh, id: id as UserId, tag: tag as Tag })
  const audit = { ...signing.audit, subject: id as UserId }
  const args = {
    time: now,
    state,
    userid: id,
    name,
    json: identityJson(identity),
    profile: encodeProfile(identity.profile),
  }
  const { answer, record } = await context.chains.run(signInUser, tag, audit, args, fields)
  if (answer.word === '=stale') {
    await release(context.calls, name, tag, id)
    await context.index.close(change, [], audit.at)
    return null
  }
  if (answer.word !== 'known' && answer.word !== 'created') throw unexpected('user-sign-in')
  if (state !== 'held' && (await confirm(context.calls, name, tag, id, now)) === 'lost')
    throw unexpected('user-sign-in')
  const user = userIn('user-sign-in', tag, answer)
  await context.index.close(change, [personIs(user), ...recorded(record)], audit.at)
  return { kind: answer.word, user }
}

async function signIn(context: Context, signing: SigningIn): Promise<SignedIn> {
  const { name, fresh, now, audit } = signing
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const holder = await look(context.calls, name)
    if (holder === null && fresh === null) return { kind: 'closed' }
    if (holder !== null) {
      const change = await context.index.open(holder.tag, name, audit.at)
      const entered = await enter(context, signing, holder, change)
      if (entered !== null) return entered
    } else if (fresh !== null) {
      const change = await context.index.open(fresh.tag, name, audit.at)
      const claimed = await claim(context.calls, name, fresh, 'new', now)
      if (claimed.id === fresh.id) {
        const entered = await enter(context, signing, claimed, change)
        if (entered !== null) return entered
      } else {
        await context.index.close(change, [], audit.at)
      }
    }
  }
  throw unexpected('user-sign-in')
}

/** Claims the identity for a user; answers whose it is when it is another's. */
async function claimFor(context: Context, name: string, user: UserRef, now: Seconds): Promise<'mine' | 'taken'> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const holder = await claim(context.calls, name, user, 'link', now)
    if (holder.id === user.id && holder.tag === user.tag) return 'mine'
    if (await owns(context.calls, name, holder.tag, holder.id)) return 'taken'
    // TRADE-OFF: somebody else may be about to write it; for a minute the answer is `taken`, then the claim is void.
    if (holder.state !== 'held' && now - holder.at < CLAIM_SECONDS) return 'taken'
    await release(context.calls, name, holder.tag, holder.id)
  }
  throw unexpected('identity-claim')
}

interface Linking {
  readonly user: UserRef
  readonly identity: ProvenIdentity
  readonly primary: 'primary' | 'secondary'
  readonly role: RoleName | ''
  readonly now: Seconds
  readonly audit: AuditNote
}

async function link(context: Context, linking: Linking): Promise<Linked> {
  const { user, identity, primary, role, now, audit } = linking
  const name = await identityName(identity.issuer, identity.subject)
  const change = await context.index.open(user.tag, name, audit.at)
  if ((await claimFor(context, name, user, now)) === 'taken') {
    await context.index.close(change, [], audit.at)
    return 'taken'
  }
  const args = {
    ...{ time: now, userid: user.id, name, json: identityJson(identity), profile: encodeProfile(identity.profile) },
    ...{ primary, role },
  }
  const { answer, record } = await context.chains.run(linkUser, user.tag, audit, args)
  if (answer.word === '=no-user') {
    if (!(await owns(context.calls, name, user.tag, user.id))) await release(context.calls, name, user.tag, user.id)
    await context.index.close(change, [], audit.at)
    return 'no-user'
  }
  if ((await confirm(context.calls, name, user.tag, user.id, now)) === 'lost') throw unexpected('user-link')
  const known = answer.word === '=already-yours'
  if (!known && answer.word !== 'linked') throw unexpected('user-link')
  const person: readonly Effect[] = known ? [] : [personIs(userIn('user-link', user.tag, answer))]
  await context.index.close(change, [...person, ...recorded(record)], audit.at)
  return known ? 'already-yours' : 'linked'
}

async function unlink(
  context: Context,
  user: UserRef,
  issuer: string,
  subject: string,
  audit: AuditNote,
): Promise<Unlinked> {
  const name = await identityName(issuer, subject)
  if (!(await owns(context.calls, name, user.tag, user.id))) return 'unknown'
  const change = await context.index.open(user.tag, name, audit.at)
  // INVARIANT: sure before it goes; an index that is `held` while the user's records lack it is stale, never unfinished,
  // so no sign-in can bring a removed identity back.
  await confirm(context.calls, name, user.tag, user.id, audit.at)
  const { answer, record } = await context.chains.run(unlinkUser, user.tag, audit, { userid: user.id, name })
  const done = answer.word === 'unlinked'
  if (done) await release(context.calls, name, user.tag, user.id)
  const person: readonly Effect[] = done ? [personIs(userIn('user-unlink', user.tag, answer))] : []
  await context.index.close(change, [...person, ...recorded(record)], audit.at)
  if (done) return 'unlinked'
  return answer.word === '=last' ? 'last' : 'unknown'
}

async function setPrimary(
  context: Context,
  user: UserRef,
  issuer: string,
  subject: string,
  audit: AuditNote,
): Promise<boolean> {
  const name = await identityName(issuer, subject)
  const answer = await context.mutate({
    script: primaryUser,
    tag: user.tag,
    audit,
    args: () => ({ userid: user.id, name }),
    effects: (said) => (said.word === 'primary' ? [personIs(userIn('user-primary', user.tag, said))] : []),
  })
  return answer.word === 'primary'
}

async function identities(context: Context, user: UserRef): Promise<readonly Identity[]> {
  const operation = 'user-identities'
  const { parts } = await context.calls.run(readIdentities, user.tag, { userid: user.id })
  const primary = text(operation, parts, 0)
  const rows = list(operation, parts, 1)
  return rows.map((_, at) => {
    const [name = '', stored = ''] = texts(operation, rows, at)
    return decodeIdentity(operation, stored, name === primary ? 'primary' : 'secondary')
  })
}

/** Identities: an index of its own per identity leads to the user, whose own records decide. */
export function identityStore(context: Context): IdentityStore {
  return {
    async signIn(identity, fresh, now, audit) {
      const name = await identityName(identity.issuer, identity.subject)
      return signIn(context, { name, identity, fresh, now, audit })
    },
    promote: (user, identity, role, now, audit) =>
      link(context, { user, identity, primary: 'primary', role, now, audit }),
    async find(issuer, subject) {
      const name = await identityName(issuer, subject)
      const holder = await look(context.calls, name)
      if (holder === null || !(await owns(context.calls, name, holder.tag, holder.id))) return null
      return { id: holder.id as UserId, tag: holder.tag as Tag }
    },
    identities: (user) => identities(context, user),
    link: (user, identity, primary, now, audit) => link(context, { user, identity, primary, role: '', now, audit }),
    unlink: (user, issuer, subject, audit) => unlink(context, user, issuer, subject, audit),
    setPrimary: (user, issuer, subject, audit) => setPrimary(context, user, issuer, subject, audit),
  }
}
