import type { Decision } from './decision.ts'

const STATUS: Readonly<Record<Decision['kind'], number>> = {
  allow: 200,
  'unknown-route': 403,
  'method-not-allowed': 405,
  'bad-form': 400,
  'bad-parameter': 400,
  'bad-body': 400,
  'needs-session': 401,
  'needs-fresh': 401,
  'guest-required': 401,
  'guest-refused': 403,
  suspended: 403,
  forbid: 403,
  'not-found': 404,
  gone: 410,
  onboarding: 403,
  'needs-character': 409,
}

/** The status a client gets for a decision (navigations get a redirect instead of 401); 200 when it goes through. */
export function statusOf(decision: Decision, signedIn: 'signed-in' | 'nobody'): number {
  if (decision.kind === 'unknown-route' && signedIn === 'nobody') return 401
  return STATUS[decision.kind]
}

/** A decision in a few words, for people. */
export function describe(decision: Decision): string {
  switch (decision.kind) {
    case 'forbid':
      return `forbid (${decision.reason}${decision.missing.length > 0 ? `: ${decision.missing.join(', ')}` : ''})`
    case 'bad-parameter':
      return `bad-parameter (${decision.parameter}: ${decision.problem})`
    case 'bad-body':
      return `bad-body (${decision.problem})`
    case 'bad-form':
      return `bad-form (${decision.form})`
    case 'method-not-allowed':
      return `method-not-allowed (allowed: ${decision.allow.join(', ')})`
    case 'onboarding':
      return `onboarding (${decision.page})`
    case 'allow':
    case 'unknown-route':
    case 'needs-session':
    case 'needs-fresh':
    case 'guest-required':
    case 'guest-refused':
    case 'suspended':
    case 'not-found':
    case 'gone':
    case 'needs-character':
      return decision.kind
  }
}
