import type { Command } from 'commander'
import { Option } from 'commander'
import { counted } from '../count.ts'
import { EXIT, UsageProblem } from '../io.ts'
import {
  ask,
  callBusyDoor,
  callDoor,
  columns,
  type DoorOptions,
  doorOptions,
  type Fields,
  group,
  plain,
  rowsOf,
  type Shell,
  tellRefusal,
} from '../operator.ts'
import { asCount, nextPage, pageInput } from './sessions.ts'

interface FilterOptions {
  readonly from?: string
  readonly to?: string
  readonly subject?: string
  readonly event?: string
}

interface ListOptions extends DoorOptions, FilterOptions {
  readonly after?: string
  readonly limit?: string
}

interface ExportOptions extends DoorOptions, FilterOptions {
  readonly format: string
}

function filterOptions(command: Command): Command {
  return command
    .option('--from <moment>', 'not before, such as 2027-01-31T12:00:00Z')
    .option('--to <moment>', 'not after')
    .option('--subject <id>', 'about this user')
    .option('--event <name>', 'only this kind, such as roles-changed')
}

/** `postern audit list | verify | export | retain`. */
export function auditCommands(program: Command, shell: Shell): void {
  const audit = group(program, 'audit', 'the record of what happened')
  filterOptions(doorOptions(audit.command('list').description('one page of it'), 'read'))
    .option('--after <cursor>', 'the page after this one')
    .option('--limit <count>', 'how many on a page', '50')
    .action(({ from, to, subject, event, after, limit, ...options }: ListOptions) =>
      ask(shell, options, 'audit.list', pageInput({ from, to, subject, event, after, limit }), printed),
    )
  doorOptions(audit.command('verify').description('walk every chain of hashes'), 'read').action(
    (options: DoorOptions) => verify(shell, options),
  )
  filterOptions(doorOptions(audit.command('export').description('all of it as text on standard output'), 'read'))
    .addOption(new Option('--format <format>', 'how').choices(['ndjson', 'csv']).default('ndjson'))
    .action((options: ExportOptions) => exportAll(shell, options))
  doorOptions(audit.command('retain').description('drop what is older; the chains stay verifiable'), 'write')
    .requiredOption('--days <count>', 'keep so many days, at least 30')
    .action(({ days, ...options }: DoorOptions & { readonly days: string }) =>
      ask(shell, options, 'audit.retain', { days: asCount(days) }, ({ removed, before }) => [
        `${removed === undefined ? 'what is' : counted(removed, 'record')} older than ${plain(before)}`,
      ]),
    )
}

async function verify({ io, done }: Shell, options: DoorOptions): Promise<void> {
  const answer = await callDoor(io, options, 'audit.verify', {})
  if (answer.kind === 'refused') return done(tellRefusal(io, options, answer.problem))
  const { kind, records, chain, sequence, problem } = answer.value
  const intact = kind === 'intact'
  if (options.json === true) io.out(JSON.stringify(answer.value))
  else if (intact) io.out(`intact: ${counted(records, 'record')}`)
  else io.err(`broken: chain ${plain(chain)}, record ${plain(sequence)}: ${plain(problem)}`)
  done(intact ? EXIT.ok : EXIT.findings)
}

async function exportAll({ io, done }: Shell, { format, from, to, subject, event, ...options }: ExportOptions) {
  if (options.json === true && format === 'csv')
    throw new UsageProblem('--json and --format csv say two things: leave one of them out')
  const filter = pageInput({ from, to, subject, event })
  for (let after: string | null = null; ; ) {
    const answer = await callBusyDoor(io, options, 'audit.export', { ...filter, format, after, limit: 500 })
    if (answer.kind === 'refused') return done(tellRefusal(io, options, answer.problem))
    const text = String(answer.value['text'] ?? '').replace(/\r?\n$/, '')
    if (text !== '') io.out(text)
    const { next } = answer.value
    if (typeof next !== 'string') return done(EXIT.ok)
    after = next
  }
}

function printed(value: Fields): readonly string[] {
  const rows = rowsOf(value, 'records').map((one) => [
    one['at'],
    one['event'],
    one['actor'],
    one['subject'],
    one['detail'],
  ])
  return [...columns([['at', 'event', 'actor', 'subject', 'detail'], ...rows]), ...nextPage(value)]
}
