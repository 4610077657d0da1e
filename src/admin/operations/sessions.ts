import type { Reader } from '../../config/reader.ts'
import type { Sid, UserId } from '../../core/brand.ts'
import type { Session } from '../../core/person.ts'
import { ok } from '../../core/result.ts'
import type { Page } from '../../ports/page.ts'
import { type Reach, reachFault, targetOf, unknownUser } from './authority.ts'
import { type Call, noteOf, type Outcome, refused } from './call.ts'
import { boundedText, type Operation, operation, optionalBounded, pageOf, userId } from './define.ts'
import { findSessions } from './find-sessions.ts'
import { sessionView, userView, type View } from './views.ts'

/** Kicking: people below, and the own sessions (seeds A14). */
export const KICK: Reach = { self: 'allow', machines: 'refuse' }
/** The game kicks its own characters. */
const GAME_KICK: Reach = { self: 'allow', machines: 'game' }
const SCAN_PAGE = 500

/** Sessions as the store pages them; of one world, or all (seeds S38, S39); with `text`, those in which it stands. */
export async function listSessions(
  call: Call,
  { world, text, page }: { readonly world: string | null; readonly text: string | null; readonly page: Page },
): Promise<Outcome<View>> {
  const now = call.gateway.runtime.now()
  const found =
    text === null
      ? await call.gateway.store.sessions.listAll({ world }, page, now)
      : await findSessions(call, { world }, text, page)
  const sessions = found.items.map(({ session, userName }) => ({ ...sessionView(session, now), user_name: userName }))
  return ok({ sessions, next: found.next })
}

/** Active and total, from counters (seeds S36, S37). */
export async function countSessions(call: Call): Promise<Outcome<View>> {
  const { store, runtime, config } = call.gateway
  const window = config.session.activityWindowSeconds
  return ok({ ...(await store.sessions.count(runtime.now(), window)), active_within_seconds: window })
}

/** A live session by its public name; without its user every session may have to be looked at. */
export async function findSession(call: Call, sid: string, user: string | null): Promise<Session | null> {
  const { store, runtime } = call.gateway
  const now = runtime.now()
  if (user !== null) {
    const owner = await store.directory.read(user as UserId)
    if (owner === null) return null
    return (await store.sessions.list(owner, now)).find((session) => session.sid === sid) ?? null
  }
  for (let after: string | null = null; ; ) {
    const page = await store.sessions.listAll({ world: null }, { after, limit: SCAN_PAGE }, now)
    const found = page.items.find(({ session }) => session.sid === sid)
    if (found !== undefined) return found.session
    if (page.next === null) return null
    after = page.next
  }
}

/** Whose a session is: with the name and the roles of its user (seeds S35). */
export async function showSession(
  call: Call,
  input: { readonly session: string; readonly user: string | null },
): Promise<Outcome<View>> {
  const { store, runtime } = call.gateway
  const session = await findSession(call, input.session, input.user)
  const user = session === null ? null : await store.directory.read(session.user as UserId)
  if (session === null || user === null) return unknownSession(input.session)
  const { name, roles, primary_role, unknown_roles, level } = userView(user, call.gateway.policy())
  return ok({ ...sessionView(session, runtime.now()), user_name: name, roles, primary_role, unknown_roles, level })
}

function unknownSession(sid: string): Outcome<never> {
  return refused('not-found', 'give the public name of a live session', { where: 'session', what: sid })
}

/** Ends one session; an unknown one is told and is no error (seeds S31, A14). */
export async function kickSession(
  call: Call,
  input: { readonly session: string; readonly user: string | null },
): Promise<Outcome<View>> {
  const { store, runtime, sessions } = call.gateway
  const session = await findSession(call, input.session, input.user)
  if (session === null) return ok({ session: input.session, ended: false })
  const target = await targetOf(call, session.user, KICK)
  if (!target.ok) return target
  if (call.mode === 'rehearse') return ok({ session: input.session, ended: true })
  const audit = noteOf(call, 'session-revoked', session.user, { sid: session.sid, reason: 'kicked' })
  const ended = await store.sessions.revokeSid(target.value, session.sid as Sid, 'kicked', runtime.now(), audit)
  sessions.drop(target.value.tag)
  return ok({ session: input.session, ended })
}

/** Ends every session of a person; how many (seeds S32). */
export async function kickUser(call: Call, input: { readonly user: string }): Promise<Outcome<View>> {
  const target = await targetOf(call, input.user, KICK)
  if (!target.ok) return target
  const { store, runtime, sessions } = call.gateway
  const now = runtime.now()
  if (call.mode === 'rehearse')
    return ok({ user: input.user, ended: (await store.sessions.list(target.value, now)).length })
  const audit = noteOf(call, 'session-revoked', target.value.id, { reason: 'kicked' })
  const ended = await store.sessions.revokeUser(target.value, 'kicked', now, audit)
  sessions.drop(target.value.tag)
  return ok({ user: input.user, ended })
}

/** Who plays a character, unless one of them may not be touched by who asks. */
async function reachablePlayers(call: Call, character: string, world: string | null): Promise<Outcome<number>> {
  const players = await playersOf(call, character, world)
  for (const { user } of players) {
    const owner = await call.gateway.store.directory.read(user as UserId)
    if (owner !== null && reachFault(call, owner, GAME_KICK) !== null)
      return refused('outranked', 'a person who plays this character is not below the actor')
  }
  return ok(players.length)
}

/** Ends every session that plays a character; how many, 0 is no error (seeds S33). */
export async function kickCharacter(
  call: Call,
  input: { readonly character: string; readonly world: string | null },
): Promise<Outcome<View>> {
  const { store, runtime, sessions } = call.gateway
  const players = await reachablePlayers(call, input.character, input.world)
  if (!players.ok) return players
  if (call.mode === 'rehearse') return ok({ character: input.character, ended: players.value })
  const audit = noteOf(call, 'session-revoked', null, { reason: 'kicked', by: 'character' })
  const ended = await store.sessions.revokeCharacter(input.character, input.world, runtime.now(), audit)
  sessions.clear()
  return ok({ character: input.character, ended })
}

/** A character is no more: sessions that play it go on, and are told so until they select again (seeds 2.3); how many. */
export async function releaseCharacter(
  call: Call,
  input: { readonly character: string; readonly world: string | null },
): Promise<Outcome<View>> {
  const { store, runtime, sessions } = call.gateway
  const players = await reachablePlayers(call, input.character, input.world)
  if (!players.ok) return players
  if (call.mode === 'rehearse') return ok({ character: input.character, released: players.value })
  const audit = noteOf(call, 'character-selected', null, { gone: input.character, world: input.world })
  const released = await store.sessions.releaseCharacter(input.character, input.world, runtime.now(), audit)
  sessions.clear()
  return ok({ character: input.character, released })
}

async function playersOf(call: Call, character: string, world: string | null): Promise<readonly Session[]> {
  const { store, runtime } = call.gateway
  const found: Session[] = []
  for (let after: string | null = null; ; ) {
    const page = await store.sessions.listAll({ world }, { after, limit: SCAN_PAGE }, runtime.now())
    for (const { session } of page.items) if (session.character?.id === character) found.push(session)
    if (page.next === null) return found
    after = page.next
  }
}

/** The emergency reset: ends every session there is; how many (seeds S34). */
export async function clearSessions(call: Call): Promise<Outcome<View>> {
  const { store, runtime, sessions } = call.gateway
  const now = runtime.now()
  if (call.mode === 'rehearse') return ok({ ended: (await store.sessions.count(now, 0)).total })
  const ended = await store.sessions.revokeAll(now, noteOf(call, 'session-revoked', null, { reason: 'clear' }))
  sessions.clear()
  return ok({ ended })
}

/** The distinct characters that play in a world, by id; none is no error (seeds S39). */
export async function listCharacters(call: Call, { world }: { readonly world: string }): Promise<Outcome<View>> {
  const { store, runtime } = call.gateway
  return ok({ world, characters: await store.sessions.charactersIn(world, runtime.now()) })
}

/** The game's own call: a session plays a character now, or none (seeds C3, C8). */
export async function selectCharacter(
  call: Call,
  input: {
    readonly session: string
    readonly user: string | null
    readonly character: { readonly id: string; readonly name: string; readonly world: string } | null
  },
): Promise<Outcome<View>> {
  const { store, sessions } = call.gateway
  const session = await findSession(call, input.session, input.user)
  if (session === null) return unknownSession(input.session)
  const target = await targetOf(call, session.user, GAME_KICK)
  if (!target.ok) return target
  const shown = { session: input.session, character: input.character }
  if (call.mode === 'rehearse') return ok(shown)
  const audit = noteOf(call, 'character-selected', session.user, { sid: session.sid })
  const selected = await store.sessions.select(session.key, input.character, audit)
  sessions.drop(session.tag)
  return selected ? ok(shown) : unknownUser(session.user)
}

/** Operations about sessions. */
export const sessionOperations: readonly Operation[] = [
  operation(
    { name: 'sessions.list', effect: 'read', needs: 'users' },
    (read) => ({
      world: optionalBounded(read, 'world', 128),
      text: optionalBounded(read, 'text', 80),
      page: pageOf(read),
    }),
    listSessions,
  ),
  operation(
    { name: 'sessions.show', effect: 'read', needs: 'users' },
    (read) => ({ session: boundedText(read, 'session', 64), user: optionalBounded(read, 'user', 64) }),
    showSession,
  ),
  operation({ name: 'sessions.count', effect: 'read', needs: 'users' }, () => ({}), countSessions),
  operation(
    { name: 'sessions.revoke', effect: 'write', needs: 'kick' },
    (read) => ({ session: boundedText(read, 'session', 64), user: optionalBounded(read, 'user', 64) }),
    kickSession,
  ),
  operation({ name: 'users.kick', effect: 'write', needs: 'kick' }, (read) => ({ user: userId(read) }), kickUser),
  operation(
    { name: 'characters.list', effect: 'read', needs: 'users' },
    (read) => ({ world: boundedText(read, 'world', 128) }),
    listCharacters,
  ),
  operation(
    { name: 'characters.kick', effect: 'write', needs: 'kick' },
    (read) => ({ character: boundedText(read, 'character', 128), world: optionalBounded(read, 'world', 128) }),
    kickCharacter,
  ),
  operation(
    { name: 'characters.gone', effect: 'write', needs: 'characters' },
    (read) => ({ character: boundedText(read, 'character', 128), world: optionalBounded(read, 'world', 128) }),
    releaseCharacter,
  ),
  operation({ name: 'sessions.clear', effect: 'write', needs: 'system' }, () => ({}), clearSessions),
  operation(
    { name: 'sessions.character', effect: 'write', needs: 'characters' },
    (read) => ({
      session: boundedText(read, 'session', 64),
      user: optionalBounded(read, 'user', 64),
      character: characterOf(read),
    }),
    selectCharacter,
  ),
]

function characterOf(read: Reader) {
  if (read.raw('character') === null) return null
  const section = read.section('character')
  const character = {
    id: boundedText(section, 'id', 128),
    name: section.text('name', ' ').trim().slice(0, 80),
    world: boundedText(section, 'world', 128),
  }
  section.end()
  return character
}
