import { SERVER_METADATA_PATH } from '../identity/discovery.ts'
import type { Config } from '../ports/config.ts'

/** Where readers look for public keys who know our origin alone. */
export const JWKS_AT_ROOT = '/.well-known/jwks.json'
/** Where the same readers look for discovery. */
export const DISCOVERY_AT_ROOT = '/.well-known/openid-configuration'

/** What decides which paths outside the prefix are ours. */
export type RootConfig = Pick<Config, 'prefix' | 'nativeClients'>

/** WHY: where an issuer has a path, clients look for it behind the well-known one (RFC 8414 section 3.1). */
export function metadataAtRoot({ prefix }: RootConfig): string {
  return `${SERVER_METADATA_PATH}${prefix}`
}

/** Whether a path outside the prefix is one of our own, unless a rule claims it. */
export function isAtRoot(path: string, config: RootConfig): boolean {
  if (path === JWKS_AT_ROOT || path === DISCOVERY_AT_ROOT) return true
  return config.nativeClients.length > 0 && path === metadataAtRoot(config)
}
