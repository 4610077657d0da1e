import { generateKeyPairSync } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { namedSecrets } from '../../config/secrets.ts'
import type { Config } from '../../ports/config.ts'
import { EnvironmentProblem, type Io } from '../io.ts'
import { makeSecret } from '../secrets-made.ts'
import { settingsOf, VARS_FILE } from '../settings.ts'

/** The secrets of a deployment on a developer's machine. */
export interface DevSecrets {
  /** Names of those that were missing, and are in `.dev.vars` now. */
  readonly made: readonly string[]
  /** Those of them that a service or a proxy has to know, too. */
  readonly shared: readonly string[]
  /** Values in the place of those that only a provider's console has, by name; kept nowhere. */
  readonly standIns: Readonly<Record<string, string>>
}

/** What only somebody else has, or what is no random text; a start names what is missing of it. */
const NOT_OURS = /^(providers\.|store\.|assertion\.)/

/** What somebody else has to know, too. */
const SHARED = /^(upstreams\.[^.]+\.messageSecret$|forwardAuth\.|staticTokens )/

function standIn(usedBy: string, { providers }: Config): string {
  const kind = providers.find(({ id }) => usedBy === `providers.${id}.clientSecret`)?.kind
  if (kind !== 'apple') return makeSecret()
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function append(io: Io, names: readonly string[]): void {
  const path = resolve(io.cwd, VARS_FILE)
  try {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    const gap = text === '' || text.endsWith('\n') ? '' : '\n'
    const lines = names.map((name) => `${name}="${makeSecret()}"\n`).join('')
    // INVARIANT: appended: nothing that is there is changed, whoever writes it meanwhile.
    appendFileSync(path, `${gap}${lines}`, { mode: 0o600 })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EnvironmentProblem(`${VARS_FILE}: PST503 cannot be written: ${reason}`)
  }
}

/**
 * Makes the secrets that are nowhere and that nobody else has to know, in `.dev.vars`; finds stand-ins for those of providers.
 *
 * @throws EnvironmentProblem when the file cannot be written
 */
export function ensureSecrets(io: Io, config: Config): DevSecrets {
  const settings = settingsOf(io)
  const missing = namedSecrets(config).filter(({ secret }) => settings(secret) === null)
  const ours = missing.filter(({ usedBy }) => !NOT_OURS.test(usedBy)).map(({ secret }) => secret)
  const key = settings('POSTERN_OPERATOR_KEY') === null ? ['POSTERN_OPERATOR_KEY'] : []
  const made = [...new Set([...key, ...ours])]
  if (made.length > 0) append(io, made)
  const theirs = missing.filter(({ usedBy }) => usedBy.startsWith('providers.'))
  const shared = missing.filter(({ secret, usedBy }) => made.includes(secret) && SHARED.test(usedBy))
  return {
    made,
    shared: [...new Set(shared.map(({ secret }) => secret))],
    standIns: Object.fromEntries(theirs.map(({ secret, usedBy }) => [secret, standIn(usedBy, config)])),
  }
}

/** The environment of the gateway's process, which reads no `.dev.vars` itself. */
export function environmentOf(io: Io, { standIns }: DevSecrets): Readonly<Record<string, string | undefined>> {
  const path = resolve(io.cwd, VARS_FILE)
  const names = existsSync(path) ? Object.keys(parseEnv(readFileSync(path, 'utf8'))) : []
  const settings = settingsOf(io)
  const kept = names.flatMap((name) => {
    const found = settings(name)
    return found?.origin === VARS_FILE ? [[name, found.value] as const] : []
  })
  return { ...standIns, ...io.env, ...Object.fromEntries(kept) }
}
