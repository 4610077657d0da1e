import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import type { FaultKind } from '../core/fault.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { LoginTransaction } from '../ports/login-store.ts'
import type { ProviderFault } from '../ports/provider.ts'
import { noteSignInRefusal } from '../session/refusals.ts'
import { restartOf } from './interrupted.ts'

const PROVIDER_FAULTS: Readonly<Record<ProviderFault['kind'], FaultKind>> = {
  refused: 'sign-in-refused',
  invalid: 'provider-invalid',
  unavailable: 'provider-unavailable',
  'not-admitted': 'signup-closed',
}

/** What an operator reads: one of our own words, never text of the provider. */
function reasonOf(fault: ProviderFault): string {
  switch (fault.kind) {
    case 'refused':
      return fault.error
    case 'invalid':
      return fault.check
    case 'unavailable':
      return fault.reason
    case 'not-admitted':
      return fault.list
  }
}

/** The answer when a provider stops a sign-in, at its start or at its end: a page, the reason reported, `Retry-After`. */
export function providerFailed(
  ask: Ask,
  gateway: Gateway,
  transaction: LoginTransaction,
  fault: ProviderFault,
  headers: readonly (readonly [string, string])[],
): Answer {
  const { provider } = transaction
  const outcome = `${fault.kind}:${reasonOf(fault)}`
  gateway.runtime.observe({ kind: 'sign-in', requestId: ask.requestId, provider, outcome })
  noteSignInRefusal(ask, gateway, provider, outcome, null)
  const retryAfter = fault.kind === 'unavailable' ? fault.retryAfter : null
  const retry = retryAfter === null ? [] : [['retry-after', String(retryAfter)] as const]
  return refuse(ask, gateway, PROVIDER_FAULTS[fault.kind], {
    restart: restartOf(transaction, gateway),
    admission: 'list',
    headers: [...headers, ...retry],
  })
}
