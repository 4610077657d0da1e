import type { FaultKind } from '../core/fault.ts'
import {
  devicesFull,
  guestNeedsAccount,
  needsCharacter,
  noPermission,
  onboarding,
  quotaReached,
  sessionEnded,
  suspended,
} from './access.ts'
import type { PageAsk, PageHost } from './frame.ts'
import { brokenInvitation } from './invite.ts'
import type { Frame, Page } from './layout.ts'
import { identityInUse, lastMethod } from './linking.ts'
import { notAdmitted } from './obstacles.ts'
import { full, internalError, storeDown, tooManyTries, upstreamDown } from './outage.ts'
import { type RefusalDetails, type Restart, standingOf, wayBack } from './refusal.ts'
import {
  badParameter,
  badRequest,
  crossSiteRefused,
  gone,
  headersTooLarge,
  methodNotAllowed,
  notFound,
  nothingSubmitted,
} from './request.ts'
import { interrupted, providerDown, providerRefused, unproven } from './sign-in.ts'

/** What pages need of a request and of the deployment, worked out once. */
interface Place {
  readonly signInUrl: string
  readonly retryUrl: string | null
  readonly restartUrl: string
  readonly accountUrl: string
  readonly provider: string
}

function restartUrlOf(restart: Restart | null, prefix: string): string | null {
  if (restart === null) return null
  if (restart.from === 'account') return `${prefix}/account`
  return `${prefix}/start/${restart.provider}?${wayBack(restart.returnTo, prefix)}`
}

function placeOf(ask: PageAsk, host: PageHost, details: RefusalDetails): Place {
  const { prefix, providers } = host.config
  const here = ask.target === undefined ? '/' : `${ask.target.path}${ask.target.query}`
  const own = here === prefix || here.startsWith(`${prefix}/`)
  const returnTo = details.restart?.returnTo ?? (own ? '/' : here)
  const back = wayBack(returnTo, prefix)
  const chooserUrl = `${prefix}/sign-in?${back}`
  const restart = details.restart ?? null
  return {
    signInUrl: chooserUrl,
    retryUrl: ask.method === 'GET' && (!own || isSignIn(here, prefix)) ? here : null,
    restartUrl: restartUrlOf(restart, prefix) ?? chooserUrl,
    accountUrl: `${prefix}/account`,
    provider: providers.find(({ id }) => id === restart?.provider)?.name ?? '',
  }
}

/** Own pages that may be asked for once more: what a callback does is done once. */
function isSignIn(here: string, prefix: string): boolean {
  return here.startsWith(`${prefix}/start/`) || here.startsWith(`${prefix}/sign-in`)
}

function waitOf({ headers = [] }: RefusalDetails): number | null {
  const value = headers.find(([name]) => name.toLowerCase() === 'retry-after')?.[1]
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) : null
}

function endedPage(frame: Frame, details: RefusalDetails, place: Place): Page {
  const reason = details.ended ?? 'expired'
  return sessionEnded(frame, { reason, signInUrl: place.signInUrl })
}

function suspendedPage(frame: Frame, details: RefusalDetails, place: Place): Page {
  const standing = standingOf(details)
  const until = standing?.kind === 'suspended' ? new Date(standing.until * 1000).toISOString() : null
  const reason = standing === null || standing.kind === 'active' ? null : standing.reason
  return suspended(frame, { until, reason, otherAccountUrl: place.signInUrl })
}

/** What the problem document of the same refusal names; it names nothing where the operator does not want it (seeds S30). */
function missingOf({ members = {} }: RefusalDetails): string | null {
  const { missing } = members
  return Array.isArray(missing) && missing.length > 0 ? missing.join(', ') : null
}

/** The page on which a registration is finished, by the rule that refused. */
function onboardingOf({ rule }: RefusalDetails): string | null {
  return rule?.onboarding?.page ?? null
}

/** Where another account is chosen: whoever wanted to add one is signed in and goes back to their own. */
function otherWayUrl({ restart }: RefusalDetails, place: Place): string {
  return restart?.from === 'account' ? place.accountUrl : place.signInUrl
}

/** The page of a fault; every fault has one. */
export function faultPage(frame: Frame, fault: FaultKind, ask: PageAsk, host: PageHost, details: RefusalDetails): Page {
  const place = placeOf(ask, host, details)
  const retry = { retryUrl: place.retryUrl, retrySeconds: waitOf(details) }
  const provider = { provider: place.provider, retryUrl: place.restartUrl, chooseUrl: place.signInUrl }
  switch (fault) {
    case 'bad-return':
      return badRequest(frame, { problem: 'return-to' })
    case 'bad-target':
    case 'bad-host':
    case 'bad-method':
    case 'bad-forwarding':
    case 'bad-upgrade':
    case 'too-early':
    case 'bad-form':
    case 'bad-body':
    case 'bad-credential':
    case 'token-in-url':
    case 'not-navigation':
    case 'own-account':
    case 'unknown-role':
    case 'last-admin':
    case 'bad-policy':
    case 'audit-broken':
      return badRequest(frame, { problem: 'form' })
    case 'body-too-large':
      return badRequest(frame, { problem: 'large' })
    case 'bad-invite':
      return brokenInvitation(frame)
    case 'headers-too-large':
      return headersTooLarge(frame, { clearUrl: `${host.config.prefix}/sign-out` })
    case 'parameter-missing':
    case 'parameter-empty':
    case 'parameter-malformed':
      return badParameter(frame, { parameter: details.parameter ?? '', problem: problemWord(fault), backUrl: null })
    case 'method-not-allowed':
      return methodNotAllowed(frame, { method: ask.method })
    case 'not-found':
      return notFound(frame, details.from === 'account' ? place.accountUrl : null)
    case 'unknown-user':
    case 'unknown-provider':
      return notFound(frame, null)
    case 'gone':
      return gone(frame, { directions: details.rule?.denyText ?? '' })
    case 'session-required':
    case 'session-stale':
    case 'session-invalid':
    case 'token-invalid':
    case 'ticket-invalid':
      return nothingSubmitted(frame, { signInUrl: place.signInUrl })
    case 'other-account':
      return nothingSubmitted(frame, { signInUrl: place.signInUrl, why: 'other-account' })
    case 'session-expired':
    case 'session-revoked':
      return ask.method === 'GET'
        ? endedPage(frame, details, place)
        : nothingSubmitted(frame, { signInUrl: place.signInUrl })
    case 'guest-required':
    case 'guest-refused':
      return guestNeedsAccount(frame, { signInUrl: place.signInUrl })
    case 'account-suspended':
      return suspendedPage(frame, details, place)
    case 'unknown-route':
    case 'permission-denied':
    case 'outranked':
    case 'role-too-high':
    case 'guests-off':
      return noPermission(frame, { missing: missingOf(details), otherAccountUrl: place.signInUrl })
    case 'signup-closed':
      return notAdmitted(frame, {
        reason: details.admission ?? 'sign-up',
        otherAccountUrl: otherWayUrl(details, place),
      })
    case 'identity-taken':
      return identityInUse(frame, {
        provider: place.provider,
        accountUrl: place.accountUrl,
        otherAccountUrl: place.restartUrl,
      })
    case 'last-identity':
      return lastMethod(frame, { provider: place.provider, accountUrl: place.accountUrl })
    case 'onboarding-required':
      return onboarding(frame, { url: onboardingOf(details) ?? host.config.firstVisitPage ?? '/' })
    case 'quota-exceeded':
      return quotaReached(frame, { url: host.config.brand.homeUrl })
    case 'rate-limited':
    case 'too-many-tries':
      return tooManyTries(frame, retry)
    case 'too-many-sessions':
      return devicesFull(frame, {
        retryUrl: place.restartUrl,
        ...(details.subject?.kind === 'session' ? { accountUrl: place.accountUrl } : {}),
      })
    case 'cross-site':
      return crossSiteRefused(frame)
    case 'character-required':
      return needsCharacter(frame, { url: host.config.brand.homeUrl, selection: 'none' })
    case 'character-unknown':
      return needsCharacter(frame, { url: host.config.brand.homeUrl, selection: 'gone' })
    case 'sign-in-interrupted':
      return interrupted(frame, { restartUrl: place.restartUrl })
    case 'sign-in-refused':
      return providerRefused(frame, provider)
    case 'presence-unproven': {
      const { accountUrl } = place
      const chooseUrl = `${place.signInUrl}&fresh=1`
      return unproven(frame, { provider: place.provider === '' ? null : place.provider, chooseUrl, accountUrl })
    }
    case 'provider-invalid':
    case 'provider-unavailable':
      return providerDown(frame, provider)
    case 'overloaded':
      return full(frame, retry)
    case 'store-unavailable':
      return storeDown(frame, retry)
    case 'upstream-unreachable':
    case 'upgrade-refused':
      return upstreamDown(frame, { ...retry, problem: 'down' })
    case 'upstream-resting':
      return upstreamDown(frame, { ...retry, problem: 'resting' })
    case 'upstream-timeout':
      return upstreamDown(frame, { ...retry, problem: 'slow' })
    case 'bug':
      return internalError(frame, retry)
  }
}

function problemWord(
  fault: 'parameter-missing' | 'parameter-empty' | 'parameter-malformed',
): 'missing' | 'empty' | 'malformed' {
  return fault === 'parameter-missing' ? 'missing' : fault === 'parameter-empty' ? 'empty' : 'malformed'
}
