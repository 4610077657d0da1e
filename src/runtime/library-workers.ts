import type { PolicyBundle } from '../policy/model.ts'
import type { Built } from './build.ts'
import { type Env, isolate } from './isolate.ts'
import { type Library, libraryOf } from './library.ts'
import { SocketHolder } from './socket-object.ts'
import { StoreObject as StoreHolder } from './store-object.ts'

export { defineGateway, secret } from '../config/define.ts'
export type { Admitted, Caller, Library, PosternVariables } from './library.ts'

/** Names of the host's bindings; two instances in one Worker need two of each. */
export interface PosternOptions {
  /** Durable Object namespace of the instance's `StoreObject`; `STORE` unless named. */
  readonly store?: string
  /** Durable Object namespace of the instance's `SocketObject`; `SOCKETS` unless named. */
  readonly sockets?: string
}

/** Postern inside another Worker. */
export interface WorkerLibrary extends Library {
  /** One database of the instance's store: export it from the Worker by the class name its binding has. */
  readonly StoreObject: new (
    state: DurableObjectState,
    env: unknown,
  ) => StoreHolder
  /** The live sockets of one session: export it from the Worker by the class name its binding has. */
  readonly SocketObject: new (
    state: DurableObjectState,
    env: unknown,
  ) => SocketHolder
}

/**
 * Postern in somebody's own Worker. The host exports the instance's `StoreObject` and `SocketObject`, and binds them.
 *
 * @param definition - what `hono.config.ts` exports by default
 * @param bundle - `.postern/policies.json`, as `postern compile` writes it
 */
export function postern(definition: unknown, bundle: unknown, options: PosternOptions = {}): WorkerLibrary {
  // WHY: JSON has no literal types; `loadPolicy` refuses a format it does not know.
  const here = isolate(definition, bundle as PolicyBundle)
  const { store = 'STORE', sockets = 'SOCKETS' } = options
  const own = (env: unknown): Env => {
    const given = env as Readonly<Record<string, unknown>>
    return { ...given, STORE: given[store], SOCKETS: given[sockets] } as Env
  }
  class StoreObject extends StoreHolder {
    // WHY: an object finds the others of its store by the binding that this instance has.
    constructor(state: DurableObjectState, env: unknown) {
      super(state, own(env))
    }
    protected override endGuests(): Promise<void> {
      return here.endGuests(this.env as unknown as Env)
    }
    protected override tellSessions(): Promise<void> {
      return here.tellSessions(this.env as unknown as Env)
    }
  }
  class SocketObject extends SocketHolder {
    protected override built(): Promise<Built> {
      return here.built(own(this.env))
    }
  }
  return { ...libraryOf((request, env) => here.ready(request, own(env))), StoreObject, SocketObject }
}
