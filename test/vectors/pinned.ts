/**
 * Every case of the vector file, written down a second time: name, verdict and what is said of it. A case that the
 * generator loses, or that a runner leaves out, is missed here and not merely not run.
 */
const USER = '7b1f2f5e-58b1-4e43-9d6a-2f1a5f0e9a11'

export const PINNED: readonly (readonly [name: string, verdict: 'user' | 'anonymous' | 'refused', says: string])[] = [
  ['good', 'user', USER],
  ['good, EdDSA', 'user', USER],
  ['rotated: signed with the previous key', 'user', USER],
  ['guest', 'user', 'c0ffee00-0000-4000-8000-000000000001'],
  ['over for 5 s, within the leeway', 'user', USER],
  ['5 s from the future, within the leeway', 'user', USER],
  ['expired', 'refused', 'assertion_expired'],
  ['future', 'refused', 'assertion_from_future'],
  ['wrong audience', 'refused', 'assertion_audience'],
  ['wrong issuer', 'refused', 'assertion_issuer'],
  ['wrong algorithm: HS256 under the public key', 'refused', 'assertion_algorithm'],
  ['none', 'refused', 'assertion_algorithm'],
  ['unknown kid', 'refused', 'assertion_unknown_key'],
  ['known kid, another key', 'refused', 'assertion_signature'],
  ['tampered', 'refused', 'assertion_signature'],
  ['tampered, EdDSA', 'refused', 'assertion_signature'],
  ['EdDSA under the kid of an ES256 key', 'refused', 'assertion_unknown_key'],
  ['ES256 under the kid of an EdDSA key', 'refused', 'assertion_unknown_key'],
  ['no expiry', 'refused', 'assertion_claims'],
  ['no subject', 'refused', 'assertion_claims'],
  ['no assertion at all', 'refused', 'assertion_missing'],
  ['not a token', 'refused', 'assertion_malformed'],
  ['dots', 'refused', 'assertion_malformed'],
  ['anonymous', 'anonymous', ''],
  ['anonymous, yet with a subject', 'refused', 'assertion_claims'],
]
