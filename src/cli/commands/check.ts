import { counted, sizeOf } from '../count.ts'
import { countFindings, exitFor, printFindings } from '../findings.ts'
import { printGithub, printJson } from '../formats.ts'
import { inspect } from '../inspect.ts'
import type { ExitCode, Io } from '../io.ts'

/** Options of `postern check`. */
export interface CheckOptions {
  readonly format: 'human' | 'json' | 'github'
}

/** Every problem of the configuration, the policies and their tests at once; exit 1 when one is an error. */
export async function check(io: Io, options: CheckOptions): Promise<ExitCode> {
  const { checked, tests, findings } = await inspect(io)
  const { bundle } = checked
  const passed = tests.filter((one) => one.passed).length
  if (options.format === 'json') {
    printJson(io, {
      ok: exitFor(findings) === 0,
      hash: bundle?.hash ?? null,
      rules: bundle?.rules.length ?? null,
      roles: bundle?.roles.length ?? null,
      tests: { passed, failed: tests.length - passed },
      problems: findings,
    })
    return exitFor(findings)
  }
  if (options.format === 'github') printGithub(io, findings)
  else printFindings(io, findings)
  const size = bundle === null ? '' : `${sizeOf(bundle)}, ${counted(tests.length, 'test')}: `
  io.out(`${size}${countFindings(findings)}`)
  return exitFor(findings)
}
