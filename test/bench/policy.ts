import { seconds } from '../../src/core/brand.ts'
import { canonicalTarget } from '../../src/core/target.ts'
import { checkPolicy } from '../../src/policy/compile.ts'
import { decide } from '../../src/policy/decide.ts'
import type { PolicyBundle } from '../../src/policy/model.ts'
import { loadPolicy, matchRule } from '../../src/policy/policy.ts'
import type { Row } from './row.ts'

const KNOWN = {
  upstreams: [{ name: 'game' }],
  providers: [],
  hosts: ['play.example.com'],
  attributes: {},
  prefix: '/auth',
}
const ROLES = `
users: { defaultRole: player }
permissions: [rooms.view, rooms.edit]
roles:
  player: { level: 1, permissions: [rooms.view] }
`

function rulesOf(count: number): string {
  const rules = ['upstream: game', 'rules:']
  for (let i = 0; i < count; i++) {
    rules.push(`  - path: /area${i % 97}/part${i}/:id`, '    methods: GET', '    permission: rooms.view')
  }
  return `${rules.join('\n')}\n`
}

function filesOf(count: number) {
  return [
    { name: 'roles.yaml', text: ROLES },
    { name: 'rules.yaml', text: rulesOf(count) },
  ]
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

async function compiled(count: number): Promise<{ readonly bundle: PolicyBundle; readonly seconds: number }> {
  const began = performance.now()
  const { bundle, problems } = await checkPolicy(filesOf(count), KNOWN)
  if (bundle === null) throw new Error(problems[0]?.message ?? 'no bundle')
  return { bundle, seconds: (performance.now() - began) / 1000 }
}

/** Microseconds of one decision, match included, over requests that spread over all rules. */
function decisionMicros(bundle: PolicyBundle, count: number): number {
  const policy = loadPolicy(bundle, {})
  const asks = Array.from({ length: 512 }, (_, i) => {
    const rule = (i * 7919) % count
    const target = canonicalTarget(`/area${rule % 97}/part${rule}/42`)
    if (!target.ok) throw new Error('no target')
    return {
      host: 'play.example.com',
      method: 'GET',
      target: target.value,
      subject: null,
      body: undefined,
      now: seconds(1),
      address: null,
    }
  })
  const rounds: number[] = []
  for (let round = 0; round < 25; round++) {
    const began = performance.now()
    for (let i = 0; i < 20_000; i++) {
      const ask = asks[i & 511]
      if (ask !== undefined) decide(policy, matchRule(policy, ask), ask)
    }
    rounds.push(((performance.now() - began) * 1000) / 20_000)
  }
  return median(rounds.slice(5))
}

/** Measures the policy room: checks of many rules, and decisions among few and many. */
export async function policyBench(): Promise<readonly Row[]> {
  const [ten, thousand, many] = [await compiled(10), await compiled(1_000), await compiled(10_000)]
  const few = decisionMicros(ten.bundle, 10)
  const lots = decisionMicros(many.bundle, 10_000)
  const round = (value: number) => Math.round(value * 1000) / 1000
  return [
    {
      what: 'check of 1,000 rules',
      value: round(thousand.seconds),
      unit: 's',
      goal: 'below 1',
      reached: thousand.seconds < 1,
    },
    {
      what: 'check of 10,000 rules',
      value: round(many.seconds),
      unit: 's',
      goal: 'below 5',
      reached: many.seconds < 5,
    },
    { what: 'decision among 10 rules', value: round(few), unit: 'us', goal: '', reached: true },
    { what: 'decision among 10,000 rules', value: round(lots), unit: 'us', goal: 'below 2', reached: lots < 2 },
    {
      what: 'decision, 10,000 rules against 10',
      value: round(lots / few),
      unit: 'times',
      goal: 'at most 3',
      reached: lots / few <= 3,
    },
  ]
}
