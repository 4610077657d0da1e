import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose'

/** Whose statements the game believes. */
export interface Trust {
  readonly jwksUrl: string
  readonly issuer: string
  readonly audience: string
}

/** Who the plain headers speak of. */
export interface Player {
  readonly id: string
  readonly session: string | null
  readonly name: string
  readonly email: string | null
  readonly roles: readonly string[]
  readonly role: string | null
  readonly guest: boolean
  readonly character: { readonly id: string; readonly name: string; readonly world: string } | null
}

/** What `Postern-Assertion` proved. */
export type Proof =
  | { readonly kind: 'verified' | 'anonymous'; readonly claims: JWTPayload }
  | { readonly kind: 'missing' }
  | { readonly kind: 'refused'; readonly reason: string }

/** Who sends a request, and whether that is proven. */
export interface Caller {
  readonly player: Player | null
  readonly proof: Proof
}

/** Reads the caller from the headers that the gateway injected. */
export type ReadCaller = (headers: Headers) => Promise<Caller>

/** `Postern-Name` is percent-encoded UTF-8; a value that is not is shown as it came. */
function decodeName(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

function characterFrom(headers: Headers): Player['character'] {
  const [id, name, world] = ['Id', 'Name']
    .map((part) => headers.get(`Postern-Character-${part}`))
    .concat(headers.get('Postern-World'))
  if (typeof id !== 'string' || typeof world !== 'string') return null
  return { id, name: decodeName(name ?? id), world }
}

function playerFrom(headers: Headers): Player | null {
  const id = headers.get('Postern-User')
  if (id === null) return null
  const roles = (headers.get('Postern-Roles') ?? '').split(',').filter((role) => role !== '')
  return {
    id,
    session: headers.get('Postern-Session'),
    name: decodeName(headers.get('Postern-Name') ?? id),
    email: headers.get('Postern-Email'),
    roles,
    role: headers.get('Postern-Primary-Role') ?? roles[0] ?? null,
    guest: headers.get('Postern-Guest') === 'true',
    character: characterFrom(headers),
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The reader for a trusted gateway; its key set is fetched over HTTP and cached by jose. */
export function callerReader(trust: Trust): ReadCaller {
  const keys = createRemoteJWKSet(new URL(trust.jwksUrl))
  const options = { issuer: trust.issuer, algorithms: ['ES256'], requiredClaims: ['exp', 'iat'], clockTolerance: 5 }

  async function proofFor(headers: Headers, player: Player | null): Promise<Proof> {
    const assertion = headers.get('Postern-Assertion')
    if (assertion === null) return { kind: 'missing' }
    try {
      if (player === null) {
        const { payload } = await jwtVerify(assertion, keys, { ...options, audience: `${trust.audience}#anonymous` })
        if (payload.sub !== undefined) return { kind: 'refused', reason: 'an anonymous assertion names somebody' }
        return { kind: 'anonymous', claims: payload }
      }
      const { payload } = await jwtVerify(assertion, keys, { ...options, audience: trust.audience })
      // ATTACK: a genuine assertion of one player beside the plain headers of another.
      if (payload.sub !== player.id)
        return { kind: 'refused', reason: 'Postern-User is not the subject of the assertion' }
      return { kind: 'verified', claims: payload }
    } catch (error) {
      return { kind: 'refused', reason: reasonOf(error) }
    }
  }

  return async (headers) => {
    const player = playerFrom(headers)
    return { player, proof: await proofFor(headers, player) }
  }
}

/** The player of a proven request; null when it is anonymous or not proven. */
export function provenPlayer(caller: Caller): Player | null {
  return caller.proof.kind === 'verified' ? caller.player : null
}
