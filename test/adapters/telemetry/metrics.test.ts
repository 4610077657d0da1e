import { expect, test } from 'vitest'
import { countingMetrics } from '../../../src/adapters/telemetry/metrics.ts'
import type { Observation } from '../../../src/ports/observation.ts'

function request(rule: string | null, outcome: string): Observation {
  return {
    ...{ kind: 'request', requestId: 'r', method: 'GET', path: '/players/7', host: 'h', rule, outcome, code: null },
    ...{ status: 200, userId: 'u', sid: 's', upstream: null, durationMs: 1, policy: 'p' },
  } as Observation
}

test('countingMetrics() counts requests by rule and outcome, and names no path and no user', () => {
  const metrics = countingMetrics()
  metrics.take(request('GET /players', 'allow'))
  metrics.take(request('GET /players', 'allow'))
  metrics.take(request(null, 'no rule'))
  const text = metrics.text()
  expect(text).toContain('# TYPE postern_requests_total counter\n')
  expect(text).toContain('postern_requests_total{rule="GET /players",outcome="allow"} 2\n')
  expect(text).toContain('postern_requests_total{rule="",outcome="no rule"} 1\n')
  expect(text).not.toContain('/players/7')
})

test('countingMetrics() escapes labels', () => {
  const metrics = countingMetrics()
  metrics.take(request('a"b\\c\nd', 'allow'))
  expect(metrics.text()).toContain('rule="a\\"b\\\\c\\nd"')
})

test('countingMetrics() counts closed sockets and store errors', () => {
  const metrics = countingMetrics()
  metrics.socketClosed(4401)
  metrics.socketClosed(4401)
  metrics.take({ kind: 'store-unavailable', operation: 'session-read', reason: 'x' })
  expect(metrics.text()).toContain('postern_sockets_closed_total{code="4401"} 2\n')
  expect(metrics.text()).toContain('postern_store_errors_total{operation="session-read"} 1\n')
})

test('countingMetrics() keeps at most 2,000 series of a counter; the rest is other', () => {
  const metrics = countingMetrics()
  for (let n = 0; n < 2_010; n++) metrics.take(request(`rule ${n}`, 'allow'))
  const lines = metrics
    .text()
    .split('\n')
    .filter((line) => line.startsWith('postern_requests_total{'))
  expect(lines).toHaveLength(2_001)
  expect(lines).toContain('postern_requests_total{rule="other",outcome="other"} 10')
})
