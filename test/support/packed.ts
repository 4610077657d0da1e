import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The environment of a host app: nothing of it asks the network for more than it is told to. */
export const QUIET: NodeJS.ProcessEnv = {
  ...process.env,
  WRANGLER_SEND_METRICS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  NO_COLOR: '1',
}

/** Runs a program to its end; throws with what it printed when it fails. */
export function runIn(cwd: string, command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd, env: QUIET, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** The package as somebody installs it, beside the sample of deploy/library as they would write it. */
export function installSample(folder: string): void {
  const modules = join(folder, 'node_modules')
  const packed = runIn(process.cwd(), 'npm', ['pack', '--json', '--pack-destination', folder])
  const [{ filename }] = JSON.parse(packed.slice(packed.indexOf('['))) as [{ filename: string }]
  mkdirSync(join(modules, 'postern'), { recursive: true })
  runIn(folder, 'tar', ['-xzf', filename, '-C', join(modules, 'postern'), '--strip-components=1'])
  for (const name of readdirSync('node_modules')) {
    if (!name.startsWith('.')) symlinkSync(resolve('node_modules', name), join(modules, name))
  }
  cpSync('deploy/library', folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
}

/** Compiles its policies, as `[build]` of wrangler.toml does. */
export function compileSample(folder: string): void {
  runIn(folder, process.execPath, ['node_modules/postern/bin/postern.mjs', 'compile'])
}

/** Bundles `worker.ts` as wrangler does for a deployment, into `out/worker.js`. */
export function bundleWorker(folder: string): void {
  const wrangler = resolve('node_modules/wrangler/bin/wrangler.js')
  runIn(folder, process.execPath, [wrangler, 'deploy', '--dry-run', '--outdir', 'out'])
  mkdirSync(join(folder, 'objects'))
}
