import type { Hono } from 'hono'
import type { Own } from '../ports/front.ts'
import { createOwnToken, endOwnSession, ownSessions, ownTokens, revokeOwnToken, takeInvite } from './account.ts'
import { adminApi } from './api.ts'
import { operatorDoor } from './door.ts'
import { metrics } from './metrics.ts'
import { permissionsOfAssertion } from './permissions.ts'

/** Every endpoint of the admin room below the prefix: the door, the API, the own account, metrics. */
export function adminRoutes(app: Hono, prefix: string, own: Own): void {
  app.all(`${prefix}/operator/v1/:operation`, own(operatorDoor))
  app.all(`${prefix}/admin/api/:operation`, own(adminApi))
  app.get(`${prefix}/account/sessions`, own(ownSessions))
  app.delete(`${prefix}/account/sessions/:sid`, own(endOwnSession))
  app.get(`${prefix}/account/tokens`, own(ownTokens))
  app.post(`${prefix}/account/tokens`, own(createOwnToken))
  app.delete(`${prefix}/account/tokens/:id`, own(revokeOwnToken))
  app.post(`${prefix}/account/invite`, own(takeInvite))
  app.get(`${prefix}/metrics`, own(metrics))
  app.get(`${prefix}/permissions`, own(permissionsOfAssertion))
}
