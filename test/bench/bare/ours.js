/** What a service is sent more than the client sent: the names of the gateway's headers, with values as long as theirs. */
export const OURS = Object.entries({
  'postern-guest': 'true',
  'postern-name': 'guest_76127454799287',
  'postern-primary-role': 'guest',
  'postern-roles': 'guest',
  'postern-session': 'x'.repeat(22),
  'postern-user': 'x'.repeat(36),
  'postern-assertion': 'x'.repeat(611),
  'x-forwarded-host': 'localhost:20000',
  'x-forwarded-proto': 'http',
  'x-request-id': 'x'.repeat(16),
})
