import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Ask } from '../../src/core/ask.ts'
import { seconds } from '../../src/core/brand.ts'
import { authorize } from '../../src/pipeline/authorize.ts'
import { type Closing, type Lease, leaseTerms, recheck } from '../../src/pipeline/lease.ts'
import { askOf, SILENT, targetOf } from '../support/ask.ts'
import type { Workbench } from '../support/gateway.ts'
import { gameBench } from './support/bench.ts'

let bench: Workbench
beforeEach(async () => {
  bench = await gameBench()
})
afterEach(() => bench.close())

interface Held {
  readonly lease: Lease
  readonly closings: Closing[]
}

async function held(path: string, cookie: string): Promise<Held> {
  const credentials: Ask['credentials'] = { cookie, authorization: null, apiToken: null }
  const browser = { ...SILENT, origin: bench.gateway.config.origin }
  const ask = askOf({ front: 'socket', target: targetOf(path), credentials, browser })
  const verdict = await authorize(ask, bench.gateway)
  if (verdict.kind !== 'allow') throw new Error(`${path}: ${verdict.kind}`)
  const terms = leaseTerms(ask, verdict.rule, verdict.subject)
  if (terms === null || terms.subject === null) throw new Error(`${path}: nothing would end it`)
  const closings: Closing[] = []
  const { now } = bench.clock
  const end = (closing: Closing) => void closings.push(closing)
  return { lease: { ask: terms.ask, subject: terms.subject, confirmedAt: seconds(now), end }, closings }
}

test('a socket where nobody is needed ends when its person signs out (Argo CD CVE-2024-41666)', async () => {
  const { cookie } = await bench.signedIn(['player'])
  const { lease, closings } = await held('/maybe', cookie)
  await recheck([lease], bench.gateway)
  expect(closings).toEqual([])
  const headers = { cookie, origin: bench.gateway.config.origin, accept: 'application/json' }
  const answer = await bench.request('/auth/sign-out', { method: 'POST', headers })
  expect(answer.status).toBe(200)
  await recheck([lease], bench.gateway)
  expect(closings).toEqual([{ code: 4401, reason: 'signed out' }])
})
