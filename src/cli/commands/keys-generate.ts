import { generateKeyPairSync } from 'node:crypto'
import { printJson } from '../formats.ts'
import { EXIT, type ExitCode, type Io } from '../io.ts'
import { makeSecret, OWN_SECRETS, type OwnSecret } from '../secrets-made.ts'

/** Options of `postern keys generate`. */
export interface KeysGenerateOptions {
  readonly only?: 'root' | 'operator' | 'signing' | undefined
  readonly algorithm: 'ES256' | 'EdDSA'
  readonly json: boolean
}

const SHORT: Readonly<Record<'root' | 'operator', OwnSecret>> = {
  root: 'POSTERN_ROOT_SECRET',
  operator: 'POSTERN_OPERATOR_KEY',
}

/** Prints fresh secrets, ready for `.dev.vars` or a secret store; they are kept nowhere. */
export function keysGenerate(io: Io, options: KeysGenerateOptions): ExitCode {
  if (options.only === 'signing') return signingKey(io, options)
  const names = options.only === undefined ? (Object.keys(OWN_SECRETS) as OwnSecret[]) : [SHORT[options.only]]
  const made = names.map((name) => [name, makeSecret()] as const)
  if (options.json) printJson(io, Object.fromEntries(made))
  else for (const [name, value] of made) io.out(`${name}="${value}"`)
  return EXIT.ok
}

/** A private JWK for `assertion.keys`: base64url and names only, so that single quotes hold it. */
function signingKey(io: Io, { algorithm, json }: KeysGenerateOptions): ExitCode {
  const { privateKey } =
    algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
  const jwk = JSON.stringify(privateKey.export({ format: 'jwk' }))
  if (json) printJson(io, { POSTERN_SIGNING_KEYS: jwk })
  else io.out(`POSTERN_SIGNING_KEYS='${jwk}'`)
  return EXIT.ok
}
