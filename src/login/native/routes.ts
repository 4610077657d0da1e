import type { Hono } from 'hono'
import type { Own } from '../../ports/front.ts'
import { form } from '../fields.ts'
import { authorize, decideOnRequest } from './authorize.ts'
import { giveDeviceCode } from './device-code.ts'
import { decideOnDevice, devicePage } from './device-page.ts'
import { revokeToken } from './revoke.ts'
import { giveToken } from './token.ts'

/** Sessions for programs that hold no cookies: by a code on another device, or beside the browser. */
export function nativeRoutes(app: Hono, prefix: string, own: Own): void {
  app.all(
    `${prefix}/device/code`,
    own(async (ask, gateway, request) => giveDeviceCode(ask, gateway, await form(request))),
  )
  app.get(`${prefix}/device`, own(devicePage))
  app.post(
    `${prefix}/device`,
    own(async (ask, gateway, request) => decideOnDevice(ask, gateway, await form(request))),
  )
  app.get(`${prefix}/authorize`, own(authorize))
  app.post(
    `${prefix}/authorize`,
    own(async (ask, gateway, request) => decideOnRequest(ask, gateway, await form(request))),
  )
  app.all(
    `${prefix}/token`,
    own(async (ask, gateway, request) => giveToken(ask, gateway, await form(request))),
  )
  app.all(
    `${prefix}/revoke`,
    own(async (ask, gateway, request) => revokeToken(ask, gateway, await form(request))),
  )
}
