import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { discoveryDocument, KEYS_CACHE_CONTROL, serverMetadata } from '../identity/discovery.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'

function published(contentType: string, body: string): Answer {
  return {
    status: 200,
    headers: [
      ['content-type', contentType],
      ['cache-control', KEYS_CACHE_CONTROL],
    ],
    body,
  }
}

/** The JWKS: next, current and previous key. */
export async function jwks(_ask: Ask, gateway: Gateway): Promise<Answer> {
  return published('application/jwk-set+json', JSON.stringify(await gateway.signer.jwks()))
}

/** The discovery document; its algorithms are those of the published keys, which outlive a changed configuration. */
export async function discovery(_ask: Ask, gateway: Gateway): Promise<Answer> {
  const { origin, prefix } = gateway.config
  const { keys } = await gateway.signer.jwks()
  const algorithms = [...new Set(keys.map(({ alg }) => String(alg)))]
  return published('application/json', JSON.stringify(discoveryDocument(`${origin}${prefix}`, algorithms)))
}

/** What programs that ask for a session must know; there is nothing to know where none may. */
export async function authorizationServer(ask: Ask, gateway: Gateway): Promise<Answer> {
  const { origin, prefix, nativeClients } = gateway.config
  if (nativeClients.length === 0) return refuse(ask, gateway, 'not-found', { as: 'program' })
  const flows = nativeClients.flatMap((client) => client.flows)
  return published('application/json', JSON.stringify(serverMetadata(`${origin}${prefix}`, flows)))
}

/** One published key as PEM, by its `kid`, as readers of `x-amzn-oidc-data` fetch it. */
export async function keyAsPem(ask: Ask, gateway: Gateway): Promise<Answer> {
  const kid = ask.target.segments.at(-1)
  const jwk = (await gateway.signer.jwks()).keys.find((key) => key['kid'] === kid)
  if (jwk === undefined) return refuse(ask, gateway, 'not-found', { as: 'program' })
  const algorithm = jwk['kty'] === 'EC' ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: 'Ed25519' }
  const key = await crypto.subtle.importKey('jwk', { ...jwk, kty: String(jwk['kty']) }, algorithm, true, ['verify'])
  const bytes = new Uint8Array((await crypto.subtle.exportKey('spki', key)) as ArrayBuffer)
  const lines = btoa(String.fromCharCode(...bytes)).match(/.{1,64}/g) ?? []
  return published(
    'application/x-pem-file',
    ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----', ''].join('\n'),
  )
}
