import type { SessionKey, UserId } from '../core/brand.ts'
import type { CookieNames } from '../core/own-cookies.ts'
import type { TokenGrant } from '../core/person.ts'
import type { Policy } from '../policy/policy.ts'
import type { AskingProxy, Config } from './config.ts'
import type { IdentityWriter } from './identity.ts'
import type { KeyRing } from './key-ring.ts'
import type { Flights, SessionMemory } from './memory.ts'
import type { Metrics } from './metrics.ts'
import type { Provider } from './provider.ts'
import type { Runtime } from './runtime.ts'
import type { Signer } from './signer.ts'
import type { Store } from './store.ts'
import type { UpstreamClient } from './upstream.ts'

/** The policy of the deployment's own files or bundle. */
export interface OwnPolicy {
  readonly hash: string
  /** What to do about files that were edited while a pushed version serves; null when none wait. */
  readonly waits: string | null
}

/** Everything a stage may use; made by `runtime/build`, cheaply renewed for each request where a runtime needs that. */
export interface Gateway {
  readonly config: Config
  /** The policy in force now; a request keeps the one it began with. */
  policy(): Policy
  /** What the deployment itself holds, be it in force or not. */
  ownPolicy(): OwnPolicy
  /** Why the newest policy does not serve; null when it does. */
  degraded(): string | null
  readonly store: Store
  readonly signer: Signer
  readonly keyRing: KeyRing
  /** Key of the operator door; null: there is no door (DECISIONS 12). */
  readonly operatorKey: string | null
  readonly metrics: Metrics
  /** Writes a whole copy of an embedded store beside its file and answers where; null where there is no such file. */
  readonly backup: ((stamp: string) => Promise<string>) | null
  readonly providers: ReadonlyMap<string, Provider>
  readonly runtime: Runtime
  readonly upstream: UpstreamClient
  readonly cookies: CookieNames
  /** HMAC key of session tokens. */
  readonly mac: CryptoKey
  /** The store key of a presented session token, at once where the runtime can; null when it is not one of ours. */
  readToken(value: string): SessionKey | null | Promise<SessionKey | null>
  /** HMAC key of API tokens. */
  readonly apiMac: CryptoKey
  /** Static tokens of the configuration, by SHA-256 of their value: looked up, never compared. */
  readonly fixedTokens: ReadonlyMap<string, TokenGrant>
  /** Whether a word a client sent is a secret of this deployment that has no form of its own: a static token, the operator key. */
  isOwnSecret(word: string): boolean
  /** What of a path or a query is such a secret, as it stands there; usually nothing, and found out at nearly no cost. */
  ownSecretsIn(text: string): readonly string[]
  /** Proxies that may ask by forward-auth, with the SHA-256 of each of their secrets. */
  readonly proxies: readonly { readonly proxy: AskingProxy; readonly digests: readonly Uint8Array[] }[]
  readonly sessions: SessionMemory
  /** How concurrent reads of one session share an answer on this runtime. */
  readonly flights: Flights
  readonly identity: IdentityWriter
  /** Leased sockets a user has open in this process; null where one process does not hold them. */
  readonly openSockets: ((user: UserId) => number) | null
}
