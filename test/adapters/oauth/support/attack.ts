import { makeProviders } from '../../../../src/adapters/oauth/providers.ts'
import type { Result } from '../../../../src/core/result.ts'
import type { ProviderConfig } from '../../../../src/ports/config.ts'
import type { Provider, ProviderFault, ProviderOutcome } from '../../../../src/ports/provider.ts'
import type { HostileOp } from './hostile-op.ts'
import { type TestRuntime, testRuntime } from './runtime.ts'
import { finishOf, freshStart } from './sign-in.ts'

/** A provider of kind `oidc` that points at the hostile one. */
export function oidcAt(
  op: HostileOp,
  changes: Partial<ProviderConfig> = {},
  runtime: TestRuntime = testRuntime(),
): Provider {
  return providerOf(
    {
      id: 'guild',
      kind: 'oidc',
      name: 'Guild',
      clientId: 'client',
      clientSecret: { secret: 'GUILD_SECRET' },
      scopes: null,
      options: { issuer: op.url },
      admit: {},
      dangerouslyAllowHttp: true,
      freshness: 'stated',
      timeoutMs: 2000,
      ...changes,
    },
    runtime,
  )
}

/** The one provider of a configuration; every secret is the word `secret`, but the one named `WRONG`. */
export function providerOf(config: ProviderConfig, runtime: TestRuntime = testRuntime()): Provider {
  const made = makeProviders([config], (name) => (name === 'WRONG' ? 'not-it' : 'secret'), runtime, globalThis).get(
    config.id,
  )
  if (made === undefined) throw new Error('no provider')
  return made
}

/** A sign-in whose callback brings a code, our state, and `extra` parameters. */
export async function callback(
  op: HostileOp,
  provider: Provider,
  extra: Readonly<Record<string, string>> = {},
): Promise<Result<ProviderOutcome, ProviderFault>> {
  const start = freshStart()
  op.nonce = start.nonce
  return provider.finish(finishOf(start, new URLSearchParams({ code: 'the-code', state: start.state, ...extra })))
}

/** A fault as an outcome. */
export function refused(check: string): { ok: false; fault: ProviderFault } {
  return { ok: false, fault: { kind: 'invalid', check } }
}
