import { type Answer, json } from '../../core/answer.ts'
import type { Ask } from '../../core/ask.ts'
import { type Sid, seconds, type UserId } from '../../core/brand.ts'
import { err, type Result } from '../../core/result.ts'
import type { NativeClient, NativeFlow } from '../../ports/config.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { type Opened, openSession } from '../../session/open.ts'
import { endSession } from '../arrive.ts'
import { isBlocked, type Person } from '../caller.ts'

/** That somebody let a program in: who, in which session, and what that session knows of their sign-in. */
export interface Approval {
  readonly user: UserId
  readonly sid: Sid
  readonly provider: string
  readonly authTime: number
  readonly provenAt: number | null
  readonly remember: 'remember' | 'forget'
}

/**
 * What a person's decision hands on.
 *
 * ATTACK: who was talked into allowing a stranger's device must not pass on that they proved their presence: a rule that
 * wants a recent sign-in stays closed to a device. A program beside the browser is at the place where it was proven.
 */
export function approvalOf({ user, session }: Person, flow: NativeFlow): Approval {
  return {
    user: user.id,
    sid: session.sid,
    provider: session.provider,
    authTime: session.authTime,
    provenAt: flow === 'loopback' ? (session.provenAt ?? null) : null,
    remember: session.basis?.remember ?? 'forget',
  }
}

/**
 * Opens the session of a program.
 *
 * @returns `denied` when the account may not be used, or the session of the approval is over: who signs out everywhere
 * takes back what waits
 */
export async function handOut(
  ask: Ask,
  gateway: Gateway,
  client: NativeClient,
  flow: NativeFlow,
  approval: Approval,
): Promise<Result<Opened, 'denied' | 'too-many'>> {
  const { store, runtime } = gateway
  const user = await store.directory.read(approval.user)
  if (user === null || isBlocked(user, gateway)) return err('denied')
  const alive = await store.sessions.list(user, runtime.now())
  if (!alive.some(({ sid }) => sid === approval.sid)) return err('denied')
  const opened = await openSession(ask, gateway, {
    user,
    provider: approval.provider,
    authTime: seconds(approval.authTime),
    provenAt: approval.provenAt === null ? null : seconds(approval.provenAt),
    remember: approval.remember,
    native: { client: client.id, by: approval.sid, flow },
  })
  if (!opened.ok) return err(opened.fault === 'too-many' ? 'too-many' : 'denied')
  // INVARIANT: stored first, then looked again: a sign-out everywhere meanwhile ends this one, or is seen here.
  const { session, evicted = [] } = opened.value
  const still = await store.sessions.list(user, runtime.now())
  if (!evicted.includes(approval.sid) && !still.some(({ sid }) => sid === approval.sid)) {
    await endSession(ask, gateway, session, { client: client.id })
    return err('denied')
  }
  runtime.observe({ kind: 'sign-in', requestId: ask.requestId, provider: approval.provider, outcome: flow })
  return opened
}

/** The answer that hands a session to a program, as a bearer (RFC 6749 section 5.1). */
export function tokenAnswer({ accessToken, session }: Opened, gateway: Gateway): Answer {
  const left = Math.max(0, session.endsAt - gateway.runtime.now())
  return json(200, { access_token: accessToken, token_type: 'Bearer', expires_in: left })
}
