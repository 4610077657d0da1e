import type { Metrics } from '../../ports/metrics.ts'
import type { Observation } from '../../ports/observation.ts'
import { Histogram } from './histogram.ts'

/** Series a counter may have; what comes after is counted as `other`, so that no client can fill the memory. */
const MOST_SERIES = 2_000

/** Observations that wait to be counted. WHY: in a row, for the reason for which lines of the log are written in a row. */
const MOST_WAITING = 64

/** Stands between the values of a series' labels; no rule, outcome or name holds it. */
const BETWEEN = '\u0000'

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

/** One series and its value: a number that is added to without a look at any text. */
interface Series {
  value: number
}

class Counter {
  readonly #name: string
  readonly #help: string
  readonly #labels: readonly string[]
  readonly #series = new Map<string, Series>()
  /** Series by their first label, then by the second. WHY: texts joined anew are hashed anew, each time. */
  readonly #met = new Map<string, Map<string, Series>>()

  constructor(name: string, help: string, labels: readonly string[]) {
    this.#name = name
    this.#help = help
    this.#labels = labels
  }

  add(first: string, second: string | null = null): void {
    const known = this.#met.get(first)?.get(second ?? '')
    if (known === undefined) this.#meet(first, second)
    else known.value++
  }

  #meet(first: string, second: string | null): void {
    const isFull = this.#series.size >= MOST_SERIES
    const values = isFull ? this.#labels.map(() => 'other') : second === null ? [first] : [first, second]
    const key = values.join(BETWEEN)
    const series = this.#series.get(key) ?? { value: 0 }
    series.value++
    this.#series.set(key, series)
    if (isFull) return
    const below = this.#met.get(first) ?? new Map<string, Series>()
    below.set(second ?? '', series)
    this.#met.set(first, below)
  }

  #shown(key: string): string {
    const values = key.split(BETWEEN)
    return this.#labels.map((label, at) => `${label}="${escaped(values[at] ?? '')}"`).join(',')
  }

  total(): number {
    let sum = 0
    for (const { value } of this.#series.values()) sum += value
    return sum
  }

  /** Values by the one label there is. */
  byOnlyLabel(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#series].map(([key, { value }]) => [/"(.*)"$/.exec(key)?.[1] ?? key, value]))
  }

  text(): string {
    const series = [...this.#series].map(([key, { value }]) => [this.#shown(key), value] as const)
    const lines = series.sort(([a], [b]) => (a < b ? -1 : 1))
    const shown = lines.map(([labels, value]) => `${this.#name}${labels === '' ? '' : `{${labels}}`} ${value}\n`)
    return `# HELP ${this.#name} ${this.#help}\n# TYPE ${this.#name} counter\n${shown.join('')}`
  }
}

/**
 * Counts observations for Prometheus. Labels are rules, outcomes, codes and configured names: never a user, a path or an address.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4)
 */
export function countingMetrics(): Metrics {
  const requests = new Counter('postern_requests_total', 'Decided requests by rule and outcome.', ['rule', 'outcome'])
  const signIns = new Counter('postern_sign_ins_total', 'Sign-ins by provider and outcome.', ['provider', 'outcome'])
  const store = new Counter('postern_store_errors_total', 'Store operations that failed.', ['operation'])
  const upstream = new Counter('postern_upstream_errors_total', 'Failed hops to upstreams.', ['upstream', 'reason'])
  const provider = new Counter('postern_provider_errors_total', 'Failed calls to providers.', ['provider', 'step'])
  const policies = new Counter('postern_policy_changes_total', 'Policies loaded and refused.', ['outcome'])
  const bugs = new Counter('postern_bugs_total', 'Unexpected errors and failed background work.', ['kind'])
  const opened = new Counter('postern_sockets_opened_total', 'Sockets that were opened, by rule.', ['rule'])
  const closed = new Counter('postern_sockets_closed_total', 'Closed sockets by close code.', ['code'])
  const denied = new Counter('postern_sockets_refused_total', 'Sockets that were refused, by status.', ['status'])
  const durations = new Histogram('postern_request_duration_seconds', DURATION_HELP, 'upstream')
  const all = [requests, signIns, store, upstream, provider, policies, bugs, opened, closed, denied]
  const counters = { requests, signIns, store, upstream, provider, policies, bugs, opened, closed, denied }
  const open = () => opened.total() - closed.total()
  let waiting: Observation[] = []
  const settle = () => {
    for (const observation of waiting) {
      count(observation, counters)
      if (observation.kind === 'request') time(observation, durations)
    }
    waiting = []
  }
  return {
    take(observation) {
      waiting.push(observation)
      if (waiting.length >= MOST_WAITING) settle()
    },
    sockets() {
      settle()
      return { open: open(), opened: opened.total(), refused: denied.total(), closed: closed.byOnlyLabel() }
    },
    text() {
      settle()
      return `${all.map((counter) => counter.text()).join('')}${durations.text()}${gauge('postern_sockets_open', 'Open sockets.', open())}`
    },
  }
}

const DURATION_HELP =
  'From the request to the whole answer of the upstream (Node, Deno) or to its head (Workers); failed hops included.'

/** What was sent on over HTTP, or failed on its way: a refusal says nothing of an upstream, and a socket lives for hours. */
function time({ front, upstream, outcome, durationMs }: Extract<Observation, { kind: 'request' }>, by: Histogram) {
  if (front !== 'http' || upstream === null) return
  if (outcome === 'allow' || outcome.startsWith('failed:')) by.add(upstream, durationMs / 1_000)
}

type CounterName =
  | 'requests'
  | 'signIns'
  | 'store'
  | 'upstream'
  | 'provider'
  | 'policies'
  | 'bugs'
  | 'opened'
  | 'closed'
  | 'denied'

type Counters = Readonly<Record<CounterName, Counter>>

function gauge(name: string, help: string, value: number): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`
}

function count(observation: Observation, by: Counters): void {
  switch (observation.kind) {
    case 'request':
      by.requests.add(observation.rule ?? '', observation.outcome)
      if (observation.front === 'socket' && observation.status !== 101) by.denied.add(String(observation.status))
      return
    case 'unaskable':
      by.requests.add('', `unaskable:${observation.code}`)
      return
    case 'sign-in':
      by.signIns.add(observation.provider, observation.outcome)
      return
    case 'store-unavailable':
      by.store.add(observation.operation)
      return
    case 'upstream-failed':
      by.upstream.add(observation.upstream, observation.reason)
      return
    case 'provider-failed':
      by.provider.add(observation.provider, observation.step)
      return
    case 'policy-loaded':
      by.policies.add('loaded')
      return
    case 'policy-refused':
      by.policies.add('refused')
      return
    case 'bug':
    case 'background-failed':
      by.bugs.add(observation.kind)
      return
    case 'socket-opened':
      by.opened.add(observation.rule)
      return
    case 'socket-closed':
      by.closed.add(String(observation.code))
      return
    case 'shadow':
    case 'onsuccess-skipped':
    case 'stream-cut':
    case 'sessions-counted':
    case 'started':
    case 'stopped':
      return
  }
}
