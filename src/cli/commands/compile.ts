import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { checkPolicy } from '../../policy/compile.ts'
import { formatProblems } from '../../policy/print.ts'
import { EXIT, type ExitCode, type Io } from '../io.ts'
import { knownFrom, loadConfig, readPolicyFolder } from '../load.ts'

/** Options of `postern compile`. */
export interface CompileOptions {
  readonly out: string
  /** In development a bad file leaves the last good bundle serving; deploy and CI are strict (DECISIONS 33). */
  readonly keepLastGood: boolean
}

/** Where the bundle goes unless told otherwise. */
export const BUNDLE_PATH = '.postern/policies.json'

function writeAtomically(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

/** Writes the policies of this deployment as one canonical bundle; never half of one. */
export async function compile(io: Io, options: CompileOptions): Promise<ExitCode> {
  const out = resolve(io.cwd, options.out)
  const problems = await compileTo(io, out)
  if (problems === null) return EXIT.ok
  io.err(problems)
  if (!options.keepLastGood || !existsSync(out)) return EXIT.findings
  io.err(`the last good bundle goes on serving: ${options.out}`)
  return EXIT.ok
}

async function compileTo(io: Io, out: string): Promise<string | null> {
  const config = await loadConfig(io)
  if (!config.ok) return config.fault.map(({ path, message }) => `hono.config.ts: PST501 ${path} ${message}`).join('\n')
  const checked = await checkPolicy(await readPolicyFolder(io, config.value.policies), knownFrom(config.value))
  if (checked.problems.length > 0) io.err(formatProblems(checked.problems))
  if (checked.bundle === null) return 'nothing was written'
  writeAtomically(out, `${JSON.stringify(checked.bundle)}\n`)
  io.out(`${checked.bundle.rules.length} rules, ${checked.bundle.roles.length} roles, ${checked.bundle.hash}`)
  return null
}
