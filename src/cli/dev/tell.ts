import { plain } from '../operator.ts'
import type { Paint } from '../paint.ts'

type Fields = Readonly<Record<string, unknown>>

/** Fields every line has, or that only matter in a search through many. */
const UNTOLD: ReadonlySet<string> = new Set(['ts', 'level', 'event', 'request_id', 'policy'])

function fieldsOf(line: string): Fields | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Fields) : null
  } catch {
    return null
  }
}

function requestText({ method, path, status, outcome, rule, upstream }: Fields): string {
  const by = rule === null ? 'no rule' : `by ${plain(rule)}`
  const to = upstream === null ? '' : ` -> ${plain(upstream)}`
  return `${plain(method)} ${plain(path)}: ${plain(outcome)} ${plain(status)}, ${by}${to}`
}

function textOf(fields: Fields): readonly string[] {
  switch (fields['event']) {
    case 'request':
      return [requestText(fields)]
    case 'policy-loaded':
      return [`policies reloaded: ${plain(fields['rules'])} rules, ${plain(fields['hash'])}`]
    case 'policy-refused':
      return [...String(fields['reason']).split('\n').map(plain), 'the policies of before go on serving']
    case 'bug':
      return String(fields['stack']).split('\n').map(plain)
    case 'policy-waits':
    case 'first-admin-unnamed':
      return [plain(fields['hint'])]
    case 'upstream-failed':
      return [`upstream ${plain(fields['upstream'])} does not answer: ${plain(fields['reason'])}`]
    case 'sessions-counted':
    case 'stopped':
      return []
  }
  const told = Object.entries(fields).filter(([name]) => !UNTOLD.has(name))
  return [`${plain(fields['event'])}: ${told.map(([name, value]) => `${name} ${plain(value)}`).join(', ')}`]
}

/** A line of the gateway's log as a developer reads it: none, one or several lines; what is no log is left as it is. */
export function tellLine(line: string, paint: Paint): readonly string[] {
  const fields = fieldsOf(line)
  if (fields === null) return [line]
  const { level } = fields as { readonly level?: unknown }
  const color = level === 'error' ? paint.bad : level === 'warn' ? paint.doubtful : (text: string) => text
  return textOf(fields).map(color)
}

/** Whether a line of the log says that the gateway serves. */
export function saysStarted(line: string): boolean {
  return fieldsOf(line)?.['event'] === 'started'
}
