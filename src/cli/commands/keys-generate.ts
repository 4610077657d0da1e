import { printJson } from '../formats.ts'
import { EXIT, type ExitCode, type Io } from '../io.ts'
import { makeSecret, OWN_SECRETS, type OwnSecret } from '../secrets-made.ts'

/** Options of `postern keys generate`. */
export interface KeysGenerateOptions {
  readonly only?: 'root' | 'operator' | undefined
  readonly json: boolean
}

const SHORT: Readonly<Record<'root' | 'operator', OwnSecret>> = {
  root: 'POSTERN_ROOT_SECRET',
  operator: 'POSTERN_OPERATOR_KEY',
}

/** Prints fresh secrets, ready for `.dev.vars` or a secret store; they are kept nowhere. */
export function keysGenerate(io: Io, options: KeysGenerateOptions): ExitCode {
  const names = options.only === undefined ? (Object.keys(OWN_SECRETS) as OwnSecret[]) : [SHORT[options.only]]
  const made = names.map((name) => [name, makeSecret()] as const)
  if (options.json) printJson(io, Object.fromEntries(made))
  else for (const [name, value] of made) io.out(`${name}="${value}"`)
  return EXIT.ok
}
