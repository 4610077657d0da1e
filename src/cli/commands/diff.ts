import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Difference, diffPolicies, isChanged, type PolicyDiff } from '../../policy/diff.ts'
import { formatDiff } from '../../policy/diff-lines.ts'
import type { Known } from '../../policy/known.ts'
import { formatProblems } from '../../policy/print.ts'
import { CONFIG_FILE, configFindings, type Finding } from '../findings.ts'
import { printJson } from '../formats.ts'
import { refuse } from '../inspect.ts'
import { EnvironmentProblem, EXIT, type ExitCode, type Io } from '../io.ts'
import { knownOf, loadConfig, policiesFolder } from '../load.ts'
import { paintFor } from '../paint.ts'
import { readSide } from '../policy-side.ts'

/** Options of `postern diff`. */
export interface DiffOptions {
  readonly older: string
  readonly newer: string
  /** What fails the command: each change, or only a widening that nobody acknowledged. */
  readonly failOn: 'change' | 'widening'
  readonly json: boolean
  /** The gateway that `running:` means. */
  readonly url?: string
}

interface Here {
  readonly known: Known
  readonly folder: string
}

/** Without a configuration only bundles and other deployments can be compared; any host stands for theirs. */
const NOWHERE: Here = {
  known: { upstreams: [], providers: [], hosts: ['postern.invalid'], attributes: {}, prefix: '/auth' },
  folder: 'policies',
}

async function hereOf(io: Io): Promise<Here | readonly Finding[]> {
  if (!existsSync(resolve(io.cwd, CONFIG_FILE))) return NOWHERE
  const loaded = await loadConfig(io)
  if (loaded.parsed.ok) return { known: knownOf(loaded), folder: policiesFolder(loaded) }
  return configFindings(loaded.parsed.fault)
}

function tally(differences: readonly Difference[], effect: Difference['effect']): string {
  const requests = new Map<string, Set<string>>()
  for (const one of differences.filter((difference) => difference.effect === effect)) {
    const who = one.caller.split('+')[0] ?? one.caller
    const known = requests.get(who) ?? new Set()
    requests.set(who, known.add(`${one.host} ${one.method} ${one.path} ${one.body ?? ''}`))
  }
  return [...requests].map(([who, paths]) => `${who} ${paths.size}`).join(', ') || 'none'
}

function summary(diff: PolicyDiff): string {
  const other = new Set(
    diff.differences
      .filter(({ effect }) => effect === 'other')
      .map(({ host, method, path, body }) => `${host} ${method} ${path} ${body ?? ''}`),
  )
  const refused = other.size === 0 ? '' : `; refused differently: ${other.size}`
  const untried = diff.untried.length === 0 ? '' : `; not wholly tried: ${diff.untried.join(', ')}`
  return `requests gained: ${tally(diff.differences, 'gains')}; lost: ${tally(diff.differences, 'loses')}${refused}${untried}`
}

function printHuman(io: Io, diff: PolicyDiff): void {
  if (!isChanged(diff)) {
    io.out('no change')
    return
  }
  const paint = paintFor(io)
  for (const line of formatDiff(diff).split('\n')) {
    if (line.startsWith('!')) io.out(line.endsWith('(acknowledged)') ? paint.doubtful(line) : paint.bad(line))
    else io.out(line.startsWith('+') ? paint.good(line) : line.startsWith('-') ? paint.bad(line) : line)
  }
  io.out(summary(diff))
}

/** Who gains and who loses which method and path between two policies; a widening needs an acknowledgement in the new files. */
export async function diff(io: Io, options: DiffOptions): Promise<ExitCode> {
  const how = options.json ? 'json' : 'human'
  const here = await hereOf(io)
  if (!('known' in here)) return refuse(io, here, how)
  const older = await readSide(io, options.older, here, 'past', options)
  if (older.bundle === null) {
    const problems = formatProblems(older.problems)
    throw new EnvironmentProblem(`${options.older} cannot be compared, it has problems:\n${problems}`)
  }
  const newer = await readSide(io, options.newer, here, 'present', options)
  if (newer.bundle === null) return refuse(io, newer.problems, how)
  const found = diffPolicies(older.bundle, newer.bundle, here.known.hosts, newer.acknowledged)
  const widenings = new Set(found.widenings.map(({ line }) => line))
  const idle = newer.acknowledged.filter((line) => !widenings.has(line))
  const unacknowledged = found.widenings.filter(({ acknowledged }) => !acknowledged).length
  if (options.json) {
    const hashes = { older: older.bundle.hash, newer: newer.bundle.hash }
    printJson(io, { isChanged: isChanged(found), unacknowledged, idleAcknowledgements: idle, ...hashes, ...found })
  } else printHuman(io, found)
  if (unacknowledged > 0) {
    const what = unacknowledged === 1 ? '1 widening is' : `${unacknowledged} widenings are`
    io.err(`${what} not acknowledged: add the line to a file of the new policy when it is meant`)
  }
  const remedy = 'correct it, or take it out: it would acknowledge a later one'
  for (const line of idle) io.err(`acknowledge: ${JSON.stringify(line)} is no widening of this change; ${remedy}`)
  const failed = options.failOn === 'change' ? isChanged(found) : unacknowledged > 0
  return failed ? EXIT.findings : EXIT.ok
}
