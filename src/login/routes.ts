import type { Hono } from 'hono'
import type { Own } from '../ports/front.ts'
import { finishSignIn } from './callback.ts'
import { chooser, signedOut } from './chooser.ts'
import { receivePost } from './form-post.ts'
import { startGuest } from './guest.ts'
import { heartbeat, mayCaller, providerList, sessionState } from './session-state.ts'
import { signOut } from './sign-out.ts'
import { startSignIn } from './start.ts'

const MAX_FORM_BYTES = 16_384

async function form(request: Request): Promise<URLSearchParams> {
  if (
    request.method !== 'POST' ||
    request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded') !== true
  ) {
    return new URLSearchParams()
  }
  const length = Number(request.headers.get('content-length') ?? Number.NaN)
  // ATTACK: an own form is small; a length that is missing or large is not read at all.
  if (!(length <= MAX_FORM_BYTES)) return new URLSearchParams()
  return new URLSearchParams(await request.text())
}

function lastSegment(ask: { readonly target: { readonly segments: readonly string[] } }): string {
  return ask.target.segments.at(-1) ?? ''
}

/** Every endpoint of the sign-in room, below the prefix. */
export function loginRoutes(app: Hono, prefix: string, own: Own): void {
  app.get(
    `${prefix}/sign-in`,
    own(async (ask, gateway) => chooser(ask, gateway)),
  )
  app.get(
    `${prefix}/signed-out`,
    own(async (ask, gateway) => signedOut(ask, gateway)),
  )
  app.on(
    ['GET', 'POST'],
    `${prefix}/start/:provider`,
    own(async (ask, gateway, request) => {
      const wish = request.method === 'POST' ? await form(request) : new URLSearchParams(ask.target.query)
      return startSignIn(ask, gateway, {
        provider: lastSegment(ask),
        returnTo: wish.get('return_to'),
        remember: wish.get('remember') === '1',
        loginHint: wish.get('login_hint'),
        purpose: wish.get('fresh') === '1' ? 'reauthenticate' : 'sign-in',
      })
    }),
  )
  app.post(
    `${prefix}/callback/:provider`,
    own(async (ask, gateway, request) => receivePost(ask, gateway, lastSegment(ask), await form(request))),
  )
  app.get(
    `${prefix}/callback/:provider`,
    own(async (ask, gateway) => finishSignIn(ask, gateway, lastSegment(ask), new URLSearchParams(ask.target.query))),
  )
  app.get(
    `${prefix}/callback/:provider/finish`,
    own(async (ask, gateway) =>
      finishSignIn(ask, gateway, ask.target.segments.at(-2) ?? '', new URLSearchParams(ask.target.query)),
    ),
  )
  app.all(
    `${prefix}/sign-out`,
    own((ask, gateway) => signOut(ask, gateway, 'this-device')),
  )
  app.all(
    `${prefix}/sign-out/everywhere`,
    own((ask, gateway) => signOut(ask, gateway, 'all-devices')),
  )
  app.all(
    `${prefix}/guest`,
    own(async (ask, gateway, request) => startGuest(ask, gateway, (await form(request)).get('return_to'))),
  )
  app.get(`${prefix}/session`, own(sessionState))
  app.all(`${prefix}/session/touch`, own(heartbeat))
  app.get(`${prefix}/can`, own(mayCaller))
  app.get(`${prefix}/providers`, own(providerList))
}
