import type { Command } from 'commander'
import { ask, type DoorOptions, doorOptions, group, plain, type Shell } from '../operator.ts'

/** `postern admin invite`: a code that makes one signed-in person the first administrator. */
export function adminCommands(program: Command, shell: Shell): void {
  const admin = group(program, 'admin', 'administrators')
  doorOptions(
    admin.command('invite').description('a code for the first administrator: 15 minutes, one use'),
    'write',
  ).action((options: DoorOptions) =>
    ask(shell, options, 'admin.invite', {}, ({ code, redeem, expires }) => [
      ...(code === undefined ? [] : [plain(code)]),
      `valid until ${plain(expires)}, once: sign in, then send {"code": "..."} to ${plain(redeem)}`,
    ]),
  )
}
