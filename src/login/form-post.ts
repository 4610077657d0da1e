import { type Answer, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { digest } from '../core/bytes.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { overBudget } from './budget.ts'

const MAX_EXTRA = 4096
/** Longer than any issuer; half of one would be another. */
const MAX_ISSUER = 1024
/** What an answer may say once. */
const ONCE: readonly string[] = ['state', 'code', 'error', 'iss']

/**
 * Takes the cross-site form POST of a provider such as Apple: keeps code and extra with the attempt and sends the
 * browser to a GET of ours, which sees its Lax cookies (DECISIONS 14) and judges `iss` and `error`.
 */
export async function receivePost(
  ask: Ask,
  gateway: Gateway,
  providerId: string,
  fields: URLSearchParams,
): Promise<Answer> {
  const provider = gateway.providers.get(providerId)
  if (provider === undefined || !provider.formPost) return refuse(ask, gateway, 'unknown-provider')
  const over = await overBudget(ask, gateway, 'form-post')
  if (over !== null) return over
  const state = fields.get('state')
  const issuer = fields.get('iss') ?? ''
  // ATTACK: of two values of one parameter somebody else might read the other one (RFC 6749 section 3.1).
  const isTwice = ONCE.some((name) => fields.getAll(name).length > 1)
  if (state === null || isTwice || issuer.length > MAX_ISSUER) return refuse(ask, gateway, 'sign-in-interrupted')
  // WHY: who answered is judged with the rest of the answer, also where the answer is a no (RFC 9207 section 2.4).
  const named = { state, ...(issuer === '' ? {} : { iss: issuer }) }
  const finish = (said: Readonly<Record<string, string>>) =>
    redirect(303, `${gateway.config.prefix}/callback/${providerId}/finish?${new URLSearchParams(said)}`)
  const error = fields.get('error')
  if (error !== null) return finish({ ...named, error: error.slice(0, 64) })
  const code = fields.get('code')
  if (code === null) return refuse(ask, gateway, 'sign-in-interrupted')
  const extra = fields.get('user')
  const posted = { code, extra: extra === null || extra.length > MAX_EXTRA ? null : extra }
  const attached = await gateway.store.logins.attach(await digest(state), posted, gateway.runtime.now())
  return attached ? finish(named) : refuse(ask, gateway, 'sign-in-interrupted')
}
