import { StoreUnavailable } from '../../ports/store.ts'
import { type Engine, SqlFailed } from './driver.ts'
import { type Peer, perform } from './operations.ts'
import { Unreadable } from './row.ts'

/** A database of this process as a peer. Failures of the database are outages; anything else thrown is a bug. */
export function localPeer(engine: Engine): Peer {
  return {
    place: 'here',
    async call(name, ...args) {
      try {
        return perform(engine, name, args)
      } catch (error) {
        if (error instanceof SqlFailed || error instanceof Unreadable) throw new StoreUnavailable(name, error.message)
        throw error
      }
    },
  }
}
