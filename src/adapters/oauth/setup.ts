import { providerKind } from '../../core/provider-kinds.ts'
import type { ProviderConfig } from '../../ports/config.ts'
import type { AuthorizePlan, Pkce } from './authorize-url.ts'
import type { SecretReader } from './client-auth.ts'
import type { Realm } from './package-fetch.ts'

/** The configuration of a provider cannot work; said at start, never during a sign-in. */
export class ProviderConfigError extends Error {
  override readonly name = 'ProviderConfigError'
  /** What is wrong and what would be right, without whose problem it is. */
  readonly problem: string
  constructor(message: string, problem: string = message) {
    super(message)
    this.problem = problem
  }
}

/** One provider's configuration with its secret within reach. */
export interface Setup {
  readonly config: ProviderConfig
  readonly secret: SecretReader | null
  /** Where the package behind some kinds finds its `fetch`; null: those kinds cannot be configured. */
  readonly realm: Realm | null
}

/** A problem of provider `id`, told as what is wrong and what would be right. */
export function configProblem(config: ProviderConfig, problem: string): ProviderConfigError {
  return new ProviderConfigError(`provider "${config.id}" (${config.kind}): ${problem}`, problem)
}

/** An option that must be there. */
export function requiredOption(config: ProviderConfig, name: string): string {
  const value = config.options[name]
  if (value === undefined || value === '') throw configProblem(config, `options.${name} is missing`)
  return value
}

/** The secret that must be there. */
export function requiredSecret(setup: Setup): SecretReader {
  if (setup.secret === null) throw configProblem(setup.config, 'clientSecret is missing')
  return setup.secret
}

/** The realm that must be there. */
export function requiredRealm({ config, realm }: Setup): Realm {
  if (realm === null)
    throw configProblem(config, 'this runtime handed makeProviders() no realm to send its calls through')
  return realm
}

/** An option that must be one of a few words; `fallback` when it is not given. */
export function oneOf<T extends string>(config: ProviderConfig, name: string, words: readonly T[], fallback: T): T {
  const value = config.options[name]
  if (value === undefined) return fallback
  const found = words.find((word) => word === value)
  if (found === undefined)
    throw configProblem(config, `options.${name} is "${value}"; it is one of ${words.join(', ')}`)
  return found
}

/** A whole number of seconds, or null when not given. */
export function secondsOption(config: ProviderConfig, name: string): number | null {
  const value = config.options[name]
  if (value === undefined) return null
  if (!/^\d{1,9}$/.test(value))
    throw configProblem(config, `options.${name} is "${value}"; it is a whole number of seconds`)
  return Number(value)
}

/** `basic` or `post` when the operator says so; null lets the preset or the metadata decide. */
export function clientAuthOption(config: ProviderConfig): 'basic' | 'post' | null {
  const method = oneOf(config, 'clientAuth', ['basic', 'post', 'auto'], 'auto')
  return method === 'auto' ? null : method
}

function pkceOption(config: ProviderConfig, preset: Pkce): Pkce {
  const words = providerKind(config)?.options['pkce']
  return typeof words === 'object' ? oneOf(config, 'pkce', words as readonly Pkce[], preset) : preset
}

/** The authorization request of a preset, with the operator's wishes in it. */
export function authorizePlan(
  config: ProviderConfig,
  preset: Pick<AuthorizePlan, 'scopes' | 'pkce' | 'nonce' | 'hint'>,
  extras: Readonly<Record<string, string>> = {},
): AuthorizePlan {
  if (config.clientId === '') throw configProblem(config, 'clientId is empty')
  return {
    clientId: config.clientId,
    scopes: config.scopes ?? preset.scopes,
    scopeParameter: 'scope',
    pkce: pkceOption(config, preset.pkce),
    nonce: preset.nonce,
    prompt: config.options['prompt'] ?? null,
    prompts: providerKind(config)?.prompts ?? [],
    extras,
    hint: preset.hint,
  }
}
