import { type Answer, json } from '../../core/answer.ts'
import type { Ask } from '../../core/ask.ts'
import { type Sid, seconds, type Tag, type UserId } from '../../core/brand.ts'
import type { Session, UserRef } from '../../core/person.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { NativeClient, NativeFlow } from '../../ports/config.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { capOf, knownRoles } from '../../session/life.ts'
import { type Opened, openSession, type SessionSeed } from '../../session/open.ts'
import { endSession } from '../arrive.ts'
import { isBlocked, type Person } from '../caller.ts'
import { TRIES } from '../open-for.ts'
import { type Followed, followedBy, followWith, isProviderSessionOver } from '../provider-session.ts'

/** That somebody let a program in: who, in which session, and what that session knows of their sign-in. */
export interface Approval {
  readonly user: UserId
  readonly tag: Tag
  readonly sid: Sid
  readonly provider: string
  readonly authTime: number
  readonly provenAt: number | null
  readonly remember: 'remember' | 'forget'
  /** The session of the provider that one follows; null: none is known. */
  readonly follows: Followed | null
}

/**
 * What a person's decision hands on.
 *
 * ATTACK: who was talked into allowing a stranger's device must not pass on that they proved their presence: a rule that
 * wants a recent sign-in stays closed to a device. A program beside the browser is at the place where it was proven.
 */
export async function approvalOf(gateway: Gateway, { user, session }: Person, flow: NativeFlow): Promise<Approval> {
  return {
    user: user.id,
    tag: user.tag,
    sid: session.sid,
    provider: session.provider,
    authTime: session.authTime,
    provenAt: flow === 'loopback' ? (session.provenAt ?? null) : null,
    remember: session.basis?.remember ?? 'forget',
    follows: await followedBy(gateway, session.sid),
  }
}

/**
 * Whether another session may be opened beside the one somebody decides in, which never makes room itself; asked while the
 * decision is made, so that they learn of it who can do something about it.
 */
export async function hasRoom(gateway: Gateway, { user }: Person): Promise<boolean> {
  const { config, policy, store, runtime } = gateway
  const cap = capOf(config.session, knownRoles(policy().bundle, user))
  if (cap === null || (cap.excess === 'evict_oldest' && cap.max > 1)) return true
  return (await store.sessions.list(user, runtime.now())).length < cap.max
}

/** What opens the session of a program: what it calls itself, how it came, and who allowed it. */
interface Letting {
  readonly client: NativeClient
  readonly flow: NativeFlow
  readonly approval: Approval
  /** What the program showed for it: it is worth this one session, however often the way to it has to be gone. */
  readonly seed: SessionSeed
}

/**
 * Opens the session of a program. Its secret is made from what the program showed, so that after an outage the same call
 * finds the session that was made, and none is left that nobody holds.
 *
 * @returns `denied` when the account may not be used, or the session of the approval is over or of another provider by
 * now: who signs out everywhere takes back what waits, and who becomes an account does not take along what a guest allowed
 */
export async function handOut(
  ask: Ask,
  gateway: Gateway,
  letting: Letting,
): Promise<Result<Opened, 'denied' | 'too-many'>> {
  let opened = await tryOnce(ask, gateway, letting)
  // WHY: what changed the user meanwhile may be harmless; each try looks at everything anew.
  for (let left = TRIES; left > 0 && !opened.ok && opened.fault === 'changed'; left--)
    opened = await tryOnce(ask, gateway, letting)
  if (opened.ok) return opened
  return err(opened.fault === 'too-many' ? 'too-many' : 'denied')
}

interface Seen {
  /** The session in which a program was allowed, while it lives and still is what it was. */
  readonly by: Session | null
  readonly alive: readonly Session[]
}

async function look(gateway: Gateway, user: UserRef, approval: Approval): Promise<Seen> {
  const { store, runtime } = gateway
  const isOver = approval.follows !== null && (await isProviderSessionOver(gateway, approval.follows))
  const alive = await store.sessions.list(user, runtime.now())
  const by = alive.find(({ sid, provider }) => sid === approval.sid && provider === approval.provider)
  return { by: isOver || by === undefined ? null : by, alive }
}

async function tryOnce(
  ask: Ask,
  gateway: Gateway,
  { client, flow, approval, seed }: Letting,
): Promise<Result<Opened, 'denied' | 'too-many' | 'no-user' | 'changed'>> {
  const { store, runtime } = gateway
  const user = await store.directory.read(approval.user)
  if (user === null || isBlocked(user, gateway)) return err('denied')
  const { by } = await look(gateway, user, approval)
  if (by === null) return err('denied')
  const { follows } = approval
  const opened = await openSession(ask, gateway, {
    user,
    provider: approval.provider,
    authTime: seconds(approval.authTime),
    provenAt: approval.provenAt === null ? null : seconds(approval.provenAt),
    remember: approval.remember,
    native: { client: client.id, by: approval.sid, flow, follows: follows?.key ?? null, seed },
  })
  if (!opened.ok) return opened
  const { session } = opened.value
  if (follows !== null) await followWith(gateway, follows, by, session.endsAt)
  // INVARIANT: stored first, then looked again: an end of the session it was allowed in, and one at its provider,
  // finds this one, or is seen here.
  const after = await look(gateway, user, approval)
  const stored = after.alive.find(({ sid }) => sid === session.sid)
  if (after.by === null || stored === undefined) {
    await endSession(ask, gateway, session, { client: client.id })
    return err('denied')
  }
  runtime.observe({ kind: 'sign-in', requestId: ask.requestId, provider: approval.provider, outcome: flow })
  // WHY: as it is stored, which may be a moment ago, by a call that was not answered.
  return ok({ ...opened.value, session: stored })
}

/** The answer that hands a session to a program, as a bearer (RFC 6749 section 5.1). */
export function tokenAnswer({ accessToken, session }: Opened, gateway: Gateway): Answer {
  const left = Math.max(0, session.endsAt - gateway.runtime.now())
  return json(200, { access_token: accessToken, token_type: 'Bearer', expires_in: left })
}
