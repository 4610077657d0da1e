import { expect, test } from 'vitest'
import { canonicalTarget } from '../../src/core/target.ts'
import { PRETEND_NOW, pretend } from '../../src/policy/callers.ts'
import { checkPolicy } from '../../src/policy/compile.ts'
import { canAccess, decide, type Facts } from '../../src/policy/decide.ts'
import type { Decision } from '../../src/policy/decision.ts'
import { diffPolicies, isChanged, type PolicyDiff } from '../../src/policy/diff.ts'
import { explain } from '../../src/policy/explain.ts'
import type { Known } from '../../src/policy/known.ts'
import type { PolicyBundle } from '../../src/policy/model.ts'
import { statusOf } from '../../src/policy/outcome.ts'
import { loadPolicy, matchRule, type Policy } from '../../src/policy/policy.ts'
import { type Workbench, workbench } from '../support/gateway.ts'
import { dice, naiveMatch } from './reference.ts'

type Roll = (below: number) => number

const ROLES = `
users: { defaultRole: player, roles: many }
permissions: [look, edit]
roles:
  player: { level: 1, permissions: [look] }
  editor: { level: 5, permissions: [look, edit] }
`
const HOSTS = ['play.example.com', 'admin.example.com']
const WORDS = ['a', 'B', 'c-1', '~d', 'e%20f', 'g:h']
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND']
const CALLERS = ['nobody', 'player', 'editor'] as const

function pick<T>(roll: Roll, ...from: readonly T[]): T {
  return from[roll(from.length)] as T
}

function randomRule(roll: Roll, index: number): Readonly<Record<string, unknown>> {
  const parts = Array.from({ length: roll(4) }, (_, at) => (roll(3) === 0 ? `:p${at}` : pick(roll, ...WORDS)))
  const typed = parts.flatMap((part) =>
    part.startsWith(':') && roll(3) === 0 ? [[part.slice(1), pick(roll, 'int', 'slug')]] : [],
  )
  const path = `/${[...parts, ...(roll(4) === 0 ? ['*'] : [])].join('/')}`
  const methods = pick(roll, null, null, ['GET'], ['HEAD'], ['POST', 'PUT'], ['GET', 'DELETE'], ['PROPFIND', 'OPTIONS'])
  const guard = pick<Readonly<Record<string, unknown>>>(
    roll,
    { access: 'public' },
    { access: 'optional', permission: 'edit' },
    { permission: 'look' },
    { permission: 'edit' },
    { minLevel: 5 },
    { access: 'deny', denyStatus: pick(roll, 403, 404) },
  )
  return {
    id: `r${index}`,
    path,
    upstream: pick(roll, 'game', 'site', 'folding'),
    ...guard,
    ...(methods === null ? {} : { methods }),
    ...(roll(4) === 0 ? { host: pick(roll, ...HOSTS) } : {}),
    ...(roll(6) === 0 ? { allowForms: [pick(roll, ';', '%2F')] } : {}),
    ...(typed.length === 0 || guard['access'] === 'deny' ? {} : { params: Object.fromEntries(typed) }),
  }
}

/** The target of a request as a client may write it: odd spellings too. */
function randomTarget(roll: Roll): string {
  const odd = [
    '%61',
    '%41',
    'b',
    'A',
    'C-1',
    '%7Ed',
    '%7ed',
    'e%20F',
    'g%3Ah',
    '7',
    'null',
    'a;b',
    'a%2fb',
    '%2e',
    '..',
    '%25',
    '%252e',
    '',
    '%c3%a4',
    '%ff',
  ]
  const parts = Array.from({ length: roll(5) }, () => pick(roll, ...WORDS, ...WORDS, ...odd))
  const query = pick(roll, '', '', '?a=1', '?a=..&a=/')
  const long = roll(60) === 0 ? `/${'x'.repeat(pick(roll, 129, 20_000))}` : ''
  return `/${parts.join('/')}${parts.length > 0 && roll(4) === 0 ? '/' : ''}${long}${query}`
}

/** A target near one of the rules, or anywhere. */
function targetNear(roll: Roll, rules: readonly { readonly path: string }[]): string {
  const rule = pick(roll, ...rules, ...rules, null)
  if (rule === null) return randomTarget(roll)
  const below = pick(roll, '', '', '7', 'x/y')
  const near = rule.path.replace(/:\w+/g, () => pick(roll, ...WORDS, '7', 'x', '')).replace(/\*$/, below)
  const spelled = pick(roll, near, near, near, near.toUpperCase(), near.replace('a', '%61'))
  return `${spelled}${roll(4) === 0 ? '/' : ''}${pick(roll, '', '', '?a=1')}`
}

async function randomBench(roll: Roll): Promise<Workbench | null> {
  const rules = Array.from({ length: 3 + roll(8) }, (_, index) => randomRule(roll, index))
  const files = { 'roles.yaml': ROLES, 'rules.yaml': JSON.stringify({ rules }) }
  const upstreams = {
    game: { url: 'https://game.example.com' },
    site: { url: 'https://site.example.com' },
    folding: { url: 'https://folding.example.com', caseInsensitive: true },
  }
  // WHY: ties and rules that nothing can reach are refused by check.
  return workbench(files, { hosts: [HOSTS[1] as string], upstreams }).catch(() => null)
}

interface Said {
  readonly decision: string
  readonly status: number
  readonly upstream: string | null
}

/** What the evaluator makes of it, and `explain` and the question of a page beside it; null without a canonical form. */
function expected(policy: Policy, facts: Omit<Facts, 'target'>, raw: string): Said | null {
  const target = canonicalTarget(raw)
  const at = { host: facts.host, now: facts.now, address: facts.address }
  const may = canAccess(policy, facts.subject, facts.method, raw, at)
  if (!target.ok) {
    expect(may).toBe(false)
    return null
  }
  const whole = { ...facts, target: target.value }
  const decision: Decision = decide(policy, matchRule(policy, whole), whole)
  const explained = explain(policy, whole)
  expect(explained.decision).toEqual(decision)
  const found = naiveMatch(policy.bundle, facts.host, facts.method, target.value.path)
  expect(explained.rule?.id ?? null).toBe(typeof found === 'string' ? null : found.id)
  if (found === 'method') expect(decision.kind).toBe('method-not-allowed')
  expect(explained.steps.filter(({ holds }) => !holds).length).toBeLessThanOrEqual(1)
  expect(may).toBe(decision.kind === 'allow')
  const status = statusOf(decision, facts.subject === null ? 'nobody' : 'signed-in')
  expect(explained.status).toBe(status)
  return { decision: decision.kind, status, upstream: decision.kind === 'allow' ? decision.rule.upstream : null }
}

test('the evaluator, explain, the question of a page and what is served agree, for random policies and requests', async () => {
  const roll = dice(20_261_201)
  const seen = new Map<string, number>()
  const wrong: unknown[] = []
  for (let round = 0; round < 60; round++) {
    const bench = await randomBench(roll)
    if (bench === null) continue
    const policy = bench.gateway.policy()
    const cookies: Readonly<Record<string, string>> = {
      nobody: '',
      player: (await bench.signedIn(['player'])).cookie,
      editor: (await bench.signedIn(['editor'])).cookie,
    }
    for (let count = 0; count < 60; count++) {
      const [caller, host, method, raw] = [
        pick(roll, ...CALLERS),
        pick(roll, ...HOSTS),
        pick(roll, ...METHODS),
        targetNear(roll, policy.bundle.rules),
      ]
      const subject = pretend(caller, policy.bundle)
      const said = expected(policy, { subject, host, method, now: PRETEND_NOW, address: null, body: undefined }, raw)
      bench.sent.length = 0
      const headers = { host, cookie: cookies[caller] ?? '', origin: `https://${host}` }
      const { status } = await bench.request(raw, { method, headers })
      const [sent] = bench.sent
      const served = { status, upstream: sent === undefined ? null : new URL(sent.url).hostname.split('.')[0] }
      const wanted = said === null ? { status: 400, upstream: null } : { status: said.status, upstream: said.upstream }
      if (JSON.stringify(served) !== JSON.stringify(wanted))
        wrong.push({ caller, host, method, raw, served, wanted, said, rules: policy.bundle.rules.map(({ id }) => id) })
      const kind = said?.decision ?? 'no form'
      seen.set(kind, (seen.get(kind) ?? 0) + 1)
    }
    bench.close()
  }
  // WHY: a kind of decision that no request meets would prove nothing.
  expect(seen.size).toBe(9)
  expect(Math.min(...seen.values())).toBeGreaterThan(3)
  expect(wrong).toEqual([])
})

const KNOWN: Known = {
  upstreams: [{ name: 'game' }, { name: 'site' }, { name: 'folding', caseInsensitive: true }],
  providers: [],
  hosts: HOSTS,
  attributes: {},
  prefix: '/auth',
}

type Written = Readonly<Record<string, unknown>>

async function bundleOf(rules: readonly Written[]): Promise<PolicyBundle | null> {
  const files = [
    { name: 'roles.yaml', text: ROLES },
    { name: 'rules.yaml', text: JSON.stringify({ rules }) },
  ]
  return (await checkPolicy(files, KNOWN)).bundle
}

/** The same rules with one of them gone, new, or written anew under the same id. */
function changed(roll: Roll, rules: readonly Written[]): readonly Written[] {
  const at = roll(rules.length)
  const fresh = randomRule(roll, at)
  const old = rules[at] ?? fresh
  const part = pick(roll, 'methods', 'path', 'host', 'upstream', 'allowForms')
  const { [part]: _, ...without } = old
  const mixed = fresh[part] === undefined ? without : { ...without, [part]: fresh[part] }
  const guards = ['access', 'permission', 'minLevel', 'denyStatus', 'params']
  const kept = Object.entries(old).filter(([key]) => !guards.includes(key))
  const guarded = Object.entries(fresh).filter(([key]) => guards.includes(key) && key !== 'params')
  switch (roll(4)) {
    case 0:
      return rules.toSpliced(at, 1)
    case 1:
      return [...rules, randomRule(roll, rules.length)]
    case 2:
      return rules.with(at, mixed)
    default:
      return rules.with(at, Object.fromEntries([...kept, ...guarded]))
  }
}

/** Whether a diff tells that this rule lets more through, or, where no rule answered, that these callers gain. */
function tells(diff: PolicyDiff, caller: string, rule: string): boolean {
  const lines = diff.widenings.map(({ line }) => line)
  if (caller === 'nobody') return lines.includes(`public ${rule}`)
  if (lines.some((line) => line === `public ${rule}` || line.startsWith(`wider ${rule}:`))) return true
  return diff.differences.some((one) => one.effect === 'gains' && one.caller.startsWith(`${caller}+`))
}

test('whatever a change of one rule lets through, diff tells, for random policies, changes and requests', async () => {
  const roll = dice(20_261_202)
  const silent: unknown[] = []
  let gains = 0
  for (let round = 0; round < 150; round++) {
    const rules = Array.from({ length: 2 + roll(6) }, (_, index) => randomRule(roll, index))
    const [before, after] = [await bundleOf(rules), await bundleOf(changed(roll, rules))]
    if (before === null || after === null) continue
    const diff = diffPolicies(before, after, HOSTS, [])
    const [old, fresh] = [loadPolicy(before, {}), loadPolicy(after, {})]
    for (let count = 0; count < 150; count++) {
      const target = canonicalTarget(targetNear(roll, [...before.rules, ...after.rules]))
      if (!target.ok) continue
      const [caller, host, method] = [pick(roll, ...CALLERS), pick(roll, ...HOSTS), pick(roll, ...METHODS)]
      const asked = { host, method, now: PRETEND_NOW, address: null, body: undefined, target: target.value }
      const facts: Facts = { ...asked, subject: pretend(caller, after) }
      const [was, is] = [decide(old, matchRule(old, facts), facts), decide(fresh, matchRule(fresh, facts), facts)]
      const request = { rules, round, caller, host, method, path: target.value.path, was: was.kind, is: is.kind }
      if (was.kind !== is.kind && !isChanged(diff)) silent.push(request)
      if (is.kind !== 'allow' || was.kind === 'allow') continue
      gains += 1
      if (!tells(diff, caller, is.rule.id)) silent.push(request)
    }
  }
  expect(silent).toEqual([])
  expect(gains).toBeGreaterThan(200)
})
