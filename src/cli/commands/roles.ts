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

/** `postern roles list | assign | remove`. */
export function rolesCommands(program: Command, shell: Shell): void {
  const roles = group(program, 'roles', 'roles of people')
  doorOptions(roles.command('list').description('those of the policy in force'), 'read').action(
    (options: DoorOptions) => ask(shell, options, 'roles.list', {}, printedRoles),
  )
  doorOptions(roles.command('assign').description('give a role'), 'write')
    .argument('<user>', 'user id')
    .argument('<role>', 'as the policy spells it')
    .action((user: string, role: string, options: DoorOptions) =>
      ask(shell, options, 'roles.assign', { user, role }, printed),
    )
  doorOptions(roles.command('remove').description('take a role'), 'write')
    .argument('<user>', 'user id')
    .argument('<role>', 'as the policy spells it')
    .action((user: string, role: string, options: DoorOptions) =>
      ask(shell, options, 'roles.remove', { user, role }, printed),
    )
}

function printedRoles(value: Fields): readonly string[] {
  const rows = rowsOf(value, 'roles').map((role) => [
    role['name'],
    role['display_name'],
    role['level'],
    role['system'] === true ? 'built in' : '',
    (role['permissions'] as readonly string[]).join(' '),
  ])
  return columns([['role', 'name', 'level', '', 'permissions'], ...rows])
}

function printed(value: Fields): readonly string[] {
  const roles = (value['roles'] as readonly string[]).join(', ')
  const how = value['changed'] === false ? 'had and has' : 'has now'
  return [`${plain(value['user'])} ${how}: ${roles === '' ? 'no role' : plain(roles)}`]
}
