import { type Answer, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { digest } from '../core/bytes.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { overBudget } from './budget.ts'

const MAX_EXTRA = 4096

/**
 * Takes the cross-site form POST of a provider such as Apple: keeps code and extra with the attempt and sends the
 * browser to a GET of ours, which sees its Lax cookies (DECISIONS 14). Nothing is decided here.
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
  const states = fields.getAll('state')
  const [state] = states
  if (state === undefined || states.length > 1) return refuse(ask, gateway, 'sign-in-interrupted')
  const finish = `${gateway.config.prefix}/callback/${providerId}/finish`
  const error = fields.get('error')
  if (error !== null) return redirect(303, `${finish}?${new URLSearchParams({ state, error: error.slice(0, 64) })}`)
  const codes = fields.getAll('code')
  const [code] = codes
  if (code === undefined || codes.length > 1) return refuse(ask, gateway, 'sign-in-interrupted')
  const extra = fields.get('user')
  const posted = { code, extra: extra === null || extra.length > MAX_EXTRA ? null : extra }
  const attached = await gateway.store.logins.attach(await digest(state), posted, gateway.runtime.now())
  if (!attached) return refuse(ask, gateway, 'sign-in-interrupted')
  return redirect(303, `${finish}?${new URLSearchParams({ state })}`)
}
