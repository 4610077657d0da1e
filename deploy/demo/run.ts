import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Addresses, addressesFrom, addressVariables, type Environment } from './addresses.ts'
import { announcement } from './banner.ts'
import { type Child, lastLines, type Program, startChild } from './children.ts'
import { claimPorts } from './ports.ts'
import { DemoProblem } from './problem.ts'
import { readinessUrls, untilReady } from './ready.ts'
import { ensureSecrets } from './secrets.ts'

const READY_WITHIN_MS = 60_000

/** No network, no telemetry, no questions. */
const QUIET_WRANGLER = {
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_WRITE_LOGS: 'false',
  NO_COLOR: '1',
  FORCE_COLOR: '0',
}

/** Plain settings of `hono.config.ts` that wrangler is told; secrets travel in the file of secrets. */
const PASSED_ON = ['POSTERN_UPSTREAM_PORT', 'POSTERN_STORE', 'POSTERN_SESSION_ABSOLUTE', 'POSTERN_SESSION_IDLE']

function addressesOrProblem(env: Environment): Addresses {
  try {
    return addressesFrom(env)
  } catch (error) {
    throw error instanceof RangeError ? new DemoProblem(error.message) : error
  }
}

/** The policies must be compiled before wrangler starts: it would serve nothing and say so only in its log. */
function compilePolicies(root: string, env: Environment): void {
  const args = ['src/cli/postern.ts', 'compile', '--keep-last-good']
  const done = spawnSync(process.execPath, args, { cwd: root, env: { ...env }, encoding: 'utf8' })
  const said = `${done.stdout ?? ''}${done.stderr ?? ''}`.trim()
  if (done.status === 0) return
  throw new DemoProblem(`the policies do not compile; put them right and start again\n${said}`)
}

function wranglerProgram(
  root: string,
  addresses: Addresses,
  base: Omit<Program, 'name' | 'command' | 'args'>,
  secrets: string,
): Program {
  const passed = PASSED_ON.flatMap((name) => {
    const value = base.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  const settings = [...Object.entries(addressVariables(addresses)), ...passed]
  const vars = settings.flatMap(([name, value]) => ['--var', `${name}:${value}`])
  const file = secrets === resolve(root, '.dev.vars') ? [] : ['--env-file', secrets]
  return {
    ...base,
    name: 'gateway',
    command: process.execPath,
    args: [
      join(root, 'node_modules/wrangler/bin/wrangler.js'),
      'dev',
      ...['--ip', '127.0.0.1', '--port', String(addresses.gatewayPort), '--inspector-port', '0'],
      ...['--persist-to', resolve(root, addresses.state), '--show-interactive-dev-session=false'],
      ...vars,
      ...file,
    ],
    env: { ...base.env, ...QUIET_WRANGLER },
  }
}

/** Postern as a process of its own, on Node or on Deno, with its store in one SQLite file. */
function processProgram(
  runtime: 'node' | 'deno',
  root: string,
  addresses: Addresses,
  base: Omit<Program, 'name' | 'command' | 'args'>,
): Program {
  const store = join(resolve(root, addresses.state), 'store.sqlite')
  const env = { POSTERN_STORE_FILE: store, PORT: String(addresses.gatewayPort), ...base.env }
  const allowed = ['--allow-net', '--allow-read', '--allow-write', '--allow-env', '--allow-sys']
  return runtime === 'node'
    ? { ...base, name: 'gateway', command: process.execPath, args: [join(root, 'src/runtime/node.ts')], env }
    : {
        ...base,
        name: 'gateway',
        command: join(root, 'node_modules/deno/deno'),
        args: [
          'run',
          '--v8-flags=--no-flush-bytecode,--no-memory-reducer,--max-semi-space-size=8',
          ...allowed,
          join(root, 'src/runtime/deno.ts'),
        ],
        env,
      }
}

function gatewayProgram(
  root: string,
  addresses: Addresses,
  base: Omit<Program, 'name' | 'command' | 'args'>,
  secrets: Readonly<Record<string, string>>,
  secretFile: string,
): Program {
  const runtime = base.env['DEMO_RUNTIME'] || 'workers'
  if (runtime === 'workers') return wranglerProgram(root, addresses, base, secretFile)
  if (runtime !== 'node' && runtime !== 'deno') {
    throw new DemoProblem(`DEMO_RUNTIME is "${runtime}"; it is workers, node or deno`)
  }
  return processProgram(runtime, root, addresses, { ...base, env: { ...secrets, ...base.env } })
}

function programsOf(root: string, addresses: Addresses, env: Environment): readonly Program[] {
  const logs = resolve(root, addresses.state, 'logs')
  mkdirSync(logs, { recursive: true, mode: 0o700 })
  const secretFile = resolve(root, env['DEMO_SECRETS'] || '.dev.vars')
  const secrets = ensureSecrets(secretFile)
  const shared = { ...env, ...addressVariables(addresses) }
  const here = (file: string): string => join(root, 'deploy/demo', file)
  const node = { command: process.execPath }
  const log = (name: string): string => join(logs, `${name}.log`)
  return [
    gatewayProgram(root, addresses, { env: shared, log: log('gateway') }, secrets, secretFile),
    { ...node, name: 'providers', args: [here('providers.ts')], env: { ...shared, ...secrets }, log: log('providers') },
    { ...node, name: 'game', args: [here('upstream/server.ts')], env: shared, log: log('game') },
  ]
}

/** Resolves with the first signal that asks for an end. */
function endAsked(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal))
  })
}

function firstDeath(children: readonly Child[]): Promise<Child> {
  return Promise.race(children.map((child) => child.ended.then(() => child)))
}

/** Settles when wrangler says that the Worker does not build: it would go on listening and never answer. */
async function buildFailure(gateway: Child, signal: AbortSignal): Promise<void> {
  while (!/Build failed with/.test(lastLines(gateway.log, 200))) {
    if (signal.aborted) return new Promise(() => {})
    await pause(500)
  }
}

async function waitForAll(addresses: Addresses, signal: AbortSignal): Promise<string | null> {
  const { gateway, game, providers } = readinessUrls(addresses)
  const answers = await Promise.all([providers, game, gateway].map((urls) => untilReady(urls, READY_WITHIN_MS, signal)))
  return answers.find((problem) => problem !== null) ?? null
}

/** A path as the person at the console would type it. */
function shown(root: string, path: string): string {
  const short = relative(root, path)
  return short.startsWith('..') ? path : short
}

function tell(message: string, child: Child | undefined, root: string): void {
  const log = child === undefined ? '' : `\n${lastLines(child.log, 12)}\n(all of it: ${shown(root, child.log)})`
  console.error(`postern demo: ${message}${log}`)
}

/**
 * Runs the demo until Ctrl-C or until one of its programs ends; then nothing it started is left.
 *
 * @param root - the repository
 * @throws DemoProblem for what the person at the console can put right
 */
export async function runDemo(root: string, env: Environment): Promise<void> {
  const addresses = addressesOrProblem(env)
  await claimPorts(addresses)
  compilePolicies(root, { ...env, ...addressVariables(addresses) })
  const ended = endAsked()
  const [gateway, ...others] = programsOf(root, addresses, env).map((program) => startChild(program, root))
  if (gateway === undefined) return
  const children = [gateway, ...others]
  const waiting = new AbortController()
  console.log('postern demo: starting the providers, the game and the gateway ...')
  const asked = ended.then((signal) => ({ asked: signal }))
  const died = firstDeath(children).then((child) => ({ died: child }))
  const ready = waitForAll(addresses, waiting.signal).then((late) => (late === null ? null : { late }))
  const broken = buildFailure(gateway, waiting.signal).then(() => ({ late: 'the gateway does not build' }))
  const first = await Promise.race([ready, died, asked, broken])
  waiting.abort()
  if (first === null) console.log(announcement(addresses, shown(root, resolve(root, addresses.state, 'logs'))))
  const end = first ?? (await Promise.race([died, asked]))
  if ('died' in end) tell(`${end.died.name} has ended by itself; everything else ends too`, end.died, root)
  if ('late' in end) tell(`not ready: ${end.late}`, gateway, root)
  await Promise.all(children.map((child) => child.stop()))
  if ('asked' in end) console.log(`postern demo: everything has ended (${end.asked}); state stays`)
  process.exit('asked' in end ? 0 : 1)
}
