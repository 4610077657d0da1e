import { type Seconds, seconds } from '../../core/brand.ts'
import type { Character, Session, UserRef } from '../../core/person.ts'
import type { AuditNote } from '../../ports/audit.ts'
import type { ListedSession, Page, Paged, SessionFilter, SessionStore } from '../../ports/store.ts'
import { type Answer, list, text, texts, whole } from './call.ts'
import { decodeProfile, decodeSession, parseObject, textOf } from './codec.ts'
import type { Context } from './context.ts'
import type { Reply } from './driver.ts'
import { recorded, sessionMember } from './effects.ts'
import { clampLimit, field, INDEX, unfield } from './names.ts'
import { countSessions, pageCharacters, pageSessions, voidSessions } from './scripts/index-read.ts'
import { listSessions } from './scripts/session-read.ts'

/** The part of the session store that looks at many users at once. */
export type SessionLists = Pick<SessionStore, 'revokeAll' | 'list' | 'listAll' | 'count' | 'presence' | 'charactersIn'>

const CHUNK = 500

/** The parts of a session name in the index. */
export function memberParts(member: string): { readonly tag: string; readonly sid: string } {
  const dot = member.lastIndexOf('.')
  return { tag: member.slice(dot + 1), sid: unfield(member.slice(0, dot)) }
}

/** Sessions as a script lists them. */
export function sessionsIn(operation: string, rows: readonly Reply[]): readonly Session[] {
  return rows.map((_, at) => {
    const row = list(operation, rows, at)
    return decodeSession(operation, text(operation, row, 0), text(operation, row, 1), text(operation, row, 2))
  })
}

async function ofUser(context: Context, tag: string, sids: readonly string[], now: Seconds): Promise<Answer> {
  const epoch = await context.index.epoch(now)
  return context.calls.run(listSessions, tag, { time: now, epoch: epoch.number }, sids)
}

async function listOf(context: Context, user: UserRef, now: Seconds): Promise<readonly Session[]> {
  const { parts } = await ofUser(context, user.tag, [], now)
  if (parts[0] !== user.id) return []
  const sessions = sessionsIn('session-list', list('session-list', parts, 2))
  return sessions.toSorted((a, b) => a.createdAt - b.createdAt || (a.sid < b.sid ? -1 : 1))
}

/** The sessions behind names of the index, in one call a user; those that are over are missing. */
async function listed(
  context: Context,
  members: readonly string[],
  now: Seconds,
): Promise<ReadonlyMap<string, ListedSession>> {
  const operation = 'session-list'
  const found = new Map<string, ListedSession>()
  const byTag = Map.groupBy(members.map(memberParts), ({ tag }) => tag)
  await Promise.all(
    [...byTag].map(async ([tag, wanted]) => {
      const { parts } = await ofUser(
        context,
        tag,
        wanted.map(({ sid }) => sid),
        now,
      )
      for (const session of sessionsIn(operation, list(operation, parts, 2))) {
        const userName = decodeProfile(operation, text(operation, parts, 1)).name
        found.set(sessionMember(tag, session.sid), { session, userName })
      }
    }),
  )
  return found
}

/** Whether a cursor is one of this list: an entry of the index. */
function isPlace(cursor: string, world: string): boolean {
  const rest = world === '' || cursor.startsWith(`${world}\n`) ? cursor.slice(world === '' ? 0 : world.length + 1) : ''
  return /^\d{12}\n[^\n]+\.[^\n.]+$/.test(rest)
}

async function listAll(
  context: Context,
  filter: SessionFilter,
  page: Page,
  now: Seconds,
): Promise<Paged<ListedSession>> {
  const operation = 'session-page'
  const world = filter.world === null ? '' : field(filter.world)
  const limit = clampLimit(page.limit)
  if (page.after !== null && !isPlace(page.after, world)) return { items: [], next: null }
  const items: ListedSession[] = []
  let after = page.after ?? ''
  for (;;) {
    // WHY: one more than wanted tells whether there is a next page; names that are over are passed by.
    const most = limit - items.length + 1
    const { parts } = await context.calls.run(pageSessions, INDEX, { time: now, world, after, most })
    const rows = list(operation, parts, 0)
    const entries = rows.map((_, at) => texts(operation, rows, at))
    const alive = entries.flatMap(([, member = '']) => (member === '' ? [] : [member]))
    const found = await listed(context, alive, now)
    for (const [entry = '', member = ''] of entries) {
      const session = found.get(member)
      if (session !== undefined && items.length === limit) return { items, next: after }
      if (session !== undefined) items.push(session)
      after = entry
    }
    if (rows.length < most) return { items, next: null }
  }
}

async function charactersIn(context: Context, world: string, now: Seconds): Promise<readonly Character[]> {
  const operation = 'character-page'
  const characters = new Map<string, Character>()
  let after = ''
  for (;;) {
    const args = { time: now, world: field(world), after, most: CHUNK }
    const { parts } = await context.calls.run(pageCharacters, INDEX, args)
    const rows = list(operation, parts, 0)
    for (const at of rows.keys()) {
      const [entry = '', json = ''] = texts(operation, rows, at)
      after = entry
      if (json === '') continue
      const fields = parseObject(operation, json)
      const id = textOf(operation, fields, 'id')
      characters.set(id, { id, name: textOf(operation, fields, 'name'), world: textOf(operation, fields, 'world') })
    }
    if (rows.length < CHUNK) break
  }
  return [...characters.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

async function revokeAll(context: Context, now: Seconds, audit: AuditNote): Promise<number> {
  const operation = 'session-void'
  const change = await context.index.open(INDEX, '', audit.at)
  const { answer, record } = await context.chains.run(voidSessions, INDEX, audit, { time: now })
  context.index.learn({ number: whole(operation, answer.parts, 1), at: now }, now)
  await context.index.close(change, recorded(record), audit.at)
  return whole(operation, answer.parts, 0)
}

async function count(
  context: Context,
  now: Seconds,
  activeWithin: number,
): Promise<{ readonly active: number; readonly total: number }> {
  const since = activeWithin === 0 ? '' : seconds(now - activeWithin)
  for (;;) {
    const { word, parts } = await context.calls.run(countSessions, INDEX, { time: now, since })
    if (word === 'more') continue
    return { active: whole('session-count', parts, 0), total: whole('session-count', parts, 1) }
  }
}

/** Lists, counts and sweeping ends over all users, from the index; what is shown is read in the users' own slots. */
export function sessionLists(context: Context): SessionLists {
  return {
    revokeAll: (now, audit) => revokeAll(context, now, audit),
    list: (user, now) => listOf(context, user, now),
    listAll: (filter, page, now) => listAll(context, filter, page, now),
    count: (now, activeWithin) => count(context, now, activeWithin),
    async presence(user, now) {
      const sessions = await listOf(context, user, now)
      const worlds = new Set(sessions.flatMap(({ character }) => (character === null ? [] : [character.world])))
      return { online: sessions.length > 0, worlds: [...worlds].toSorted() }
    },
    charactersIn: (world, now) => charactersIn(context, world, now),
  }
}
