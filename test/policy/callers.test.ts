import { expect, test } from 'vitest'
import { checkPolicy } from '../../src/policy/compile.ts'
import { formatProblems } from '../../src/policy/print.ts'
import { runPolicyTests } from '../../src/policy/run-tests.ts'
import { HOST, KNOWN, ROLES } from './support.ts'

const OWN = '11111111-1111-4111-8111-111111111111'
const RULES = `
upstream: game
rules:
  - path: /in
  - path: /view
    permission: players.view
    tokens: allow
  - path: /level
    minLevel: 1
    permission: players.edit
  - path: /of/:id
    params: { id: { type: uuid, equals: user.id } }
  - path: /google
    when: session.provider == "google"
  - path: /lately
    when: request.now - session.authTime < 60
  - path: /young
    when: request.now - session.createdAt < 60
`

/** What a policy test of this caller gets: the decision in words. */
async function got(request: string, as: unknown): Promise<string> {
  const written = {
    name: 'one',
    request,
    expect: 'allow',
    ...(typeof as === 'string' ? { expect: { [as]: 'allow' } } : { as }),
  }
  const files = [
    { name: 'roles.yaml', text: ROLES },
    { name: 'rules.yaml', text: `${RULES}tests: [${JSON.stringify(written)}]\n` },
  ]
  const { bundle, parts, problems } = await checkPolicy(files, KNOWN)
  if (bundle === null) throw new Error(formatProblems(problems))
  const [result] = runPolicyTests(bundle, parts, { host: HOST, attributes: KNOWN.attributes })
  return result?.got.replace(/ \d+, by .*/, '') ?? ''
}

test.each<[string, unknown, string]>([
  ['GET /in', 'nobody', 'needs-session'],
  ['GET /in', 'anonymous', 'needs-session'],
  ['GET /in', { roles: ['player'], standing: 'active' }, 'allow'],
  ['GET /in', { roles: ['player'], standing: 'suspended' }, 'suspended'],
  ['GET /in', { roles: ['player'], standing: 'banned' }, 'suspended'],
  ['GET /in', 'guest', 'guest-refused'],
  ['GET /in', 'guest,player', 'allow'],
  ['GET /in', { roles: ['player'], guest: true }, 'guest-refused'],
  ['GET /in', { roles: ['guest'], guest: false }, 'allow'],
  ['GET /view', 'guest, editor', 'allow'],
  ['GET /view', 'player+token', 'allow'],
  ['GET /view', { roles: ['player'], token: ['players.view'] }, 'allow'],
  ['GET /view', { roles: ['player'], token: ['play_game'] }, 'forbid (permission: players.view)'],
  ['GET /level', { permissions: ['players.edit'] }, 'forbid (level)'],
  [`GET /of/${OWN}`, { roles: ['player'], id: OWN }, 'allow'],
  [`GET /of/${OWN}`, 'player', 'forbid (not-own)'],
  ['GET /google', { roles: ['player'], provider: 'google' }, 'allow'],
  ['GET /google', { roles: ['player'], provider: 'discord' }, 'forbid (condition)'],
  ['GET /lately', 'player', 'allow'],
  ['GET /young', { roles: ['player'], signedInAgo: '59s' }, 'allow'],
  ['GET /young', { roles: ['player'], signedInAgo: '60s' }, 'forbid (condition)'],
  ['GET /lately', { roles: ['player'], signedInAgo: '59s' }, 'allow'],
  ['GET /lately', { roles: ['player'], signedInAgo: '60s' }, 'forbid (condition)'],
])('a policy test of %s as %j gets %s', async (request, as, said) => {
  expect(await got(request, as)).toBe(said)
})
