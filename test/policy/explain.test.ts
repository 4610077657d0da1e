import { expect, test } from 'vitest'
import { canonicalTarget } from '../../src/core/target.ts'
import { pretend } from '../../src/policy/callers.ts'
import { checkPolicy } from '../../src/policy/compile.ts'
import { decide, type Facts } from '../../src/policy/decide.ts'
import { explain, formatExplanation } from '../../src/policy/explain.ts'
import { loadPolicy, matchRule, type Policy } from '../../src/policy/policy.ts'
import { dice } from './reference.ts'
import { CHARACTER, factsOf, fileText, KNOWN, NOW, policyOf, signedIn } from './support.ts'

async function mud(): Promise<Policy> {
  const names = ['roles', 'game', 'admin'].map((name) => `policies/examples/mud/${name}.yaml`)
  const files = names.map((name) => ({ name, text: fileText(name) }))
  const checked = await checkPolicy(files, { ...KNOWN, upstreams: [{ name: 'mud' }] })
  if (checked.bundle === null) throw new Error('the example does not compile')
  return loadPolicy(checked.bundle, {})
}

const CALLERS = ['nobody', 'player', 'worldbuilder', 'admin', 'superuser', 'player+character', 'admin+token', 'wizard']
const TAILS = ['', '/', '/7', '/undefined', '/%20', '/a;b', '/x/y', '?world_id=north', '?world_id=a&world_id=b']

function randomFacts(policy: Policy, roll: (below: number) => number): Facts | null {
  const rules = policy.bundle.rules
  const path = rules[roll(rules.length)]?.path.replaceAll(/:\w+|\*/g, () => ['7', 'abc', 'null'][roll(3)] ?? '7') ?? '/'
  const target = canonicalTarget(`${path}${TAILS[roll(TAILS.length)]}`.replace('//', '/'))
  if (!target.ok) return null
  return {
    subject: pretend(CALLERS[roll(CALLERS.length)] ?? 'nobody', policy.bundle),
    target: target.value,
    host: KNOWN.hosts[0] ?? '',
    method: ['GET', 'POST', 'PUT', 'HEAD', 'DELETE'][roll(5)] ?? 'GET',
    body: ['ban', 'delete', 'odd', undefined][roll(4)],
    now: NOW,
    address: null,
  }
}

test('explain() equals decide() on 10,000 random requests', async () => {
  const policy = await mud()
  const roll = dice(7)
  const kinds = new Set<string>()
  let compared = 0
  while (compared < 10_000) {
    const facts = randomFacts(policy, roll)
    if (facts === null) continue
    const decision = decide(policy, matchRule(policy, facts), facts)
    const explained = explain(policy, facts)
    expect(explained.decision).toStrictEqual(decision)
    const refusals = explained.steps.filter((step) => !step.holds).length
    expect(refusals).toBe(decision.kind === 'allow' || explained.rule === null ? 0 : 1)
    kinds.add(decision.kind)
    compared += 1
  }
  expect([...kinds].sort()).toEqual([
    'allow',
    'bad-body',
    'bad-form',
    'bad-parameter',
    'forbid',
    'gone',
    'method-not-allowed',
    'needs-character',
    'needs-session',
    'unknown-route',
  ])
})

test('explain() names the winner with its place, the runners-up with the reason, and each condition', async () => {
  const policy = await policyOf(
    [
      'upstream: game',
      'rules:',
      '  - { path: /x/*, access: public }',
      '  - { path: "/x/:id", methods: GET, permission: players.edit, when: user.level > 1 }',
      '  - { path: "/x/:id", mode: shadow, minLevel: 9 }',
      '',
    ].join('\n'),
  )
  const explained = explain(policy, factsOf('GET /x/7', signedIn(['player'], {}, { character: CHARACTER })))
  expect(formatExplanation(explained)).toBe(
    [
      'rule     GET /x/:id  (policies/rules.yaml:4)',
      '  ok   parameter: id',
      '  ok   session: session',
      '  ok   account: active',
      '  no   allPermissions: players.edit',
      'answer   forbid (permission: players.edit), 403',
      'beside   * /x/*  (policies/rules.yaml:3): "*" loses to ":id" in segment 2',
      'shadow   shadow * /x/:id  (policies/rules.yaml:5): forbid (level)',
    ].join('\n'),
  )
})

test('explain() says which rule lacks the method, and that nobody is challenged where no rule is', async () => {
  const policy = await policyOf('upstream: game\nrules:\n  - { path: /x, methods: GET }\n')
  expect(explain(policy, factsOf('POST /x', null))).toMatchObject({
    rule: null,
    status: 405,
    runnersUp: [{ why: 'does not list POST' }],
  })
  expect(explain(policy, factsOf('GET /y', null)).status).toBe(401)
  expect(explain(policy, factsOf('GET /y', signedIn([]))).status).toBe(403)
})
