import { expect, test } from 'vitest'
import { countingMetrics } from '../../../src/adapters/telemetry/metrics.ts'
import type { Observation } from '../../../src/ports/observation.ts'

function request(rule: string | null, outcome: string): Observation {
  return {
    ...{
      kind: 'request',
      requestId: 'r',
      front: 'http',
      method: 'GET',
      path: '/players/7',
      host: 'h',
      rule,
      outcome,
      code: null,
    },
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

function closed(code: number): Observation {
  return { kind: 'socket-closed', requestId: 'r', rule: 'room', code, by: 'gateway', sid: 's', seconds: 1 }
}

test('countingMetrics() counts sockets that are open, were opened, refused, and closed by code', () => {
  const metrics = countingMetrics()
  const upgrade = (status: number) => ({ ...request('room', 'allow'), front: 'socket', status }) as Observation
  for (const status of [101, 403, 403, 502]) metrics.take(upgrade(status))
  metrics.take(request('room', 'challenge:no-session'))
  for (let n = 0; n < 3; n++) metrics.take({ kind: 'socket-opened', requestId: 'r', rule: 'room', sid: 's' })
  for (const code of [4401, 1001]) metrics.take(closed(code))
  expect(metrics.sockets()).toEqual({ open: 1, opened: 3, refused: 3, closed: { 1001: 1, 4401: 1 } })
  const text = metrics.text()
  expect(text).toContain('postern_sockets_opened_total{rule="room"} 3\n')
  expect(text).toContain('postern_sockets_refused_total{status="403"} 2\n')
  expect(text).toContain('# TYPE postern_sockets_open gauge\npostern_sockets_open 1\n')
})

test('countingMetrics() counts closed sockets and store errors', () => {
  const metrics = countingMetrics()
  metrics.take(closed(4401))
  metrics.take(closed(4401))
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
