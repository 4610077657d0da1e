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
import { asCount } from './sessions.ts'

interface CreateOptions extends DoorOptions {
  readonly name: string
  readonly description?: string
  readonly scope?: readonly string[]
  readonly expires: string
  readonly hourlyLimit?: string
}

/** `postern tokens create | list | rotate | revoke`. */
export function tokensCommands(program: Command, shell: Shell): void {
  const tokens = group(program, 'tokens', 'API tokens of people')
  doorOptions(tokens.command('create').description('a new token, shown this once'), 'write')
    .argument('<user>', 'user id of its owner')
    .requiredOption('--name <name>', 'what it is for')
    .option('--description <words>', 'more about it')
    .option('--scope <permission...>', "permissions it is limited to; default: all of its owner's")
    .option('--expires <time>', 'life such as 12h or 90d, at most 366d', '90d')
    .option('--hourly-limit <count>', 'calls an hour')
    .action((user: string, { name, description, scope, expires, hourlyLimit, ...options }: CreateOptions) => {
      const limit = hourlyLimit === undefined ? {} : { hourly_limit: asCount(hourlyLimit) }
      const token = { name, description: description ?? null, scopes: scope ?? null, expires_in: expires, ...limit }
      return ask(shell, options, 'tokens.create', { user, ...token }, printedSecret)
    })
  doorOptions(tokens.command('list').description('those of a user'), 'read')
    .argument('<user>', 'user id')
    .action((user: string, options: DoorOptions) => ask(shell, options, 'tokens.list', { user }, printedList))
  const rotated = doorOptions(
    tokens.command('rotate').description('a new secret; the old one goes on for a while'),
    'write',
  ).argument('<user>', 'user id of its owner')
  chanceName(rotated, '<token>', 'token id')
    .option('--overlap <time>', 'how long the old one goes on, at most 7d', '24h')
    .action((user: string, token: string, { overlap, ...options }: DoorOptions & { readonly overlap: string }) =>
      ask(shell, options, 'tokens.rotate', { user, token, overlap }, printedSecret),
    )
  const revoked = doorOptions(tokens.command('revoke').description('end one at once'), 'write')
  chanceName(revoked.argument('<user>', 'user id of its owner'), '<token>', 'token id').action(
    (user: string, token: string, options: DoorOptions) =>
      ask(shell, options, 'tokens.revoke', { user, token }, () => [`token ${plain(token)} is revoked`]),
  )
}

function printedSecret(value: Fields): readonly string[] {
  if (value['token'] === undefined) return [plain(value)]
  const until = value['old_until'] === undefined ? [] : [`the old one goes on until ${plain(value['old_until'])}`]
  return [
    plain(value['token']),
    `token ${plain(value['id'])} until ${plain(value['expires'])}; it is not shown again`,
    ...until,
  ]
}

function printedList(value: Fields): readonly string[] {
  const rows = rowsOf(value, 'tokens').map((token) => {
    const scopes = token['scopes'] === null ? "all of its owner's" : (token['scopes'] as readonly string[]).join(',')
    return [token['id'], token['name'], token['status'], scopes, token['uses'], token['last_used'], token['expires']]
  })
  return columns([['id', 'name', 'status', 'scopes', 'uses', 'last used', 'expires'], ...rows])
}
