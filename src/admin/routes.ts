import type { Hono } from 'hono'
import { type Answer, json } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { Own } from '../ports/front.ts'
import type { Gateway } from '../ports/gateway.ts'
import { StoreUnavailable } from '../ports/store.ts'
import { createOwnToken, endOwnSession, ownSessions, ownTokens, revokeOwnToken, takeInvite } from './account.ts'
import { adminApi } from './api.ts'
import { operatorDoor } from './door.ts'
import { acceptInvite, showInvite } from './invite-page.ts'
import { metrics } from './metrics.ts'
import { permissionsOfAssertion } from './permissions.ts'

/** Alive: the process answers. */
async function alive(): Promise<Answer> {
  return json(200, { status: 'ok' })
}

/** Ready: the store answers; the active count comes from a counter, never from a scan (seeds O1). */
async function ready(_ask: Ask, gateway: Gateway): Promise<Answer> {
  const { hash, rules } = gateway.policy().bundle
  const about = { policy: hash, rules: rules.length }
  try {
    const counts = await gateway.store.sessions.count(
      gateway.runtime.now(),
      gateway.config.session.activityWindowSeconds,
    )
    const problem = gateway.degraded()
    return json(200, {
      status: problem === null ? 'ok' : 'degraded',
      store: 'ok',
      sessions_active: counts.active,
      sessions_total: counts.total,
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

async function jwks(_ask: Ask, gateway: Gateway): Promise<Answer> {
  const answer = json(200, await gateway.signer.jwks())
  return {
    ...answer,
    headers: [
      ['content-type', 'application/jwk-set+json'],
      ['cache-control', 'public, max-age=300'],
    ],
  }
}

async function discovery(_ask: Ask, gateway: Gateway): Promise<Answer> {
  const issuer = `${gateway.config.origin}${gateway.config.prefix}`
  const document = {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    id_token_signing_alg_values_supported: [gateway.config.assertion.algorithm],
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
  }
  return {
    status: 200,
    headers: [
      ['content-type', 'application/json'],
      ['cache-control', 'public, max-age=300'],
    ],
    body: JSON.stringify(document),
  }
}

/** Public keys below the issuer and at the root; minimal discovery for standard resource servers (DECISIONS 11). */
export function keys(app: Hono, prefix: string, own: Own): void {
  app.get(`${prefix}/.well-known/jwks.json`, own(jwks))
  app.get('/.well-known/jwks.json', own(jwks))
  app.get(`${prefix}/.well-known/openid-configuration`, own(discovery))
  app.get('/.well-known/openid-configuration', own(discovery))
}

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
  app.get(`${prefix}/invite`, own(showInvite))
  app.post(`${prefix}/invite`, own(acceptInvite))
  app.get(`${prefix}/metrics`, own(metrics))
  app.get(`${prefix}/permissions`, own(permissionsOfAssertion))
}
