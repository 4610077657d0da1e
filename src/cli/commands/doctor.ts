import type { Config } from '../../ports/config.ts'
import { examineFiles, examineSecrets } from '../doctor/files.ts'
import { examineFreshness } from '../doctor/freshness.ts'
import { examinePort, examineStoreFile, listeningOf } from '../doctor/machine.ts'
import { type DoctorNote, printNotes } from '../doctor/notes.ts'
import { examineProviders } from '../doctor/providers.ts'
import { openReach, type Reach } from '../doctor/reach.ts'
import { examineRedis } from '../doctor/redis.ts'
import { examineTarget, type Target } from '../doctor/targets.ts'
import { examineClock, examineUpstreams } from '../doctor/upstreams.ts'
import { printJson } from '../formats.ts'
import { inspect } from '../inspect.ts'
import { EXIT, type ExitCode, type Io } from '../io.ts'
import { type Settings, settingsOf } from '../settings.ts'

/** Options of `postern doctor`. */
export interface DoctorOptions {
  /** The runtime the deployment is meant for. */
  readonly target: Target
  /** Other machines may be asked too: providers, upstreams, the store. */
  readonly online: boolean
  readonly json: boolean
}

async function examineMachine(
  io: Io,
  config: Config,
  settings: Settings,
  reach: Reach,
  target: Target,
): Promise<readonly DoctorNote[]> {
  const { store } = config
  if (target === 'workers') return store.kind === 'upstash' ? examineRedis(store, settings, reach) : []
  const port = await examinePort(config, listeningOf(config, settings), reach)
  const kept =
    store.kind === 'embedded'
      ? await examineStoreFile(io, store.file, port.gateway)
      : await examineRedis(store, settings, reach)
  return [...port.notes, ...kept]
}

async function examine(io: Io, options: DoctorOptions): Promise<readonly DoctorNote[]> {
  const inspection = await inspect(io)
  const files = examineFiles(inspection)
  const { parsed } = inspection.loaded
  if (!parsed.ok) return files
  const config = parsed.value
  const settings = settingsOf(io)
  const reach = openReach(options.online ? 'everywhere' : 'loopback')
  const secrets = examineSecrets(io, config, settings)
  const [providers, upstreams] = await Promise.all([examineProviders(config, reach), examineUpstreams(config, reach)])
  const fresh = examineFreshness(config, inspection.checked.bundle)
  const clock = examineClock(reach.clocks)
  const machine = await examineMachine(io, config, settings, reach, options.target)
  const target = examineTarget(io, config, settings, options.target)
  return [...files, ...secrets, ...providers, ...fresh, ...upstreams, ...clock, ...machine, ...target]
}

function summary(notes: readonly DoctorNote[]): string {
  const count = (state: DoctorNote['state']): number => notes.filter((one) => one.state === state).length
  const errors = count('error')
  const told = errors === 0 ? 'no error' : errors === 1 ? '1 error' : `${errors} errors`
  const skipped = count('skipped') === 0 ? '' : `; ${count('skipped')} not asked without --online`
  return `${told}, ${count('warning')} warning${count('warning') === 1 ? '' : 's'}${skipped}`
}

/** Looks for what keeps a deployment from working, and says for each cause what to do; exit 1 when there is an error. */
export async function doctor(io: Io, options: DoctorOptions): Promise<ExitCode> {
  const notes = await examine(io, options)
  const isWell = !notes.some(({ state }) => state === 'error')
  if (options.json) printJson(io, { ok: isWell, notes })
  else {
    printNotes(io, notes)
    io.out(summary(notes))
  }
  return isWell ? EXIT.ok : EXIT.findings
}
