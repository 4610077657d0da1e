import type { PolicyBundle } from '../policy/model.ts'
import type { Provider } from './provider.ts'
import type { Runtime } from './runtime.ts'
import type { Signer } from './signer.ts'
import type { Store } from './store.ts'

/** Everything a stage may use; made once by `runtime/build`. `P` is the loaded policy, `C` the checked configuration. */
export interface GatewayOf<P extends { readonly bundle: PolicyBundle }, C> {
  readonly config: C
  /** The policy in force now; a request keeps the one it began with. */
  policy(): P
  readonly store: Store
  readonly signer: Signer
  readonly providers: ReadonlyMap<string, Provider>
  readonly runtime: Runtime
}
