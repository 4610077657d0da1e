import { type Command, InvalidArgumentError } from 'commander'
import { resolveDefinition } from '../config/define.ts'
import { parseConfig } from '../config/parse.ts'
import { isThisMachine } from '../core/address.ts'
import { visible } from '../core/visible.ts'
import { FolderProblem, importDefinition } from '../runtime/folder.ts'
import { EnvironmentProblem, EXIT, type ExitCode, type Io, UsageProblem } from './io.ts'
import { settingsOf } from './settings.ts'

/** What the commands over the operator door share: where they read and write, and who takes their exit code. */
export interface Shell {
  readonly io: Io
  done(code: ExitCode): void
}

/** Options of every command over the operator door. */
export interface DoorOptions {
  readonly url?: string
  readonly json?: boolean
  readonly dryRun?: boolean
}

/** A JSON object of the gateway. */
export type Fields = Readonly<Record<string, unknown>>

/** What the gateway said. */
export type DoorAnswer =
  | { readonly kind: 'done'; readonly value: Fields }
  | { readonly kind: 'refused'; readonly status: number; readonly problem: Fields }

const KEY = 'POSTERN_OPERATOR_KEY'
const TIMEOUT_MS = 30_000

/** The command group of a name: the one that is there, or a new one. */
export function group(program: Command, name: string, description: string): Command {
  return program.commands.find((one) => one.name() === name) ?? program.command(name).description(description)
}

/** Adds the options every command over the door has. */
export function doorOptions(command: Command, effect: 'read' | 'write'): Command {
  const shared = command
    .option('--url <url>', 'the gateway, such as https://play.example.com; default: POSTERN_URL, else this deployment')
    .option('--json', 'print JSON')
  return effect === 'read' ? shared : shared.option('--dry-run', 'check everything, change nothing')
}

/**
 * Adds an argument for what was named by chance, such as a key: one in 64 begins with `-` and is no option for that.
 */
export function chanceName(command: Command, name: string, description: string): Command {
  const read = (value: string): string => {
    if (value.startsWith('--')) throw new InvalidArgumentError('there is no such option')
    return value
  }
  return command.argument(name, description, read).allowUnknownOption()
}

/** A setting that is set and not empty, wherever settings are looked for. */
function setting(io: Io, name: string): string | undefined {
  const value = settingsOf(io)(name)?.value.trim()
  return value === '' ? undefined : value
}

async function ownAddress(io: Io): Promise<string> {
  const remedy = 'give --url, set POSTERN_URL, or run this in the folder of a deployment'
  try {
    const config = parseConfig(resolveDefinition(await importDefinition(io.cwd), (name) => setting(io, name)))
    if (config.ok) return `${config.value.origin}${config.value.prefix}`
  } catch (error) {
    if (!(error instanceof FolderProblem)) throw error
  }
  throw new EnvironmentProblem(`which gateway? ${remedy}`)
}

/** The address of the gateway's own endpoints: origin and prefix. */
export async function gatewayAddress(io: Io, options: DoorOptions): Promise<string> {
  const given = options.url ?? setting(io, 'POSTERN_URL') ?? (await ownAddress(io))
  const url = URL.parse(given)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new EnvironmentProblem(`"${given}" is no address of a gateway: give one such as https://play.example.com`)
  // ATTACK: the key opens everything; over plain http to another machine anybody on the way reads it.
  if (url.protocol === 'http:' && !isThisMachine(url.hostname))
    throw new EnvironmentProblem(`${url.origin} is plain http to another machine: the operator key needs https`)
  return `${url.origin}${url.pathname === '/' ? '/auth' : url.pathname.replace(/\/+$/, '')}`
}

/**
 * One call at the operator door.
 *
 * @throws EnvironmentProblem when the gateway cannot be reached, has no door, or does not take the key
 */
export async function callDoor(io: Io, options: DoorOptions, operation: string, input: Fields): Promise<DoorAnswer> {
  const address = await gatewayAddress(io, options)
  const key = setting(io, KEY)
  if (key === undefined)
    throw new EnvironmentProblem(`${KEY} is not set: the gateway and this command need the same one (or ${KEY}_FILE)`)
  const url = `${address}/operator/v1/${operation}${options.dryRun === true ? '?dry_run=1' : ''}`
  const response = await send(url, key, input)
  const body = await fieldsOf(response)
  if (response.ok && body !== null) return { kind: 'done', value: body }
  return refusal(address, response, body)
}

/**
 * The same for a command that cannot go on without the answer.
 *
 * @throws UsageProblem when the gateway refuses what was asked
 */
export async function answerOfDoor(io: Io, options: DoorOptions, operation: string, input: Fields): Promise<Fields> {
  const answer = await callDoor(io, options, operation, input)
  if (answer.kind === 'refused') throw new UsageProblem(said(answer.problem))
  return answer.value
}

async function send(url: string, key: string, input: Fields): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(input),
      // ATTACK: a redirect would carry the key to wherever it leads.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    const remedy = 'start the gateway there, or name another: --url, POSTERN_URL'
    throw new EnvironmentProblem(`${new URL(url).origin} does not answer: ${cause}; ${remedy}`)
  }
}

async function fieldsOf(response: Response): Promise<Fields | null> {
  try {
    const body: unknown = await response.json()
    return typeof body === 'object' && body !== null ? (body as Fields) : null
  } catch {
    return null
  }
}

/** The door takes no more calls for a while. */
class DoorBusy extends EnvironmentProblem {
  readonly seconds: number

  constructor(message: string, seconds: number) {
    super(message)
    this.seconds = seconds
  }
}

const MOST_WAITS = 3
const MOST_WAIT_SECONDS = 120

/** The same for a command of very many calls: waits as long as a busy door says, and asks again, three times at most. */
export async function callBusyDoor(
  io: Io,
  options: DoorOptions,
  operation: string,
  input: Fields,
): Promise<DoorAnswer> {
  for (let waits = 0; ; waits++) {
    try {
      return await callDoor(io, options, operation, input)
    } catch (error) {
      if (!(error instanceof DoorBusy) || waits === MOST_WAITS || error.seconds > MOST_WAIT_SECONDS) throw error
      io.err(`the gateway takes no more calls for ${error.seconds} s: waiting`)
      await (io.wait ?? byTheClock)(error.seconds)
    }
  }
}

function byTheClock(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000))
}

function refusal(address: string, { status, headers }: Response, body: Fields | null): DoorAnswer {
  if (status === 401)
    throw new EnvironmentProblem(
      `${address} does not take this ${KEY}: it must be the one the gateway was started with`,
    )
  const speaks = body !== null && typeof body['code'] === 'string'
  if (status === 404 && (!speaks || body['hint'] === undefined))
    throw new EnvironmentProblem(
      `${address} has no operator door: set ${KEY} where the gateway runs, and start it again`,
    )
  if (!speaks) throw new EnvironmentProblem(`${address} answered ${status}, and not as a gateway does`)
  if (status === 403 && body['code'] !== 'cross_site') return { kind: 'refused', status, problem: body }
  if (status === 429)
    throw new DoorBusy(`${address} answered 429: ${said(body)}`, Math.max(1, Number(headers.get('retry-after')) || 1))
  if (status === 421 || status === 403 || status >= 500)
    throw new EnvironmentProblem(`${address} answered ${status}: ${said(body)}`)
  return { kind: 'refused', status, problem: body }
}

/** Text of others on a terminal: without control characters, which could move the cursor or color the line. */
export function plain(value: unknown): string {
  const text =
    value === null || value === undefined ? '-' : typeof value === 'object' ? JSON.stringify(value) : String(value)
  return visible(text)
}

/** Options whose member of the input is named otherwise; the others are the member with `-` for `_`. */
const OPTION_NAMES: Fields = { scopes: '--scope', expires_in: '--expires' }
/** Members that commands take by position, or by both. */
const BY_PLACE: ReadonlySet<string> = new Set([
  'user',
  'session',
  'character',
  'token',
  'role',
  'roles',
  'quota',
  'used',
  'text',
  'hash',
  'key',
])

function asTyped(where: unknown): string {
  const member = plain(where)
  return BY_PLACE.has(member) ? member : plain(OPTION_NAMES[member] ?? `--${member.replaceAll('_', '-')}`)
}

/** What is wrong with what was typed, by the names it was typed with: nobody here sent a body. */
function misused(problem: Fields): string {
  const rows = rowsOf(problem, 'problems').map(({ where, what }) => `${asTyped(where)} ${plain(what)}`)
  const place = problem['where'] === undefined ? '' : `${asTyped(problem['where'])}: ${plain(problem['hint'])}`
  return `${[...rows, place].filter((text) => text !== '').join('; ')} [${plain(problem['code'])}, ${plain(problem['request_id'])}]`
}

function said(problem: Fields): string {
  if (problem['code'] === 'bad_body' && (problem['where'] ?? problem['problems']) !== undefined) return misused(problem)
  const place = problem['where'] === undefined ? '' : ` ${plain(problem['where'])}: ${plain(problem['what'])};`
  const list = rowsOf(problem, 'problems')
    .map((row) => ` ${plain(row['where'])}: ${plain(row['what'])};`)
    .join('')
  // WHY: the API names its own operation, and nobody types that here.
  const advice = plain(problem['hint']).replace('`policies.history`', '`postern policies history`')
  const hint = problem['hint'] === undefined ? '' : ` ${advice}`
  const missing = problem['missing'] === undefined ? '' : ` (${plain(problem['missing'])})`
  // WHY: nobody here asked for an address; what is not there is what the rest names.
  const detail = problem['code'] === 'not_found' && hint !== '' ? '' : plain(problem['detail'])
  const told = `${detail}${missing}${place}${list}${hint}`.trimStart()
  return `${told} [${plain(problem['code'])}, ${plain(problem['request_id'])}]`
}

/** Rows in columns. */
export function columns(rows: readonly (readonly unknown[])[]): readonly string[] {
  const texts = rows.map((row) => row.map(plain))
  const widths = (texts[0] ?? []).map((_, at) => Math.max(...texts.map((row) => row[at]?.length ?? 0)))
  return texts.map((row) =>
    row
      .map((text, at) => text.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** The objects of a list in an answer. */
export function rowsOf(value: Fields, name: string): readonly Fields[] {
  return Array.isArray(value[name]) ? (value[name] as readonly Fields[]) : []
}

/** Tells a refusal; bad input is the caller's usage, everything else a finding. */
export function tellRefusal(io: Io, options: DoorOptions, problem: Fields): ExitCode {
  if (options.json === true) io.out(JSON.stringify(problem))
  else io.err(said(problem))
  return problem['code'] === 'bad_body' ? EXIT.usage : EXIT.findings
}

/** Calls the door and prints what came of it; answers the exit code. */
export async function ask(
  { io, done }: Shell,
  options: DoorOptions,
  operation: string,
  input: Fields,
  print: (value: Fields) => readonly string[],
): Promise<void> {
  const answer = await callDoor(io, options, operation, input)
  if (answer.kind === 'refused') return done(tellRefusal(io, options, answer.problem))
  const rehearsed = options.dryRun === true ? ['nothing was changed (--dry-run); it would have been:'] : []
  if (options.json === true) io.out(JSON.stringify(answer.value))
  else for (const line of [...rehearsed, ...print(answer.value)]) io.out(line)
  done(EXIT.ok)
}
