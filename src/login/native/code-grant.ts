import type { Ask } from '../../core/ask.ts'
import type { Sid, Tag, UserId } from '../../core/brand.ts'
import { digest } from '../../core/bytes.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { NativeClient } from '../../ports/config.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { note } from '../../session/note.ts'
import type { Opened } from '../../session/open.ts'
import { claimRecord, fromNow, keepRecord, readRecord, takeRecord } from '../../session/side-record.ts'
import { freshSid } from '../../session/token.ts'
import type { CodeRequest } from './authorize-request.ts'
import { type Approval, handOut } from './hand-out.ts'
import { freshSecret, isOurs, seedOf } from './secret.ts'

/** How long a code waits for the program that listens beside the browser, seconds. */
const CODE_SECONDS = 60
/** How long a code that comes again ends the session made from it, seconds. */
const REPLAY_SECONDS = 600

/** What a code stands for. */
interface Grant extends CodeRequest {
  readonly approval: Approval
}

/** The session made from a code. */
interface Made {
  readonly id: UserId
  readonly tag: Tag
  readonly sid: Sid
}

/** What a program shows to get the session of a code. */
export interface Shown {
  readonly code: string
  readonly redirectUri: string
  readonly verifier: string
}

/** Makes a code for one request that was allowed; only its digest is stored. */
export async function issueCode(gateway: Gateway, request: CodeRequest, approval: Approval): Promise<string> {
  const code = await freshSecret(gateway, 'authorization-code')
  const grant: Grant = { ...request, approval }
  await keepRecord(gateway, 'native-code', code, JSON.stringify(grant), fromNow(gateway, CODE_SECONDS))
  return code
}

/**
 * The session of a code. The code is taken first: shown with anything that does not fit, it is in wrong hands and spent.
 *
 * @returns `spent` for a code that is not known, does not fit, or came again; then the session made from it is over
 * @see RFC 6749 sections 4.1.2 and 4.1.3, RFC 7636 section 4.6
 */
export async function redeemCode(
  ask: Ask,
  gateway: Gateway,
  client: NativeClient,
  { code, redirectUri, verifier }: Shown,
): Promise<Result<Opened, 'spent' | 'denied' | 'too-many'>> {
  if (!(await isOurs(gateway, 'authorization-code', code))) return err('spent')
  const kept = await takeRecord(gateway, 'native-code', code)
  if (kept === null) {
    await cameAgain(ask, gateway, code)
    return err('spent')
  }
  const grant = JSON.parse(kept) as Grant
  const fits = grant.client === client.id && grant.redirectUri === redirectUri
  if (!fits || (await digest(verifier)) !== grant.challenge) return err('spent')
  const { approval } = grant
  const seed = await seedOf(gateway, 'authorization-code', code)
  const made: Made = { id: approval.user, tag: approval.tag, sid: freshSid(() => seed.sid) }
  // WHY: before it is made, so that one which an outage told nobody of ends when its code comes again.
  await keepRecord(gateway, 'native-code-used', code, JSON.stringify(made), fromNow(gateway, REPLAY_SECONDS))
  const opened = await handOut(ask, gateway, { client, flow: 'loopback', approval, seed })
  if (!opened.ok) return opened
  // INVARIANT: the session is made before this side looks for the other's mark, which is left before that side looks for
  // the session: of two at once at least one ends it.
  if ((await readRecord(gateway, 'native-code-again', code)) === null) return ok(opened.value)
  await endMade(ask, gateway, made)
  return err('spent')
}

async function cameAgain(ask: Ask, gateway: Gateway, code: string): Promise<void> {
  await claimRecord(gateway, 'native-code-again', code, '', fromNow(gateway, REPLAY_SECONDS))
  const used = await readRecord(gateway, 'native-code-used', code)
  if (used !== null) await endMade(ask, gateway, JSON.parse(used) as Made)
}

async function endMade(ask: Ask, gateway: Gateway, made: Made): Promise<void> {
  const { sid } = made
  const audit = note(gateway, ask, 'session-revoked', 'system', made.id, { sid, reason: 'code-came-again' })
  await gateway.store.sessions.revokeSid(made, sid, 'kicked', gateway.runtime.now(), audit)
  gateway.sessions.drop(made.tag)
}
