import { type Answer, json, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { clientKind, isCrossSite } from '../core/client-kind.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import { identifierOf } from '../session/identifier.ts'
import { identify } from '../session/identify.ts'
import { note } from '../session/note.ts'
import { endedCookie } from '../session/open.ts'

/** Which devices to sign out. */
export type SignOutScope = 'this-device' | 'all-devices'

/**
 * Signs out. Without a valid session it succeeds, clears the cookie and changes nothing (seeds S24). The landing page
 * starts no sign-in. The cache is cleared and nothing else: storage and other cookies are the game's (DECISIONS 17).
 */
export async function signOut(ask: Ask, gateway: Gateway, scope: SignOutScope): Promise<Answer> {
  if (ask.method !== 'POST') return refuse(ask, gateway, 'method-not-allowed', { headers: [['allow', 'POST']] })
  if (isCrossSite(ask, [gateway.config.origin])) return refuse(ask, gateway, 'cross-site')
  const identified = await identify(ask.credentials, identifierOf(gateway))
  let ended = 0
  if (identified.kind === 'somebody') {
    const { user, session } = identified.subject
    const audit = note(gateway, ask, 'sign-out', user.id, user.id, { sid: session.sid, scope })
    const now = gateway.runtime.now()
    const { sessions } = gateway.store
    ended =
      scope === 'all-devices'
        ? await sessions.revokeUser(user, 'signed-out', now, audit)
        : Number(await sessions.revoke(session.key, 'signed-out', now, audit))
    gateway.sessions.drop(user.tag)
  }
  const headers = [['set-cookie', endedCookie(gateway)] as const, ['clear-site-data', '"cache"'] as const]
  if (clientKind(ask) === 'program') return json(200, { signed_out: ended }, headers)
  return redirect(303, `${gateway.config.prefix}/signed-out`, headers)
}
