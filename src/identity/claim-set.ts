import type { Seconds } from '../core/brand.ts'
import type { Attributes } from '../core/person.ts'

/** Claims of an assertion about somebody; absent means there is nothing to say. */
export type UserClaims = {
  readonly iss: string
  readonly aud: string
  /** User id, or `token:<id>` for a fixed token. */
  readonly sub: string
  readonly iat: Seconds
  readonly exp: Seconds
  readonly sid?: string
  readonly auth_time?: Seconds
  readonly idp?: string
  /** Id of the API token that was used instead of a session. */
  readonly token?: string
  readonly guest: boolean
  /** Primary role first. */
  readonly roles?: readonly string[]
  readonly primary_role?: string
  readonly permissions?: readonly string[]
  /** base64url SHA-256 over the sorted names joined by line feeds; stands for a list that is too long. */
  readonly roles_hash?: string
  readonly permissions_hash?: string
  /** Where an upstream gets the lists behind the hashes, showing the assertion. */
  readonly permissions_url?: string
  readonly character?: { readonly id: string; readonly name: string }
  readonly world?: string
  readonly name?: string
  readonly email?: string
  readonly email_verified?: boolean
  readonly picture?: string
  /** Those of the user's attributes that this upstream is told; unset ones are absent. */
  readonly attributes?: Attributes
}

/** Claims of an assertion about nobody: another audience and no `sub`, so that a library that does not know us refuses it. */
export type AnonymousClaims = {
  readonly iss: string
  readonly aud: string
  readonly iat: Seconds
  readonly exp: Seconds
  readonly anonymous: true
}
