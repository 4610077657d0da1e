import { type ConfigProblem, Reader } from '../config/reader.ts'
import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { type Sid, seconds } from '../core/brand.ts'
import type { FaultKind } from '../core/fault.ts'
import type { Session, User } from '../core/person.ts'
import { ok, type Result } from '../core/result.ts'
import { refuse } from '../pages/refuse.ts'
import type { OwnEndpoint } from '../ports/front.ts'
import type { Gateway } from '../ports/gateway.ts'
import { askingSubject } from './actor.ts'
import { readJson } from './body.ts'
import { type Call, noteOf, type Outcome, refused } from './operations/call.ts'
import { boundedText, refusedInput } from './operations/define.ts'
import { redeemInvite } from './operations/invites.ts'
import { createToken, listTokens, revokeToken, tokenInput } from './operations/tokens.ts'
import { sessionView, type View } from './operations/views.ts'
import { fault, respond } from './respond.ts'

const MOST_BODY = 16 * 1024
const MINUTE = seconds(60)
const MOST_CODES = 10

/** What an endpoint of the own account works with: the person, and the session that asks. */
interface Own {
  readonly call: Call
  readonly user: User
  readonly session: Session
  /** What was sent, which need not be an object; null: nothing. */
  readonly body: Result<unknown, FaultKind>
}

type Work = (own: Own, ask: Ask) => Promise<Answer>

/** An endpoint for the signed-in person alone: tokens do not make tokens, and end no session. */
function ownAccount(work: Work): OwnEndpoint {
  return async (ask, gateway, request) => {
    // ATTACK: before anybody is asked for: a body that is held back must not make a token for a session that ended.
    const body = ask.method === 'POST' ? await readJson(request, MOST_BODY) : ok(null)
    const asking = await askingSubject(ask, gateway, 'session-only')
    if ('answer' in asking) return asking.answer
    const { subject } = asking
    if (subject.kind !== 'session') return refuse(ask, gateway, 'session-required', { as: 'program' })
    const call: Call = { gateway, requestId: ask.requestId, actor: { kind: 'caller', subject }, mode: 'do' }
    return work({ call, user: subject.user, session: subject.session, body }, ask)
  }
}

async function input<T>(
  ask: Ask,
  body: Own['body'],
  parse: (read: Reader) => T,
  run: (value: T) => Promise<Outcome<View>>,
  status: number,
): Promise<Answer> {
  if (!body.ok) return fault(ask, body.fault, 'send one JSON object as application/json')
  const problems: ConfigProblem[] = []
  const read = new Reader(body.value ?? {}, '', problems)
  const value = parse(read)
  read.end()
  return problems.length > 0 ? respond(ask, refusedInput(problems)) : respond(ask, await run(value), status)
}

/** `GET {prefix}/account/sessions`: the own devices, this one marked. */
export const ownSessions: OwnEndpoint = ownAccount(async ({ call, user, session }, ask) => {
  const { store, runtime } = call.gateway
  const now = runtime.now()
  const sessions = await store.sessions.list(user, now)
  const shown = sessions.map((one) => ({ ...sessionView(one, now), current: one.sid === session.sid }))
  return respond(ask, ok({ sessions: shown }))
})

/** `DELETE {prefix}/account/sessions/:sid`: ends an own device; somebody else's is not found. */
export const endOwnSession: OwnEndpoint = ownAccount(async ({ call, user }, ask) => {
  const { store, runtime, sessions } = call.gateway
  const sid = (ask.target.segments.at(-1) ?? '') as Sid
  const audit = noteOf(call, 'session-revoked', user.id, { sid, reason: 'signed-out' })
  const ended = await store.sessions.revokeSid(user, sid, 'signed-out', runtime.now(), audit)
  sessions.drop(user.tag)
  if (ended) return respond(ask, ok({ session: sid, ended }))
  return respond(ask, refused('not-found', 'give the public name of one of your sessions', { where: 'sid' }))
})

/** `GET {prefix}/account/tokens`: the own API tokens, without their secrets. */
export const ownTokens: OwnEndpoint = ownAccount(async ({ call, user }, ask) =>
  respond(ask, await listTokens(call, user)),
)

/** `POST {prefix}/account/tokens`: a new one; its text is in this answer and nowhere else. */
export const createOwnToken: OwnEndpoint = ownAccount(
  async ({ call, user, session, body }, ask) =>
    ofProgram(ask, call, session) ?? input(ask, body, tokenInput, (token) => createToken(call, user, token), 201),
)

// ATTACK: what a program was let in with must end with its session: it makes no token and no administrator that outlive it.
function ofProgram(ask: Ask, { gateway }: Call, { native }: Session): Answer | null {
  return native === undefined ? null : refuse(ask, gateway, 'session-required', { as: 'program' })
}

/** `DELETE {prefix}/account/tokens/:id`: ends one at once. */
export const revokeOwnToken: OwnEndpoint = ownAccount(async ({ call, user }, ask) =>
  respond(ask, await revokeToken(call, user, { token: ask.target.segments.at(-1) ?? '' })),
)

/** `POST {prefix}/account/invite`: a code of `postern admin invite` makes its bearer an administrator. */
export const takeInvite: OwnEndpoint = ownAccount(async ({ call, user, session, body }, ask) => {
  const program = ofProgram(ask, call, session)
  if (program !== null) return program
  const late = await tooManyCodes(call.gateway, user)
  if (late !== null) return fault(ask, 'too-many-tries', 'wait a moment', [['retry-after', late]])
  const parse = (read: Reader) => boundedText(read, 'code', 64)
  return input(ask, body, parse, (code) => redeemInvite(call, user, code), 200)
})

/** How long a person who tried too many codes waits, seconds; null while they may try. */
export async function tooManyCodes({ store, runtime }: Gateway, user: User): Promise<string | null> {
  const { allowed, retryAfter } = await store.rates.hit(`invite:${user.id}`, MOST_CODES, MINUTE, runtime.now())
  return allowed ? null : String(Math.max(1, retryAfter))
}
