import { ADMISSION_LISTS } from '../../core/provider-proofs.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { ProviderConfig } from '../../ports/config.ts'
import type { LogoutClaims, Provider, ProviderFault, ProviderOutcome } from '../../ports/provider.ts'
import type { Runtime } from '../../ports/runtime.ts'
import type { Adapter, Proof } from './adapter.ts'
import { refusingList } from './admit.ts'
import { type Breaker, breaker, type Health } from './breaker.ts'
import type { SecretReader } from './client-auth.ts'
import { verifyLogoutToken } from './logout-token.ts'
import { MAX_ANSWER_BYTES, type Outbound, openOutbound } from './outbound.ts'
import type { Realm } from './package-fetch.ts'
import { PRESETS } from './presets.ts'
import { configProblem, ProviderConfigError } from './setup.ts'
import { invalid, toFault, unavailable } from './trouble.ts'

/** Reads a secret by its configured name. */
export type Secrets = (name: string) => Promise<string> | string

function secretReader(config: ProviderConfig, secrets: Secrets): SecretReader | null {
  const { clientSecret } = config
  if (clientSecret === null) return null
  return async () => {
    const value = await readSecret(secrets, clientSecret.secret)
    // WHY: an outage of this provider and no bug: the others still work, and the operator sees which one lacks what.
    if (value === null || value.trim() === '') throw unavailable('client-secret')
    return value
  }
}

async function readSecret(secrets: Secrets, name: string): Promise<string | null> {
  try {
    return await secrets(name)
  } catch {
    return null
  }
}

function checkAdmission(config: ProviderConfig): void {
  for (const list of Object.keys(config.admit)) {
    if (!Object.hasOwn(ADMISSION_LISTS, list)) {
      throw configProblem(config, `admit.${list} is unknown; there are ${Object.keys(ADMISSION_LISTS).join(', ')}`)
    }
    // ATTACK: a list that nothing can prove and that is silently ignored lets everybody in (CVE-2021-21411).
    const kinds = ADMISSION_LISTS[list] ?? null
    if (kinds !== null && !kinds.includes(config.kind)) {
      throw configProblem(config, `admit.${list} is for ${kinds.join(', ')}`)
    }
  }
}

function adapterOf(config: ProviderConfig, secrets: Secrets, realm: Realm | null): Adapter {
  const preset = Object.hasOwn(PRESETS, config.kind) ? PRESETS[config.kind] : undefined
  if (preset === undefined) throw configProblem(config, `kind is one of ${Object.keys(PRESETS).join(', ')}`)
  checkAdmission(config)
  const adapter = preset({ config, secret: secretReader(config, secrets), realm })
  if (config.freshness === 'asked' && adapter.asksAgain === 'cannot') {
    const right = 'it is stated, or sign-in, which counts every sign-in as a proof (docs/sign-in.md)'
    throw configProblem(config, `freshness is "asked", but this kind has no word to ask with; ${right}`)
  }
  return adapter
}

function provesOf(config: ProviderConfig, adapter: Adapter): Provider['proves'] {
  return config.freshness === 'stated' && adapter.statesAuthTime === 'never' ? 'never' : config.freshness
}

function outcomeOf(config: ProviderConfig, proof: Proof): Result<ProviderOutcome, ProviderFault> {
  const list = refusingList(proof, config.admit)
  if (list !== null) return err({ kind: 'not-admitted', list })
  const { issuer, subject, profile, groups: _, ...told } = proof
  return ok({ identity: { issuer, subject, provider: config.id, profile }, ...told })
}

function healthOf(fault: ProviderFault | null): Health {
  if (fault === null || fault.kind === 'not-admitted') return 'answered'
  // WHY: a refused or broken callback can be made by anybody without the provider having a part in it.
  return fault.kind === 'unavailable' && fault.reason !== 'server_error' && fault.reason !== 'temporarily_unavailable'
    ? 'failed'
    : 'neutral'
}

interface Guard {
  readonly config: ProviderConfig
  readonly runtime: Runtime
  readonly breaker: Breaker
}

async function guarded<T>(
  guard: Guard,
  step: string,
  use: 'probe' | 'look' | 'free',
  work: (outbound: Outbound) => Promise<T>,
): Promise<Result<T, ProviderFault>> {
  const { config, runtime } = guard
  // WHY: `free` steps end sessions; they need the provider least when it is down.
  const closed = use === 'free' ? null : guard.breaker.enter(runtime.now(), use)
  if (closed !== null) return err(closed)
  const outbound = openOutbound(runtime, {
    timeoutMs: config.timeoutMs,
    maxBytes: MAX_ANSWER_BYTES,
    http: config.dangerouslyAllowHttp ? 'allow' : 'refuse',
  })
  let fault: ProviderFault | null = null
  try {
    return ok(await work(outbound))
  } catch (error) {
    fault = toFault(error)
    report(guard, step, fault)
    return err(fault)
  } finally {
    outbound.close()
    if (use === 'probe' || (use === 'look' && fault !== null)) {
      guard.breaker.leave(runtime.now(), healthOf(fault), fault?.kind === 'unavailable' ? fault.retryAfter : null)
    }
  }
}

function report({ config, runtime }: Guard, step: string, fault: ProviderFault): void {
  if (fault.kind === 'invalid')
    runtime.observe({ kind: 'provider-failed', provider: config.id, step, reason: `invalid: ${fault.check}` })
  if (fault.kind === 'unavailable')
    runtime.observe({ kind: 'provider-failed', provider: config.id, step, reason: fault.reason })
}

function provider(config: ProviderConfig, adapter: Adapter, runtime: Runtime): Provider {
  const guard: Guard = { config, runtime, breaker: breaker() }
  const { logoutRules } = adapter
  const logout = async (outbound: Outbound, token: string): Promise<LogoutClaims> => {
    if (logoutRules === null) throw invalid('no-back-channel')
    return verifyLogoutToken(outbound, token, await logoutRules(outbound))
  }
  return {
    id: config.id,
    name: config.name,
    issuer: adapter.issuer,
    formPost: adapter.formPost,
    proves: provesOf(config, adapter),
    start: (start) => guarded(guard, 'start', 'look', (outbound) => adapter.start(outbound, start)),
    async finish(finish) {
      const proven = await guarded(guard, 'finish', 'probe', (outbound) => adapter.finish(outbound, finish))
      return proven.ok ? outcomeOf(config, proven.value) : proven
    },
    async endSession(idToken, returnTo) {
      const url = await guarded(guard, 'end-session', 'free', (outbound) =>
        adapter.endSession(outbound, idToken, returnTo),
      )
      return url.ok ? url.value : null
    },
    ...(logoutRules === null
      ? {}
      : { logout: (token: string) => guarded(guard, 'logout', 'free', (outbound) => logout(outbound, token)) }),
  }
}

/** Why a provider cannot be made from its configuration; null when it can. `makeProviders` refuses the same. */
export function providerProblem(config: ProviderConfig, realm: Realm): string | null {
  try {
    adapterOf(config, () => '', realm)
    return null
  } catch (error) {
    if (!(error instanceof ProviderConfigError)) throw error
    return error.problem
  }
}

/**
 * The configured providers by id.
 *
 * @param secrets - called at each exchange, so that a rotated secret is used at once
 * @param realm - `globalThis`; facebook, linkedin and twitch need it, because their package calls the global `fetch`
 * @throws ProviderConfigError naming every configuration that cannot work, at start
 */
export function makeProviders(
  configs: readonly ProviderConfig[],
  secrets: Secrets,
  runtime: Runtime,
  realm: Realm | null = null,
): ReadonlyMap<string, Provider> {
  const made = new Map<string, Provider>()
  const problems: string[] = []
  for (const config of configs) {
    try {
      if (made.has(config.id)) throw configProblem(config, 'the id is taken')
      made.set(config.id, provider(config, adapterOf(config, secrets, realm), runtime))
    } catch (error) {
      if (!(error instanceof ProviderConfigError)) throw error
      problems.push(error.message)
    }
  }
  if (problems.length > 0) throw new ProviderConfigError(problems.join('\n'))
  return made
}
