import { type Answer, json } from '../../core/answer.ts'
import type { Ask } from '../../core/ask.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { recordedAddress } from '../../session/life.ts'
import { spend } from '../budget.ts'
import { beginDevice, DEVICE_SECONDS, FIRST_INTERVAL, readable } from './device-grant.ts'
import { clientOf, notItsFlow, notOurCall, oauthError } from './protocol.ts'

/**
 * `POST {prefix}/device/code`: a device asks for a code to show.
 *
 * @param form - `client_id`, unchecked
 * @see RFC 8628 sections 3.1 and 3.2
 */
export async function giveDeviceCode(ask: Ask, gateway: Gateway, form: URLSearchParams): Promise<Answer> {
  const wrong = notOurCall(ask, gateway)
  if (wrong !== null) return wrong
  const called = clientOf(ask, gateway, form)
  if ('answer' in called) return called.answer
  const { client } = called
  const elsewise = notItsFlow(client, 'device')
  if (elsewise !== null) return elsewise
  const wait = await spend(ask, gateway, 'device')
  if (wait !== null)
    return oauthError('temporarily_unavailable', 'too many devices ask from this network', [['retry-after', `${wait}`]])
  const { origin, prefix, session } = gateway.config
  // WHY: shown to whoever decides, who may be somebody else: a network is enough, and nothing where nothing is recorded.
  const network = recordedAddress(ask.address, session.recordAddress === 'off' ? 'off' : 'truncated')
  const { deviceCode, userCode } = await beginDevice(gateway, client, ask.country ?? network)
  const page = `${origin}${prefix}/device`
  return json(200, {
    device_code: deviceCode,
    user_code: readable(userCode),
    verification_uri: page,
    verification_uri_complete: `${page}?user_code=${readable(userCode)}`,
    expires_in: DEVICE_SECONDS,
    interval: FIRST_INTERVAL,
  })
}
