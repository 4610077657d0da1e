import { expect, test } from 'vitest'
import { saysStarted, tellLine } from '../../src/cli/dev/tell.ts'
import { paintFor } from '../../src/cli/paint.ts'
import { logLine } from '../../src/runtime/report.ts'

const PAINT = paintFor({ cwd: '', env: {}, reader: 'program', out: () => undefined, err: () => undefined })

test('tellLine() tells a request in one line, as explain and test do', () => {
  const request = {
    kind: 'request',
    requestId: 'r',
    front: 'http',
    method: 'GET',
    path: '/play',
    host: 'localhost:8787',
    rule: 'GET /play',
    outcome: 'allow',
    code: null,
    status: 200,
    userId: null,
    sid: null,
    upstream: 'game',
    durationMs: 3,
    policy: 'sha256:x',
  } as const
  expect(tellLine(logLine(request, 0), PAINT)).toEqual(['GET /play: allow 200, by GET /play -> game'])
  expect(tellLine(logLine({ ...request, rule: null, upstream: null }, 0), PAINT)).toEqual([
    'GET /play: allow 200, no rule',
  ])
})

test('tellLine() tells each problem of a policy on its own line, the place first', () => {
  const reason = 'policies/a.yaml:1:2: PST204 one\npolicies/a.yaml:3:4: PST205 two'
  expect(tellLine(logLine({ kind: 'policy-refused', reason }, 0), PAINT)).toEqual([
    'policies/a.yaml:1:2: PST204 one',
    'policies/a.yaml:3:4: PST205 two',
    'the policies of before go on serving',
  ])
})

test('tellLine() tells a reload, and an upstream that does not answer', () => {
  expect(tellLine(logLine({ kind: 'policy-loaded', hash: 'sha256:x', rules: 3 }, 0), PAINT)).toEqual([
    'policies reloaded: 3 rules, sha256:x',
  ])
  const failed = {
    kind: 'upstream-failed',
    requestId: 'r',
    upstream: 'game',
    reason: 'connection_refused',
    rule: null,
  } as const
  expect(tellLine(logLine(failed, 0), PAINT)).toEqual(['upstream game does not answer: connection_refused'])
})

test('tellLine() tells what it knows nothing about with its fields, and leaves what is no log as it is', () => {
  const signIn = { kind: 'sign-in', requestId: 'r', provider: 'google', outcome: 'signed-in' } as const
  expect(tellLine(logLine(signIn, 0), PAINT)).toEqual(['sign-in: provider google, outcome signed-in'])
  expect(tellLine('(node:7) Warning: x', PAINT)).toEqual(['(node:7) Warning: x'])
})

test('tellLine() lets no control character of a path through to the terminal', () => {
  const line = JSON.stringify({ event: 'upstream-failed', upstream: '\u001b[2Jgame', reason: 'x' })
  expect(tellLine(line, PAINT)).toEqual(['upstream ?[2Jgame does not answer: x'])
})

test('saysStarted() knows the line that says that the gateway serves', () => {
  expect(saysStarted(logLine({ kind: 'started', runtime: 'node', origin: 'o', policy: 'p' }, 0))).toBe(true)
  expect(saysStarted(logLine({ kind: 'stopped', runtime: 'node' }, 0))).toBe(false)
  expect(saysStarted('nonsense')).toBe(false)
})
