import json from '../../.postern/policies.json' with { type: 'json' }
import definition from '../../hono.config.ts'
import type { PolicyBundle } from '../policy/model.ts'
import type { Built } from './build.ts'
import { type Env, isolate } from './isolate.ts'
import { SocketHolder } from './socket-object.ts'
import { StoreObject as StoreHolder } from './store-object.ts'

// WHY: JSON has no literal types; `compile` wrote it, and `loadPolicy` refuses a format it does not know.
const here = isolate(definition, json as unknown as PolicyBundle)

/** One database of the store of this deployment. */
export class StoreObject extends StoreHolder {
  protected override endGuests(): Promise<void> {
    return here.endGuests(this.env as unknown as Env)
  }
  protected override tellSessions(): Promise<void> {
    return here.tellSessions(this.env as unknown as Env)
  }
}

/** The live sockets of one session in this deployment. */
export class SocketObject extends SocketHolder<Env> {
  protected override built(): Promise<Built> {
    return here.built(this.env)
  }
}

/** The Worker: every request goes to the app of a gateway that is made once an isolate. */
export default { fetch: (request: Request, env: Env): Promise<Response> => here.fetch(request, env) }
