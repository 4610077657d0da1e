import type { Answer } from '../../core/answer.ts'
import type { Ask } from '../../core/ask.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { sessionTokenIn } from '../../session/access-token.ts'
import { endSession } from '../arrive.ts'
import { clientOf, notOurCall, oauthError } from './protocol.ts'

/** What is not a token of ours any more is answered as what just ended (RFC 7009 section 2.2). */
const DONE: Answer = { status: 200, headers: [['cache-control', 'no-store']], body: null }

/**
 * `POST {prefix}/revoke`: a program ends its own session.
 *
 * @param form - `client_id` and `token`, unchecked
 * @see RFC 7009
 */
export async function revokeToken(ask: Ask, gateway: Gateway, form: URLSearchParams): Promise<Answer> {
  const wrong = notOurCall(ask, gateway)
  if (wrong !== null) return wrong
  const called = clientOf(ask, gateway, form)
  if ('answer' in called) return called.answer
  const token = form.get('token') ?? ''
  if (token === '') return oauthError('invalid_request', 'token is missing')
  const inside = sessionTokenIn(token)
  const key = inside === null ? null : await gateway.readToken(inside)
  if (key === null) return DONE
  const found = await gateway.store.sessions.read(key, gateway.runtime.now())
  if (found.kind !== 'live') return DONE
  const { id } = called.client
  // ATTACK: the client of a browser's session is what a header said.
  if (found.session.native === undefined || found.session.client !== id)
    return oauthError('invalid_grant', 'this token was given to another client')
  await endSession(ask, gateway, found.session, { client: id })
  return DONE
}
