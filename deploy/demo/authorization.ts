import { type Codes, giveCode } from './codes.ts'
import { consentPage, refusalPage } from './consent.ts'
import type { Person } from './people.ts'

/** What an authorization endpoint knows: its name, its one client and its people. */
export interface Authorization {
  readonly service: string
  /** Path that the approval page posts to. */
  readonly action: string
  readonly clientId: string
  readonly redirectUri: string
  readonly people: readonly Person[]
  /** OpenID providers hand the nonce on; plain OAuth ones ignore it. */
  readonly nonce: 'kept' | 'ignored'
}

const FIELDS = [
  'client_id',
  'redirect_uri',
  'response_type',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
]

const html = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }

function refuse(service: string, message: string): Response {
  return new Response(refusalPage(service, message), { status: 400, headers: html })
}

function sendBack(request: URLSearchParams, answer: Readonly<Record<string, string>>): Response {
  const target = new URL(request.get('redirect_uri') ?? '')
  for (const [name, value] of Object.entries(answer)) target.searchParams.set(name, value)
  const state = request.get('state')
  if (state !== null) target.searchParams.set('state', state)
  return new Response(null, { status: 302, headers: { location: target.href, 'cache-control': 'no-store' } })
}

function problemWith(known: Authorization, request: URLSearchParams): Response | null {
  if (request.get('client_id') !== known.clientId) return refuse(known.service, 'Unknown application.')
  // ATTACK: RFC 9700 section 4.1: compared as a string; a redirect to an unregistered place would hand the code away.
  if (request.get('redirect_uri') !== known.redirectUri) return refuse(known.service, 'Invalid redirect_uri.')
  if (request.get('response_type') !== 'code') return sendBack(request, { error: 'unsupported_response_type' })
  const challenge = request.get('code_challenge') ?? ''
  if (challenge !== '' && request.get('code_challenge_method') !== 'S256') {
    return sendBack(request, { error: 'invalid_request', error_description: 'Only S256 is supported.' })
  }
  return null
}

/** Answers a navigation to the authorization endpoint: the approval page, or what is wrong. */
export function askForConsent(known: Authorization, request: URLSearchParams): Response {
  const problem = problemWith(known, request)
  if (problem !== null) return problem
  const fields = Object.fromEntries(
    FIELDS.flatMap((name) => (request.has(name) ? [[name, request.get(name) ?? '']] : [])),
  )
  const { service, action, people } = known
  return new Response(consentPage({ service, action, people, fields }), { headers: html })
}

/** Answers the approval page's form: back to the client with a code, or with `access_denied`. */
export function answerConsent(known: Authorization, form: URLSearchParams, codes: Codes): Response {
  const problem = problemWith(known, form)
  if (problem !== null) return problem
  const choice = form.get('choice') ?? ''
  if (choice === '') {
    const description = 'The resource owner or authorization server denied the request'
    return sendBack(form, { error: 'access_denied', error_description: description })
  }
  if (!known.people.some((person) => person.subject === choice)) return refuse(known.service, 'Unknown account.')
  const code = giveCode(codes, {
    subject: choice,
    clientId: known.clientId,
    redirectUri: known.redirectUri,
    scope: form.get('scope') ?? '',
    nonce: known.nonce === 'kept' ? (form.get('nonce') ?? '') : '',
    challenge: form.get('code_challenge') ?? '',
  })
  return sendBack(form, { code })
}
