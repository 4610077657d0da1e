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

function timed(upstream: string | null, durationMs: number, more: Partial<Observation> = {}): Observation {
  return { ...request('r', 'allow'), upstream, durationMs, ...more } as Observation
}

test('countingMetrics() tells how long requests took, by upstream, in cumulative buckets', () => {
  const metrics = countingMetrics()
  for (const durationMs of [1, 5, 5.01, 90, 10_000, 10_001]) metrics.take(timed('game', durationMs))
  metrics.take(timed('shop', 30, { outcome: 'failed:upstream_timeout' } as Partial<Observation>))
  const lines = metrics.text().split('\n')
  const told = lines.filter((line) => line.includes('postern_request_duration_seconds') && line.includes('game'))
  const bucket = (le: string, count: number) =>
    `postern_request_duration_seconds_bucket{upstream="game",le="${le}"} ${count}`
  expect(told).toEqual([
    ...[bucket('0.005', 2), bucket('0.01', 3), bucket('0.025', 3), bucket('0.05', 3), bucket('0.1', 4)],
    ...[bucket('0.25', 4), bucket('0.5', 4), bucket('1', 4), bucket('2.5', 4), bucket('5', 4), bucket('10', 5)],
    bucket('+Inf', 6),
    'postern_request_duration_seconds_sum{upstream="game"} 20.10201',
    'postern_request_duration_seconds_count{upstream="game"} 6',
  ])
  expect(lines).toContain('# TYPE postern_request_duration_seconds histogram')
  expect(lines).toContain('postern_request_duration_seconds_count{upstream="shop"} 1')
})

test('countingMetrics() times nothing that was refused, asked for by a proxy, or is a socket', () => {
  const metrics = countingMetrics()
  metrics.take(timed('game', 1, { outcome: 'refuse:forbid' } as Partial<Observation>))
  metrics.take(timed('game', 1, { front: 'forward-auth' } as Partial<Observation>))
  metrics.take(timed('game', 1, { front: 'socket' } as Partial<Observation>))
  metrics.take(timed(null, 1))
  expect(metrics.text()).not.toContain('postern_request_duration_seconds_')
})
