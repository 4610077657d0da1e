import type { Command } from 'commander'
import {
  ask,
  chanceName,
  columns,
  type DoorOptions,
  doorOptions,
  type Fields,
  group,
  plain,
  rowsOf,
  type Shell,
} from '../operator.ts'

/** `postern keys list | rotate | revoke`: the keys that sign assertions. */
export function keysCommands(program: Command, shell: Shell): void {
  const keys = group(program, 'keys', 'keys of Postern itself')
  doorOptions(keys.command('list').description('signing keys: next, current, previous'), 'read').action(
    (options: DoorOptions) => ask(shell, options, 'keys.list', {}, printed),
  )
  doorOptions(keys.command('rotate').description('publish the next key; it signs in 24 hours'), 'write').action(
    (options: DoorOptions) => ask(shell, options, 'keys.rotate', {}, (value) => [rotated(value)]),
  )
  const revoke = doorOptions(keys.command('revoke').description('take a key out of use at once'), 'write')
  chanceName(revoke, '<key>', 'its kid').action((key: string, options: DoorOptions) =>
    ask(shell, options, 'keys.revoke', { key }, ({ signs }) => [
      `${plain(key)} is revoked${signs === undefined ? '' : `; ${plain(signs)} signs now`}`,
    ]),
  )
}

function rotated({ kind, kid, active, retires }: Fields): string {
  if (kid === null) return `a new key is published and signs in 24 hours, instead of ${plain(retires)}`
  const what = kind === 'added' ? 'is published and signs from' : 'waits already and signs from'
  return `${plain(kid)} ${what} ${plain(active)}`
}

function printed(value: Fields): readonly string[] {
  const rows = rowsOf(value, 'keys').map((key) => [key['kid'], key['state'], key['algorithm'], key['active']])
  return columns([['kid', 'state', 'algorithm', 'signs from'], ...rows])
}
