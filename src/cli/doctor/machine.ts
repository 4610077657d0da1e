import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, resolve } from 'node:path'
import process from 'node:process'
import type { Config } from '../../ports/config.ts'
import type { Io } from '../io.ts'
import type { Settings } from '../settings.ts'
import { type DoctorNote, note } from './notes.ts'
import type { Reach } from './reach.ts'

/** Where the gateway will listen on Node and Deno. */
export interface Listening {
  readonly host: string
  readonly port: number
}

/** The port of the environment, else of the origin, else 8787. */
export function listeningOf(config: Config, settings: Settings): Listening {
  const port = Number(settings('PORT')?.value ?? new URL(config.origin).port) || 8787
  return { host: settings('HOST')?.value ?? '127.0.0.1', port }
}

function tryListen({ host, port }: Listening): Promise<string | null> {
  return new Promise((done) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'FAILED'))
    server.listen({ host, port, exclusive: true }, () => server.close(() => done(null)))
  })
}

/** What is at the port: nothing, this gateway, or somebody else. */
export interface PortState {
  readonly notes: readonly DoctorNote[]
  readonly gateway: 'running' | 'not running'
}

/** Whether the gateway can listen, or does already. */
export async function examinePort(config: Config, listening: Listening, reach: Reach): Promise<PortState> {
  const { host, port } = listening
  const code = await tryListen(listening)
  if (code === null) return { notes: [note('port', 'ok', `${host}:${port} is free`)], gateway: 'not running' }
  if (code !== 'EADDRINUSE') {
    const remedy = code === 'EACCES' ? 'ports below 1024 need a privilege' : 'choose another HOST'
    const told = `${host}:${port} cannot be listened at (${code}): ${remedy}, or set PORT`
    return { notes: [note('port', 'error', told)], gateway: 'not running' }
  }
  const at = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}${config.prefix}/livez`
  // WHY: a gateway answers only for its own host.
  const alive = await reach.ask(at, { headers: { host: config.host } })
  const isOurs = alive.kind === 'answered' && /"status":"ok"|unknown_host/.test(alive.text)
  if (isOurs) return { notes: [note('port', 'ok', `a gateway serves at ${host}:${port} already`)], gateway: 'running' }
  const told = `${host}:${port} is taken by another program: stop that one, or set PORT to a free port`
  return { notes: [note('port', 'error', told)], gateway: 'not running' }
}

const SQLITE_BUSY = 5

async function lockOf(file: string): Promise<'free' | 'taken' | string> {
  // WHY: imported late: older Nodes print a warning when it is.
  const { DatabaseSync } = await import('node:sqlite')
  try {
    const database = new DatabaseSync(file, { readOnly: true })
    try {
      database.exec('SELECT count(*) FROM sqlite_schema')
      return 'free'
    } finally {
      database.close()
    }
  } catch (error) {
    const isBusy = typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === SQLITE_BUSY
    return isBusy ? 'taken' : error instanceof Error ? error.message : String(error)
  }
}

function nearestFolder(path: string): string {
  const folder = dirname(path)
  return existsSync(folder) || folder === path ? folder : nearestFolder(folder)
}

function readers(file: string, written: string): readonly DoctorNote[] {
  const mode = existsSync(file) && process.platform !== 'win32' ? statSync(file).mode & 0o777 : 0
  if ((mode & 0o077) === 0) return []
  const remedy = 'chmod 600 it; a start does that by itself where the file is its own and the disk keeps rights'
  const told = `${written} is open to others on this machine (mode ${mode.toString(8)}) and holds the root secret`
  return [note('store', 'warning', `${told}: ${remedy}`)]
}

/** Whether the file of an embedded store can be opened, by one process at a time, and read by nobody else. */
export async function examineStoreFile(
  io: Io,
  written: string,
  gateway: PortState['gateway'],
): Promise<readonly DoctorNote[]> {
  const file = resolve(io.cwd, written)
  return [await examineLock(file, written, gateway), ...readers(file, written)]
}

async function examineLock(file: string, written: string, gateway: PortState['gateway']): Promise<DoctorNote> {
  if (!existsSync(file)) {
    try {
      accessSync(nearestFolder(file), constants.W_OK)
      return note('store', 'ok', `${written} will be made at the first start`)
    } catch {
      return note('store', 'error', `${written} cannot be made: ${nearestFolder(file)} is not writable for this user`)
    }
  }
  const lock = await lockOf(file)
  if (lock === 'free') return note('store', 'ok', `${written} can be opened`)
  if (lock === 'taken' && gateway === 'running') return note('store', 'ok', `${written} is open in the running gateway`)
  if (lock !== 'taken') return note('store', 'error', `${written} cannot be opened as a store: ${lock}`)
  const remedy = 'one file serves one process: stop the other one, give this one a file of its own, or use Redis'
  return note('store', 'error', `${written} is open in another process: ${remedy}`)
}
