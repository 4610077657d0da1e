import {
  devicesFull,
  guestNeedsAccount,
  needsCharacter,
  noPermission,
  onboarding,
  quotaReached,
  sessionEnded,
  signedInElsewhere,
  suspended,
} from '../../src/pages/access.ts'
import { LANGUAGES, type Language } from '../../src/pages/language.ts'
import type { Frame, Page } from '../../src/pages/layout.ts'
import { full, internalError, storeDown, tooManyTries, upstreamDown } from '../../src/pages/outage.ts'
import {
  badParameter,
  badRequest,
  crossSiteRefused,
  gone,
  headersTooLarge,
  methodNotAllowed,
  notFound,
  nothingSubmitted,
} from '../../src/pages/request.ts'
import { chooser, interrupted, providerDown, providerRefused, signedOut, unproven } from '../../src/pages/sign-in.ts'
import { accountPages, obstaclePages } from './samples-account.ts'
import { adminPages } from './samples-admin.ts'

/** A frame as a request would make it; `name` is what a player chose to be called. */
export function frameOf(language: Language, name: string = 'Mira Holt'): Frame {
  return {
    language,
    brand: { name: 'Lantern Vale', homeUrl: '/', appealUrl: 'https://lantern.example/appeal' },
    reference: { code: 'PST203', id: '7f3a9c1e5b2d', time: '2026-11-24T14:05:09Z' },
    viewer: { kind: 'signed-in', name },
    languageUrls: Object.fromEntries(LANGUAGES.map((tag) => [tag, `/auth/sign-in?lang=${tag}`])),
  }
}

const back = '/auth/sign-in?return_to=%2Fplay%3Froom%3D7'
const retry = { retryUrl: '/play?room=7', retrySeconds: 30 }
const out = { kind: 'signed-out' } as const

/** Sign-in pages with `text` wherever somebody else's words can stand. */
function signInPages(frame: Frame, text: string): Page[] {
  const start = (id: string): string => `/auth/start/${id}?return_to=%2Fplay`
  const provider = (name: string, id: string) => ({ name, startUrl: start(id), rememberUrl: `${start(id)}&remember=1` })
  const providers = [provider('Discord', 'discord'), provider('Google', 'google'), provider(text, 'own')]
  const guest = { action: '/auth/guest', fields: { return_to: `/play?name=${text}` } }
  const nobody: Frame = { ...frame, viewer: out }
  const refusal = { provider: text, retryUrl: start('own'), chooseUrl: back }
  return [
    chooser(nobody, { providers, guest, reason: 'sign-in', webview: 'no' }),
    chooser(nobody, {
      providers: providers.map((p) => ({ ...p, rememberUrl: null })),
      guest: null,
      reason: 'sign-in',
      webview: 'yes',
    }),
    ...(['expired', 'signed-out', 'kicked', 'banned', 'evicted'] as const).map((ended) =>
      chooser(nobody, { providers, guest, reason: 'sign-in', webview: 'no', ended }),
    ),
    chooser(nobody, { providers: [], guest, reason: 'sign-in', webview: 'no' }),
    chooser(frame, { providers, guest: null, reason: 'confirm', webview: 'no' }),
    signedOut(nobody, { scope: 'here', provider: text, endUrl: '/auth/sign-out?provider=1', signInUrl: back }),
    signedOut(nobody, { scope: 'everywhere', provider: null, endUrl: null, signInUrl: back }),
    providerRefused(nobody, refusal),
    providerDown(nobody, refusal),
    unproven(frame, { provider: text, chooseUrl: back, accountUrl: '/auth/account' }),
    unproven(frame, { provider: null, chooseUrl: back, accountUrl: '/auth/account' }),
    interrupted(nobody, { restartUrl: start('google') }),
  ]
}

function accessPages(frame: Frame, text: string): Page[] {
  const nobody: Frame = { ...frame, viewer: out }
  const ended = { signInUrl: back }
  const held = { reason: text, otherAccountUrl: back }
  return [
    sessionEnded(nobody, { ...ended, reason: 'expired' }),
    sessionEnded(nobody, { ...ended, reason: 'signed-out' }),
    sessionEnded(nobody, { ...ended, reason: 'kicked' }),
    sessionEnded(nobody, { ...ended, reason: 'banned' }),
    devicesFull(nobody, { retryUrl: back }),
    signedInElsewhere(nobody, { signInUrl: back }),
    noPermission(frame, { missing: null, otherAccountUrl: back }),
    noPermission(frame, { missing: text, otherAccountUrl: back }),
    guestNeedsAccount({ ...frame, viewer: { kind: 'guest' } }, { signInUrl: back }),
    suspended(frame, { ...held, until: '2026-12-24T00:00:00Z' }),
    suspended(frame, { ...held, until: null }),
    needsCharacter(frame, { url: '/characters', selection: 'none' }),
    needsCharacter(frame, { url: '/characters', selection: 'gone' }),
    quotaReached(frame, { url: '/characters' }),
    onboarding(frame, { url: '/welcome' }),
  ]
}

function requestPages(frame: Frame, text: string): Page[] {
  return [
    badParameter(frame, { parameter: text, problem: 'missing', backUrl: '/characters' }),
    badParameter(frame, { parameter: text, problem: 'empty', backUrl: null }),
    badParameter(frame, { parameter: text, problem: 'malformed', backUrl: '/characters' }),
    badRequest(frame, { problem: 'form' }),
    badRequest(frame, { problem: 'return-to' }),
    badRequest(frame, { problem: 'large' }),
    notFound({ ...frame, viewer: { kind: 'signed-in', name: null } }, null),
    notFound({ ...frame, viewer: { kind: 'signed-in', name: null } }, '/auth/account'),
    gone(frame, { directions: text }),
    methodNotAllowed(frame, { method: text }),
    crossSiteRefused(frame),
    nothingSubmitted({ ...frame, viewer: out }, { signInUrl: back }),
    nothingSubmitted(frame, { signInUrl: back, why: 'other-account' }),
    headersTooLarge({ ...frame, viewer: { kind: 'unknown' } }, { clearUrl: '/auth/clear' }),
  ]
}

function outagePages(frame: Frame): Page[] {
  const unsure: Frame = { ...frame, viewer: { kind: 'unknown' } }
  return [
    upstreamDown(frame, { ...retry, problem: 'down' }),
    upstreamDown(frame, { ...retry, retrySeconds: 600, problem: 'slow' }),
    storeDown(unsure, retry),
    full(unsure, retry),
    tooManyTries(unsure, { ...retry, retrySeconds: 5400 }),
    internalError(unsure, { retryUrl: null, retrySeconds: null }),
  ]
}

/** Every page in every shape, with `text` standing wherever somebody else's words can stand. */
export function everyPage(language: Language, text: string = 'Moonlit Keep'): Page[] {
  const frame = frameOf(language, text)
  return [
    ...signInPages(frame, text),
    ...accessPages(frame, text),
    ...requestPages(frame, text),
    ...outagePages(frame),
    ...accountPages(frame, text),
    ...obstaclePages(frame, text),
    ...adminPages(frame, text),
  ]
}
