import { type Answer, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { Restart } from '../pages/refusal.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { LoginTransaction } from '../ports/login-store.ts'
import { callerNow } from './caller.ts'
import { isStillSafe } from './destination.ts'
import { isToSignIn, type Led } from './transaction.ts'

/**
 * An answer whose attempt is gone, or was begun elsewhere. Whoever is signed in goes where it led; everybody else gets
 * one button that starts again. A guest was about to become somebody, so a guest gets the button too.
 */
export async function interrupted(ask: Ask, gateway: Gateway, attempt: Led | null): Promise<Answer> {
  const safe = attempt === null ? '/' : ledTo(attempt, gateway)
  const person = await callerNow(ask, gateway)
  if (person !== null && !person.user.guest) return redirect(303, safe)
  const restart =
    attempt !== null && gateway.providers.has(attempt.provider) ? beginAgain(attempt, safe, gateway) : null
  return refuse(ask, gateway, 'sign-in-interrupted', { restart, subject: person })
}

function ledTo({ returnTo }: Led, gateway: Gateway): string {
  if (isStillSafe(returnTo, gateway)) return returnTo
  const { prefix } = gateway.config
  // WHY: what waited for a confirmation is a form of the account page, which no address leads to.
  return returnTo.startsWith(`${prefix}/link/`) ? `${prefix}/account` : '/'
}

function beginAgain({ provider, purpose }: Led, returnTo: string, gateway: Gateway): Restart {
  return purpose === 'link' ? atAccount(provider, gateway) : { provider, returnTo }
}

/** What starts again when a taken attempt came to nothing. */
export function restartOf({ provider, purpose, returnTo }: LoginTransaction, gateway: Gateway): Restart {
  if (!isToSignIn({ purpose })) return atAccount(provider, gateway)
  return { provider, returnTo: isStillSafe(returnTo, gateway) ? returnTo : '/' }
}

/** WHY: trying again to link must not sign in as somebody else, nor make an account that the identity then belongs to. */
function atAccount(provider: string, gateway: Gateway): Restart {
  return { provider, returnTo: `${gateway.config.prefix}/account`, from: 'account' }
}
