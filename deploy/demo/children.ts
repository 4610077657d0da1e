import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Environment } from './addresses.ts'

/** A program of the demo. */
export interface Program {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Environment
  /** File for everything it prints. */
  readonly log: string
}

/** A program that runs with all it started, in a process group of its own. */
export interface Child {
  readonly name: string
  readonly log: string
  /** Settles when it has ended, by itself or not. */
  readonly ended: Promise<number>
  stop(): Promise<void>
}

const KEEPER = fileURLToPath(new URL('./keep.mjs', import.meta.url))
const GRACE_MS = 4000

function signalGroup(process_: ChildProcess, signal: NodeJS.Signals): boolean {
  if (process_.pid === undefined) return false
  try {
    return process.kill(-process_.pid, signal)
  } catch (error) {
    // The group is gone: that is what was wanted.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

async function groupGone(process_: ChildProcess, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs
  while (signalGroup(process_, 0 as unknown as NodeJS.Signals)) {
    if (Date.now() > until) return false
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return true
}

/** Starts a program under its keeper; its output goes to its log. */
export function startChild(program: Program, cwd: string): Child {
  const log = openSync(program.log, 'w', 0o600)
  const keeper = spawn(process.execPath, [KEEPER, program.command, ...program.args], {
    cwd,
    env: { ...program.env },
    stdio: ['pipe', log, log],
    detached: true,
  })
  closeSync(log)
  const ended = new Promise<number>((resolve) => {
    keeper.once('error', () => resolve(1))
    keeper.once('exit', (code) => resolve(code ?? 1))
  })
  return {
    name: program.name,
    log: program.log,
    ended,
    // INVARIANT: the whole group is gone when this settles: killing only wrangler would leave workerd on the port.
    async stop() {
      signalGroup(keeper, 'SIGTERM')
      if (await groupGone(keeper, GRACE_MS)) return
      signalGroup(keeper, 'SIGKILL')
      await groupGone(keeper, GRACE_MS)
    },
  }
}

/** The last lines a program printed, for a message. */
export function lastLines(path: string, count: number): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
}
