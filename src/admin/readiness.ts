import { seconds } from '../core/brand.ts'
import type { Gateway } from '../ports/gateway.ts'
import { StoreUnavailable } from '../ports/store.ts'

/**
 * Whether the store takes changes: a full disk, a full Redis and a replica go on answering what is read.
 *
 * WHY: one small change a second at most, whoever asks how often: a refused hit is not written.
 *
 * @returns never rejects for an outage
 */
export async function takesChanges({ store, runtime }: Gateway): Promise<boolean> {
  try {
    await store.rates.hit('readiness', 1, seconds(1), runtime.now())
    return true
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    return false
  }
}
