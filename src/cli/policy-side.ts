import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { readBundle } from '../policy/bundle.ts'
import { type Checked, checkPolicy } from '../policy/compile.ts'
import { acknowledgements } from '../policy/diff.ts'
import type { Known } from '../policy/known.ts'
import type { PolicyBundle } from '../policy/model.ts'
import type { Problem } from '../policy/problem.ts'
import type { PolicyFile } from '../policy/source.ts'
import { isPolicyName } from '../runtime/folder.ts'
import { CONFIG_FILE } from './findings.ts'
import { EnvironmentProblem, type Io, UsageProblem } from './io.ts'
import { knownOf, loadConfig, policiesFolder, readPolicyFolder } from './load.ts'
import { answerOfDoor, type DoorOptions } from './operator.ts'

/** One of the two policies of a comparison, as far as it could be read. */
export interface Side {
  readonly bundle: PolicyBundle | null
  readonly problems: readonly Problem[]
  /** What its files acknowledge; a bundle carries none. */
  readonly acknowledged: readonly string[]
}

/** What may be named: shown where something else was. */
const WHAT =
  'name a folder, a bundle file such as .postern/policies.json, git:REV such as git:HEAD~1, or running: for what serves'

function namedIn(checked: Checked, known: Known): Known {
  const data = checked.parts.map((part) => part.data)
  const rules = data.flatMap((one) => one.rules ?? [])
  const upstreams = [...data, ...rules].flatMap((one) => one?.upstream ?? [])
  const hosts = [...data, ...rules].flatMap((one) => one?.host ?? [])
  const fresh = [...new Set(upstreams)].filter((name) => !known.upstreams.some((one) => one.name === name))
  return {
    ...known,
    upstreams: [...known.upstreams, ...fresh.map((name) => ({ name }))],
    hosts: [...new Set([...known.hosts, ...hosts])],
  }
}

/** `past`: what the files name may be gone from the configuration since. */
async function sideOf(files: readonly PolicyFile[], known: Known, when: 'past' | 'present'): Promise<Side> {
  const first = await checkPolicy(files, known)
  const checked = when === 'past' && first.bundle === null ? await checkPolicy(files, namedIn(first, known)) : first
  const errors = checked.problems.filter(({ severity }) => severity === 'error')
  return { bundle: checked.bundle, problems: errors, acknowledged: acknowledgements(checked.parts) }
}

function git(io: Io, revision: string, args: readonly string[]): string {
  try {
    return execFileSync('git', args, { cwd: io.cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const told = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr).trim() : ''
    const reason = told.split('\n')[0] || (error instanceof Error ? error.message : String(error))
    throw new UsageProblem(`git:${revision} cannot be read: ${reason}`)
  }
}

function filesOfRevision(io: Io, revision: string, folder: string): readonly PolicyFile[] {
  // ATTACK: a revision that begins with a dash would be an option of git.
  if (!/^[A-Za-z0-9_@][\w./@^~{}+-]*$/.test(revision)) {
    throw new UsageProblem(`git:${revision} is not a revision; write for example git:HEAD~1 or git:main`)
  }
  const root = `./${folder.replace(/^\.\//, '').replace(/\/$/, '')}/`
  const listed = git(io, revision, ['ls-tree', '-z', '--name-only', revision, '--', root])
  const names = listed.split('\0').filter((name) => isPolicyName(basename(name)))
  if (names.length === 0) throw new UsageProblem(`git:${revision} has no .yaml file in ${folder}`)
  return names.map((name) => ({ name, text: git(io, revision, ['show', `${revision}:./${name}`]) }))
}

async function bundleFile(path: string, written: string): Promise<Side> {
  const bundle = await readBundle(readFileSync(path, 'utf8'))
  if (bundle === null) {
    throw new UsageProblem(`${written} is not a bundle of this version, or its content does not have its hash; ${WHAT}`)
  }
  return { bundle, problems: [], acknowledged: [] }
}

/** What serves at a gateway, or a version that was pushed there: `running:` or `running:sha256:…`. */
async function runningSide(io: Io, door: DoorOptions, hash: string | null): Promise<Side> {
  const { bundle: sent } = await answerOfDoor(io, door, 'policies.show', { hash })
  const bundle = await readBundle(JSON.stringify(sent))
  if (bundle !== null) return { bundle, problems: [], acknowledged: [] }
  throw new EnvironmentProblem('the gateway runs another version of Postern: its policy cannot be compared by this one')
}

/**
 * The policy that an argument of `diff` names, checked against the configuration of this folder or of its own.
 *
 * @param door - where a gateway is asked for what serves
 */
export async function readSide(
  io: Io,
  written: string,
  here: { readonly known: Known; readonly folder: string },
  when: 'past' | 'present',
  door: DoorOptions,
): Promise<Side> {
  if (written.startsWith('running:')) return runningSide(io, door, written.slice('running:'.length) || null)
  if (written.startsWith('git:')) {
    return sideOf(filesOfRevision(io, written.slice('git:'.length), here.folder), here.known, when)
  }
  const path = resolve(io.cwd, written)
  if (!existsSync(path)) throw new UsageProblem(`${written} does not exist; ${WHAT}`)
  if (statSync(path).isFile()) return bundleFile(path, written)
  if (!existsSync(resolve(path, CONFIG_FILE))) return sideOf(await readPolicyFolder(io, written), here.known, when)
  const there: Io = { ...io, cwd: path }
  const loaded = await loadConfig(there)
  return sideOf(await readPolicyFolder(there, policiesFolder(loaded)), knownOf(loaded), when)
}
