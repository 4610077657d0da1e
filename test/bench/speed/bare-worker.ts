import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './root.ts'

const WRANGLER = (main: string) => `name = "bare"
main = "${main}"
compatibility_date = "2026-08-01"
compatibility_flags = ["nodejs_compat", "enable_request_signal"]
keep_names = false
`

const CONFIG = (port: number, upstreamPort: number) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .bare), (name = "internet", network = (allow = ["public", "private"]))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const bare :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "out/worker.js")],
  compatibilityDate = "2026-08-01",
  compatibilityFlags = ["nodejs_compat", "enable_request_signal"],
  bindings = [(name = "UPSTREAM", text = "http://127.0.0.1:${upstreamPort}")],
);
`

/** Bundles a bare Worker as the gateway is bundled; answers how `workerd serve` serves it. */
export function bundleWorker(main: string, state: string, port: number, upstreamPort: number) {
  writeFileSync(join(state, 'worker.js'), `export { default } from '${main}'\n`)
  writeFileSync(join(state, 'wrangler.toml'), WRANGLER('worker.js'))
  writeFileSync(join(state, 'config.capnp'), CONFIG(port, upstreamPort))
  const bundler = [join(ROOT, 'node_modules/wrangler/bin/wrangler.js'), 'deploy', '--dry-run', '--outdir', 'out']
  const quiet = { WRANGLER_SEND_METRICS: 'false', WRANGLER_WRITE_LOGS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' }
  const done = spawnSync(process.execPath, bundler, { cwd: state, env: { ...process.env, ...quiet }, encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`the bare Worker does not build\n${done.stdout}${done.stderr}`)
  return { command: join(ROOT, 'node_modules/.bin/workerd'), args: ['serve', join(state, 'config.capnp')] }
}
