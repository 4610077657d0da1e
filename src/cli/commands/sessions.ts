import type { Command } from 'commander'
import { counted } from '../count.ts'
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

interface ListOptions extends DoorOptions {
  readonly world?: string
  readonly after?: string
  readonly limit?: string
}

/** `postern sessions count | list | show | characters | revoke | release | clear`. */
export function sessionsCommands(program: Command, shell: Shell): void {
  const sessions = group(program, 'sessions', 'signed-in devices')
  doorOptions(sessions.command('count').description('active and total'), 'read').action((options: DoorOptions) =>
    ask(shell, options, 'sessions.count', {}, ({ active, total, active_within_seconds: within }) => [
      `${plain(active)} active within ${plain(within)} s, ${plain(total)} in all`,
    ]),
  )
  doorOptions(sessions.command('list').description('one page of them'), 'read')
    .option('--world <world>', 'only those that play there')
    .option('--after <cursor>', 'the page after this one')
    .option('--limit <count>', 'how many on a page', '50')
    .action(({ world, after, limit, ...options }: ListOptions) =>
      ask(shell, options, 'sessions.list', pageInput({ world, after, limit }), printed),
    )
  const shown = doorOptions(sessions.command('show').description('whose one of them is, with the roles'), 'read')
  chanceName(shown, '<session>', 'public name of a session')
    .option('--user <id>', 'its user: without, all sessions may have to be looked at')
    .action((session: string, { user, ...options }: DoorOptions & { readonly user?: string }) =>
      ask(shell, options, 'sessions.show', { session, user: user ?? null }, printedOne),
    )
  doorOptions(sessions.command('characters').description('who plays in a world, each character once'), 'read')
    .argument('<world>', 'id of the world')
    .action((world: string, options: DoorOptions) => ask(shell, options, 'characters.list', { world }, printedPlayers))
  const one = doorOptions(sessions.command('revoke').description('end one, or all of a user or character'), 'write')
  chanceName(one, '[session]', 'public name of a session')
    .option('--user <id>', 'its user; alone: all of this user')
    .option('--character <id>', 'all that play this character')
    .option('--world <world>', 'of this world only')
    .action((session: string | undefined, options: RevokeOptions, command: Command) =>
      revoke(shell, session, options, command),
    )
  doorOptions(sessions.command('release').description('a character is no more: its sessions go on without it'), 'write')
    .argument('<character>', 'id of the character')
    .option('--world <world>', 'of this world only')
    .action((character: string, { world, ...options }: DoorOptions & { readonly world?: string }) =>
      ask(shell, options, 'characters.gone', { character, world: world ?? null }, ({ released }) => [
        `${counted(released, 'session')} ${released === 1 ? 'goes' : 'go'} on without character ${plain(character)}`,
      ]),
    )
  doorOptions(sessions.command('clear').description('the emergency reset: end every session there is'), 'write')
    .option('--yes', 'everybody has to sign in again: say that you know')
    .action((options: DoorOptions & { readonly yes?: boolean }, command: Command) => {
      if (options.yes !== true && options.dryRun !== true)
        command.error('this signs everybody out: say --yes, or look first with --dry-run')
      return ask(shell, options, 'sessions.clear', {}, ({ ended }) => [`${counted(ended, 'session')} ended`])
    })
}

interface RevokeOptions extends DoorOptions {
  readonly user?: string
  readonly character?: string
  readonly world?: string
}

function revoke(
  shell: Shell,
  session: string | undefined,
  { user, character, world, ...options }: RevokeOptions,
  command: Command,
): Promise<void> {
  const ended = (value: Fields) => [`${counted(value['ended'], 'session')} ended`]
  if (session !== undefined && character === undefined)
    return ask(shell, options, 'sessions.revoke', { session, user: user ?? null }, (value) => [
      value['ended'] === true
        ? `session ${plain(session)} ended`
        : `session ${plain(session)} is not known: nothing to end`,
    ])
  if (session === undefined && user !== undefined && character === undefined)
    return ask(shell, options, 'users.kick', { user }, ended)
  if (session === undefined && user === undefined && character !== undefined)
    return ask(shell, options, 'characters.kick', { character, world: world ?? null }, ended)
  return command.error('name a session, or --user, or --character: one of the three')
}

/** A number as it was typed; what is none stays as it is, so that the refusal shows it. */
export function asCount(typed: string | undefined): number | string | undefined {
  return typed !== undefined && /^-?\d+$/.test(typed) ? Number(typed) : typed
}

/** Page options as the door takes them. */
export function pageInput(given: Readonly<Record<string, string | undefined>>): Fields {
  const named = Object.entries(given).filter(([, value]) => value !== undefined)
  return Object.fromEntries(named.map(([name, value]) => [name, name === 'limit' ? asCount(value) : value]))
}

/** Says that there is another page. */
export function nextPage(value: Fields): readonly string[] {
  return typeof value['next'] === 'string' ? [`more: --after ${plain(value['next'])}`] : []
}

function printed(value: Fields): readonly string[] {
  const rows = rowsOf(value, 'sessions').map((one) => {
    const character = one['character'] as Fields | null
    const plays = character === null ? '-' : `${plain(character['name'])} in ${plain(character['world'])}`
    return [one['sid'], one['user_name'], one['user'], plays, one['client'], one['last_seen'], one['expires']]
  })
  const head = ['session', 'name', 'user', 'plays', 'client', 'last seen', 'expires']
  return [...columns([head, ...rows]), ...nextPage(value)]
}

function printedPlayers(value: Fields): readonly string[] {
  const rows = rowsOf(value, 'characters').map(({ id, name }) => [id, name])
  return rows.length === 0 ? [`nobody plays in ${plain(value['world'])}`] : columns([['character', 'name'], ...rows])
}

function printedOne(value: Fields): readonly string[] {
  const said = (fact: unknown) => (Array.isArray(fact) ? fact.join(', ') || null : fact)
  return columns(Object.entries(value).map(([name, fact]) => [name.replaceAll('_', ' '), said(fact)]))
}
