import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'

/** Header lines as they stand on the wire, without the line ends. */
export type HeaderLines = readonly string[]

/**
 * Sends one request with these header lines beside those the front needs, and tells what the service behind saw: raw
 * names and values in order; null when the request never got there.
 */
export type Messenger = (lines: HeaderLines) => Promise<readonly (readonly [string, string])[] | null>

/** What every forged header says, so that its arrival shows under whichever name. */
export const FORGED = 'forged-by-client'

/** Spelt names of test/corpora/headers-spoofed.txt that a header can have. */
export const SPOOFED_NAMES: readonly string[] = [
  ...new Set(
    readFileSync(new URL('../corpora/headers-spoofed.txt', import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.slice(0, line.indexOf(':')))
      .filter((name) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)),
  ),
]

const AT_ONCE = 30

/** What a service saw of a request: raw names and values in order, those of its trailers behind. */
export function sawOf({ rawHeaders, rawTrailers }: IncomingMessage): readonly (readonly [string, string])[] {
  return [...rawHeaders, ...rawTrailers].flatMap((name, i, all) => (i % 2 === 0 ? [[name, all[i + 1] ?? '']] : []))
}

/** What came of sending the corpus: how much was sent, how much of it got there, and which forged headers were seen. */
export interface SpoofReport {
  readonly sent: number
  readonly arrived: number
  readonly forged: readonly string[]
}

function* groupsOf(names: readonly string[], atOnce: number): Generator<readonly string[]> {
  for (let at = 0; at < names.length; at += atOnce) yield names.slice(at, at + atOnce)
}

function marked(names: readonly string[]): readonly string[] {
  return names.map((name) => `${name}: ${FORGED}`)
}

/** Each group of names: twice, once more in the other case between, and named by `Connection`. */
function* attempts(names: readonly string[], atOnce: number): Generator<HeaderLines> {
  for (const group of groupsOf(names, atOnce)) {
    const other = group.map((name) => (name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase()))
    yield [...marked(group), ...marked(other), ...marked(group)]
    yield [...marked(group), `Connection: keep-alive, ${group.join(', ')}`]
  }
}

/**
 * Sends the whole corpus through a front, whichever it is. `arrived` must be `sent` for the result to mean anything.
 *
 * @param own - names that only this deployment trusts, such as those of its maps
 * @param atOnce - names in one request: 1 where a front refuses what others clean, or the first name hides the rest
 */
export async function spoof(send: Messenger, own: readonly string[] = [], atOnce = AT_ONCE): Promise<SpoofReport> {
  const spellings = own.flatMap((name) => [name, name.replaceAll('-', '_'), name.replaceAll('-', '.')])
  const forged = new Set<string>()
  let sent = 0
  let arrived = 0
  for (const lines of attempts([...SPOOFED_NAMES, ...spellings], atOnce)) {
    sent += 1
    const seen = await send(lines)
    if (seen !== null) arrived += 1
    for (const [name, value] of seen ?? []) if (value.includes(FORGED)) forged.add(name)
  }
  return { sent, arrived, forged: [...forged] }
}

/** Lines that some servers take for the trusted name and others refuse: refused or harmless, both are right. */
export const ODD_LINES: readonly HeaderLines[] = [
  ['X-Harmless: a', ` Postern-User: ${FORGED}`],
  ['X-Harmless: a', `\tPostern-User: ${FORGED}`],
  [`Postern-User : ${FORGED}`],
  [`Postern-User\t: ${FORGED}`],
  [` Postern-User: ${FORGED}`],
  [`Postern-User:${FORGED}`],
  [`Postern\u0000-User: ${FORGED}`],
  [`X-Harmless: a\nPostern-User: ${FORGED}`],
  [`X-Harmless: a\rPostern-User: ${FORGED}`],
  ['Transfer-Encoding: chunked', 'Trailer: Postern-User', '', '0', `Postern-User: ${FORGED}`],
]

/**
 * What a service sees that puts headers into variables as CGI and WSGI do: upper case, every other sign an underscore,
 * several of one name joined.
 */
export function asVariables(headers: readonly (readonly [string, string])[]): ReadonlyMap<string, readonly string[]> {
  const variables = new Map<string, readonly string[]>()
  for (const [name, value] of headers) {
    const variable = `HTTP_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`
    variables.set(variable, [...(variables.get(variable) ?? []), value])
  }
  return variables
}
