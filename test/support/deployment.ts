import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { compileFolder, importDefinition } from '../../src/runtime/folder.ts'
import { ask } from './http.ts'
import { freePorts } from './ports.ts'

const execute = promisify(execFile)

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const RIGHTS = ['--allow-net', '--allow-read', '--allow-write', '--allow-env', '--allow-sys']

/** The flags for V8 of the task that ships: without them Deno keeps more memory than an operator's does. */
function v8Flags(): string {
  const [flags] = /--v8-flags=\S+/.exec(readFileSync(join(ROOT, 'deno.json'), 'utf8')) ?? []
  if (flags === undefined) throw new Error('deno.json has no task with --v8-flags')
  return flags
}

/**
 * How long a process that was asked to end may take. Node and Deno drain; workerd has nothing of ours to finish, and waits
 * for as long as anybody keeps a connection open.
 */
const PATIENCE_MS: Readonly<Record<RuntimeName, number>> = { node: 15_000, deno: 15_000, workerd: 2_000 }

/** Where Postern runs. */
export type RuntimeName = 'workerd' | 'deno' | 'node'

/** A running gateway over a folder of `test/support/deployments`. */
export interface Deployment {
  readonly runtime: RuntimeName
  readonly gateway: string
  readonly port: number
  readonly pid: number
  /** The file of an embedded store on Node and Deno. */
  readonly storeFile: string
  /** Everything it printed so far. */
  output(): string
  /** Where its store is. */
  readonly state: string
  /** Ends it in the middle of whatever it does; its store stays, for another one that starts `again`. */
  kill(): Promise<void>
  /** Asks it to end, as a supervisor does, and waits; answers its exit code. Its store goes, unless it is kept. */
  stop(store?: 'keep'): Promise<number | null>
}

/** What a deployment is told. */
export interface DeploymentOptions {
  readonly runtime: RuntimeName
  readonly name: string
  readonly environment: Readonly<Record<string, string>>
  /** A free port that was chosen before, because others had to know it. */
  readonly port?: number
  /** Takes the port and the store of one that has ended. */
  readonly again?: Pick<Deployment, 'port' | 'state'>
  /** Without the right of root to change the rights of others' files, such as a gateway has that is not root. */
  readonly owns?: 'its own files alone'
}

type Program = Readonly<{ command: string; args: readonly string[]; env?: Readonly<Record<string, string>> }>

const WORKER = (folder: string) => `
import definition from '${folder}/hono.config.ts'
import bundle from './policies.json' with { type: 'json' }
import { isolate } from '${ROOT}src/runtime/isolate.ts'
import { SocketHolder } from '${ROOT}src/runtime/socket-object.ts'
import { StoreObject as Store } from '${ROOT}src/runtime/store-object.ts'
// Hangs while the server that a test names hangs; says which operation it was called for, where a test counts them.
export class StoreObject extends Store {
  async call(...said) {
    if (this.env.TELL_STORE_CALLS !== undefined) console.log('store-call ' + said[1])
    if (this.env.STORE_WAITS_FOR !== undefined) await fetch(this.env.STORE_WAITS_FOR)
    return super.call(...said)
  }
  endGuests() { return here.endGuests(this.env) }
  tellSessions() { return here.tellSessions(this.env) }
}
const here = isolate(definition, bundle)
// Breaks, or is reset as by a deployment, where a test says so, at the path that it says.
export class SocketObject extends SocketHolder {
  built() { return here.built(this.env) }
  async fetch(request) {
    const { pathname } = new URL(request.url)
    if (pathname === this.env.SOCKETS_BREAK_AT) throw new TypeError('nothing is not a function')
    if (pathname === this.env.SOCKETS_RESET_AT) this.ctx.abort('the code of the object was replaced')
    return super.fetch(request)
  }
}
export default { fetch: (request, env) => here.fetch(request, env) }
`

const WRANGLER = `name = "wire"
main = "worker.ts"
compatibility_date = "2026-08-01"
compatibility_flags = ["nodejs_compat", "enable_request_signal"]
keep_names = false
`

/** Classes of Durable Objects by their binding, as the Worker of a deployment has them. */
const OBJECTS: Readonly<Record<string, string>> = { STORE: 'StoreObject', SOCKETS: 'SocketObject' }

/** The configuration with which workerd serves a bundle in `out/worker.js`. */
export function workerdConfig(
  port: number,
  folder: string,
  environment: Readonly<Record<string, string>>,
  objects: Readonly<Record<string, string>> = OBJECTS,
): string {
  const texts = Object.entries(environment).map(
    ([name, value]) => `(name = "${name}", text = ${JSON.stringify(value)})`,
  )
  const bound = Object.entries(objects).map(([name, kind]) => `(name = "${name}", durableObjectNamespace = "${kind}")`)
  const classes = Object.values(objects).map(
    (name) => `(className = "${name}", uniqueKey = "${name}", enableSql = true)`,
  )
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .gateway),
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "disk", disk = (path = "${folder}/objects", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const gateway :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "out/worker.js")],
  compatibilityDate = "2026-08-01",
  compatibilityFlags = ["nodejs_compat", "enable_request_signal"],
  bindings = [
    ${bound.join(',\n    ')},
    ${texts.join(',\n    ')}
  ],
  durableObjectNamespaces = [${classes.join(', ')}],
  durableObjectStorage = (localDisk = "disk"),
);
`
}

/** Bundles the Worker as wrangler does for a deployment, and serves the bundle by workerd itself. */
export async function workerdProgram(
  folder: string,
  state: string,
  environment: Readonly<Record<string, string>>,
): Promise<Program> {
  const bundle = await compileFolder(folder, await importDefinition(folder), (name) => environment[name])
  writeFileSync(join(state, 'policies.json'), JSON.stringify(bundle))
  writeFileSync(join(state, 'worker.ts'), WORKER(folder))
  writeFileSync(join(state, 'wrangler.toml'), WRANGLER)
  mkdirSync(join(state, 'objects'), { recursive: true })
  const bundler = [join(ROOT, 'node_modules/wrangler/bin/wrangler.js'), 'deploy', '--dry-run', '--outdir', 'out']
  const quiet = { WRANGLER_SEND_METRICS: 'false', WRANGLER_WRITE_LOGS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' }
  // WHY: not in one piece: others that run in this process would stand still as long.
  await execute(process.execPath, bundler, { cwd: state, env: { ...process.env, ...quiet } })
  writeFileSync(join(state, 'config.capnp'), workerdConfig(Number(environment['PORT']), state, environment))
  return { command: join(ROOT, 'node_modules/.bin/workerd'), args: ['serve', join(state, 'config.capnp')] }
}

async function programOf(
  runtime: RuntimeName,
  folder: string,
  state: string,
  environment: Readonly<Record<string, string>>,
): Promise<Program> {
  if (runtime === 'workerd') return workerdProgram(folder, state, environment)
  const env = { ...environment, POSTERN_STORE_FILE: join(state, 'store.sqlite') }
  const entry = join(ROOT, `src/runtime/${runtime}.ts`)
  return runtime === 'node'
    ? { command: process.execPath, args: [entry], env }
    : {
        command: join(ROOT, 'node_modules/deno/deno'),
        args: ['run', v8Flags(), '--config', join(ROOT, 'deno.json'), ...RIGHTS, entry],
        env,
      }
}

async function untilReady(gateway: string, child: ChildProcess, printed: () => string): Promise<void> {
  const end = Date.now() + 40_000
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}\n${printed()}`)
    try {
      if ((await ask(`${gateway}/auth/readyz`)).status === 200) return
    } catch {
      // Not listening yet.
    }
    if (Date.now() > end) throw new Error(`the gateway is not ready\n${printed()}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Starts a gateway on a free port over a folder of `test/support/deployments`. */
export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { runtime, name, environment, again } = options
  const folder = join(ROOT, 'test/support/deployments', name)
  const port = again?.port ?? options.port ?? Number(environment['PORT'] ?? (await freePorts(1)))
  const state = again?.state ?? mkdtempSync(join(tmpdir(), 'postern-wire-'))
  const settings = { ...environment, PORT: String(port) }
  const program = await programOf(runtime, folder, state, settings)
  const bounded = options.owns === undefined ? [] : ['setpriv', '--bounding-set=-fowner']
  const [command = '', ...args] = [...bounded, program.command, ...program.args]
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...program.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  child.stdout.on('data', (chunk) => (printed += chunk))
  child.stderr.on('data', (chunk) => (printed += chunk))
  const gateway = `http://localhost:${port}`
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS[runtime])
    await gone
    clearTimeout(patience)
  }
  const stop = async (store?: 'keep') => {
    await end('SIGTERM')
    if (store !== 'keep') rmSync(state, { recursive: true, force: true })
    return child.exitCode
  }
  try {
    await untilReady(gateway, child, () => printed)
  } catch (error) {
    await stop()
    throw error
  }
  const kill = () => end('SIGKILL')
  const storeFile = join(state, 'store.sqlite')
  return { runtime, gateway, port, state, pid: child.pid ?? 0, storeFile, output: () => printed, kill, stop }
}
