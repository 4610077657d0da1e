/**
 * Whether Cloudflare has verified a certificate of the client (mTLS), and its issuer has not revoked it since (seeds O8).
 *
 * @see https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties
 */
export function isCertifiedByPlatform({ cf }: { readonly cf?: unknown }): boolean {
  const shown = (cf as { readonly tlsClientAuth?: Readonly<Record<string, unknown>> } | undefined)?.tlsClientAuth
  return shown?.['certVerified'] === 'SUCCESS' && shown['certRevoked'] !== '1'
}
