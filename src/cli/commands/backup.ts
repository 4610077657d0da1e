import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { joseSigner } from '../../adapters/jose/signer.ts'
import { verifiedAudit } from '../../admin/operations/audit.ts'
import { resolveDefinition } from '../../config/define.ts'
import { parseConfig } from '../../config/parse.ts'
import type { Secrets } from '../../config/secrets.ts'
import type { Seconds } from '../../core/brand.ts'
import type { Runtime } from '../../ports/runtime.ts'
import { rootSecret } from '../../runtime/build.ts'
import { FolderProblem, importDefinition } from '../../runtime/folder.ts'
import { type FileStore, openSqliteStore, StoreFileProblem } from '../../runtime/node-sqlite.ts'
import { processRuntime } from '../../runtime/process.ts'
import { EnvironmentProblem, EXIT, type Io } from '../io.ts'
import { ask, type DoorOptions, doorOptions, plain, type Shell } from '../operator.ts'
import { settingsOf } from '../settings.ts'

/** `postern backup` of a running gateway, and `postern restore FILE` of a stopped one. */
export function backupCommands(program: Command, shell: Shell): void {
  doorOptions(
    program.command('backup').description('a whole copy of the embedded store, while it serves'),
    'write',
  ).action((options: DoorOptions) =>
    ask(shell, options, 'store.backup', {}, ({ file }) => [
      file === null ? 'a copy beside the store file' : `${plain(file)}; it holds the root secret: keep it as one`,
    ]),
  )
  program
    .command('restore')
    .description('put a backup in the place of the embedded store; the gateway must be stopped')
    .argument('<file>', 'a copy that `postern backup` made')
    .option('--dry-run', 'check the copy, change nothing')
    .option('--json', 'print JSON')
    .action(async (file: string, options: { readonly dryRun?: boolean; readonly json?: boolean }) => {
      const { io, done } = shell
      const told = await restore(io, file, options.dryRun === true ? 'check' : 'replace')
      io.out(options.json === true ? JSON.stringify(told) : printed(told))
      return done(told.problem === null ? EXIT.ok : EXIT.findings)
    })
}

/** What came of a restore. */
interface Restored {
  readonly store: string
  readonly records: number
  /** Where the store that was there is now, or what was left of it. */
  readonly kept: string | null
  readonly problem: string | null
}

function printed({ store, records, kept, problem }: Restored): string {
  if (problem !== null) return `nothing was changed: ${problem}`
  const before = kept === null ? '' : `; what was there is ${kept}`
  return `${store}: ${records} audit records, chain intact${before}`
}

async function storeFile(io: Io): Promise<string> {
  const settings = settingsOf(io)
  try {
    const config = parseConfig(resolveDefinition(await importDefinition(io.cwd), (name) => settings(name)?.value))
    if (config.ok && config.value.store.kind === 'embedded') return resolve(io.cwd, config.value.store.file)
  } catch (error) {
    if (!(error instanceof FolderProblem)) throw error
    throw new EnvironmentProblem(error.message)
  }
  throw new EnvironmentProblem('this deployment has no embedded store: a backup can be restored into one only')
}

async function restore(io: Io, file: string, how: 'check' | 'replace'): Promise<Restored> {
  const source = resolve(io.cwd, file)
  const store = await storeFile(io)
  if (!existsSync(source)) throw new EnvironmentProblem(`${file} is not there`)
  try {
    return await restoreInto(store, source, how, rootOf(io))
  } catch (error) {
    if (error instanceof StoreFileProblem) {
      const files = `${store}, ${store}-wal and ${store}-shm`
      throw new EnvironmentProblem(`${error.message}; stop the gateway first, or move a damaged store away: ${files}`)
    }
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new EnvironmentProblem(`${file} cannot be restored: ${error.message}`)
  }
}

async function restoreInto(store: string, source: string, how: 'check' | 'replace', root: Secrets): Promise<Restored> {
  const place = placeFor(store, how)
  const copy = join(place, `${basename(store)}.restoring`)
  const runtime = processRuntime(() => undefined)
  try {
    copyFileSync(source, copy)
    chmodSync(copy, 0o600)
    const records = await intactRecords(openedCopy(copy, source), root, runtime)
    if (typeof records === 'string') return { store, records: 0, kept: null, problem: records }
    const kept = how === 'check' ? null : replace(copy, store, runtime.now())
    return { store, records, kept, problem: null }
  } finally {
    for (const end of ENDS) rmSync(`${copy}${end}`, { force: true })
    if (place !== dirname(store)) rmSync(place, { recursive: true, force: true })
  }
}

/** The folder a copy is checked in: that of the store, where it only has to be renamed. A dry run does not make that one. */
function placeFor(store: string, how: 'check' | 'replace'): string {
  const folder = dirname(store)
  if (how === 'replace') mkdirSync(folder, { recursive: true, mode: 0o700 })
  return existsSync(folder) ? folder : mkdtempSync(join(tmpdir(), 'postern-restore-'))
}

/** The root secret where it is kept outside the store. */
function rootOf(io: Io): Secrets {
  const given = settingsOf(io)('POSTERN_ROOT_SECRET')?.value
  return new Map(given === undefined ? [] : [['POSTERN_ROOT_SECRET', given]])
}

function openedCopy(copy: string, source: string): FileStore {
  try {
    return openSqliteStore(copy)
  } catch (error) {
    if (!(error instanceof StoreFileProblem)) throw error
    throw new EnvironmentProblem(`${source} cannot be restored: ${error.message}`)
  }
}

async function intactRecords(opened: FileStore, secrets: Secrets, runtime: Runtime): Promise<number | string> {
  const { store } = opened
  try {
    const root = await rootSecret(secrets, { store, runtime })
    const ring = joseSigner({ keys: store.keys, rootSecret: root, algorithm: 'ES256', runtime })
    const verified = await verifiedAudit(store, ring)
    return verified.kind === 'intact'
      ? verified.records
      : `the audit chain of the copy is broken at record ${verified.sequence}: ${verified.problem}`
  } finally {
    opened.close()
  }
}

/** Everything that belongs to a store file: what SQLite keeps beside one that was not closed is part of it. */
const ENDS = ['', '-wal', '-shm', '-journal'] as const

/** A name beside the store that nothing has: what an earlier restore kept may be the only copy there is. */
function keptName(store: string, now: Seconds): string {
  const stamp = new Date(now * 1000).toISOString().replace(/[-:]|\.000/g, '')
  const name = `${store}.before-restore-${stamp}`
  const isTaken = (wanted: string) => ENDS.some((end) => existsSync(`${wanted}${end}`))
  let free = name
  for (let n = 2; isTaken(free); n++) free = `${name}.${n}`
  return free
}

function replace(copy: string, store: string, now: Seconds): string | null {
  // INVARIANT: opening takes the lock, so a gateway that still serves from this file stops us.
  if (existsSync(store)) openSqliteStore(store).close()
  const kept = keptName(store, now)
  const there = ENDS.filter((end) => existsSync(`${store}${end}`))
  // INVARIANT: nothing stays beside the copy: what a killed gateway left there would be replayed into it.
  for (const end of there) renameSync(`${store}${end}`, `${kept}${end}`)
  renameSync(copy, store)
  return there[0] === undefined ? null : `${kept}${there[0]}`
}
