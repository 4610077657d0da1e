import { base64url } from 'jose'
import { type Seconds, seconds } from '../../core/brand.ts'
import type { AuditNote } from '../../ports/audit.ts'
import type { Given, KeyRing, KeyState, Revocation, Rotation, Statement } from '../../ports/key-ring.ts'
import type { KeyStore, StoredKey } from '../../ports/keys.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { AssertionClaims, Signer } from '../../ports/signer.ts'
import { freshKey, openKey, SCHEMES, type SigningAlgorithm, type SigningKey } from './keypair.ts'
import { ownBytes, type Sealer, sealer } from './seal.ts'
import { isStatement, signStatement } from './statement.ts'

/** How long a key is published before it signs, and after it has signed. */
export const OVERLAP: Seconds = seconds(86_400)
/** Age of the known keys beyond which they are read again beside the request, and beyond which it waits for that. */
const REFRESH_AFTER = 5
const WAIT_AFTER = 60

/** What `joseSigner` is made of. */
export interface SignerOptions {
  readonly keys: KeyStore
  /** Root secret, at least 32 bytes: private keys are sealed under it. */
  readonly rootSecret: Uint8Array<ArrayBuffer>
  /** Algorithm of keys made from now on; keys that exist keep theirs. */
  readonly algorithm: SigningAlgorithm
  readonly runtime: Pick<Runtime, 'now' | 'random' | 'background'>
}

/** The signer with the operations of `postern keys`; its keys are its own, so that it changes them itself. */
export interface KeyedSigner extends Signer, KeyRing {
  rotate(audit: AuditNote): Promise<Exclude<Rotation, Given>>
  revoke(kid: string, audit: AuditNote): Promise<Exclude<Revocation, Given>>
}

/** Keys as read at one moment: values only, no promise that another request began. */
interface Ring {
  readonly readAt: Seconds
  /** By time of activation, oldest first. */
  readonly keys: readonly SigningKey[]
}

/** The keys that are not retired at `now`. */
function openAt(ring: Ring, now: Seconds): readonly SigningKey[] {
  return ring.keys.filter((key) => key.retiredAt === null || key.retiredAt > now)
}

/** The key that signs at `now`: the newest active one; when a revocation left none, the first that waits. */
function currentAt(ring: Ring, now: Seconds): SigningKey {
  const keys = openAt(ring, now)
  const current = keys.findLast((key) => key.activeAt <= now) ?? keys[0]
  if (current === undefined) throw new Error('the key store holds no signing key')
  return current
}

function stateOf(key: SigningKey, current: SigningKey): KeyState['state'] {
  if (key.kid === current.kid) return 'current'
  return key.activeAt > current.activeAt ? 'next' : 'previous'
}

/** Opens what is not known yet; a known key keeps its imported value and takes over the stored times. */
async function importAll(stored: readonly StoredKey[], known: Ring | null, sealing: Sealer): Promise<SigningKey[]> {
  const keys = await Promise.all(
    stored.map((one) => {
      const old = known?.keys.find((key) => key.kid === one.kid)
      return old === undefined ? openKey(one, sealing) : { ...old, activeAt: one.activeAt, retiredAt: one.retiredAt }
    }),
  )
  return keys.sort((a, b) => a.activeAt - b.activeAt || a.createdAt - b.createdAt)
}

/**
 * Signs with a key from the store; makes the first one. Keys are imported once and kept as values; a rotation elsewhere
 * is seen within seconds, a key is published 24 h before it signs and 24 h after.
 *
 * @see DECISIONS 11; RFC 7515 section 7.1 (compact serialization), RFC 7517
 */
export function joseSigner(options: SignerOptions): KeyedSigner {
  return new StoreSigner(options)
}

class StoreSigner implements KeyedSigner {
  readonly #options: SignerOptions
  #sealing: Sealer | null = null
  #ring: Ring | null = null
  #told: { readonly ring: Ring | null; readonly at: Seconds; readonly kid: string } = {
    ring: null,
    at: seconds(0),
    kid: '',
  }
  #triedAt: Seconds = seconds(0)

  constructor(options: SignerOptions) {
    this.#options = options
  }

  async sign(claims: AssertionClaims): Promise<string> {
    const { header, key, algorithm } = await this.#current()
    const input = `${header}${base64url.encode(JSON.stringify(claims))}`
    const signature = await crypto.subtle.sign(SCHEMES[algorithm].sign, key, new TextEncoder().encode(input))
    return `${input}.${base64url.encode(new Uint8Array(signature))}`
  }

  currentKid(): string | Promise<string> {
    const now = this.#options.runtime.now()
    const ring = this.#fresh(now)
    if (ring instanceof Promise) return ring.then((read) => currentAt(read, now).kid)
    // WHY: every request asks; of one second the answer is the same.
    if (this.#told.ring !== ring || this.#told.at !== now) this.#told = { ring, at: now, kid: currentAt(ring, now).kid }
    return this.#told.kid
  }

  async signMessage(
    base: Uint8Array<ArrayBuffer>,
  ): Promise<{ readonly keyId: string; readonly algorithm: string; readonly signature: Uint8Array }> {
    const { kid, key, algorithm } = await this.#current()
    const signature = new Uint8Array(await crypto.subtle.sign(SCHEMES[algorithm].sign, key, base))
    return { keyId: kid, algorithm: SCHEMES[algorithm].message, signature }
  }

  async jwks(): Promise<{ readonly keys: readonly Readonly<Record<string, unknown>>[] }> {
    const ring = await this.#fresh()
    return { keys: openAt(ring, this.#options.runtime.now()).map((key) => key.jwk) }
  }

  async list(): Promise<readonly KeyState[]> {
    const now = this.#options.runtime.now()
    const ring = await this.#read()
    const current = currentAt(ring, now)
    return openAt(ring, now).map((key) => {
      const { kid, algorithm, createdAt, activeAt } = key
      return { kid, algorithm, state: stateOf(key, current), createdAt, activeAt }
    })
  }

  async rotate(audit: AuditNote): Promise<Exclude<Rotation, Given>> {
    const { runtime, algorithm, keys } = this.#options
    const now = runtime.now()
    const ring = await this.#read()
    const waiting = openAt(ring, now).find((key) => key.activeAt > now)
    if (waiting !== undefined) return { kind: 'pending', kid: waiting.kid, activeAt: waiting.activeAt }
    const current = currentAt(ring, now)
    const activeAt = seconds(now + OVERLAP)
    const next = await freshKey(algorithm, await this.#seal(), now, activeAt)
    // INVARIANT: all that are open get an end, not only the current one: none stays published for ever.
    const other = await keys.add(next, { kid: null, at: seconds(activeAt + OVERLAP) }, audit)
    await this.#read()
    // WHY: somebody else rotated while our key was made.
    if (other !== null) return { kind: 'pending', kid: other.kid, activeAt: other.activeAt }
    return { kind: 'added', kid: next.kid, activeAt, retires: current.kid }
  }

  async revoke(kid: string, audit: AuditNote): Promise<Exclude<Revocation, Given>> {
    const { runtime, algorithm, keys } = this.#options
    const now = runtime.now()
    const ring = await this.#read()
    const revoked = openAt(ring, now).find((key) => key.kid === kid)
    if (revoked === undefined) return { kind: 'unknown' }
    const lasting = openAt(ring, now).some((key) => key.kid !== kid && key.retiredAt === null)
    if (lasting) await keys.retire(kid, now, audit)
    else {
      // INVARIANT: some key always has no end. A revoked next key is replaced by a next one, any other by one that signs now.
      const activeAt = revoked.activeAt > now ? seconds(now + OVERLAP) : now
      const fresh = await freshKey(algorithm, await this.#seal(), now, activeAt)
      // WHY: where somebody else replaced it meanwhile, only its end is left to be set.
      if ((await keys.add(fresh, { kid, at: now }, audit)) !== null) await keys.retire(kid, now, audit)
    }
    return { kind: 'revoked', signs: currentAt(await this.#read(), now).kid }
  }

  async attest(statement: Statement): Promise<string> {
    const now = this.#options.runtime.now()
    // INVARIANT: read now: what a key signed after its end is never believed again, and a chain is cut but once.
    return signStatement(statement, currentAt(await this.#read(), now), now)
  }

  async attested(jws: string, statement: Statement): Promise<boolean> {
    // WHY: no key is retired at the beginning of time, so that these are all there ever were.
    const every = await this.#options.keys.list('assertion', seconds(0))
    return isStatement(jws, statement, every, await this.#seal())
  }

  async #seal(): Promise<Sealer> {
    this.#sealing ??= await sealer(this.#options.rootSecret, this.#options.runtime.random)
    return this.#sealing
  }

  async #current(): Promise<SigningKey> {
    return currentAt(await this.#fresh(), this.#options.runtime.now())
  }

  /** The known keys; read again in the background when they are old, before the answer when they are very old. */
  #fresh(now = this.#options.runtime.now()): Ring | Promise<Ring> {
    const known = this.#ring
    if (known === null) return this.#read()
    // WHY: after a clock was put back, a time of before says nothing: a revoked key would sign until the clock is there again.
    const looked = [known.readAt, this.#triedAt].filter((at) => at <= now)
    if (now - Math.max(...looked) < REFRESH_AFTER) return known
    this.#triedAt = now
    const work = this.#read()
    this.#options.runtime.background(work)
    if (now - known.readAt < WAIT_AFTER) return known
    // WHY: an outage is not a revocation: with keys at hand public routes go on; `background` reports the failure.
    return work.catch(() => known)
  }

  /** Reads the keys of now, making the first one when there is none; throws when the store is down. */
  async #read(): Promise<Ring> {
    const { keys, runtime, algorithm } = this.#options
    const now = runtime.now()
    const sealing = await this.#seal()
    const listed = await keys.list('assertion', now)
    const stored =
      listed.length > 0 ? listed : await keys.ensure('assertion', await freshKey(algorithm, sealing, now, now), now)
    const ring = { readAt: now, keys: await importAll(stored, this.#ring, sealing) }
    this.#ring = ring
    return ring
  }
}

/**
 * A message signer on a shared secret: `hmac-sha256` for upstreams that hold the same bytes.
 *
 * @param secret - at least 32 bytes
 * @see RFC 9421 section 3.3.3
 */
export async function hmacMessageSigner(
  keyId: string,
  secret: Uint8Array,
): Promise<Pick<Signer, 'signMessage' | 'currentKid'>> {
  if (secret.length < 32) throw new RangeError(`shared secret of ${secret.length} bytes; at least 32 are needed`)
  const key = await crypto.subtle.importKey('raw', ownBytes(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return {
    async currentKid() {
      return keyId
    },
    async signMessage(base) {
      const signature = new Uint8Array(await crypto.subtle.sign('HMAC', key, base))
      return { keyId, algorithm: 'hmac-sha256', signature }
    },
  }
}
