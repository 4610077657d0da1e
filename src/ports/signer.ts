/** Claims of an assertion as they go on the wire. */
export type AssertionClaims = Readonly<Record<string, unknown>>

/** A private key as an operator gives it: a JWK, or PKCS #8 in PEM. */
export type GivenKey = { readonly jwk: Readonly<Record<string, unknown>> } | { readonly pem: string }

/** Signs identity assertions and message signatures, and publishes the public halves. */
export interface Signer {
  /** A compact JWS with `alg`, `kid`, `typ: JWT`. */
  sign(claims: AssertionClaims): Promise<string>
  /** `kid` of the key that signs now: part of every cache key; at once when the keys are known. */
  currentKid(): string | Promise<string>
  /** Raw signature over the RFC 9421 signature base. */
  signMessage(
    base: Uint8Array<ArrayBuffer>,
  ): Promise<{ readonly keyId: string; readonly algorithm: string; readonly signature: Uint8Array }>
  /** next, current and previous public keys: the JWKS document. */
  jwks(): Promise<{ readonly keys: readonly Readonly<Record<string, unknown>>[] }>
}
