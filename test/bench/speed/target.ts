import { type ChildProcess, spawn } from 'node:child_process'
import { openSync, readdirSync, readFileSync } from 'node:fs'

/** Which core the measured program has to itself; load and upstream share the other. */
export const TARGET_CORE = '0'
export const LOAD_CORE = '1'

const PATIENCE_MS = 15_000
const TICK_MICROS = 10_000

/** One program of a bench. */
export interface Program {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly core: string
  readonly log: string
}

/** A program that runs in a process group of its own, pinned to one core, and ends with the bench at the latest. */
export interface Target {
  readonly name: string
  readonly pid: number
  /** Microseconds of CPU its whole process group has used so far. */
  cpuMicros(): number
  stop(): Promise<void>
}

/** CPU ticks of every process of a group; of `/proc/<pid>/stat`: group, then utime and stime. */
function groupTicks(group: number): number {
  let ticks = 0
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    let stat: string
    try {
      stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    } catch {
      // Ended between the listing and the reading.
      continue
    }
    // WHY: the second field is a name in brackets that may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (Number(fields[2]) === group) ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Starts a program pinned to its core; everything it prints goes to its log. */
export function startTarget({ name, command, args, cwd, env, core, log }: Program): Target {
  const out = openSync(log, 'w', 0o600)
  // WHY: the kernel ends it with the bench, however that ends; a bench that is killed cannot.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'taskset', '-c', core, command, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', out, out],
    detached: true,
  })
  const group = child.pid ?? 0
  if (group === 0) throw new Error(`${name} does not start`)
  const signal = (which: NodeJS.Signals) => {
    try {
      process.kill(-group, which)
    } catch {
      // The group is gone already.
    }
  }
  return {
    name,
    pid: group,
    cpuMicros: () => groupTicks(group) * TICK_MICROS,
    async stop() {
      const gone = hasEnded(child)
        ? Promise.resolve()
        : new Promise<void>((resolve) => child.once('exit', () => resolve()))
      signal('SIGTERM')
      const patience = setTimeout(() => signal('SIGKILL'), PATIENCE_MS)
      await gone
      clearTimeout(patience)
      signal('SIGKILL')
    },
  }
}

/** Waits until something answers 200 at an address. */
export async function untilReady(url: string, log: string): Promise<void> {
  const end = Date.now() + 60_000
  while (Date.now() < end) {
    const answer = await fetch(url).catch(() => null)
    await answer?.body?.cancel()
    if (answer?.status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${url} does not answer\n${readFileSync(log, 'utf8').slice(-2_000)}`)
}
