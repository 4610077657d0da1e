import type { Seconds } from '../core/brand.ts'
import type { Subject } from '../core/person.ts'
import type { Signer } from '../ports/signer.ts'
import type { AnonymousClaims, UserClaims } from './claim-set.ts'
import { anonymousClaims, type Statement, userClaims } from './claims.ts'
import { assertionBudget, identityHeaders } from './dialects.ts'
import type { Receiver } from './receiver.ts'

/** A finished statement to one upstream: used as it is until `reuseUntil`, half its life. */
export interface Assertion {
  readonly claims: UserClaims | AnonymousClaims
  readonly jws: string
  readonly headers: readonly (readonly [string, string])[]
  readonly reuseUntil: Seconds
}

/** What must be equal for an assertion to be used again, beside the credential and the upstream. */
export interface Marks {
  /** Version of the session; 0 for a token. */
  readonly version: number
  readonly epoch: number
  /** Hash of the policy: roles and permissions come from it. */
  readonly policy: string
  readonly kid: string
}

interface Entry extends Marks {
  assertion: Assertion
  /** CLOCK mark: met since the hand passed last. */
  met: boolean
  readonly slot: number
}

/** What an assertion is remembered by, beside the upstream. */
export interface Credential {
  readonly kind: Subject['kind'] | 'nobody'
  /** The `sid` of a session, the id of a token; the same id of another kind is another credential. */
  readonly id: string
}

const NOBODY: Credential = { kind: 'nobody', id: '' }

/** The credential of a caller; null is nobody. */
export function credentialOf(subject: Subject | null): Credential {
  if (subject === null) return NOBODY
  return { kind: subject.kind, id: subject.kind === 'session' ? subject.session.sid : subject.token.id }
}

/** Entries of one upstream, by credential. WHY: one text of all three would be made, hashed and thrown away in each request. */
type Shelf = Readonly<Record<Credential['kind'], Map<string, Entry>>>

/** Where an entry stands. */
interface Place {
  readonly shelf: Map<string, Entry>
  readonly id: string
}

/** The marks of a caller under a policy and a signing key. */
export function marksOf(subject: Subject | null, policy: string, kid: string): Marks {
  if (subject === null || subject.kind === 'fixed-token') return { version: 0, epoch: 0, policy, kid }
  const version = subject.kind === 'session' ? subject.session.version : 0
  return { version, epoch: subject.user.epoch, policy, kid }
}

/**
 * Bounded memory of finished assertions. A hit is one lookup and one mark.
 *
 * TRADE-OFF: eviction is CLOCK, not LRU: a Map used as LRU by delete and set costs 20-26 us on a hot key (perf.md
 * section 2), and hot keys are what sessions are.
 */
export class AssertionCache {
  readonly #shelves: Map<string, Shelf> = new Map()
  readonly #places: Place[] = []
  readonly #most: number
  #hand = 0

  constructor(most: number) {
    if (!Number.isInteger(most) || most < 1) throw new RangeError(`an assertion cache of ${most} entries; at least 1`)
    this.#most = most
  }

  /** Entries held now. */
  get size(): number {
    const maps = [...this.#shelves.values()].flatMap((shelf) => Object.values(shelf))
    return maps.reduce((sum, { size }) => sum + size, 0)
  }

  /** The assertion for these marks while it may be used again; null otherwise. */
  find(upstream: string, { kind, id }: Credential, marks: Marks, now: Seconds): Assertion | null {
    const entry = this.#shelves.get(upstream)?.[kind].get(id)
    if (entry === undefined || now >= entry.assertion.reuseUntil) return null
    // WHY: of a clock that was put back: services refuse what is said to be of the future.
    if (now < entry.assertion.claims.iat) return null
    if (entry.version !== marks.version || entry.epoch !== marks.epoch) return null
    if (entry.kid !== marks.kid || entry.policy !== marks.policy) return null
    entry.met = true
    return entry.assertion
  }

  /** Keeps an assertion; one per credential and upstream, so that a newer version replaces the older one. */
  keep(upstream: string, { kind, id }: Credential, marks: Marks, assertion: Assertion): void {
    const shelf = this.#shelfOf(upstream)[kind]
    const slot = shelf.get(id)?.slot ?? this.#freeSlot()
    this.#places[slot] = { shelf, id }
    shelf.set(id, { ...marks, assertion, met: false, slot })
  }

  /** Forgets everything. */
  clear(): void {
    this.#shelves.clear()
    this.#places.length = 0
    this.#hand = 0
  }

  #shelfOf(upstream: string): Shelf {
    const known = this.#shelves.get(upstream)
    if (known !== undefined) return known
    const fresh = { nobody: new Map(), session: new Map(), token: new Map(), 'fixed-token': new Map() }
    this.#shelves.set(upstream, fresh)
    return fresh
  }

  #freeSlot(): number {
    if (this.#places.length < this.#most) return this.#places.length
    for (;;) {
      const slot = this.#hand
      this.#hand = (slot + 1) % this.#most
      const place = this.#places[slot]
      const entry = place?.shelf.get(place.id)
      if (place === undefined || entry === undefined) return slot
      if (!entry.met) {
        place.shelf.delete(place.id)
        return slot
      }
      entry.met = false
    }
  }
}

/** What `assertionFor` needs beside the caller. */
export interface AssertionMaker {
  readonly signer: Pick<Signer, 'sign' | 'currentKid'>
  readonly cache: AssertionCache
  /** Origin + prefix of this gateway. */
  readonly issuer: string
}

/** The assertion that is remembered of a caller for an upstream, on the hot path before anything is worked out; else null. */
export function rememberedAssertion(
  subject: Subject | null,
  receiver: Receiver,
  policy: string,
  kid: string,
  cache: AssertionCache,
  now: Seconds,
): Assertion | null {
  return cache.find(receiver.name, credentialOf(subject), marksOf(subject, policy, kid), now)
}

/**
 * The assertion and identity headers of a caller for an upstream: the remembered one until half its life, else a fresh one.
 *
 * @param statement - null when nobody is signed in
 * @param policy - hash of the policy that made the statement
 * @see SPEC section 5, DECISIONS 8; perf.md section 2 (signing is the one expensive step)
 */
export async function assertionFor(
  statement: Statement | null,
  receiver: Receiver,
  policy: string,
  maker: AssertionMaker,
  now: Seconds,
): Promise<Assertion> {
  const subject = statement?.subject ?? null
  const credential = credentialOf(subject)
  const marks = marksOf(subject, policy, await maker.signer.currentKid())
  const known = maker.cache.find(receiver.name, credential, marks, now)
  if (known !== null) return known
  const claims =
    statement === null
      ? anonymousClaims(receiver, maker.issuer, now)
      : await userClaims(statement, receiver, maker.issuer, now, assertionBudget(receiver))
  const jws = await maker.signer.sign(claims)
  const reuseUntil = (now + Math.floor((claims.exp - now) / 2)) as Seconds
  const assertion = { claims, jws, headers: identityHeaders(claims, jws, receiver), reuseUntil }
  maker.cache.keep(receiver.name, credential, marks, assertion)
  return assertion
}
