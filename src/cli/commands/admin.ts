import type { Command } from 'commander'
import { ask, type DoorOptions, doorOptions, group, plain, type Shell } from '../operator.ts'

/** `postern admin invite`: a link that makes one signed-in person the first administrator. */
export function adminCommands(program: Command, shell: Shell): void {
  const admin = group(program, 'admin', 'administrators')
  doorOptions(
    admin.command('invite').description('a link for the first administrator: 15 minutes, one use'),
    'write',
  ).action((options: DoorOptions) =>
    ask(shell, options, 'admin.invite', {}, ({ link, expires }) => [
      ...(link === undefined ? [] : [plain(link)]),
      `valid until ${plain(expires)}, once: open it in a browser, sign in, and accept`,
    ]),
  )
}
