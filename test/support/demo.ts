import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFree } from '../../deploy/demo/ports.ts'
import { freePorts } from './ports.ts'

/** A running demo: gateway, providers and game on ports of their own. */
export interface Demo {
  readonly gateway: string
  readonly upstream: string
  readonly providers: number
  readonly state: string
  readonly ports: Readonly<Record<string, string>>
  /** Everything the demo printed so far. */
  output(): string
  /** Ends every process as Ctrl-C does; the state stays unless `state: 'remove'`. */
  stop(state?: 'keep' | 'remove'): Promise<void>
  /** Kills every process of the group with -9. */
  kill(): Promise<void>
}

async function until(what: string, check: () => boolean | Promise<boolean>, limitMs: number): Promise<void> {
  const end = Date.now() + limitMs
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`timed out: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Waits until nothing listens on a port any more. */
export async function untilFree(port: number): Promise<void> {
  await until(`port ${port} is free`, () => isFree(port), 20_000)
}

/** Options of a demo run; a second run on the state and ports of a first one is a restart. */
export interface DemoOptions {
  readonly again?: Demo
  readonly environment?: Readonly<Record<string, string>>
}

/** Starts the demo as `npm start` does, on free ports and in a state folder of its own. */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const first = options.again === undefined ? await freePorts(9) : 0
  const state = options.again?.state ?? mkdtempSync(join(tmpdir(), 'postern-demo-'))
  const ports = options.again?.ports ?? {
    DEMO_GATEWAY_PORT: String(first),
    DEMO_UPSTREAM_PORT: String(first + 1),
    DEMO_PROVIDERS_PORT: String(first + 2),
    DEMO_STATE: state,
    DEMO_SECRETS: join(state, 'dev.vars'),
  }
  const child = spawn(process.execPath, ['deploy/demo/start.mjs'], {
    env: { ...process.env, ...ports, ...options.environment, NO_COLOR: '1' },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  child.stdout.on('data', (chunk) => (printed += chunk))
  child.stderr.on('data', (chunk) => (printed += chunk))
  const gateway = `http://localhost:${ports['DEMO_GATEWAY_PORT']}`
  const demo: Demo = {
    gateway,
    upstream: `http://127.0.0.1:${ports['DEMO_UPSTREAM_PORT']}`,
    providers: Number(ports['DEMO_PROVIDERS_PORT']),
    state,
    ports,
    output: () => printed,
    async stop(what = 'remove') {
      await end(child, 'SIGTERM')
      await untilFree(Number(ports['DEMO_GATEWAY_PORT']))
      if (what === 'remove') rmSync(state, { recursive: true, force: true })
    },
    async kill() {
      await killTree(child)
      await untilFree(Number(ports['DEMO_GATEWAY_PORT']))
    },
  }
  try {
    await until(
      'the demo is ready',
      async () => {
        if (child.exitCode !== null) throw new Error(`the demo ended with ${child.exitCode}:\n${printed}`)
        return printed.includes(`${gateway}/play`) && (await answers(`${gateway}/auth/readyz`))
      },
      60_000,
    )
  } catch (error) {
    await killTree(child)
    throw new Error(`${error instanceof Error ? error.message : error}\n${printed}`)
  }
  return demo
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await gone
}

/** All descendants of a process, deepest last. */
async function descendants(pid: number): Promise<readonly number[]> {
  const { execFileSync } = await import('node:child_process')
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  const parents = rows.map((row) => row.trim().split(/\s+/).map(Number) as [number, number])
  const found = [pid]
  for (const current of found) for (const [child, parent] of parents) if (parent === current) found.push(child)
  return found
}

async function killTree(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return
  for (const pid of await descendants(child.pid)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}
