import type { Seconds, Tag, UserId } from '../../core/brand.ts'
import type { Attributes, User, UserRef } from '../../core/person.ts'
import type { AuditNote } from '../../ports/audit.ts'
import type { DirectoryStore, Page, Paged, RoleChange } from '../../ports/store.ts'
import { list, text, texts, unexpected } from './call.ts'
import type { Recorded } from './chain.ts'
import { decodeUser, encodeStanding, encodeUser } from './codec.ts'
import type { Context } from './context.ts'
import {
  type Change,
  type Effect,
  folded,
  numberOf,
  personIs,
  personRemoved,
  recorded,
  sessionEnded,
  unclaimed,
} from './effects.ts'
import { identityStore, madeBy } from './identities.ts'
import { release } from './identity-index.ts'
import { clampLimit, field, INDEX } from './names.ts'
import { makeUser } from './scripts/identity-write.ts'
import { claimAdmin, dueGuests, pagePeople, personTag } from './scripts/people.ts'
import { forgetReleased, readUser } from './scripts/user-read.ts'
import { removeUser, setUserAttributes, setUserRoles, setUserStanding } from './scripts/user-write.ts'

/** Reads the user under a tag; null when there is none. */
export async function userUnder(context: Context, tag: string): Promise<User | null> {
  const { parts } = await context.calls.run(readUser, tag, {})
  const flat = list('user-read', parts, 0)
  return flat.length === 0 ? null : decodeUser('user-read', tag, flat)
}

type Attempt = (claimed: 'claimed' | '') => Promise<Recorded>

interface Guarded {
  readonly change: Change
  readonly recorded: Recorded | 'last-admin'
  /** What the index has to learn besides: that the claim is over. */
  readonly effects: readonly Effect[]
}

/** Runs a change of a user; where it ends an admin, only with a claim that another one is left. */
async function guarded(
  context: Context,
  user: UserRef,
  admins: readonly string[],
  audit: AuditNote,
  attempt: Attempt,
): Promise<Guarded> {
  const change = await context.index.open(user.tag, '', audit.at)
  const first = await attempt('')
  if (first.answer.word !== '=guard') return { change, recorded: first, effects: [] }
  const op = numberOf(change)
  const claim = await context.calls.run(claimAdmin, INDEX, { id: user.id, at: audit.at, op }, admins.map(field))
  if (claim.word === 'last') return { change, recorded: 'last-admin', effects: [] }
  return { change, recorded: await attempt('claimed'), effects: [unclaimed(user.id, { op })] }
}

async function roleChange(
  context: Context,
  operation: string,
  user: UserRef,
  admins: readonly string[],
  audit: AuditNote,
  attempt: Attempt,
): Promise<RoleChange | { readonly kind: 'stale' }> {
  const { change, recorded: outcome, effects } = await guarded(context, user, admins, audit, attempt)
  if (outcome === 'last-admin') {
    await context.index.close(change, [], audit.at)
    return { kind: 'last-admin' }
  }
  const { answer, record } = outcome
  if (answer.word !== 'changed') {
    await context.index.close(change, effects, audit.at)
    if (answer.word === '=stale') return { kind: 'stale' }
    return { kind: answer.word === '=no-user' ? 'no-user' : 'unchanged' }
  }
  const changed = decodeUser(operation, user.tag, list(operation, answer.parts, 0))
  await context.index.close(change, [personIs(changed), ...effects, ...recorded(record)], audit.at)
  return { kind: 'changed', user: changed }
}

interface Removal {
  readonly user: UserRef
  readonly admins: readonly string[]
  /** Only a guest account that is over by then; null: whoever it is. */
  readonly guestsAt: Seconds | null
  readonly audit: AuditNote
}

/** Takes away what other slots still say about a removed person, then the note that says so. */
export async function releaseRemoved(
  context: Context,
  user: UserRef,
  names: readonly string[],
  change: Change,
  effects: readonly Effect[],
  at: Seconds,
): Promise<void> {
  // WHY: a removed person never comes back, so no later record can have confirmed anything.
  for (const name of names) await release(context.calls, name, user.tag, user.id, Number.MAX_SAFE_INTEGER)
  await context.index.close(null, effects, at)
  await context.calls.run(forgetReleased, user.tag, {})
  await context.index.close(change, [], at)
}

async function remove(context: Context, removal: Removal): Promise<'removed' | 'no-user' | 'last-admin' | 'spared'> {
  const { user, admins, guestsAt, audit } = removal
  const roles = admins.join('\n')
  const attempt: Attempt = (claimed) =>
    context.chains.run(removeUser, user.tag, audit, {
      time: audit.at,
      userid: user.id,
      admins: roles,
      claimed,
      guestsat: guestsAt ?? '',
    })
  const { change, recorded: outcome, effects } = await guarded(context, user, admins, audit, attempt)
  if (outcome === 'last-admin' || outcome.answer.word !== 'removed') {
    await context.index.close(change, effects, audit.at)
    if (outcome === 'last-admin') return 'last-admin'
    return outcome.answer.word === '=spared' ? 'spared' : 'no-user'
  }
  const { parts } = outcome.answer
  const ended = texts('user-remove', parts, 1).map((sid) => sessionEnded(user.tag, sid))
  const all = [...ended, personRemoved(user.id), ...effects, ...recorded(outcome.record)]
  await releaseRemoved(context, user, texts('user-remove', parts, 0), change, all, audit.at)
  return 'removed'
}

async function search(context: Context, wanted: string, page: Page): Promise<Paged<User>> {
  const operation = 'person-page'
  const limit = clampLimit(page.limit)
  if (page.after !== null && !/^[^\n]*\n[^\n]+$/.test(page.after)) return { items: [], next: null }
  const items: User[] = []
  let after = page.after ?? ''
  for (;;) {
    const args = { part: field(folded(wanted)), after, most: limit - items.length + 1 }
    const { parts } = await context.calls.run(pagePeople, INDEX, args)
    const rows = list(operation, parts, 2)
    const entries = rows.map((_, at) => texts(operation, rows, at))
    const users = await Promise.all(entries.map(([, tag]) => (tag === undefined ? null : userUnder(context, tag))))
    for (const [at, [entry = '', , id = '']] of entries.entries()) {
      const user = users[at] ?? null
      if (user !== null && user.id === id) {
        if (items.length === limit) return { items, next: after }
        items.push(user)
      }
      after = entry
    }
    if (text(operation, parts, 0) === 'end') return { items, next: null }
    after = text(operation, parts, 1)
  }
}

async function overdueGuests(context: Context, now: Seconds, limit: number): Promise<readonly UserRef[]> {
  const operation = 'guest-due'
  const { parts } = await context.calls.run(dueGuests, INDEX, { upto: now, most: limit })
  const rows = list(operation, parts, 0)
  return rows.map((_, at) => {
    const [id = '', tag = ''] = texts(operation, rows, at)
    return { id: id as UserId, tag: tag as Tag }
  })
}

async function purgeGuest(context: Context, user: UserRef, now: Seconds, audit: AuditNote): Promise<boolean> {
  const note = { ...audit, subject: user.id }
  return (await remove(context, { user, admins: [], guestsAt: now, audit: note })) === 'removed'
}

async function setAttributes(
  context: Context,
  user: UserRef,
  changes: Readonly<Record<string, string | number | boolean | null>>,
  audit: AuditNote,
): Promise<Attributes | null> {
  const operation = 'user-attributes'
  const answer = await context.mutate({
    script: setUserAttributes,
    tag: user.tag,
    audit,
    args: () => ({ userid: user.id }),
    rest: Object.entries(changes).flatMap(([name, value]) => [name, value === null ? '' : JSON.stringify(value)]),
    effects: ({ word, parts }) =>
      word === 'changed' ? [personIs(decodeUser(operation, user.tag, list(operation, parts, 0)))] : [],
  })
  if (answer.word === '=no-user') return null
  return decodeUser(operation, user.tag, list(operation, answer.parts, 0)).attributes
}

/** Users, each in a slot of their own; who is whose identity, admin or guest is found through indexes. */
export function directoryStore(context: Context): DirectoryStore {
  return {
    ...identityStore(context),
    async createGuest(user, audit) {
      const answer = await context.mutate({
        script: makeUser,
        tag: user.tag,
        audit: madeBy(audit, user.id),
        args: () => ({ userid: user.id, name: '', json: '', profile: '', time: user.createdAt }),
        rest: encodeUser(user),
        effects: ({ word }) => (word === 'created' ? [personIs(user)] : []),
      })
      if (answer.word === '=taken') throw new TypeError('the tag of a new user belongs to nobody else')
    },
    async read(id) {
      const { parts } = await context.calls.run(personTag, INDEX, { id })
      const tag = text('person-tag', parts, 0)
      if (tag === '') return null
      const user = await userUnder(context, tag)
      return user?.id === id ? user : null
    },
    setRoles: (user, roles, primary, admins, audit, held) =>
      roleChange(context, 'user-roles', user, admins, audit, (claimed) => {
        const main = primary !== null && roles.includes(primary) ? primary : ''
        const args = {
          time: audit.at,
          userid: user.id,
          roles: [...new Set(roles)].join('\n'),
          main,
          admins: admins.join('\n'),
          claimed,
          compare: held === undefined ? '' : 'held',
          held: held?.roles.join('\n') ?? '',
          heldmain: held?.primaryRole ?? '',
        }
        return context.chains.run(setUserRoles, user.tag, audit, args)
      }),
    async setStanding(user, standing, admins, _now, audit) {
      const outcome = await roleChange(context, 'user-standing', user, admins, audit, (claimed) => {
        const to = encodeStanding(standing)
        const args = { time: audit.at, userid: user.id, standing: to, admins: admins.join('\n'), claimed }
        return context.chains.run(setUserStanding, user.tag, audit, args)
      })
      if (outcome.kind === 'stale') throw unexpected('user-standing')
      return outcome
    },
    setAttributes: (user, changes, audit) => setAttributes(context, user, changes, audit),
    async remove(user, admins, _now, audit) {
      const outcome = await remove(context, { user, admins, guestsAt: null, audit })
      if (outcome === 'spared') throw unexpected('user-remove')
      return outcome
    },
    search: (wanted, page) => search(context, wanted, page),
    overdueGuests: (now, limit) => overdueGuests(context, now, limit),
    purgeGuest: (guest, now, audit) => purgeGuest(context, guest, now, audit),
  }
}
