import type { Hono } from 'hono'
import { type Answer, json } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { SERVER_METADATA_PATH } from '../identity/discovery.ts'
import type { Own, OwnEndpoint } from '../ports/front.ts'
import type { Gateway } from '../ports/gateway.ts'
import { StoreUnavailable } from '../ports/store.ts'
import { createOwnToken, endOwnSession, ownSessions, ownTokens, revokeOwnToken, takeInvite } from './account.ts'
import { adminApi } from './api.ts'
import { operatorDoor } from './door.ts'
import { acceptInvite, showInvite } from './invite-page.ts'
import { metrics } from './metrics.ts'
import { permissionsOfAssertion } from './permissions.ts'
import { authorizationServer, discovery, jwks, keyAsPem } from './published-keys.ts'
import { takesChanges } from './readiness.ts'
import { DISCOVERY_AT_ROOT, JWKS_AT_ROOT, metadataAtRoot, type RootConfig } from './root-paths.ts'
import { actOnPerson } from './views/act.ts'
import { auditPage } from './views/audit.ts'
import { homePage } from './views/home.ts'
import { personPage } from './views/person.ts'
import { policyPage } from './views/policy.ts'
import { endSession, sessionsPage } from './views/sessions.ts'

/** Alive: the process answers. */
async function alive(): Promise<Answer> {
  return json(200, { status: 'ok' })
}

/** Ready: the store answers; the active count comes from a counter, never from a scan (seeds O1). */
async function ready(_ask: Ask, gateway: Gateway): Promise<Answer> {
  const { hash, rules } = gateway.policy().bundle
  const about = { policy: hash, rules: rules.length }
  try {
    const [counts, isWritable] = await Promise.all([
      gateway.store.sessions.count(gateway.runtime.now(), gateway.config.session.activityWindowSeconds),
      takesChanges(gateway),
    ])
    const health = gateway.upstream.health?.() ?? []
    const isWell = isWritable && gateway.degraded() === null && health.every(({ state }) => state === 'closed')
    return json(200, {
      status: isWell ? 'ok' : 'degraded',
      store: isWritable ? 'ok' : 'refuses_changes',
      sessions_active: counts.active,
      sessions_total: counts.total,
      upstreams: Object.fromEntries(health.map(({ name, state }) => [name, state])),
      ...about,
    })
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    return json(503, { status: 'degraded', store: 'unavailable', ...about })
  }
}

/** Health endpoints. */
export function health(app: Hono, prefix: string, own: Own): void {
  app.get(`${prefix}/livez`, own(alive))
  app.get(`${prefix}/readyz`, own(ready))
}

/**
 * Public keys and minimal discovery below the issuer; at the root unless a rule claims the path (DECISIONS 11). The
 * other names are those that readers of other gateways' headers build from the issuer.
 *
 * @see docs/upstreams/headers.md
 */
export function keys(app: Hono, config: RootConfig, own: Own, unlessClaimed: Own): void {
  const { prefix } = config
  app.get(`${prefix}/.well-known/jwks.json`, own(jwks))
  app.get(`${prefix}/.well-known/openid-configuration`, own(discovery))
  app.get(`${prefix}/.well-known/pomerium/jwks.json`, own(jwks))
  app.get(`${prefix}/cdn-cgi/access/certs`, own(jwks))
  app.get(`${prefix}/keys/:kid`, own(keyAsPem))
  app.get(`${prefix}${SERVER_METADATA_PATH}`, own(authorizationServer))
  for (const [path, endpoint] of AT_ROOT) app.get(path, unlessClaimed(endpoint))
  if (config.nativeClients.length > 0) app.get(metadataAtRoot(config), unlessClaimed(authorizationServer))
}

const AT_ROOT: ReadonlyMap<string, OwnEndpoint> = new Map([
  [JWKS_AT_ROOT, jwks],
  [DISCOVERY_AT_ROOT, discovery],
])

/** Pages for people over the operations of the API. */
function adminPages(app: Hono, prefix: string, own: Own): void {
  app.get(`${prefix}/admin`, own(homePage))
  app.get(`${prefix}/admin/users/:id`, own(personPage))
  app.post(`${prefix}/admin/users/:id`, own(actOnPerson))
  app.get(`${prefix}/admin/sessions`, own(sessionsPage))
  app.post(`${prefix}/admin/sessions`, own(endSession))
  app.get(`${prefix}/admin/audit`, own(auditPage))
  app.get(`${prefix}/admin/policy`, own(policyPage))
}

/** Every endpoint of the admin room below the prefix: the door, the API, the pages, the own account, metrics. */
export function adminRoutes(app: Hono, prefix: string, own: Own): void {
  adminPages(app, prefix, own)
  app.all(`${prefix}/operator/v1/:operation`, own(operatorDoor))
  app.all(`${prefix}/admin/api/:operation`, own(adminApi))
  app.get(`${prefix}/account/sessions`, own(ownSessions))
  app.delete(`${prefix}/account/sessions/:sid`, own(endOwnSession))
  app.get(`${prefix}/account/tokens`, own(ownTokens))
  app.post(`${prefix}/account/tokens`, own(createOwnToken))
  app.delete(`${prefix}/account/tokens/:id`, own(revokeOwnToken))
  app.post(`${prefix}/account/invite`, own(takeInvite))
  app.get(`${prefix}/invite`, own(showInvite))
  app.post(`${prefix}/invite`, own(acceptInvite))
  app.get(`${prefix}/metrics`, own(metrics))
  app.get(`${prefix}/permissions`, own(permissionsOfAssertion))
}
