import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
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
  const vars = Object.entries(addressVariables(addresses)).flatMap(([name, value]) => ['--var', `${name}:${value}`])
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
    { ...node, name: 'providers', args: [here('providers.ts')], env: { ...shared, ...secrets }, log: log('providers') },
    { ...node, name: 'game', args: [here('upstream/server.ts')], env: shared, log: log('game') },
    wranglerProgram(root, addresses, { env: shared, log: log('gateway') }, secretFile),
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
  const children = programsOf(root, addresses, env).map((program) => startChild(program, root))
  const waiting = new AbortController()
  console.log('postern demo: starting the providers, the game and the gateway ...')
  const asked = ended.then((signal) => ({ asked: signal }))
  const died = firstDeath(children).then((child) => ({ died: child }))
  const ready = waitForAll(addresses, waiting.signal).then((late) => (late === null ? null : { late }))
  const first = await Promise.race([ready, died, asked])
  if (first === null) console.log(announcement(addresses, shown(root, resolve(root, addresses.state, 'logs'))))
  const end = first ?? (await Promise.race([died, asked]))
  waiting.abort()
  if ('died' in end) tell(`${end.died.name} has ended by itself; everything else ends too`, end.died, root)
  if ('late' in end) tell(`not ready: ${end.late}`, children.at(-1), root)
  await Promise.all(children.map((child) => child.stop()))
  if ('asked' in end) console.log(`postern demo: everything has ended (${end.asked}); state stays`)
  process.exit('asked' in end ? 0 : 1)
}
