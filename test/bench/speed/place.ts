import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureSecrets } from '../../../deploy/demo/secrets.ts'
import { type RuntimeName, workerdProgram } from '../../support/deployment.ts'
import { freePorts } from '../../support/ports.ts'
import { bundleWorker } from './bare-worker.ts'
import { ROOT } from './root.ts'
import { LOAD_CORE, startTarget, TARGET_CORE, type Target, untilReady } from './target.ts'

const HERE = join(ROOT, 'test/bench')
const DENO = join(ROOT, 'node_modules/deno/deno')

/** Where a bench runs: its own folder, an upstream, and what is to be stopped at the end. */
export interface Place {
  readonly folder: string
  readonly upstreamPort: number
  /** Starts a program on the core of the targets, and waits until its address answers 200. */
  start(program: Starting): Promise<Running>
  stop(): Promise<void>
}

/** A program to start: told its port by `PORT`. */
export interface Starting {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly port?: number
  /** Path that answers 200 when it is ready. */
  readonly ready: string
}

/** A started program and where it listens. */
export interface Running extends Target {
  readonly port: number
}

/** Opens a place for one bench. */
export async function openPlace(): Promise<Place> {
  // WHY: the Deno task may write below .postern and nowhere else.
  mkdirSync(join(ROOT, '.postern'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, '.postern/bench-run-'))
  const upstreamPort = await freePorts(1)
  const targets: Target[] = []
  const launch = (starting: Starting, core: string, port: number) => {
    const { name, command, args } = starting
    const env = { PORT: String(port), UPSTREAM_PORT: String(upstreamPort), NO_COLOR: '1', ...starting.env }
    const log = join(folder, `${name}.log`)
    const target = startTarget({ name, command, args, env, core, log, cwd: ROOT })
    targets.push(target)
    return untilReady(`http://localhost:${port}${starting.ready}`, log).then(() => ({ ...target, port }))
  }
  const place: Place = {
    folder,
    upstreamPort,
    start: async (program) => launch(program, TARGET_CORE, program.port ?? (await freePorts(1))),
    async stop() {
      await Promise.all(targets.map((target) => target.stop()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  const upstream = { command: process.execPath, args: [join(HERE, 'speed/upstream.mjs'), String(upstreamPort)] }
  await launch({ name: 'upstream', ...upstream, ready: '/' }, LOAD_CORE, upstreamPort)
  return place
}

/** Settings of a gateway of a bench: the shipped `hono.config.ts`, told only by its environment. */
export async function settingsOf(
  place: Place,
  name: string,
  policies: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string>>> {
  const port = String(await freePorts(1))
  return {
    ...ensureSecrets(join(place.folder, 'secrets')),
    POSTERN_ROOT_SECRET: 'bench-root-secret-of-at-least-32-characters',
    DEMO_GATEWAY_PORT: port,
    PORT: port,
    POSTERN_UPSTREAM_PORT: String(place.upstreamPort),
    POSTERN_STORE_FILE: join(place.folder, `${name}.sqlite`),
    POSTERN_POLICIES: policies,
    ...more,
  }
}

/** Starts a gateway as it is shipped: by the npm script, the Deno task, or `workerd serve` of the bundle. */
export async function startGateway(
  place: Place,
  name: string,
  runtime: RuntimeName,
  settings: Readonly<Record<string, string>>,
): Promise<Running> {
  const common = { name, env: settings, port: Number(settings['PORT']), ready: '/auth/readyz' }
  if (runtime === 'node') return place.start({ ...common, command: 'npm', args: ['run', '--silent', 'start:node'] })
  if (runtime === 'deno') return place.start({ ...common, command: DENO, args: ['task', '--quiet', 'start'] })
  const state = join(place.folder, name)
  mkdirSync(state)
  return place.start({ ...common, ...(await workerdProgram(ROOT, state, settings)), env: settings })
}

/** What does the least of a gateway runs as the gateway does, with the flags of the Deno task. */
const FLAGS_OF_THE_TASK = '--v8-flags=--no-flush-bytecode,--no-memory-reducer,--max-semi-space-size=8'

/** Programs that Node and Deno run alike, by the names of their sides. */
const ON_BOTH: Readonly<Record<string, string>> = {
  'node-raw': 'undici',
  'deno-undici': 'undici',
  'node-least': 'least',
  'deno-least': 'least',
}

/** Starts one of the bare proxies, or what does the least of a gateway. */
export async function startBare(place: Place, name: string): Promise<Running> {
  const script = join(HERE, `bare/${ON_BOTH[name] ?? name}.mjs`)
  const common = { name, ready: '/' }
  if (name === 'node' || name.startsWith('node-'))
    return place.start({
      ...common,
      name: name === 'node' ? 'bare-node' : name,
      command: process.execPath,
      args: [script],
    })
  if (!name.startsWith('deno-')) return startBareWorker(place, name)
  const flags = name === 'deno-least' ? [FLAGS_OF_THE_TASK] : []
  const rights = ['--allow-net', '--allow-env', '--allow-read', '--allow-sys']
  const args = ['run', ...flags, '--config', join(ROOT, 'deno.json'), ...rights, script]
  return place.start({ ...common, command: DENO, args })
}

async function startBareWorker(place: Place, name: string): Promise<Running> {
  const port = await freePorts(1)
  const state = join(place.folder, name)
  mkdirSync(state)
  const program = bundleWorker(join(HERE, `bare/${name}.js`), state, port, place.upstreamPort)
  return place.start({ name, ready: '/', port, ...program })
}
