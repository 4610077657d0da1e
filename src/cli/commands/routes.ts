import { loadPolicy } from '../../policy/policy.ts'
import { formatRoutes, type RouteLine, routeLines } from '../../policy/routes.ts'
import { didYouMean } from '../../policy/suggest.ts'
import { printJson, tableLines } from '../formats.ts'
import { soundOrExit } from '../inspect.ts'
import { EXIT, type ExitCode, type Io, UsageProblem } from '../io.ts'

/** Options of `postern routes`. */
export interface RoutesOptions {
  readonly json: boolean
  /** Each rule with what it asks for and where it stands, instead of the table. */
  readonly list: boolean
  /** Only what this role, or `nobody`, may use. */
  readonly role?: string | undefined
}

/** Printed below a table that has such a cell. */
const UNSURE = '?  depends on more than an ordinary request shows, such as a condition; --list and explain say on what'

function labelOf({ rule }: RouteLine): string {
  const methods = rule.methods.length === 0 ? '*' : rule.methods.join(',')
  const host = rule.hosts.length === 0 ? '' : rule.hosts.join(',')
  return `${methods} ${host}${rule.path}`
}

function cellOf(line: RouteLine, caller: string): string {
  if (line.rule.mode === 'shadow') return 'shadow'
  if (line.who.includes(caller)) return 'yes'
  return line.unsure.includes(caller) ? '?' : '-'
}

function jsonOf(line: RouteLine): unknown {
  const { id, path, methods, hosts, upstream, mode, at } = line.rule
  return { id, path, methods, hosts, upstream, mode, ...at, needs: line.needs, who: line.who, unsure: line.unsure }
}

/** Who may use which route: a table of routes and roles, decided by the evaluator that serves requests. */
export async function routes(io: Io, options: RoutesOptions): Promise<ExitCode> {
  const sound = await soundOrExit(io, options.json ? 'json' : 'human')
  if (typeof sound === 'number') return sound
  const callers = ['nobody', ...sound.bundle.roles.map(({ name }) => String(name))]
  const { role } = options
  if (role !== undefined && !callers.includes(role)) {
    const hint = didYouMean(role, callers)
    throw new UsageProblem(`--role: unknown role "${role}"${hint === null ? '' : `; ${hint}`}`)
  }
  const all = routeLines(loadPolicy(sound.bundle, sound.config.attributes), [sound.config.host, ...sound.config.hosts])
  const lines = role === undefined ? all : all.filter(({ who, unsure }) => who.includes(role) || unsure.includes(role))
  if (options.json) printJson(io, { hash: sound.bundle.hash, callers, routes: lines.map(jsonOf) })
  else if (options.list) io.out(formatRoutes(lines))
  else {
    const shown = role === undefined ? callers : [role]
    const rows = lines.map((line) => [labelOf(line), ...shown.map((caller) => cellOf(line, caller))])
    for (const row of tableLines([['route', ...shown], ...rows])) io.out(row)
    if (rows.some((row) => row.includes('?'))) io.out(UNSURE)
  }
  return EXIT.ok
}
