import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** What an authorization code stands for. */
export interface Grant {
  readonly subject: string
  readonly clientId: string
  readonly redirectUri: string
  readonly scope: string
  readonly nonce: string
  /** S256 code challenge; empty when none was sent. */
  readonly challenge: string
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** Codes that were given out and not yet used, by code. */
export type Codes = Record<string, Grant>

/** Why a code buys nothing. */
export type CodeFault = 'code' | 'redirect_uri' | 'code_verifier'

const CODE_LIFE_MS = 60_000

/** A value nobody can guess. */
export function unguessable(): string {
  return randomBytes(24).toString('base64url')
}

/** Stores a grant and answers its code. */
export function giveCode(codes: Codes, grant: Omit<Grant, 'until'>): string {
  const code = unguessable()
  codes[code] = { ...grant, until: Date.now() + CODE_LIFE_MS }
  return code
}

/** Takes a code exactly once: a code that was presented is gone, whatever else was wrong with the request. */
export function takeCode(codes: Codes, form: URLSearchParams, clientId: string): Grant | CodeFault {
  const code = form.get('code') ?? ''
  const grant = Object.hasOwn(codes, code) ? codes[code] : undefined
  delete codes[code]
  if (grant === undefined || grant.until < Date.now() || grant.clientId !== clientId) return 'code'
  if (form.get('redirect_uri') !== grant.redirectUri) return 'redirect_uri'
  const verifier = form.get('code_verifier') ?? ''
  // ATTACK: RFC 9700 section 4.8.2: a verifier without a challenge means that somebody stripped the challenge.
  const proven = verifier === '' ? '' : createHash('sha256').update(verifier).digest('base64url')
  return proven === grant.challenge ? grant : 'code_verifier'
}

/** The client id and secret of a token request: from `Authorization: Basic` or from the form (RFC 6749 section 2.3.1). */
export function clientProofOf(
  authorization: string | undefined,
  form: URLSearchParams,
): { readonly id: string; readonly secret: string } {
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/.exec(authorization ?? '')?.[1]
  if (basic === undefined) return { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' }
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':')
  return { id: decodeURIComponent(id), secret: decodeURIComponent(secret) }
}

/** Whether two secrets are equal, in time that does not tell where they differ. */
export function sameSecret(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(left), digest(right))
}
