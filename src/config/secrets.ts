import { isThisMachine } from '../core/address.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { Config, SecretName } from '../ports/config.ts'
import type { ConfigProblem } from './reader.ts'
import { pastedInstead } from './secret-slips.ts'
import { parseSigningKeys } from './signing-keys.ts'

/** Looks a name up where this runtime keeps secrets; undefined when it is not there. */
export type SecretSource = (name: string) => string | undefined

/** All secrets a configuration names, by name. A list (comma separated) rotates: the first signs, all verify. */
export type Secrets = ReadonlyMap<string, string>

/** A secret, and the setting that names it, such as `providers.google.clientSecret`. */
export interface NamedSecret extends SecretName {
  readonly usedBy: string
}

/** Every secret a configuration cannot do without. */
export function namedSecrets(config: Config): readonly NamedSecret[] {
  const names: NamedSecret[] = []
  for (const provider of config.providers) {
    if (provider.clientSecret !== null)
      names.push({ ...provider.clientSecret, usedBy: `providers.${provider.id}.clientSecret` })
  }
  for (const upstream of config.upstreams) {
    if (upstream.messageSecret !== null)
      names.push({ ...upstream.messageSecret, usedBy: `upstreams.${upstream.name}.messageSecret` })
  }
  for (const { kind, secret } of config.forwardAuth) names.push({ ...secret, usedBy: `forwardAuth.${kind}.secret` })
  if (config.assertion.keys !== null) names.push({ ...config.assertion.keys, usedBy: 'assertion.keys' })
  for (const token of config.staticTokens) names.push({ ...token.secret, usedBy: `staticTokens "${token.name}"` })
  if (config.store.kind !== 'embedded') {
    names.push(
      { ...config.store.url, usedBy: 'store.url' },
      { secret: 'POSTERN_ROOT_SECRET', usedBy: 'store (required with Redis)' },
    )
  }
  if (config.store.kind === 'upstash') names.push({ ...config.store.token, usedBy: 'store.token' })
  return names
}

/** Where this runtime keeps secrets: the environment and files of a machine, or what Workers are bound to. */
export type SecretPlace = 'machine' | 'workers'

function remedy(name: string, place: SecretPlace): string {
  if (place === 'machine') return `set ${name}, or ${name}_FILE to the path of a file that holds it`
  const elsewhere =
    'for wrangler dev write it into .dev.vars and start that again; for a workerd of your own name it in'
  return `run "npx wrangler secret put ${name}"; ${elsewhere} its bindings`
}

/** Reads every secret the configuration names, or says which are missing or look wrong, without showing them. */
export function readSecrets(
  config: Config,
  source: SecretSource,
  place: SecretPlace = 'machine',
): Result<Secrets, readonly ConfigProblem[]> {
  const problems: ConfigProblem[] = []
  const secrets = new Map<string, string>()
  for (const { secret: name, usedBy } of namedSecrets(config)) {
    const value = source(name)
    const slip =
      value === undefined ? null : (likelySlip(value) ?? misplaced(value, usedBy, config) ?? unusable(value, usedBy))
    if (value === undefined) {
      problems.push({
        path: name,
        message: `is not set, but ${usedBy} needs it: ${remedy(name, place)}`,
      })
    } else if (slip !== null) {
      problems.push({ path: name, message: `(${value.length} characters, for ${usedBy}) ${slip}` })
    } else if (usedBy.startsWith('forwardAuth.') && value.split(',').some((one) => !/^[\x21-\x7e]{32,}$/.test(one))) {
      const needed = 'at least 32 random characters without blanks, and the same of each value of a list'
      problems.push({ path: name, message: `has ${value.length} characters: ${usedBy} needs ${needed}` })
    } else if (usedBy.endsWith('.messageSecret') && value.length < 32) {
      problems.push({ path: name, message: `has ${value.length} characters: ${usedBy} needs at least 32 random ones` })
    } else {
      secrets.set(name, value)
    }
  }
  const root = source('POSTERN_ROOT_SECRET')
  if (root !== undefined && root.length < 32) {
    problems.push({
      path: 'POSTERN_ROOT_SECRET',
      message: `has ${root.length} characters: at least 32 random ones are needed`,
    })
  } else if (
    root !== undefined &&
    [...secrets].some(([name, value]) => name !== 'POSTERN_ROOT_SECRET' && value === root)
  ) {
    problems.push({ path: 'POSTERN_ROOT_SECRET', message: 'is also used as another secret: it must be its own' })
  } else if (root !== undefined) {
    secrets.set('POSTERN_ROOT_SECRET', root)
  }
  readOperatorKey(source, secrets, problems)
  return problems.length === 0 ? ok(secrets) : err(problems)
}

/** The key of the operator door is optional: without it there is no door (DECISIONS 12). */
function readOperatorKey(source: SecretSource, secrets: Map<string, string>, problems: ConfigProblem[]): void {
  const key = source('POSTERN_OPERATOR_KEY')
  if (key === undefined) return
  if (!/^[A-Za-z0-9_-]{43,}$/.test(key)) {
    problems.push({
      path: 'POSTERN_OPERATOR_KEY',
      message: `has ${key.length} characters: at least 43 of base64url are needed, which is 32 random bytes; make one with "postern keys generate"`,
    })
  } else if ([...secrets.values()].includes(key)) {
    problems.push({ path: 'POSTERN_OPERATOR_KEY', message: 'is also used as another secret: it must be its own' })
  } else {
    secrets.set('POSTERN_OPERATOR_KEY', key)
  }
}

function likelySlip(value: string): string | null {
  if (value === '') return 'is empty'
  if (/^(['"]).*\1$/s.test(value)) return 'has quotes around it: remove them'
  // WHY: a PEM file ends with a line break, and that is right.
  if (value !== value.trim() && !value.startsWith('-----BEGIN '))
    return 'has blanks or a line break at an end: remove them'
  return null
}

function unusable(value: string, usedBy: string): string | null {
  if (usedBy.startsWith('staticTokens ')) return neverMet(value)
  if (usedBy !== 'assertion.keys') return null
  const keys = parseSigningKeys(value)
  return keys.ok ? null : keys.fault
}

/** Why one of the values of a static token could never be met in a header; null when each can. */
function neverMet(list: string): string | null {
  for (const value of list.split(',').map((one) => one.trim())) {
    const taken = ['pss_', 'pst_'].find((prefix) => value.startsWith(prefix))
    if (taken !== undefined)
      return `begins with ${taken}, which marks tokens that Postern makes itself: take another random text`
    if (/\s/.test(value)) return 'has a blank inside, which no header carries as one value: take a random text without'
  }
  return null
}

function misplaced(value: string, usedBy: string, { providers, store }: Config): string | null {
  if (usedBy.startsWith('providers.')) {
    const isId = value.endsWith('.apps.googleusercontent.com') || providers.some(({ clientId }) => clientId === value)
    if (isId) return 'is a client id, not a secret: the two are swapped'
    const user = providers.find(({ id }) => usedBy === `providers.${id}.clientSecret`)
    return user === undefined ? null : pastedInstead(user.kind, value)
  }
  if (usedBy !== 'store.url') return null
  const url = URL.parse(value)
  if (store.kind === 'upstash')
    return url?.protocol === 'https:' || (url?.protocol === 'http:' && isThisMachine(url.hostname))
      ? null
      : 'must be the https:// address of the REST interface; for redis:// and rediss:// use store kind "redis"'
  if (url?.protocol !== 'redis:' && url?.protocol !== 'rediss:')
    return 'must begin with redis:// or rediss://; for an https:// address use store kind "upstash"'
  if (url.protocol === 'redis:' && url.hostname.endsWith('.upstash.io')) return 'needs TLS: write rediss:// there'
  return null
}
