import type { Command } from 'commander'
import {
  ask,
  columns,
  type DoorOptions,
  doorOptions,
  type Fields,
  group,
  plain,
  rowsOf,
  type Shell,
} from '../operator.ts'
import { asCount } from './sessions.ts'

/** `postern quotas show | set`. */
export function quotasCommands(program: Command, shell: Shell): void {
  const quotas = group(program, 'quotas', 'what people may make in all')
  doorOptions(quotas.command('show').description('what a person has used of each, and how far it goes'), 'read')
    .argument('<user>', 'user id')
    .action((user: string, options: DoorOptions) => ask(shell, options, 'quotas.show', { user }, printed))
  doorOptions(quotas.command('set').description('say how many a person has'), 'write')
    .argument('<user>', 'user id')
    .argument('<quota>', 'its name in the policy')
    .argument('<used>', 'how many')
    .action((user: string, quota: string, used: string, options: DoorOptions) =>
      ask(shell, options, 'quotas.set', { user, quota, used: asCount(used) }, (value) => [
        `${plain(user)} has used ${plain(value['used'])} of ${plain(quota)}`,
      ]),
    )
}

function printed(value: Fields): readonly string[] {
  const rows = rowsOf(value, 'quotas').map(({ name, used, limit }) => [name, used, limit ?? 'unlimited'])
  return rows.length === 0 ? ['the policy counts nothing'] : columns([['quota', 'used', 'limit'], ...rows])
}
