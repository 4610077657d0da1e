import { visible } from '../core/visible.ts'
import type { Difference, PolicyDiff } from './diff.ts'
import { METHODS } from './reach.ts'

/** Differences that are alike but for one or more of these, on one line. */
interface Line extends Pick<Difference, 'effect' | 'before' | 'after'> {
  readonly callers: readonly string[]
  readonly hosts: readonly string[]
  readonly methods: readonly string[]
  readonly paths: readonly string[]
}

const MARKS = { gains: '+', loses: '-', other: '~' } as const
/** What somebody can do comes before what is only refused for another reason. */
const ORDER = ['gains', 'loses', 'other'] as const
const MOST_PATHS = 3

function lineOf({ caller, host, method, path, body, effect, before, after }: Difference): Line {
  const shown = body === undefined ? path : `${path} (body ${body})`
  return { effect, before, after, callers: [caller], hosts: [host], methods: [method], paths: [shown] }
}

function mergedBy(lines: readonly Line[], key: 'callers' | 'hosts' | 'methods' | 'paths'): readonly Line[] {
  const found = new Map<string, Line>()
  for (const line of lines) {
    const rest = JSON.stringify({ ...line, [key]: [] })
    const known = found.get(rest)
    found.set(rest, known === undefined ? line : { ...known, [key]: [...known[key], ...line[key]] })
  }
  return [...found.values()]
}

/** Callers in few words: a role stands for all of its sessions that were tried. */
function callersText(callers: readonly string[], tried: readonly string[]): string {
  if (callers.length === tried.length) return 'everybody'
  const isToken = (name: string): boolean => name.endsWith('+token')
  const words = callers.map((caller) => {
    const [role = caller] = caller.split('+')
    const sessions = tried.filter((name) => name.startsWith(`${role}+`) && !isToken(name))
    return !isToken(caller) && sessions.length > 0 && sessions.every((name) => callers.includes(name)) ? role : caller
  })
  return [...new Set(words)].join(', ')
}

function pathsText({ hosts, paths }: Line, diff: PolicyDiff): string {
  const host = hosts.length === diff.hosts.length ? '' : hosts.join(',')
  const shown = paths.slice(0, MOST_PATHS).map((path) => `${host}${path}`)
  const more = paths.length - shown.length
  return `${shown.join(', ')}${more === 0 ? '' : ` and ${more} more`}`
}

function differenceLines(diff: PolicyDiff): readonly string[] {
  let lines: readonly Line[] = diff.differences.map(lineOf)
  for (const key of ['callers', 'hosts', 'methods', 'paths'] as const) lines = mergedBy(lines, key)
  const inOrder = ORDER.flatMap((effect) => lines.filter((line) => line.effect === effect))
  return inOrder.map((line) => {
    const { effect, before, after, methods } = line
    const which = methods.join() === METHODS.join() ? '*' : methods.join()
    return `${MARKS[effect]} ${callersText(line.callers, diff.callers)} ${which} ${pathsText(line, diff)}: ${before} -> ${after}`
  })
}

/** A diff as lines for a terminal: widenings first; `*` is every method, and without a host it is so on every one. */
export function formatDiff(diff: PolicyDiff): string {
  return [
    ...diff.widenings.map(({ line, acknowledged }) => {
      return `! ${line}${acknowledged ? ' (acknowledged)' : `; add acknowledge: [${JSON.stringify(line)}]`}`
    }),
    ...differenceLines(diff),
    ...diff.people,
    ...diff.added.map((id) => `rule added: ${id}`),
    ...diff.removed.map((id) => `rule removed: ${id}`),
    ...diff.changed.map((id) => `rule changed: ${id}`),
  ]
    .map(visible)
    .join('\n')
}
