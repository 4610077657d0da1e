import type { Command } from 'commander'
import { counted } from '../count.ts'
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
import { nextPage, pageInput } from './sessions.ts'

interface ListOptions extends DoorOptions {
  readonly after?: string
  readonly limit?: string
  readonly provider?: string
  readonly issuer?: string
  readonly subject?: string
}

interface BanOptions extends DoorOptions {
  readonly reason: string
  readonly until?: string
}

/** `postern users list | show | ban | unban | remove`. */
export function usersCommands(program: Command, shell: Shell): void {
  const users = group(program, 'users', 'people')
  doorOptions(users.command('list').description('by part of the name, by an id at a provider, or everybody'), 'read')
    .argument('[text]', 'part of the name')
    .option('--provider <id>', 'the one that has the subject, such as discord')
    .option(
      '--issuer <url>',
      'the same by its issuer, for a provider with several, or one that is not configured any more',
    )
    .option('--subject <id>', 'whole id of a person at the provider: finds that one')
    .option('--after <cursor>', 'the page after this one')
    .option('--limit <count>', 'how many on a page', '50')
    .action((text: string | undefined, { after, limit, provider, issuer, subject, ...options }: ListOptions) =>
      ask(shell, options, 'users.list', pageInput({ text, provider, issuer, subject, after, limit }), printedList),
    )
  doorOptions(users.command('show').description('one of them, with everything'), 'read')
    .argument('<user>', 'user id')
    .action((user: string, options: DoorOptions) => ask(shell, options, 'users.show', { user }, printedUser))
  doorOptions(users.command('ban').description('for good, or until a moment; every session ends'), 'write')
    .argument('<user>', 'user id')
    .requiredOption('--reason <words>', 'shown to the player')
    .option('--until <moment>', 'such as 2027-01-31T12:00:00Z: the account comes back then')
    .action((user: string, { reason, until, ...options }: BanOptions) => {
      const input = until === undefined ? { user, reason } : { user, reason, until }
      return ask(shell, options, until === undefined ? 'users.ban' : 'users.suspend', input, (value) => [
        `${plain(user)} is ${plain(value['standing'])}, ${counted(value['sessions_ended'] ?? 0, 'session')} ended`,
      ])
    })
  doorOptions(users.command('unban').description('lift a ban or suspension'), 'write')
    .argument('<user>', 'user id')
    .action((user: string, options: DoorOptions) =>
      ask(shell, options, 'users.unban', { user }, () => [`${plain(user)} may play again`]),
    )
  doorOptions(users.command('remove').description('remove a person; the audit trail keeps only the id'), 'write')
    .argument('<user>', 'user id')
    .option('--yes', 'this cannot be undone: say that you know')
    .action((user: string, options: DoorOptions & { readonly yes?: boolean }, command: Command) => {
      if (options.yes !== true && options.dryRun !== true)
        command.error('this cannot be undone: say --yes, or look first with --dry-run')
      return ask(shell, options, 'users.remove', { user }, () => [`${plain(user)} is removed`])
    })
}

function standing(user: Fields): string {
  const { kind } = user['standing'] as Fields
  return plain(kind)
}

function printedList(value: Fields): readonly string[] {
  const rows = rowsOf(value, 'users').map((user) => {
    const roles = (user['roles'] as readonly string[]).join(',')
    return [user['id'], user['name'], roles, standing(user), user['last_sign_in']]
  })
  return [...columns([['id', 'name', 'roles', 'standing', 'last sign-in'], ...rows]), ...nextPage(value)]
}

function printedUser(user: Fields): readonly string[] {
  const { sessions, identities, tokens, ...facts } = user
  const simple = Object.entries(facts).map(([name, value]) => [name.replaceAll('_', ' '), value])
  const lists = { identities, sessions, tokens }
  const told = Object.entries(lists).flatMap(([name, list]) => {
    const rows = (list as readonly Fields[]).map((row) => `  ${plain(row)}`)
    return [`${name}: ${rows.length}`, ...rows]
  })
  return [...columns(simple), ...told]
}
