import { type Answer, redirect } from '../../core/answer.ts'
import type { Ask } from '../../core/ask.ts'
import { clientKind } from '../../core/client-kind.ts'
import { show } from '../../pages/frame.ts'
import type { Frame, Page } from '../../pages/layout.ts'
import { refuse } from '../../pages/refuse.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { identifierOf } from '../../session/identifier.ts'
import { identify } from '../../session/identify.ts'
import { type Called, caller, isBlocked, owner, type Person } from '../caller.ts'
import { signInTo } from '../destination.ts'

/** The pages where something is decided. */
type DecidingPage = 'authorize' | 'device'

/** Whoever looks at a page where something is decided; who is not signed in goes to sign in, and comes back. */
export async function onlooker(
  ask: Ask,
  gateway: Gateway,
  page: DecidingPage,
  carried: string | null,
): Promise<Called> {
  if (clientKind(ask) === 'navigation') {
    const { kind } = await identify(ask.credentials, identifierOf(gateway))
    if (kind !== 'somebody')
      return { answer: redirect(302, signInTo(page, carried, gateway.config.prefix), [['vary', 'cookie']]) }
  }
  const called = await caller(ask, gateway)
  if ('answer' in called || !isBlocked(called.who.user, gateway)) return called
  return { answer: refuse(ask, gateway, 'account-suspended', { subject: called.who }) }
}

/**
 * Who decides by a form of ours; whose session ended over it signs in, and sees the page again.
 *
 * ATTACK: neither a frame nor a program's credential lets another program in: what was let in once does not multiply.
 */
export async function decider(
  ask: Ask,
  gateway: Gateway,
  page: DecidingPage,
  form: URLSearchParams,
  carried: string | null,
): Promise<Called> {
  if (ask.browser.dest === 'iframe' || ask.browser.dest === 'frame')
    return { answer: refuse(ask, gateway, 'cross-site') }
  const { authorization, apiToken } = ask.credentials
  if (authorization !== null || apiToken !== null) return { answer: refuse(ask, gateway, 'session-required') }
  // ATTACK: a script of a page turns no cookie it cannot read into a token it can: only a form in a page of its own decides.
  if (ask.method === 'POST' && clientKind(ask) !== 'form') return { answer: refuse(ask, gateway, 'not-navigation') }
  const called = await owner(ask, gateway, form)
  if (!('answer' in called) || called.answer.status !== 401 || clientKind(ask) !== 'form') return called
  return { answer: redirect(303, signInTo(page, carried, gateway.config.prefix)) }
}

/** Shows a page where something is decided: never inside another site, not even where our other pages may be. */
export function showAlone(ask: Ask, gateway: Gateway, person: Person, make: (frame: Frame) => Page): Answer {
  const { host: _, ...nowhere } = ask
  return show(nowhere, gateway, person, make)
}
