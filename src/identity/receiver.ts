import type { Seconds } from '../core/brand.ts'

/** What this room needs to know of an upstream; the configuration's `Upstream` is one. */
export interface Receiver {
  readonly name: string
  /** `aud` of its assertions; anonymous ones are for `<audience>#anonymous`. */
  readonly audience: string
  /** Header of the assertion; `Authorization` makes it a Bearer credential. */
  readonly assertionHeader: string
  readonly assertionSeconds: Seconds
  /** Names of dialects, or entries of an own map: `Header-Name=field`. */
  readonly dialects: readonly string[]
  /** Which of `DISCLOSABLE` it is told, and `attribute.<name>`; null: everything but attributes that no own map names. */
  readonly claims: readonly string[] | null
  readonly sign: 'none' | 'message'
}
