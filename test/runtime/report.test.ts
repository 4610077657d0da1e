import { expect, test } from 'vitest'
import { logLine } from '../../src/runtime/report.ts'

const AT = Date.UTC(2026, 10, 28, 16, 0, 0, 7)

test('logLine() is one JSON object with time, level, event and every field in snake case', () => {
  const line = logLine(
    {
      kind: 'request',
      front: 'http',
      requestId: 'r1',
      method: 'GET',
      path: '/a"b\\\u2028ä\u0000',
      host: 'play.example.com',
      rule: null,
      outcome: 'allow',
      code: null,
      status: 200,
      userId: 'u1',
      sid: 's1',
      upstream: 'game',
      durationMs: 1.25,
      policy: 'sha256:0',
    },
    AT,
  )
  expect(line).not.toContain('\n')
  expect(JSON.parse(line)).toEqual({
    ts: '2026-11-28T16:00:00.007Z',
    level: 'info',
    event: 'request',
    request_id: 'r1',
    front: 'http',
    method: 'GET',
    path: '/a"b\\\u2028ä\u0000',
    host: 'play.example.com',
    rule: null,
    outcome: 'allow',
    code: null,
    status: 200,
    user_id: 'u1',
    sid: 's1',
    upstream: 'game',
    duration_ms: 1.25,
    policy: 'sha256:0',
  })
})

test('logLine() says how loud an observation is, and keeps line breaks of a stack inside', () => {
  const bug = logLine({ kind: 'bug', requestId: 'r', message: 'm', stack: 'a\nb' }, AT)
  expect(bug).not.toContain('\n')
  expect(JSON.parse(bug)).toMatchObject({ level: 'error', event: 'bug', stack: 'a\nb' })
  const late = logLine({ kind: 'upstream-failed', requestId: 'r', upstream: 'game', reason: 'x', rule: null }, AT + 1)
  expect(JSON.parse(late)).toMatchObject({ level: 'warn', ts: '2026-11-28T16:00:00.008Z' })
})

test('logLine() tells each millisecond, also when the clock is set back', () => {
  const started = (at: number) => JSON.parse(logLine({ kind: 'stopped', runtime: 'node' }, at)).ts
  const second = Date.UTC(2026, 10, 28, 16, 0, 1)
  const times = [5, 45, 345, 999, 1000, 1007, 60_000, 59_999, -1, 0]
  expect(times.map((ms) => started(second + ms))).toEqual(times.map((ms) => new Date(second + ms).toISOString()))
})
