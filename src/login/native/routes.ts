import type { Hono } from 'hono'
import type { Own, OwnEndpoint } from '../../ports/front.ts'
import { StoreUnavailable } from '../../ports/store.ts'
import { form } from '../fields.ts'
import { authorize, decideOnRequest } from './authorize.ts'
import { giveDeviceCode } from './device-code.ts'
import { decideOnDevice, devicePage } from './device-page.ts'
import { outage } from './protocol.ts'
import { revokeToken } from './revoke.ts'
import { giveToken } from './token.ts'

/** An endpoint that programs call: a silent store is told of in words of OAuth beside our own. */
function called(endpoint: OwnEndpoint): OwnEndpoint {
  return async (ask, gateway, request) => {
    try {
      return await endpoint(ask, gateway, request)
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      gateway.runtime.observe({ kind: 'store-unavailable', operation: error.operation, reason: error.message })
      return outage(ask)
    }
  }
}

/** Sessions for programs that hold no cookies: by a code on another device, or beside the browser. */
export function nativeRoutes(app: Hono, prefix: string, own: Own): void {
  app.all(
    `${prefix}/device/code`,
    own(called(async (ask, gateway, request) => giveDeviceCode(ask, gateway, await form(request)))),
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
  app.all(`${prefix}/token`, own(called(async (ask, gateway, request) => giveToken(ask, gateway, await form(request)))))
  app.all(
    `${prefix}/revoke`,
    own(called(async (ask, gateway, request) => revokeToken(ask, gateway, await form(request)))),
  )
}
