import { type AuthorizationServer, processDiscoveryResponse } from 'oauth4webapi'
import { type LastGood, lastGood } from './last-good.ts'
import { invalid, ProviderTrouble, toFault } from './trouble.ts'

/** Where a provider's endpoints come from: its discovery document, corrected or replaced by configured ones. */
export interface MetadataPlan {
  /** Exact issuer; Microsoft's may hold the template `{tenantid}`. */
  readonly issuer: string
  /** Address of the discovery document; null when every endpoint is given. */
  readonly discovery: string | null
  readonly given: Partial<AuthorizationServer>
}

const ENDPOINTS: readonly (readonly [option: string, field: string])[] = [
  ['authorization', 'authorization_endpoint'],
  ['token', 'token_endpoint'],
  ['userinfo', 'userinfo_endpoint'],
  ['jwks', 'jwks_uri'],
  ['endSession', 'end_session_endpoint'],
]

/**
 * The plan for an issuer and the operator's options; discovery is skipped when authorization, token and jwks are given.
 *
 * @param discoveryAt - discovery address when it does not follow from the issuer
 */
export function planMetadata(
  issuer: string,
  options: Readonly<Record<string, string>>,
  discoveryAt: string | null,
): MetadataPlan {
  const given: Record<string, string> = {}
  for (const [option, field] of ENDPOINTS) {
    const value = options[option]
    if (value !== undefined) given[field] = value
  }
  const complete = ['authorization', 'token', 'jwks'].every((name) => options[name] !== undefined)
  const discovery =
    options['discovery'] ?? discoveryAt ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  return { issuer, discovery: complete && options['discovery'] === undefined ? null : discovery, given }
}

/** Metadata by value: fresh for an hour, a day as last good. */
export function metadataSource(plan: MetadataPlan): LastGood<AuthorizationServer> {
  const { discovery } = plan
  return lastGood(
    async (outbound) => {
      if (discovery === null) return { issuer: plan.issuer, ...plan.given }
      const response = await outbound.fetch(discovery, { headers: { accept: 'application/json' } })
      if (URL.parse(plan.issuer) === null) throw invalid('issuer')
      try {
        // ATTACK: a document of another issuer makes mix-up possible (OpenID Connect Discovery section 4.3).
        const found = await processDiscoveryResponse(new URL(plan.issuer), response)
        return { ...found, ...plan.given }
      } catch (error) {
        throw new ProviderTrouble(toFault(error))
      }
    },
    { fresh: 3600, lastGood: 86_400, between: 60, afterFailure: 10 },
  )
}
