import type { Contract } from './contract.ts'
import { sessionContract } from './store-sessions.ts'

/** Everything every store must do. */
export function storeContract(contract: Contract): void {
  sessionContract(contract)
}
