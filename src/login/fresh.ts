import { type Answer, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { clientKind } from '../core/client-kind.ts'
import { signedInAt } from '../core/person.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { Person } from './caller.ts'
import { leaveFor } from './start.ts'

/** How old a sign-in may be for changes to the account, seconds (SPEC 3). */
export const FRESH_SECONDS = 300

/** Whether somebody proved who they are recently enough to change how they sign in. */
export function isFresh(person: Person, gateway: Pick<Gateway, 'runtime'>): boolean {
  const at = signedInAt(person.session)
  return at !== null && gateway.runtime.now() - at <= FRESH_SECONDS
}

/** Asks for a recent sign-in first; `destination` is where it goes on. Programs get the 401 of RFC 9470. */
export async function askAgain(ask: Ask, gateway: Gateway, person: Person, destination: string): Promise<Answer> {
  if (clientKind(ask) === 'program') {
    const realm = `realm="${gateway.config.host}"`
    const challenge = `Bearer ${realm}, error="insufficient_user_authentication", max_age="300"`
    return refuse(ask, gateway, 'session-stale', { headers: [['www-authenticate', challenge]] })
  }
  const provider = gateway.providers.get(person.session.provider)
  if (provider === undefined) return redirect(303, `${gateway.config.prefix}/sign-in?to=account&fresh=1`)
  const { sid } = person.session
  return leaveFor(ask, gateway, provider, { purpose: 'reauthenticate', returnTo: destination, remember: false, sid })
}
