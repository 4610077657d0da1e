import type { Answer } from '../../core/answer.ts'
import type { Ask } from '../../core/ask.ts'
import type { NativeClient } from '../../ports/config.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { spend } from '../budget.ts'
import { redeemCode } from './code-grant.ts'
import { closeDevice, pollDevice } from './device-grant.ts'
import { handOut, tokenAnswer } from './hand-out.ts'
import { clientOf, notItsFlow, notOurCall, oauthError } from './protocol.ts'
import { isOurs, type SecretKind, seedOf } from './secret.ts'

/** The grant type of a device (RFC 8628 section 3.4). */
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
/** The grant type of a program beside the browser (RFC 6749 section 4.1.3). */
const CODE_GRANT = 'authorization_code'
/** What a verifier may look like (RFC 7636 section 4.1). */
const VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/

/**
 * `POST {prefix}/token`: a program gets the session its player let it have.
 *
 * @param form - unchecked
 * @see RFC 6749 section 5; RFC 8628 sections 3.4 and 3.5
 */
export async function giveToken(ask: Ask, gateway: Gateway, form: URLSearchParams): Promise<Answer> {
  const wrong = notOurCall(ask, gateway)
  if (wrong !== null) return wrong
  const called = clientOf(ask, gateway, form)
  if ('answer' in called) return called.answer
  switch (form.get('grant_type')) {
    case DEVICE_GRANT:
      return notItsFlow(called.client, 'device') ?? forDevice(ask, gateway, called.client, form)
    case CODE_GRANT:
      return notItsFlow(called.client, 'loopback') ?? forCode(ask, gateway, called.client, form)
    case null:
      return oauthError('invalid_request', 'grant_type is missing')
    default:
      return oauthError('unsupported_grant_type', `grant_type must be ${CODE_GRANT} or ${DEVICE_GRANT}`)
  }
}

const USED = 'this device_code is not known, was used, or is of another client'
const BUSY = 'this network asks for too many tokens'

const WHY = {
  denied: 'the account may not be used, or the session in which it was allowed is over',
  'too-many': 'the account has as many sessions as it may',
} as const

/**
 * The seconds to wait where a network asked too often for the sessions of codes; null while it may. ATTACK: what we never
 * made is refused by its mac, and neither counted nor looked for; whatever we made is, be it used, over or another's.
 */
async function overAsked(ask: Ask, gateway: Gateway, kind: SecretKind, code: string): Promise<number | null> {
  return (await isOurs(gateway, kind, code)) ? spend(ask, gateway, 'native-code') : null
}

async function forCode(ask: Ask, gateway: Gateway, client: NativeClient, form: URLSearchParams): Promise<Answer> {
  const shown = {
    code: form.get('code') ?? '',
    redirectUri: form.get('redirect_uri') ?? '',
    verifier: form.get('code_verifier') ?? '',
  }
  if (shown.code === '') return oauthError('invalid_request', 'code is missing')
  if (shown.redirectUri === '') return oauthError('invalid_request', 'redirect_uri is missing')
  if (!VERIFIER.test(shown.verifier))
    return oauthError('invalid_request', 'code_verifier must be 43 to 128 unreserved characters')
  const wait = await overAsked(ask, gateway, 'authorization-code', shown.code)
  if (wait !== null) return oauthError('temporarily_unavailable', BUSY, [['retry-after', `${wait}`]])
  const opened = await redeemCode(ask, gateway, client, shown)
  if (opened.ok) return tokenAnswer(opened.value, gateway)
  if (opened.fault !== 'spent') return oauthError('invalid_grant', WHY[opened.fault])
  return oauthError(
    'invalid_grant',
    'this code is not known, was used, or was made for another client, address or verifier',
  )
}

async function forDevice(ask: Ask, gateway: Gateway, client: NativeClient, form: URLSearchParams): Promise<Answer> {
  const code = form.get('device_code') ?? ''
  if (code === '') return oauthError('invalid_request', 'device_code is missing')
  // WHY: an answer after which a device goes on asking: one that waits honestly in a busy network is not sent away.
  const wait = await overAsked(ask, gateway, 'device-code', code)
  if (wait !== null) return oauthError('slow_down', BUSY, [['retry-after', `${wait}`]])
  const polled = await pollDevice(gateway, client, code)
  switch (polled.kind) {
    case 'unknown':
      return oauthError('invalid_grant', USED)
    case 'expired':
      return oauthError('expired_token', 'the device_code has run out: ask for a new one')
    case 'slow':
      return oauthError('slow_down', 'asked too soon: wait five seconds longer from here on')
    case 'pending':
      return oauthError('authorization_pending', 'the player has not decided yet')
    case 'refused':
      await closeDevice(gateway, code)
      return oauthError('access_denied', 'the player did not allow it')
    case 'allowed': {
      const seed = await seedOf(gateway, 'device-code', code)
      const opened = await handOut(ask, gateway, { client, flow: 'device', approval: polled.approval, seed })
      // INVARIANT: of many calls at once one is told.
      if ((await closeDevice(gateway, code)) === 'later') return oauthError('invalid_grant', USED)
      if (opened.ok) return tokenAnswer(opened.value, gateway)
      const why =
        opened.fault === 'too-many' ? 'the account has as many sessions as it may' : 'the account may not be used'
      return oauthError('access_denied', why)
    }
  }
}
