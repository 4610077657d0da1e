import { nearest } from '../../config/reader.ts'
import { noteRefusal } from '../../session/refusals.ts'
import { assertionOperations } from './assertions.ts'
import { attributeOperations } from './attributes.ts'
import { auditOperations } from './audit.ts'
import { mayAct } from './authority.ts'
import { backupOperations } from './backup.ts'
import { type Call, type Outcome, type Refusal, refused } from './call.ts'
import type { Operation } from './define.ts'
import { inviteOperations } from './invites.ts'
import { keyOperations } from './keys.ts'
import { policyOperations } from './policies.ts'
import { quotaOperations } from './quotas.ts'
import { roleOperations } from './roles.ts'
import { sessionOperations } from './sessions.ts'
import { socketOperations } from './sockets.ts'
import { standingOperations } from './standing.ts'
import { tokenOperations } from './tokens.ts'
import { userOperations } from './users.ts'
import { whyOperations } from './why.ts'

/** Every administrative operation by name. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  [
    userOperations,
    standingOperations,
    roleOperations,
    sessionOperations,
    socketOperations,
    attributeOperations,
    quotaOperations,
    tokenOperations,
    auditOperations,
    keyOperations,
    policyOperations,
    whyOperations,
    inviteOperations,
    assertionOperations,
    backupOperations,
  ]
    .flat()
    .map((operation) => [operation.name, operation]),
)

/** The refusal of a name no operation has. */
export function unknownOperation(name: string): Outcome<never> {
  const near = nearest(name, [...OPERATIONS.keys()])
  const hint = near === null ? `there are ${[...OPERATIONS.keys()].join(', ')}` : `did you mean "${near}"?`
  return refused('not-found', hint, { where: 'operation', what: name.slice(0, 80) })
}

/** Runs an operation when the actor may: permission before target, target before level (seeds A14, order of checks). */
export async function perform(operation: Operation, call: Call, input: unknown): Promise<Outcome<unknown>> {
  if (operation.needs === 'operator') {
    if (call.actor.kind !== 'operator') return refused('permission-denied', 'this is done at the operator door')
  } else if (!mayAct(call, operation.needs)) {
    const missing = call.gateway.config.adminPermissions[operation.needs]
    return refused('permission-denied', 'ask an administrator for this permission', { missing: [missing] })
  }
  const outcome = await operation.run(call, input)
  if (!outcome.ok) noteOverreach(operation, call, outcome.fault)
  return outcome
}

/** Refusals to somebody who reached too far that no 403 tells of: `report` writes those down. */
const OVERREACH: ReadonlySet<Refusal['fault']> = new Set(['own-account', 'last-admin'])

function noteOverreach({ name }: Operation, call: Call, { fault }: Refusal): void {
  if (call.actor.kind === 'operator' || !OVERREACH.has(fault)) return
  noteRefusal(call, call.gateway, call.actor.subject, `admin:${name}`, 'refuse')
}
