import type { Answer } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { digest } from '../core/bytes.ts'
import type { FaultKind } from '../core/fault.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { LoginTransaction } from '../ports/login-store.ts'
import type { Provider, ProviderFault } from '../ports/provider.ts'
import type { Proven } from './arrive.ts'
import { overBudget } from './budget.ts'
import { isStillSafe } from './destination.ts'
import { interrupted, restartOf } from './interrupted.ts'
import { linkIdentity } from './link.ts'
import { reauthenticate } from './reauthenticate.ts'
import { signIn } from './sign-in.ts'
import { redirectUri } from './start.ts'
import { finishedCookie, isBoundToBrowser, isOver, rememberSpent, spentAttempt } from './transaction.ts'

const PROVIDER_FAULTS: Readonly<Record<ProviderFault['kind'], FaultKind>> = {
  refused: 'sign-in-refused',
  invalid: 'provider-invalid',
  unavailable: 'provider-unavailable',
  'not-admitted': 'signup-closed',
}

/** The one value of a parameter; null when it is missing; undefined when it was sent twice. */
function single(parameters: URLSearchParams, name: string): string | null | undefined {
  const values = parameters.getAll(name)
  return values.length > 1 ? undefined : (values[0] ?? null)
}

/** The `state` of an answer; null when it has none, or says anything twice (RFC 6749 section 3.1). */
function stateOf(parameters: URLSearchParams): string | null {
  const repeated = ['state', 'code', 'error', 'iss'].some((name) => single(parameters, name) === undefined)
  const state = single(parameters, 'state')
  return repeated || state === undefined || state === '' ? null : state
}

/**
 * Finishes a sign-in attempt: the transaction is checked against this browser and taken once, before the code is spent.
 *
 * @param parameters - of the callback's query, or of the form a provider posted
 * @see RFC 6749 section 4.1.2, RFC 9207 (iss), RFC 9700 section 4.7
 */
export async function finishSignIn(
  ask: Ask,
  gateway: Gateway,
  providerId: string,
  parameters: URLSearchParams,
): Promise<Answer> {
  const provider = gateway.providers.get(providerId)
  if (provider === undefined) return refuse(ask, gateway, 'unknown-provider')
  const over = await overBudget(ask, gateway, 'callback')
  if (over !== null) return over
  const state = stateOf(parameters)
  if (state === null) return interrupted(ask, gateway, null)
  const key = await digest(state)
  const now = gateway.runtime.now()
  const waiting = await gateway.store.logins.peek(key, now)
  if (waiting === null) return interrupted(ask, gateway, await spentAttempt(gateway, state))
  // ATTACK: mix-up: an answer of one provider is never finished as another's (RFC 9700 section 4.4).
  if (waiting.provider !== provider.id) return interrupted(ask, gateway, null)
  // ATTACK: login CSRF: an answer made in another browser is never finished in this one (CVE-2017-1000069).
  if (isOver(waiting, now) || !(await isBoundToBrowser(ask, gateway, waiting)))
    return interrupted(ask, gateway, waiting)
  const transaction = await gateway.store.logins.take(key, now)
  if (transaction === null) return interrupted(ask, gateway, waiting)
  await rememberSpent(gateway, state, transaction)
  return spendCode(ask, gateway, provider, { state, transaction, parameters })
}

interface Taken {
  readonly state: string
  readonly transaction: LoginTransaction
  readonly parameters: URLSearchParams
}

async function spendCode(ask: Ask, gateway: Gateway, provider: Provider, taken: Taken): Promise<Answer> {
  const { state, transaction, parameters } = taken
  const cookies = [['set-cookie', finishedCookie(gateway, transaction, provider)] as const]
  const isOwnNext = transaction.purpose === 'reauthenticate'
  if (!isOwnNext && !isStillSafe(transaction.returnTo, gateway))
    return refuse(ask, gateway, 'bad-return', { headers: cookies })
  const finished = await provider.finish({
    parameters: withPosted(parameters, transaction),
    state,
    nonce: transaction.nonce,
    codeVerifier: transaction.codeVerifier,
    redirectUri: redirectUri(gateway, provider.id),
    extra: transaction.posted?.extra ?? null,
  })
  if (!finished.ok) return providerFailed(ask, gateway, transaction, finished.fault, cookies)
  const proven: Proven = { transaction, outcome: finished.value, cookies }
  if (transaction.purpose === 'link') return linkIdentity(ask, gateway, proven)
  if (transaction.purpose === 'reauthenticate') return reauthenticate(ask, gateway, proven)
  return signIn(ask, gateway, proven)
}

function withPosted(parameters: URLSearchParams, transaction: LoginTransaction): URLSearchParams {
  if (transaction.posted === null) return parameters
  const merged = new URLSearchParams(parameters)
  merged.set('code', transaction.posted.code)
  return merged
}

function providerFailed(
  ask: Ask,
  gateway: Gateway,
  transaction: LoginTransaction,
  fault: ProviderFault,
  cookies: readonly (readonly [string, string])[],
): Answer {
  const reason = fault.kind === 'invalid' ? fault.check : fault.kind === 'not-admitted' ? fault.list : fault.kind
  gateway.runtime.observe({
    kind: 'sign-in',
    requestId: ask.requestId,
    provider: transaction.provider,
    outcome: `${fault.kind}:${reason}`,
  })
  const retryAfter = fault.kind === 'unavailable' ? fault.retryAfter : null
  const retry = retryAfter === null ? [] : [['retry-after', String(retryAfter)] as const]
  return refuse(ask, gateway, PROVIDER_FAULTS[fault.kind], {
    restart: restartOf(transaction, gateway),
    admission: 'list',
    headers: [...cookies, ...retry],
  })
}
