import { expect, test } from 'vitest'
import { canonicalTarget } from '../../src/core/target.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { ask, fileText, policyOf, signedIn } from './support.ts'

const TYPES: Readonly<Record<string, string>> = {
  text: 'text',
  slug: 'slug',
  uuid: 'uuid',
  int: '{ type: int, min: 0, max: 10 }',
  enum: '{ values: [north, south] }',
  pattern: '{ pattern: "[a-z]{2}[0-9]{2}" }',
  word: '{ type: slug, allowWords: ["null"] }',
}

const lines = fileText('test/corpora/ids.txt')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(/\s+/))

async function things(param: string): Promise<Policy> {
  return policyOf(`upstream: game\nrules:\n  - path: /things/:id\n    params: { id: ${param} }\n`)
}

test.each(lines)('decide() judges a %s given as %s: %s (I1)', async (type, path, verdict) => {
  const target = canonicalTarget(path ?? '')
  if (!target.ok) {
    expect(verdict).toBe('no-form')
    return
  }
  const decision = ask(await things(TYPES[type ?? ''] ?? ''), `GET ${path}`, null)
  if (verdict === 'ok') expect(decision).toMatchObject({ kind: 'needs-session' })
  else if (verdict === 'form') expect(decision).toMatchObject({ kind: 'bad-form', form: '%2F' })
  else expect(decision).toMatchObject({ kind: 'bad-parameter', parameter: 'id', problem: verdict })
})

test('decide() takes 128 characters and refuses 129 unless the rule allows more (I1)', async () => {
  const policy = await things('slug')
  expect(ask(policy, `GET /things/${'a'.repeat(128)}`, null).kind).toBe('needs-session')
  expect(ask(policy, `GET /things/${'a'.repeat(129)}`, null)).toMatchObject({ problem: 'malformed' })
  const wide = await things('{ type: slug, maxLength: 129 }')
  expect(ask(wide, `GET /things/${'a'.repeat(129)}`, null).kind).toBe('needs-session')
  expect(ask(wide, `GET /things/${'a'.repeat(130)}`, null).kind).toBe('bad-parameter')
})

test('decide() describes a path parameter nobody described as text that is never empty or a poison word', async () => {
  const policy = await policyOf('upstream: game\nrules:\n  - path: /things/:id\n')
  expect(ask(policy, 'GET /things/a.b', null).kind).toBe('needs-session')
  expect(ask(policy, 'GET /things/undefined', null)).toMatchObject({ kind: 'bad-parameter', problem: 'malformed' })
})

const own = '00000000-0000-4000-8000-000000000001'
const query = `
upstream: game
rules:
  - path: /list
    params:
      world_id: { in: query, type: slug, required: true }
      page: { in: query, type: int, min: 1 }
`

test('decide() judges query parameters with the same types (I2)', async () => {
  const policy = await policyOf(query)
  expect(ask(policy, 'GET /list?world_id=north', null).kind).toBe('needs-session')
  expect(ask(policy, 'GET /list', null)).toMatchObject({ parameter: 'world_id', problem: 'missing' })
  expect(ask(policy, 'GET /list?world_id=', null)).toMatchObject({ problem: 'empty' })
  expect(ask(policy, 'GET /list?world_id', null)).toMatchObject({ problem: 'empty' })
  expect(ask(policy, 'GET /list?world_id=undefined', null)).toMatchObject({ problem: 'malformed' })
  expect(ask(policy, 'GET /list?world_id=north&page=0', null)).toMatchObject({
    parameter: 'page',
    problem: 'malformed',
  })
})

test('decide() refuses a declared name given twice, however it is spelled (I2)', async () => {
  const policy = await policyOf(query)
  expect(ask(policy, 'GET /list?world_id=north&world_id=south', null)).toMatchObject({ problem: 'malformed' })
  expect(ask(policy, 'GET /list?world_id=north&%77orld_id=south', null)).toMatchObject({ problem: 'malformed' })
  expect(ask(policy, 'GET /list?world_id=north&other=1&other=2', null).kind).toBe('needs-session')
})

// ATTACK: CWE-235: PHP, ASP.NET and readers of lists take these for the name that is judged, and read the other one.
test.each([
  'user_id=OWN&USER_ID=other',
  'user_id=OWN&user.id=other',
  'user_id=OWN&user+id=other',
  'user_id=OWN&user[id=other',
  'user_id=OWN&+user_id=other',
  'user_id=OWN&user_id%00x=other',
  'user_id=OWN&user_id[]=other',
  'user_id=OWN&user.id[a]=other',
  // Express 4 (qs) and Rack 2 skip brackets in front; Spring binds `!name` where `name` is not given.
  '[user_id]=other',
  'user_id=OWN&[user_id]=other',
  'user_id=OWN&%5Buser_id%5D[]=other',
  'user_id=OWN&[user_id]x=other',
  'user_id]=other',
  '[[user_id=other',
  '!user_id=other',
  'x=1;[user_id]=other',
  // The other way round: what comes first is read by some, what comes last by others.
  'USER_ID=other&user_id=OWN',
  'user.id=other&user_id=OWN',
  'user_id[]=other&user_id=OWN',
  'User_Id=OWN',
  'user.id=OWN',
  // Readers that part a query at `;` too (Perl, older Python and Java) find another value, or another name.
  'x=1;user_id=other&user_id=OWN',
  'user_id=OWN&x=1;user_id=other',
  'user_id=OWN&x;user_id=other',
  'user_id=OWN&amp;user_id=other',
  'x=1;user_id=OWN',
  'x=1;%75ser.id=OWN',
  'user_id=OWN;x=1',
  'user_id;x=OWN',
])('decide() refuses a declared name in another spelling: %s', async (given) => {
  const policy = await policyOf(
    'upstream: game\nrules:\n  - path: /me\n    params: { user_id: { in: query, equals: user.id, required: false } }\n',
  )
  const at = (asked: string) => ask(policy, `GET /me?${asked.replace('OWN', own)}`, signedIn(['player']))
  expect(at(given)).toMatchObject({ parameter: 'user_id', problem: 'malformed' })
  expect(at('user_id=OWN&user_id_=1&id=2&ID=3&user_id%FF=4').kind).toBe('allow')
})

test('decide() takes a `;` that is written as %3B, and one in what no rule asks for', async () => {
  const policy = await policyOf('upstream: game\nrules:\n  - path: /l\n    params: { q: { in: query } }\n')
  expect(ask(policy, 'GET /l?q=a%3Bb', signedIn(['player'])).kind).toBe('allow')
  expect(ask(policy, 'GET /l?q=a&other=1;2;;', signedIn(['player'])).kind).toBe('allow')
  expect(ask(policy, 'GET /l?q=a;b', signedIn(['player']))).toMatchObject({ parameter: 'q', problem: 'malformed' })
})

test('decide() tells members of lists apart where a rule names them', async () => {
  const policy = await policyOf(
    'upstream: game\nrules:\n  - path: /l\n    params: { "at[x]": { in: query, type: int }, "tag[]": { in: query } }\n',
  )
  expect(ask(policy, 'GET /l?at[x]=1&at[y]=z&tag[]=a', signedIn(['player'])).kind).toBe('allow')
  expect(ask(policy, 'GET /l?at[x]=1&at_x]=2', signedIn(['player']))).toMatchObject({ problem: 'malformed' })
})

test('decide() refuses a declared value that cannot be decoded', async () => {
  expect(ask(await policyOf(query), 'GET /list?world_id=%ff', null)).toMatchObject({ problem: 'malformed' })
})

test('matchRule() is never steered by the query (DECISIONS 22)', async () => {
  const policy = await policyOf('upstream: game\nrules:\n  - { path: /a, access: public }\n  - path: /b\n')
  expect(ask(policy, 'GET /b?/a', null).kind).toBe('needs-session')
  expect(ask(policy, 'GET /b?path=/a', null).kind).toBe('needs-session')
})

test('decide() compares a parameter with the own id (3.7)', async () => {
  const policy = await things('{ type: uuid, equals: user.id }')
  expect(ask(policy, `GET /things/${own}`, signedIn(['player'])).kind).toBe('allow')
  expect(ask(policy, 'GET /things/00000000-0000-4000-8000-000000000002', signedIn(['boss']))).toMatchObject({
    kind: 'forbid',
    reason: 'not-own',
  })
})

test('decide() allows a form in the one rule that says so (DECISIONS 22)', async () => {
  const policy = await policyOf(
    'upstream: game\nrules:\n  - { path: "/m/:v", allowForms: [";"] }\n  - { path: "/n/:v" }\n',
  )
  expect(ask(policy, 'GET /m/a;b', null).kind).toBe('needs-session')
  expect(ask(policy, 'GET /n/a;b', null)).toMatchObject({ kind: 'bad-form', form: ';' })
  expect(ask(policy, 'GET /n/a%3Bb', null)).toMatchObject({ kind: 'bad-form', form: ';' })
  expect(ask(policy, 'GET /m/a%2Fb', null)).toMatchObject({ kind: 'bad-form', form: '%2F' })
})

// ATTACK: a wide rule that takes a form must not let in what the service behind reads as the path of another rule.
test.each([
  ['/admin;x', 'not-found'],
  ['/admin%3Bx', 'not-found'],
  ['/;x/admin', 'not-found'],
  ['/admin;a/;b', 'not-found'],
  ['/x/%2Fadmin', 'allow'],
  ['/%2Fadmin', 'not-found'],
  ['/staff%2Fpanel', 'bad-form'],
  ['/staff;x/panel', 'bad-form'],
  ['/staff%2Fpanel;x', 'bad-form'],
  ['/staff;x%2Fpanel', 'bad-form'],
  ['/posts%2F1', 'bad-form'],
  ['/maps/secret;x', 'bad-form'],
  ['/maps/7;jsessionid=1', 'allow'],
  ['/maps/a%2Fb', 'allow'],
  ['/other;jsessionid=1', 'allow'],
  ['/files/a%2Fb;c', 'allow'],
])('decide() judges %s by both ways to read it: %s', async (asked, kind) => {
  const policy = await policyOf(
    'upstream: game\nrules:\n  - { path: /*, access: public, allowForms: [";", "%2F"] }\n' +
      '  - { path: /admin, access: deny, denyStatus: 404 }\n  - { path: /staff/panel, permission: admin.users }\n' +
      '  - { path: "/maps/:name", allowForms: [";", "%2F"], when: \'params.name != "secret"\' }\n' +
      '  - { path: /posts/1, methods: DELETE }\n',
  )
  expect(ask(policy, `GET ${asked}`, signedIn(['player'])).kind).toBe(kind)
})

test('decide() lets whoever may do both through, where the rule asks who it is', async () => {
  const policy = await policyOf(
    'upstream: game\nrules:\n  - { path: /play/*, allowForms: [";"] }\n  - { path: /play/panel, permission: admin.users }\n' +
      '  - { path: /open/*, access: optional, allowForms: [";"] }\n  - { path: /open/panel, permission: admin.users }\n',
  )
  const kinds = (asked: string) =>
    [null, signedIn(['player']), signedIn(['boss'])].map((subject) => ask(policy, `GET ${asked}`, subject).kind)
  expect(kinds('/play/panel;x')).toEqual(['needs-session', 'bad-form', 'allow'])
  expect(kinds('/open/panel;x')).toEqual(['bad-form', 'bad-form', 'bad-form'])
  expect(kinds('/open/other;x')).toEqual(['allow', 'allow', 'allow'])
})

test('decide() takes a poison word that the rule lists as a value', async () => {
  const policy = await things('{ values: ["null", a] }')
  expect(ask(policy, 'GET /things/null', null).kind).toBe('needs-session')
  expect(ask(policy, 'GET /things/undefined', null).kind).toBe('bad-parameter')
})

test('decide() does not let a missing query parameter pass the comparison with the own id', async () => {
  const policy = await policyOf(
    'upstream: game\nrules:\n  - path: /me\n    params: { id: { in: query, equals: user.id } }\n',
  )
  expect(ask(policy, 'GET /me', signedIn(['boss']))).toMatchObject({ kind: 'bad-parameter', problem: 'missing' })
  expect(ask(policy, 'GET /me?id=other', signedIn(['boss']))).toMatchObject({ kind: 'forbid', reason: 'not-own' })
})
