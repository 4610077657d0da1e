import type { Hono } from 'hono'
import type { Ask } from '../core/ask.ts'
import { refuse } from '../pages/refuse.ts'
import type { Own, OwnEndpoint } from '../ports/front.ts'
import { accountPage, endDevice, endOtherDevices } from './account.ts'
import { backChannelLogout } from './back-channel.ts'
import { finishSignIn } from './callback.ts'
import { choose } from './choose.ts'
import { chooser, signedOut } from './chooser.ts'
import { byForm, fields, form, query } from './fields.ts'
import { receivePost } from './form-post.ts'
import { startGuest } from './guest.ts'
import { primeIdentity, unlinkIdentity } from './identities.ts'
import { startLink } from './link.ts'
import { nativeRoutes } from './native/routes.ts'
import { pageFile } from './page-file.ts'
import { heartbeat, mayCaller, providerList, sessionState } from './session-state.ts'
import { signOut } from './sign-out.ts'
import { startSignIn } from './start.ts'
import { giveTicket } from './ticket.ts'

/** A segment of the path, counted from its end: -1 is the last. */
function segment(ask: Ask, at: number): string {
  return ask.target.segments.at(at) ?? ''
}

/** Signing in: choose, start, come back. */
function signInRoutes(app: Hono, prefix: string, own: Own): void {
  app.get(`${prefix}/sign-in`, own(chooser))
  app.get(`${prefix}/signed-out`, own(signedOut))
  app.on(
    ['GET', 'POST'],
    `${prefix}/start/:provider`,
    own(async (ask, gateway, request) => startSignIn(ask, gateway, segment(ask, -1), await fields(ask, request))),
  )
  app.post(
    `${prefix}/callback/:provider`,
    own(async (ask, gateway, request) => receivePost(ask, gateway, segment(ask, -1), await form(request))),
  )
  app.get(
    `${prefix}/callback/:provider`,
    own((ask, gateway) => finishSignIn(ask, gateway, segment(ask, -1), query(ask))),
  )
  app.get(
    `${prefix}/callback/:provider/finish`,
    own((ask, gateway) => finishSignIn(ask, gateway, segment(ask, -2), query(ask))),
  )
  app.all(
    `${prefix}/guest`,
    own(async (ask, gateway, request) => startGuest(ask, gateway, await form(request))),
  )
  app.all(
    `${prefix}/choose/:token/:which`,
    own((ask, gateway) => choose(ask, gateway, segment(ask, -2), segment(ask, -1))),
  )
}

/** Signing out: here, everywhere, at the provider, by the provider. */
function signOutRoutes(app: Hono, prefix: string, own: Own): void {
  app.all(
    `${prefix}/sign-out`,
    own(async (ask, gateway, request) => signOut(ask, gateway, 'this-device', await fields(ask, request))),
  )
  app.all(
    `${prefix}/sign-out/everywhere`,
    own(byForm((ask, gateway, wish) => signOut(ask, gateway, 'all-devices', wish))),
  )
  app.all(
    `${prefix}/backchannel/:provider`,
    own(async (ask, gateway, request) => backChannelLogout(ask, gateway, segment(ask, -1), await form(request))),
  )
}

/** What our own pages load of the operator's. */
function pageFiles(app: Hono, prefix: string, own: Own): void {
  app.get(`${prefix}/pages/:file`, own(pageFile))
}

/** The own account: devices and ways to sign in. */
function accountRoutes(app: Hono, prefix: string, own: Own): void {
  app.get(`${prefix}/account`, own(accountPage))
  app.all(
    `${prefix}/devices/end`,
    own(
      byForm((ask, gateway, wish) =>
        endDevice(ask, gateway, wish, () => signOut(ask, gateway, 'this-device', new URLSearchParams())),
      ),
    ),
  )
  app.all(`${prefix}/devices/end-others`, own(byForm(endOtherDevices)))
  app.all(
    `${prefix}/link/:provider`,
    own(byForm((ask, gateway, wish) => startLink(ask, gateway, segment(ask, -1), wish))),
  )
  app.all(`${prefix}/unlink`, own(byForm(unlinkIdentity)))
  app.all(`${prefix}/primary`, own(byForm(primeIdentity)))
}

/** An endpoint that programs look at; any other method is told so. */
function looking(endpoint: OwnEndpoint): OwnEndpoint {
  return async (ask, gateway, request) =>
    ask.method === 'GET' || ask.method === 'HEAD'
      ? endpoint(ask, gateway, request)
      : refuse(ask, gateway, 'method-not-allowed', { headers: [['allow', 'GET, HEAD']], as: 'program' })
}

/** Every endpoint of the sign-in room, below the prefix. */
export function loginRoutes(app: Hono, prefix: string, own: Own): void {
  pageFiles(app, prefix, own)
  signInRoutes(app, prefix, own)
  signOutRoutes(app, prefix, own)
  accountRoutes(app, prefix, own)
  nativeRoutes(app, prefix, own)
  app.all(`${prefix}/session`, own(looking(sessionState)))
  app.all(`${prefix}/session/touch`, own(heartbeat))
  app.all(
    `${prefix}/ticket`,
    own(async (ask, gateway, request) => giveTicket(ask, gateway, (await fields(ask, request)).get('path'))),
  )
  app.all(`${prefix}/can`, own(looking(mayCaller)))
  app.all(`${prefix}/providers`, own(looking(providerList)))
}
