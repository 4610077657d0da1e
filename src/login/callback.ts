import { type Answer, redirect } from '../core/answer.ts'
import type { Ask } from '../core/ask.ts'
import { seconds } from '../core/brand.ts'
import { digest } from '../core/bytes.ts'
import { hostCookie } from '../core/cookie.ts'
import type { FaultKind } from '../core/fault.ts'
import type { Session, User } from '../core/person.ts'
import { refuse } from '../pages/refuse.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { LoginTransaction } from '../ports/login-store.ts'
import type { Provider, ProviderFault, ProviderOutcome } from '../ports/provider.ts'
import { identifierOf } from '../session/identifier.ts'
import { identify } from '../session/identify.ts'
import { note } from '../session/note.ts'
import { type Opening, openSession, renewSession } from '../session/open.ts'
import { admit } from './admit.ts'
import { linkIdentity } from './link.ts'
import { redirectUri } from './start.ts'
import { finishedCookie, isBoundToBrowser } from './transaction.ts'

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
  const repeated = ['state', 'code', 'error', 'iss'].some((name) => single(parameters, name) === undefined)
  const state = single(parameters, 'state')
  if (repeated || typeof state !== 'string' || state === '') return interrupted(ask, gateway, null)
  const key = await digest(state)
  const waiting = await gateway.store.logins.peek(key, gateway.runtime.now())
  if (waiting === null || waiting.provider !== provider.id) return interrupted(ask, gateway, null)
  // ATTACK: login CSRF: an answer made in another browser is never finished in this one (CVE-2017-1000069).
  if (!(await isBoundToBrowser(ask, gateway, waiting))) return interrupted(ask, gateway, waiting)
  const transaction = await gateway.store.logins.take(key, gateway.runtime.now())
  if (transaction === null) return interrupted(ask, gateway, waiting)
  const cookie = ['set-cookie', finishedCookie(gateway, transaction, provider)] as const
  const finished = await provider.finish({
    parameters: withPosted(parameters, transaction),
    state,
    nonce: transaction.nonce,
    codeVerifier: transaction.codeVerifier,
    redirectUri: redirectUri(gateway, provider.id),
    extra: transaction.posted?.extra ?? null,
  })
  if (!finished.ok) return providerFailed(ask, gateway, provider, transaction, finished.fault, cookie)
  if (transaction.purpose === 'link') return linkIdentity(ask, gateway, transaction, finished.value, cookie)
  return signIn(ask, gateway, transaction, finished.value, cookie)
}

function withPosted(parameters: URLSearchParams, transaction: LoginTransaction): URLSearchParams {
  if (transaction.posted === null) return parameters
  const joined = new URLSearchParams(parameters)
  joined.set('code', transaction.posted.code)
  return joined
}

async function interrupted(ask: Ask, gateway: Gateway, transaction: LoginTransaction | null): Promise<Answer> {
  const identified = await identify(ask.credentials, identifierOf(gateway))
  if (identified.kind === 'somebody') return redirect(303, transaction?.returnTo ?? '/')
  const restart = transaction === null ? null : { provider: transaction.provider, returnTo: transaction.returnTo }
  return refuse(ask, gateway, 'sign-in-interrupted', { restart })
}

function providerFailed(
  ask: Ask,
  gateway: Gateway,
  provider: Provider,
  transaction: LoginTransaction,
  fault: ProviderFault,
  cookie: readonly [string, string],
): Answer {
  const reason = fault.kind === 'invalid' ? fault.check : fault.kind
  gateway.runtime.observe({
    kind: 'sign-in',
    requestId: ask.requestId,
    provider: provider.id,
    outcome: `${fault.kind}:${reason}`,
  })
  const retry =
    fault.kind === 'unavailable' && fault.retryAfter !== null
      ? [['retry-after', String(fault.retryAfter)] as const]
      : []
  return refuse(ask, gateway, PROVIDER_FAULTS[fault.kind], {
    restart: { provider: provider.id, returnTo: transaction.returnTo },
    headers: [cookie, ...retry],
  })
}

async function signIn(
  ask: Ask,
  gateway: Gateway,
  transaction: LoginTransaction,
  outcome: ProviderOutcome,
  cookie: readonly [string, string],
): Promise<Answer> {
  const admitted = await admit(ask, gateway, outcome)
  if (admitted.kind === 'closed') return refuse(ask, gateway, 'signup-closed', { headers: [cookie] })
  const { user } = admitted
  const now = gateway.runtime.now()
  const suspended = user.standing.kind === 'banned' || (user.standing.kind === 'suspended' && user.standing.until > now)
  if (suspended) return refuse(ask, gateway, 'account-suspended', { standing: user.standing, headers: [cookie] })
  const opening: Opening = {
    user,
    provider: outcome.identity.provider,
    authTime: outcome.authTime === null ? now : seconds(Math.min(outcome.authTime, now)),
    remember: transaction.remember ? 'remember' : 'forget',
  }
  const opened = await openOrRenew(ask, gateway, user, opening)
  if (!opened.ok)
    return refuse(ask, gateway, opened.fault === 'too-many' ? 'too-many-tries' : 'session-invalid', {
      headers: [cookie],
    })
  gateway.runtime.observe({
    kind: 'sign-in',
    requestId: ask.requestId,
    provider: opening.provider,
    outcome: admitted.kind,
  })
  const first = admitted.kind === 'created' ? gateway.config.firstVisitPage : null
  const destination =
    first === null ? transaction.returnTo : `${first}?return_to=${encodeURIComponent(transaction.returnTo)}`
  // WHY: the next request proves that the browser kept the cookie; without it the loop breaker explains instead of looping.
  const arrived = hostCookie(gateway.cookies.arrived, '1', { maxAge: 60, sameSite: 'Lax' })
  const cookies = [cookie, ['set-cookie', opened.value.setCookie] as const, ['set-cookie', arrived] as const]
  const answer = redirect(303, destination, cookies)
  const headers = answer.headers.filter(([name]) => name !== 'referrer-policy')
  return { ...answer, headers: [...headers, ['referrer-policy', 'no-referrer']] }
}

async function openOrRenew(ask: Ask, gateway: Gateway, user: User, opening: Opening) {
  const before: Session | null = await currentSession(ask, gateway)
  if (before !== null && before.user === user.id) {
    const renewed = await renewSession(ask, gateway, before, opening)
    if (renewed.ok) return renewed
  } else if (before !== null) {
    // ATTACK: session fixation: whoever was signed in here before is signed out, not carried along.
    const audit = note(gateway, ask, 'sign-out', before.user, before.user, { sid: before.sid })
    await gateway.store.sessions.revoke(before.key, 'signed-out', gateway.runtime.now(), audit)
    gateway.sessions.drop(before.tag)
  }
  return openSession(ask, gateway, opening)
}

async function currentSession(ask: Ask, gateway: Gateway): Promise<Session | null> {
  const identified = await identify(ask.credentials, identifierOf(gateway))
  return identified.kind === 'somebody' ? identified.subject.session : null
}
