import type { Command } from 'commander'
import { adminCommands } from './commands/admin.ts'
import { assertionCommands } from './commands/assertion.ts'
import { attackCommand } from './commands/attack.ts'
import { auditCommands } from './commands/audit.ts'
import { backupCommands } from './commands/backup.ts'
import { keysCommands } from './commands/keys.ts'
import { pushCommands } from './commands/push.ts'
import { quotasCommands } from './commands/quotas.ts'
import { rolesCommands } from './commands/roles.ts'
import { sessionsCommands } from './commands/sessions.ts'
import { tokensCommands } from './commands/tokens.ts'
import { usersCommands } from './commands/users.ts'
import type { Shell } from './operator.ts'

/** Every command that talks to a running gateway through its operator door, and the one that attacks an upstream. */
export function operatorCommands(program: Command, shell: Shell): void {
  for (const add of [
    sessionsCommands,
    usersCommands,
    rolesCommands,
    quotasCommands,
    tokensCommands,
    auditCommands,
    adminCommands,
    keysCommands,
    pushCommands,
    backupCommands,
    assertionCommands,
    attackCommand,
  ])
    add(program, shell)
}
