import type { RoleName, Seconds, Tag, UserId } from '../../core/brand.ts'
import type { Identity, User, UserRef } from '../../core/person.ts'
import type { AuditNote } from '../../ports/audit.ts'
import {
  type DirectoryStore,
  type Linked,
  type ProvenIdentity,
  type SignedIn,
  StoreUnavailable,
  type Unlinked,
} from '../../ports/store.ts'
import { type Answer, list, text, texts, unexpected, whole } from './call.ts'
import { decodeIdentity, decodeUser, encodeProfile, encodeUser } from './codec.ts'
import type { Context } from './context.ts'
import { type Change, type Effect, personIs, personRemoved, recorded } from './effects.ts'
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
import { linkUser, makeUser, primaryUser, returnUser, unlinkUser } from './scripts/identity-write.ts'
import { dropIdentity, readIdentities } from './scripts/user-read.ts'

/** The part of the directory that ties proven identities to users. */
export type IdentityStore = Pick<
  DirectoryStore,
  'signIn' | 'promote' | 'find' | 'identities' | 'link' | 'unlink' | 'setPrimary'
>

const MAX_TRIES = 16

/** The note of a user who was just made: about that user, and by that user where nobody else did it. */
export function madeBy(audit: AuditNote, id: UserId): AuditNote {
  return { ...audit, subject: id, actor: audit.subject === audit.actor ? id : audit.actor }
}

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

const stored = ({ name, identity, now }: SigningIn) => ({
  ...{ name, json: identityJson(identity), profile: encodeProfile(identity.profile), time: now },
})

/** Undoes an identity that the index gave to somebody else meanwhile. */
export async function undo(context: Context, name: string, user: UserRef, now: Seconds): Promise<void> {
  const { word } = await context.calls.run(dropIdentity, user.tag, { userid: user.id, name })
  await context.index.close(null, word === 'undone' ? [personRemoved(user.id)] : [], now)
}

type Back = SignedIn | 'unfinished' | 'gone'

/** A person whose user may be there already: `gone` when that user does not have the identity. */
async function comeBack(context: Context, signing: SigningIn, holder: Holder): Promise<Back> {
  const operation = 'user-return'
  const { name, now, audit } = signing
  const { tag, id, state } = holder
  const args = { ...stored(signing), state, userid: id }
  let change: Change | null = null
  let answer = await context.calls.run(returnUser, tag, { ...args, marked: '' })
  if (answer.word === 'mark') {
    // WHY: most people come back unchanged and leave nothing for the index to learn; only the rest are announced to it.
    change = await context.index.open(tag, name, audit.at)
    answer = await context.calls.run(returnUser, tag, { ...args, marked: 'marked' })
  }
  const { word, parts } = answer
  if (word === 'known') {
    const user = decodeUser(operation, tag, list(operation, parts, 0))
    const stamp = whole(operation, parts, 1)
    const lost = state !== 'held' && (await confirm(context.calls, name, tag, id, now, stamp)) === 'lost'
    if (lost) await undo(context, name, user, now)
    await context.index.close(change, change === null || lost ? [] : [personIs(user)], now)
    return lost ? 'gone' : { kind: 'known', user }
  }
  await context.index.close(change, [], now)
  if (word === 'unfinished') return word
  if (word !== 'gone') throw unexpected(operation)
  return state === 'new' ? 'unfinished' : 'gone'
}

/** Finishes a sign-up, one's own or another's; null when it has to begin anew. */
async function finish(
  context: Context,
  signing: SigningIn,
  fresh: User,
  holder: Holder,
  change: Change,
): Promise<SignedIn | null> {
  const { name, now } = signing
  const { tag } = holder
  const id = holder.id as UserId
  // WHY: whoever comes second finishes what the first one claimed, with the first one's id; so two calls make one user
  // and a crash between claim and user leaves nothing that the next sign-in does not complete.
  const fields = encodeUser({ ...fresh, id, tag: tag as Tag })
  const audit = madeBy(signing.audit, id)
  const args = { ...stored(signing), userid: id }
  const { answer, record } = await context.chains.run(makeUser, tag, audit, args, fields)
  if (answer.word === '=exists') {
    const back = await comeBack(context, signing, holder)
    await context.index.close(change, [], audit.at)
    return back === 'unfinished' || back === 'gone' ? null : back
  }
  const user = answer.word === 'created' ? userIn('user-make', tag, answer) : null
  const stamp = record?.sequence ?? 0
  const held = user !== null && (await confirm(context.calls, name, tag, id, now, stamp)) === 'held'
  if (user === null) await release(context.calls, name, tag, id, holder.stamp)
  else if (!held) await undo(context, name, user, now)
  await context.index.close(change, [...(user !== null && held ? [personIs(user)] : []), ...recorded(record)], audit.at)
  return user !== null && held ? { kind: 'created', user } : null
}

/** A sign-up that begins: announced, then claimed; null when somebody else was first. */
async function begin(context: Context, signing: SigningIn, fresh: User): Promise<SignedIn | null> {
  const { name, now, audit } = signing
  const change = await context.index.open(fresh.tag, name, audit.at)
  const holder = await claim(context.calls, name, fresh, 'new', now)
  if (holder.id === fresh.id && holder.state === 'new') return finish(context, signing, fresh, holder, change)
  await context.index.close(change, [], audit.at)
  return null
}

async function meet(context: Context, signing: SigningIn, holder: Holder): Promise<SignedIn | null> {
  const { name, fresh, now, audit } = signing
  const back = await comeBack(context, signing, holder)
  if (back !== 'unfinished' && back !== 'gone') return back
  if (back === 'unfinished' && holder.state === 'new') {
    if (fresh === null) return { kind: 'closed' }
    const change = await context.index.open(holder.tag, name, audit.at)
    return finish(context, signing, fresh, holder, change)
  }
  // WHY: a link that is not finished may be going on right now; a moment later one of us is first.
  const isVoid = back === 'gone' || now - holder.at >= CLAIM_SECONDS
  if (isVoid) await release(context.calls, name, holder.tag, holder.id, holder.stamp)
  return null
}

async function signIn(context: Context, signing: SigningIn): Promise<SignedIn> {
  const { name, fresh } = signing
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const holder = await look(context.calls, name)
    if (holder === null && fresh === null) return { kind: 'closed' }
    const signed =
      holder !== null
        ? await meet(context, signing, holder)
        : fresh !== null
          ? await begin(context, signing, fresh)
          : null
    if (signed !== null) return signed
  }
  throw new StoreUnavailable('user-return', 'the identity is being linked elsewhere')
}

/** Claims the identity for a user; answers whose it is when it is another's. */
async function claimFor(context: Context, name: string, user: UserRef, now: Seconds): Promise<Holder | 'taken'> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const holder = await claim(context.calls, name, user, 'link', now)
    if (holder.id === user.id && holder.tag === user.tag) return holder
    if (await owns(context.calls, name, holder.tag, holder.id)) return 'taken'
    // TRADE-OFF: somebody else may be about to write it; for a minute the answer is `taken`, then the claim is void.
    if (holder.state !== 'held' && now - holder.at < CLAIM_SECONDS) return 'taken'
    await release(context.calls, name, holder.tag, holder.id, holder.stamp)
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
  const holder = await claimFor(context, name, user, now)
  if (holder === 'taken') {
    await context.index.close(change, [], audit.at)
    return 'taken'
  }
  const args = {
    ...{ time: now, userid: user.id, name, json: identityJson(identity), profile: encodeProfile(identity.profile) },
    ...{ primary, role },
  }
  const { answer, record } = await context.chains.run(linkUser, user.tag, audit, args)
  if (answer.word === '=no-user') {
    if (!(await owns(context.calls, name, user.tag, user.id))) {
      await release(context.calls, name, user.tag, user.id, holder.stamp)
    }
    await context.index.close(change, [], audit.at)
    return 'no-user'
  }
  const known = answer.word === '=already-yours'
  if (!known && answer.word !== 'linked') throw unexpected('user-link')
  const stamp = record?.sequence ?? whole('user-link', answer.parts, 0)
  if ((await confirm(context.calls, name, user.tag, user.id, now, stamp)) === 'lost') {
    await undo(context, name, user, now)
    await context.index.close(change, recorded(record), audit.at)
    return 'taken'
  }
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
  await confirm(context.calls, name, user.tag, user.id, audit.at, 0)
  const { answer, record } = await context.chains.run(unlinkUser, user.tag, audit, { userid: user.id, name })
  const done = answer.word === 'unlinked'
  if (done) await release(context.calls, name, user.tag, user.id, record?.sequence ?? 0)
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
    const [name = '', identity = '', profile = ''] = texts(operation, rows, at)
    return decodeIdentity(operation, identity, profile, name === primary ? 'primary' : 'secondary')
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
