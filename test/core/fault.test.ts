import { describe, expect, test } from 'vitest'
import { problem, redirect, toResponse } from '../../src/core/answer.ts'
import { FAULTS, type FaultKind } from '../../src/core/fault.ts'

const rows = Object.entries(FAULTS)

describe('FAULTS', () => {
  test('gives every fault a number of its own', () => {
    const numbers = rows.map(([, { number }]) => number)
    expect(numbers.filter((number, at) => numbers.indexOf(number) !== at)).toEqual([])
  })

  // `bad-form` and `bad-target` are told apart in logs only: the client learns the same code.
  test('gives every fault a code of its own, but for the two forms of a bad address', () => {
    const codes = rows.map(([, { code }]) => code)
    expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual(['bad_target'])
  })

  test('spells every code in lower case with underscores', () => {
    expect(rows.filter(([, { code }]) => !/^[a-z]+(_[a-z]+)*$/.test(code))).toEqual([])
  })

  test('numbers every fault in a known group', () => {
    expect(rows.filter(([, { number }]) => !/^PST[134]\d\d$/.test(number))).toEqual([])
  })

  test('has a status of the 400s or 500s everywhere', () => {
    expect(rows.filter(([, { status }]) => status < 400 || status > 599)).toEqual([])
  })

  test('says something to people in every row: a title without a full stop, a detail of sentences', () => {
    const dumb = rows.filter(([, { title, detail }]) => !/^[A-Z].*[^.]$/.test(title) || !/^[A-Z].{10,}\.$/.test(detail))
    expect(dumb.map(([kind]) => kind)).toEqual([])
  })

  test('never tells a client which check failed inside', () => {
    const inner = /\b(mac|hash|store|redis|sqlite|upstream|jwks|nonce|pkce|verifier|secret|policy|rule|regex)\b/i
    expect(rows.filter(([, { title, detail }]) => inner.test(`${title} ${detail}`)).map(([kind]) => kind)).toEqual([])
  })

  // Seeds 2.2, 2.3, S29 and SPEC 1: the statuses clients are built on.
  test.each<[FaultKind, number, string]>([
    ['session-required', 401, 'session_required'],
    ['session-expired', 401, 'session_expired'],
    ['session-revoked', 401, 'session_revoked'],
    ['session-invalid', 401, 'session_invalid'],
    ['session-stale', 401, 'insufficient_user_authentication'],
    ['token-invalid', 401, 'token_invalid'],
    ['ticket-invalid', 401, 'ticket_invalid'],
    ['guest-required', 401, 'guest_required'],
    ['account-suspended', 403, 'account_suspended'],
    ['too-many-sessions', 409, 'too_many_sessions'],
    ['permission-denied', 403, 'permission_denied'],
    ['onboarding-required', 403, 'onboarding_required'],
    ['character-required', 409, 'character_required'],
    ['character-unknown', 409, 'character_unknown'],
    ['parameter-missing', 400, 'parameter_missing'],
    ['parameter-empty', 400, 'parameter_empty'],
    ['parameter-malformed', 400, 'parameter_malformed'],
    ['bad-target', 400, 'bad_target'],
    ['bad-return', 400, 'bad_return_to'],
    ['method-not-allowed', 405, 'method_not_allowed'],
    ['headers-too-large', 431, 'headers_too_large'],
    ['body-too-large', 413, 'body_too_large'],
    ['rate-limited', 429, 'rate_limited'],
    ['store-unavailable', 503, 'store_unavailable'],
    ['upstream-unreachable', 502, 'upstream_unreachable'],
    ['upstream-timeout', 504, 'upstream_timeout'],
    ['bug', 500, 'internal_error'],
  ])('answers %s with %i %s', (kind, status, code) => {
    expect(FAULTS[kind]).toMatchObject({ status, code })
  })
})

describe('problem()', () => {
  test('is problem+json with code, detail and request id, never cached', () => {
    const answer = problem('permission-denied', 'r-1', { missing: ['players.delete'] })
    expect(new Headers(answer.headers.map(([name, value]) => [name, value]))).toEqual(
      new Headers({
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      }),
    )
    expect(JSON.parse(answer.body ?? '')).toEqual({
      type: 'about:blank',
      title: 'Not allowed',
      status: 403,
      detail: 'The account may not do this.',
      code: 'permission_denied',
      number: 'PST422',
      request_id: 'r-1',
      missing: ['players.delete'],
    })
  })

  // Seeds I5: clients that refuse anything but application/json.
  test('is sent as application/json where an upstream wants that', () => {
    expect(problem('bug', 'r', {}, [], 'application/json').headers[0]).toEqual(['content-type', 'application/json'])
  })

  test('has a detail for every fault (seeds I5)', () => {
    const silent = (Object.keys(FAULTS) as FaultKind[]).filter(
      (kind) => !(JSON.parse(problem(kind, 'r').body ?? '{}') as { detail?: string }).detail,
    )
    expect(silent).toEqual([])
  })
})

describe('toResponse()', () => {
  test('keeps several cookies apart', () => {
    const response = toResponse({
      status: 200,
      headers: [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ],
      body: null,
    })
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  })

  test('keeps the address of a redirect byte for byte', () => {
    const response = toResponse(redirect(302, '/auth/sign-in?return_to=%2Fplay%3Fa%3D%252F'))
    expect([response.status, response.headers.get('location')]).toEqual([
      302,
      '/auth/sign-in?return_to=%2Fplay%3Fa%3D%252F',
    ])
  })
})
