import type { Contract } from './contract.ts'
import { adminContract } from './store-admins.ts'
import { attemptContract } from './store-attempts.ts'
import { auditContract } from './store-audit.ts'
import { characterContract } from './store-characters.ts'
import { directoryContract } from './store-directory.ts'
import { followerContract } from './store-followers.ts'
import { identityContract } from './store-identities.ts'
import { keyContract } from './store-keys.ts'
import { quotaContract } from './store-quotas.ts'
import { sessionEndContract } from './store-session-ends.ts'
import { sessionListContract } from './store-session-lists.ts'
import { roomContract } from './store-session-room.ts'
import { sessionContract } from './store-sessions.ts'
import { tokenContract } from './store-tokens.ts'
import { validationContract } from './store-validation.ts'

/** Everything every store must do. */
export function storeContract(contract: Contract): void {
  sessionContract(contract)
  roomContract(contract)
  sessionEndContract(contract)
  sessionListContract(contract)
  characterContract(contract)
  validationContract(contract)
  directoryContract(contract)
  adminContract(contract)
  identityContract(contract)
  attemptContract(contract)
  followerContract(contract)
  quotaContract(contract)
  tokenContract(contract)
  keyContract(contract)
  auditContract(contract)
}
