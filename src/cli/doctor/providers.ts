import { makeProviders } from '../../adapters/oauth/providers.ts'
import { ProviderConfigError } from '../../adapters/oauth/setup.ts'
import type { Config, ProviderConfig } from '../../ports/config.ts'
import type { Provider, ProviderFault } from '../../ports/provider.ts'
import { processRuntime } from '../../runtime/process.ts'
import { makeSecret } from '../secrets-made.ts'
import { PLACEHOLDER } from '../starter.ts'
import { examineCallback } from './callbacks.ts'
import { examineMistakes } from './mistakes.ts'
import { type DoctorNote, note } from './notes.ts'
import { failureCode, type Reach } from './reach.ts'
import { unreachable } from './upstreams.ts'

/** The address that has to be registered at a provider, exactly. */
export function callbackUrl(config: Config, id: string): string {
  return `${config.origin}${config.prefix}/callback/${id}`
}

interface Seen {
  /** Addresses on other machines that were left alone. */
  readonly skipped: string[]
  /** Issuer that a discovery document names. */
  issuer: string | null
  /** The address that could not be reached, and the code of its failure. */
  failed: readonly [url: string, code: string] | null
}

function build(config: ProviderConfig, reach: Reach, seen: Seen): Provider | string {
  const runtime = {
    ...processRuntime(() => undefined),
    fetch: async (url: string | URL, init?: RequestInit): Promise<Response> => {
      if (!reach.mayAsk(String(url))) seen.skipped.push(String(url))
      const response = await reach.fetch(url, init).catch((error: unknown) => {
        seen.failed = [String(url), failureCode(error)]
        throw error
      })
      if (String(url).includes('/.well-known/')) seen.issuer = await issuerOf(response.clone())
      return response
    },
  }
  try {
    return makeProviders([config], () => '', runtime, globalThis).get(config.id) ?? 'cannot be made'
  } catch (error) {
    if (!(error instanceof ProviderConfigError)) throw error
    return error.message
  }
}

async function issuerOf(response: Response): Promise<string | null> {
  try {
    const { issuer } = (await response.json()) as { readonly issuer?: unknown }
    return typeof issuer === 'string' ? issuer : null
  } catch {
    return null
  }
}

function whyNotStarted(config: ProviderConfig, fault: ProviderFault, seen: Seen): string {
  const wanted = config.options['issuer']
  if (seen.issuer !== null && wanted !== undefined && seen.issuer !== wanted) {
    const slash =
      seen.issuer.replace(/\/$/, '') === wanted.replace(/\/$/, '') ? ': the two differ by a slash at the end' : ''
    return `options.issuer is "${wanted}", but it calls itself "${seen.issuer}"${slash}; write "${seen.issuer}"`
  }
  if (fault.kind === 'unavailable' && seen.failed !== null) {
    const browsers = 'players may reach it all the same, from another network'
    return `${unreachable(seen.failed[0], seen.failed[1], 'the provider')}; ${browsers}`
  }
  if (fault.kind === 'unavailable') return `gives no usable answer (${fault.reason})`
  if (fault.kind === 'invalid' && fault.check === 'pkce') {
    const ways = "pkce: 'sent' in options if it supports it all the same, pkce: 'off' if not"
    return `does not state PKCE with S256 (code_challenge_methods_supported): write ${ways}`
  }
  return `answers, but not as OpenID Connect wants it (${fault.kind === 'invalid' ? fault.check : fault.kind})`
}

async function examineOne(config: Config, provider: ProviderConfig, reach: Reach): Promise<readonly DoctorNote[]> {
  const area = `provider ${provider.id}`
  const callback = callbackUrl(config, provider.id)
  const seen: Seen = { skipped: [], issuer: null, failed: null }
  const made = build(provider, reach, seen)
  if (typeof made === 'string') return [note(area, 'error', made)]
  const told = [
    note(area, 'ok', `its console must list this callback URL, exactly: ${callback}`),
    ...examineMistakes(config, provider),
  ]
  if ([provider.clientId, ...Object.values(provider.options)].includes(PLACEHOLDER)) return told
  const started = await made.start({
    state: makeSecret(),
    nonce: makeSecret(),
    codeVerifier: makeSecret(),
    redirectUri: callback,
    loginHint: null,
    prompt: null,
  })
  if (started.ok) return [...told, await examineCallback(area, started.value, callback, reach)]
  const [skipped] = seen.skipped
  if (skipped !== undefined) return [...told, note(area, 'skipped', `${skipped} was not asked: add --online`)]
  return [...told, note(area, 'error', whyNotStarted(provider, started.fault, seen))]
}

/** Whether every provider can be configured, reached, and knows where to send people back to. */
export async function examineProviders(config: Config, reach: Reach): Promise<readonly DoctorNote[]> {
  const notes = await Promise.all(config.providers.map((provider) => examineOne(config, provider, reach)))
  return notes.flat()
}
