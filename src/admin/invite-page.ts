import { isOfAnother } from '../core/account-field.ts'
import { type Answer, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { cookieValues, hostCookie } from '../core/cookie.ts'
import type { FaultKind } from '../core/fault.ts'
import { show } from '../pages/frame.ts'
import { invitation, invited } from '../pages/invite.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { callerOf } from '../session/caller.ts'
import { tooManyCodes } from './account.ts'
import { askingSubject } from './actor.ts'
import { readForm } from './body.ts'
import type { Call } from './operations/call.ts'
import { INVITE_CODE, INVITE_SECONDS, redeemInvite } from './operations/invites.ts'

const MOST_FORM = 1024

type Header = readonly [string, string]

function cookieOf(gateway: Gateway, value: string, maxAge: number): Header {
  return ['set-cookie', hostCookie(`${gateway.cookies.transaction}invite`, value, { maxAge, sameSite: 'Lax' })]
}

/** The code that waits in this browser; null when there is none, or more than one. */
function waitingCode(ask: Ask, gateway: Gateway): string | null {
  const [code, second] = cookieValues(ask.credentials.cookie ?? '', `${gateway.cookies.transaction}invite`)
  return code !== undefined && second === undefined && INVITE_CODE.test(code) ? code : null
}

/**
 * `GET {prefix}/invite`: shows an invitation to become an administrator; looking changes nothing. A code in the address
 * moves into a cookie first, so that it stands in no history and no Referer, and survives the sign-in.
 */
export async function showInvite(ask: Ask, gateway: Gateway): Promise<Answer> {
  const { prefix } = gateway.config
  const codes = new URLSearchParams(ask.target.query).getAll('code')
  const [code] = codes
  if (code !== undefined) {
    if (codes.length > 1 || !INVITE_CODE.test(code)) return refuse(ask, gateway, 'bad-invite')
    return redirect(303, `${prefix}/invite`, [cookieOf(gateway, code, INVITE_SECONDS)])
  }
  if (waitingCode(ask, gateway) === null) return refuse(ask, gateway, 'bad-invite')
  const caller = await callerOf(ask.credentials, gateway, 'anew')
  const subject = caller.kind === 'somebody' && caller.subject.kind === 'session' ? caller.subject : null
  const props = { acceptUrl: `${prefix}/invite`, signInUrl: `${prefix}/sign-in?to=invite` }
  return show(ask, gateway, subject, (frame) => invitation(frame, props))
}

/** `POST {prefix}/invite`: whoever is signed in accepts, by the button of that page; the code is taken once. */
export async function acceptInvite(ask: Ask, gateway: Gateway, request: Request): Promise<Answer> {
  // ATTACK: before anybody is asked for: a form that is held back must not make an administrator of a session that ended.
  const form = await readForm(request, MOST_FORM)
  const asking = await askingSubject(ask, gateway, 'browser-only', 'as-asked')
  if ('answer' in asking) return asking.answer
  const { subject } = asking
  if (subject.kind !== 'session') return refuse(ask, gateway, 'session-required')
  const no = (fault: FaultKind, headers: readonly Header[] = []) => refuse(ask, gateway, fault, { subject, headers })
  if (form.ok && isOfAnother(form.value, subject.user)) return no('other-account')
  const code = waitingCode(ask, gateway)
  if (code === null) return no('bad-invite')
  const late = await tooManyCodes(gateway, subject.user)
  if (late !== null) return no('too-many-tries', [['retry-after', late]])
  const call: Call = { gateway, requestId: ask.requestId, actor: { kind: 'caller', subject }, mode: 'do' }
  const outcome = await redeemInvite(call, subject.user, code)
  // WHY: a guest signs in and comes back with the code; a dead code is of no more use.
  if (!outcome.ok) return no(outcome.fault.fault, subject.user.guest ? [] : [cookieOf(gateway, '', 0)])
  const accountUrl = `${gateway.config.prefix}/account`
  return show(ask, gateway, subject, (frame) => invited(frame, { accountUrl }), [cookieOf(gateway, '', 0)])
}
