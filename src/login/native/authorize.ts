import { type Answer, redirect } from '../../core/answer.ts'
import type { Ask } from '../../core/ask.ts'
import { base64url } from '../../core/bytes.ts'
import { clientKind } from '../../core/client-kind.ts'
import { consent } from '../../pages/device.ts'
import { handOver } from '../../pages/obstacles.ts'
import { refuse } from '../../pages/refuse.ts'
import type { NativeClient } from '../../ports/config.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { fromNow, keepRecord, readRecord, takeRecord } from '../../session/side-record.ts'
import { overBudget } from '../budget.ts'
import { type CodeRequest, readRequest } from './authorize-request.ts'
import { issueCode } from './code-grant.ts'
import { decider, onlooker, showAlone } from './deciding.ts'
import { approvalOf, hasRoom } from './hand-out.ts'

/** How long a request waits for its player, seconds: a sign-in fits into it. */
const REQUEST_SECONDS = 600

/**
 * `GET {prefix}/authorize`: a program beside the browser asks for a code. The request is kept here, so that its player may
 * sign in on the way, and nothing of it stands in an address from then on.
 *
 * @see RFC 6749 section 4.1.1, RFC 8252 section 7.3
 */
export async function authorize(ask: Ask, gateway: Gateway): Promise<Answer> {
  if (gateway.config.nativeClients.length === 0) return refuse(ask, gateway, 'not-found')
  if (clientKind(ask) !== 'navigation') return refuse(ask, gateway, 'not-navigation')
  const given = new URLSearchParams(ask.target.query)
  const name = given.get('request')
  if (name !== null) return consentPage(ask, gateway, name)
  const read = readRequest(gateway, given)
  if (!read.ok) {
    const { fault } = read
    if (fault.kind === 'no-client') return refuse(ask, gateway, 'sign-in-interrupted')
    if (fault.kind === 'no-redirect') return refuse(ask, gateway, 'bad-return')
    const { error, description } = fault
    return redirect(302, backTo(gateway, fault, { error, error_description: description }))
  }
  const over = await overBudget(ask, gateway, 'start')
  if (over !== null) return over
  const fresh = base64url(gateway.runtime.random(24))
  await keepRecord(gateway, 'native-request', fresh, JSON.stringify(read.value), fromNow(gateway, REQUEST_SECONDS))
  return redirect(302, `${gateway.config.prefix}/authorize?request=${fresh}`)
}

async function consentPage(ask: Ask, gateway: Gateway, name: string): Promise<Answer> {
  const kept = await readRecord(gateway, 'native-request', name)
  const client = kept === null ? undefined : clientOf(gateway, JSON.parse(kept) as CodeRequest)
  if (client === undefined) return refuse(ask, gateway, 'sign-in-interrupted')
  const called = await onlooker(ask, gateway, 'authorize', name)
  if ('answer' in called) return called.answer
  const props = { action: `${gateway.config.prefix}/authorize`, request: name, client: client.name }
  return showAlone(ask, gateway, called.who, (frame) => consent(frame, props))
}

/**
 * `POST {prefix}/authorize`: the player's decision, by a form of ours. Every time anew: who listens on a port is not
 * known, so no earlier decision counts (RFC 8252 section 8.6).
 *
 * @param form - `request` and `decision`; nothing of the address counts
 */
export async function decideOnRequest(ask: Ask, gateway: Gateway, form: URLSearchParams): Promise<Answer> {
  if (gateway.config.nativeClients.length === 0) return refuse(ask, gateway, 'not-found')
  const name = form.get('request') ?? ''
  const called = await decider(ask, gateway, 'authorize', form, name)
  if ('answer' in called) return called.answer
  const { who } = called
  const decision = form.get('decision')
  // WHY: before the request is taken, so that it can be allowed once there is room.
  if (decision === 'allow' && !(await hasRoom(gateway, who)))
    return refuse(ask, gateway, 'too-many-sessions', { subject: who })
  const isDecided = decision === 'allow' || decision === 'refuse'
  const kept = isDecided ? await takeRecord(gateway, 'native-request', name) : null
  const request = kept === null ? null : (JSON.parse(kept) as CodeRequest)
  const client = request === null ? undefined : clientOf(gateway, request)
  if (request === null || client === undefined) return refuse(ask, gateway, 'sign-in-interrupted', { subject: who })
  const said =
    decision === 'allow'
      ? { code: await issueCode(gateway, request, await approvalOf(gateway, who, 'loopback')) }
      : { error: 'access_denied' }
  const url = backTo(gateway, request, said)
  // WHY: browsers hold `form-action` against a redirect that follows a form, and its grammar has no word for [::1].
  return showAlone(ask, gateway, who, (frame) => handOver(frame, { provider: client.name, url }))
}

/** WHY: a client that was taken out of the configuration meanwhile gets nothing any more. */
function clientOf({ config }: Gateway, request: CodeRequest): NativeClient | undefined {
  return config.nativeClients.find(({ id }) => id === request.client)
}

/** The program's own address with what it is told, its state, and who says so (RFC 9207). */
function backTo(
  { config }: Gateway,
  { redirectUri, state }: Pick<CodeRequest, 'redirectUri' | 'state'>,
  said: Readonly<Record<string, string>>,
): string {
  const kept = state === null ? {} : { state }
  // WHY: a query of its own stays as it is (RFC 6749 section 3.1.2).
  const joint = !redirectUri.includes('?') ? '?' : /[?&]$/.test(redirectUri) ? '' : '&'
  return `${redirectUri}${joint}${new URLSearchParams({ ...said, ...kept, iss: `${config.origin}${config.prefix}` })}`
}
