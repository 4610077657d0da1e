import type { FaultKind } from './fault-kind.ts'

export type { FaultKind } from './fault-kind.ts'

/** One row of the table: what goes on the wire. */
export interface FaultRow {
  readonly status: number
  /** Stable problem code; once shipped it stays. */
  readonly code: string
  /** Stable number for logs and docs: PST1xx request, 3xx sign-in, 4xx session and store. */
  readonly number: string
  readonly title: string
  readonly detail: string
}

function row(status: number, code: string, number: string, title: string, detail: string): FaultRow {
  return { status, code, number, title, detail }
}

/** The one table from fault to answer. */
export const FAULTS: Readonly<Record<FaultKind, FaultRow>> = {
  'bad-target': row(400, 'bad_target', 'PST101', 'Bad address', 'The address has no unambiguous form.'),
  'bad-host': row(421, 'unknown_host', 'PST102', 'Unknown host', 'This host is not served here.'),
  'bad-method': row(400, 'bad_method', 'PST103', 'Bad method', 'The request method is not accepted.'),
  'bad-forwarding': row(400, 'bad_forwarding', 'PST106', 'Bad forwarding', 'The request was not forwarded as agreed.'),
  'headers-too-large': row(
    431,
    'headers_too_large',
    'PST104',
    'Headers too large',
    'The request carries too many cookies.',
  ),
  'bad-form': row(400, 'bad_target', 'PST105', 'Bad address', 'The address has a form this route does not take.'),
  'parameter-missing': row(400, 'parameter_missing', 'PST110', 'Parameter missing', 'The address lacks a parameter.'),
  'parameter-empty': row(400, 'parameter_empty', 'PST111', 'Parameter empty', 'A parameter of the address is blank.'),
  'parameter-malformed': row(
    400,
    'parameter_malformed',
    'PST112',
    'Parameter malformed',
    'A parameter of the address is not of the form this route takes.',
  ),
  'bad-body': row(400, 'bad_body', 'PST113', 'Bad body', 'The request body is not of the form this route takes.'),
  'bad-credential': row(
    400,
    'bad_credential',
    'PST114',
    'Bad credential',
    'More than one credential was sent in one header.',
  ),
  'token-in-url': row(
    400,
    'token_in_url',
    'PST115',
    'Token in the address',
    'A token stood in the address, which is written down on its way. Replace it, and send the new one in a header.',
  ),
  'unknown-route': row(403, 'no_rule', 'PST120', 'Not allowed', 'Nothing here is open to you.'),
  'method-not-allowed': row(
    405,
    'method_not_allowed',
    'PST121',
    'Method not allowed',
    'This address does not take that method.',
  ),
  'not-found': row(404, 'not_found', 'PST122', 'Not found', 'There is nothing at this address.'),
  gone: row(410, 'gone', 'PST123', 'Gone', 'This address is not in use any more.'),
  'session-required': row(401, 'session_required', 'PST401', 'Sign-in needed', 'Sign in to go on.'),
  'session-expired': row(
    401,
    'session_expired',
    'PST402',
    'Session expired',
    'The session is over. Sign in again to go on.',
  ),
  'session-revoked': row(
    401,
    'session_revoked',
    'PST403',
    'Session ended',
    'The session was ended. Sign in again to go on.',
  ),
  'session-invalid': row(
    401,
    'session_invalid',
    'PST404',
    'Session unknown',
    'The session is not known. Sign in again to go on.',
  ),
  'session-stale': row(
    401,
    'insufficient_user_authentication',
    'PST405',
    'Recent sign-in needed',
    'This needs a recent sign-in. Sign in again to go on.',
  ),
  'token-invalid': row(401, 'token_invalid', 'PST406', 'Token not accepted', 'The token is not accepted.'),
  'ticket-invalid': row(401, 'ticket_invalid', 'PST408', 'Ticket not accepted', 'The ticket is used or too old.'),
  'guest-required': row(401, 'guest_required', 'PST407', 'Start as a guest', 'Play as a guest or sign in to go on.'),
  'guest-refused': row(
    403,
    'guest_refused',
    'PST420',
    'Account needed',
    'Guests cannot do this. Sign in with an account to go on.',
  ),
  'guests-off': row(403, 'guests_off', 'PST311', 'No guests', 'Playing as a guest is not offered here at the moment.'),
  'account-suspended': row(403, 'account_suspended', 'PST421', 'Account suspended', 'The account is suspended.'),
  'permission-denied': row(403, 'permission_denied', 'PST422', 'Not allowed', 'The account may not do this.'),
  'onboarding-required': row(
    403,
    'onboarding_required',
    'PST423',
    'Registration unfinished',
    'Finish the registration to go on.',
  ),
  'quota-exceeded': row(403, 'quota_exceeded', 'PST424', 'Limit reached', 'The account has reached its limit.'),
  'rate-limited': row(429, 'rate_limited', 'PST425', 'Too many requests', 'Too many requests. Wait a moment.'),
  'cross-site': row(
    403,
    'cross_site',
    'PST426',
    'Request from another site',
    'The request came from a site that may not make it.',
  ),
  'character-required': row(409, 'character_required', 'PST430', 'No character selected', 'Select a character first.'),
  'character-unknown': row(
    409,
    'character_unknown',
    'PST431',
    'Character gone',
    'The selected character is not known any more. Select another one.',
  ),
  'body-too-large': row(
    413,
    'body_too_large',
    'PST130',
    'Body too large',
    'The request body is larger than this route takes.',
  ),
  'bad-return': row(
    400,
    'bad_return_to',
    'PST301',
    'Bad return address',
    'The address to return to is not one of this site.',
  ),
  'unknown-provider': row(
    404,
    'unknown_provider',
    'PST302',
    'Unknown provider',
    'This way to sign in is not offered here.',
  ),
  'sign-in-interrupted': row(
    400,
    'sign_in_interrupted',
    'PST303',
    'Sign-in interrupted',
    'This sign-in cannot be finished. Start it again.',
  ),
  'identity-taken': row(
    409,
    'identity_taken',
    'PST310',
    'Belongs to another account',
    'This sign-in already belongs to another account here. Sign in with it, or remove it there first.',
  ),
  'too-many-sessions': row(409, 'too_many_sessions', 'PST313', 'All devices in use', 'Sign out on another one first.'),
  'last-identity': row(409, 'last_identity', 'PST312', 'Last way in', 'The last way to sign in cannot be removed.'),
  'sign-in-refused': row(403, 'sign_in_refused', 'PST304', 'Sign-in refused', 'The sign-in was not approved.'),
  'presence-unproven': row(403, 'presence_unproven', 'PST314', 'Not confirmed', 'The provider asked for no proof.'),
  'signup-closed': row(
    403,
    'signup_closed',
    'PST305',
    'No new accounts',
    'New accounts are not accepted here at the moment.',
  ),
  'provider-invalid': row(
    502,
    'provider_invalid',
    'PST306',
    'Provider answer not accepted',
    'The provider did not answer as it should. Try again or choose another one.',
  ),
  'provider-unavailable': row(
    503,
    'provider_unavailable',
    'PST307',
    'Provider not reachable',
    'The provider does not answer at the moment. Try again or choose another one.',
  ),
  'not-navigation': row(
    400,
    'not_navigation',
    'PST308',
    'Not a page visit',
    'A sign-in starts from a page, not from a script.',
  ),
  'too-many-tries': row(429, 'too_many_tries', 'PST309', 'Too many tries', 'Too many tries. Wait a moment.'),
  overloaded: row(
    503,
    'overloaded',
    'PST441',
    'Full house',
    'All places are taken at the moment. Try again in a moment.',
  ),
  'store-unavailable': row(
    503,
    'store_unavailable',
    'PST440',
    'Short interruption',
    'Sessions cannot be checked at the moment. Nothing is lost; try again in a moment.',
  ),
  'upstream-unreachable': row(
    502,
    'upstream_unreachable',
    'PST140',
    'Service not reachable',
    'The service behind this address does not answer.',
  ),
  'upstream-timeout': row(
    504,
    'upstream_timeout',
    'PST141',
    'Service too slow',
    'The service behind this address did not answer in time.',
  ),
  'upstream-resting': row(503, 'upstream_unavailable', 'PST143', 'Service not available', 'Try again in a moment.'),
  'upgrade-refused': row(
    502,
    'upgrade_refused',
    'PST142',
    'Socket refused',
    'The service behind this address did not open the socket.',
  ),
  'unknown-user': row(404, 'unknown_user', 'PST460', 'Unknown user', 'There is no such user.'),
  'own-account': row(400, 'own_account', 'PST461', 'Own account', 'Nobody does this to the own account.'),
  outranked: row(403, 'outranked', 'PST462', 'Not below you', 'The other account is not below yours.'),
  'role-too-high': row(403, 'role_too_high', 'PST463', 'Role too high', 'This role is not yours to give or take.'),
  'unknown-role': row(400, 'unknown_role', 'PST464', 'Unknown role', 'There is no such role.'),
  'last-admin': row(409, 'last_admin', 'PST465', 'Last administrator', 'The last administrator stays one.'),
  'bad-policy': row(
    400,
    'policy_refused',
    'PST466',
    'Version refused',
    'This version cannot serve; the old one goes on.',
  ),
  'bad-invite': row(400, 'invite_invalid', 'PST467', 'Invitation not valid', 'The code is wrong, used or too old.'),
  'audit-broken': row(409, 'audit_broken', 'PST468', 'Record broken', 'The record does not verify; nothing was done.'),
  bug: row(500, 'internal_error', 'PST150', 'Internal error', 'Something went wrong here. It has been noted.'),
}
