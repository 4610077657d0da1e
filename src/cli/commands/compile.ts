import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { sizeOf } from '../count.ts'
import { exitFor, type Finding, formatFinding } from '../findings.ts'
import { printJson } from '../formats.ts'
import { inspect } from '../inspect.ts'
import { EnvironmentProblem, EXIT, type ExitCode, type Io } from '../io.ts'

/** Options of `postern compile`. */
export interface CompileOptions {
  readonly out: string
  /** In development a bad file leaves the last good bundle serving; deploy and CI are strict (DECISIONS 33). */
  readonly keepLastGood: boolean
  readonly dryRun: boolean
  readonly json: boolean
}

/** Where the bundle goes unless told otherwise. */
export const BUNDLE_PATH = '.postern/policies.json'

function writeAtomically(path: string, text: string): 'written' | 'unchanged' {
  try {
    mkdirSync(dirname(path), { recursive: true })
    if (existsSync(path) && readFileSync(path, 'utf8') === text) return 'unchanged'
    // WHY: written beside and renamed: whoever reads it meanwhile must not get half of it.
    const fresh = `${path}.${process.pid}`
    writeFileSync(fresh, text)
    renameSync(fresh, path)
    return 'written'
  } catch (error) {
    throw new EnvironmentProblem(
      `${path}: PST503 cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

function refuse(io: Io, options: CompileOptions, findings: readonly Finding[]): ExitCode {
  for (const finding of findings) io.err(formatFinding(finding))
  const keeps = options.keepLastGood && existsSync(resolve(io.cwd, options.out))
  const outcome = keeps ? `the last good bundle goes on serving: ${options.out}` : 'nothing was written'
  if (options.json) printJson(io, { ok: false, out: options.out, outcome, problems: findings })
  else io.err(outcome)
  return keeps ? EXIT.ok : EXIT.findings
}

/** Writes the policies of this deployment as one canonical bundle, once their tests pass; never half of one. */
export async function compile(io: Io, options: CompileOptions): Promise<ExitCode> {
  const { checked, findings } = await inspect(io)
  const { bundle } = checked
  if (bundle === null || exitFor(findings) !== EXIT.ok) return refuse(io, options, findings)
  for (const finding of findings) io.err(formatFinding(finding))
  const text = `${JSON.stringify(bundle)}\n`
  const outcome = options.dryRun ? 'not written (--dry-run)' : writeAtomically(resolve(io.cwd, options.out), text)
  const { rules, roles, hash } = bundle
  if (options.json) {
    printJson(io, {
      ok: true,
      out: options.out,
      outcome,
      hash,
      rules: rules.length,
      roles: roles.length,
      problems: findings,
    })
  } else io.out(`${sizeOf(bundle)}, ${hash}${options.dryRun ? `, ${outcome}` : ''}`)
  return EXIT.ok
}
