import { makeProviders } from '../../adapters/oauth/providers.ts'
import { ProviderConfigError } from '../../adapters/oauth/setup.ts'
import type { PolicyBundle } from '../../policy/model.ts'
import type { Config } from '../../ports/config.ts'
import type { Provider } from '../../ports/provider.ts'
import { processRuntime } from '../../runtime/process.ts'
import { type DoctorNote, note } from './notes.ts'

function providersOf(config: Config): readonly Provider[] {
  try {
    return [
      ...makeProviders(
        config.providers,
        () => '',
        processRuntime(() => undefined),
        globalThis,
      ).values(),
    ]
  } catch (error) {
    // WHY: a provider that cannot be made has a note of its own.
    if (error instanceof ProviderConfigError) return []
    throw error
  }
}

/** Whether people can meet what rules ask of a recent sign-in (`freshWithin`). */
export function examineFreshness(config: Config, bundle: PolicyBundle | null): readonly DoctorNote[] {
  const rules = (bundle?.rules ?? []).filter(({ demands }) => demands.freshWithin !== null)
  const providers = providersOf(config)
  const silent = providers.filter(({ proves }) => proves === 'never').map(({ id }) => id)
  if (rules.length === 0 || silent.length === 0) return []
  const names = silent.join(', ')
  const lead = `${rules.length} rule${rules.length === 1 ? '' : 's'} with freshWithin`
  const remedy = `see "Recent sign-ins" in docs/sign-in.md, or set freshness: 'sign-in' for a provider you trust with it`
  return silent.length === providers.length
    ? [
        note(
          'freshness',
          'error',
          `${lead} let nobody in: no provider states when people proved who they are; ${remedy}`,
        ),
      ]
    : [note('freshness', 'warning', `${lead} stay shut for people who have ${names} alone; ${remedy}`)]
}
