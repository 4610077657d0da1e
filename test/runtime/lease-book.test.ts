import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Ask } from '../../src/core/ask.ts'
import { authorize } from '../../src/pipeline/authorize.ts'
import { type Closing, type Lease, leaseTerms } from '../../src/pipeline/lease.ts'
import { type LeaseBook, leaseBook } from '../../src/runtime/lease-book.ts'
import { gameBench } from '../attack/support/bench.ts'
import { askOf, SILENT, targetOf } from '../support/ask.ts'
import type { Workbench } from '../support/gateway.ts'

let bench: Workbench
let book: LeaseBook
let prepared = 0
beforeEach(async () => {
  bench = await gameBench()
  prepared = 0
  book = leaseBook(bench.gateway, () => {
    prepared++
    return null
  })
})
afterEach(() => {
  book.stop()
  bench.close()
})

async function leaseOf(cookie: string, end: (closing: Closing) => void): Promise<Lease> {
  const credentials: Ask['credentials'] = { cookie, authorization: null, apiToken: null }
  const browser = { ...SILENT, origin: bench.gateway.config.origin }
  const ask = askOf({ front: 'socket', target: targetOf('/play'), credentials, browser })
  const verdict = await authorize(ask, bench.gateway)
  const terms = verdict.kind === 'allow' ? leaseTerms(ask, verdict.rule, verdict.subject) : null
  if (terms === null || terms.subject === null) throw new Error('not allowed')
  return { ask: terms.ask, subject: terms.subject, confirmedAt: bench.clock.now, end }
}

test('changed() judges more holders than one batch has, each with one read, and one that fails keeps nobody else', async () => {
  const ended: number[] = []
  for (let n = 0; n < 120; n++) {
    const { cookie } = await bench.signedIn(['player'])
    const end = n === 3 ? () => expect.unreachable('this one cannot be ended') : () => void ended.push(n)
    book.add(await leaseOf(cookie, end))
  }
  await bench.settle()
  bench.clock.now += 8 * 86_400
  bench.calls.length = 0
  book.changed({ kind: 'everybody' })
  await expect(bench.settle()).rejects.toThrow('cannot be ended')
  await bench.settle()
  expect(ended).toHaveLength(119)
  expect(bench.calls.filter((call) => call === 'sessions.read')).toHaveLength(120)
  expect(prepared).toBe(1)
})

test('heldBy() counts the leases of one holder', async () => {
  const { cookie } = await bench.signedIn(['player'])
  const [one, two] = [await leaseOf(cookie, () => undefined), await leaseOf(cookie, () => undefined)]
  book.add(one)
  book.add(two)
  expect([book.heldBy(one.subject), book.size]).toEqual([2, 2])
  book.remove(two)
  book.remove(two)
  expect([book.heldBy(one.subject), book.size]).toEqual([1, 1])
})

test('changed() about one session leaves everybody else unread', async () => {
  const [ada, sol] = [await bench.signedIn(['player']), await bench.signedIn(['player'])]
  const leases = [await leaseOf(ada.cookie, () => undefined), await leaseOf(sol.cookie, () => undefined)]
  for (const lease of leases) book.add(lease)
  const subject = leases[0]?.subject
  if (subject?.kind !== 'session') throw new Error('no session')
  bench.calls.length = 0
  book.changed({ kind: 'sessions', tag: subject.user.tag, sids: [subject.session.sid] })
  await bench.settle()
  expect(bench.calls).toEqual(['sessions.read'])
})
