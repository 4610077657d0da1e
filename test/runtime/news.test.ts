import { expect, test } from 'vitest'
import { heardFrom, written } from '../../src/runtime/news.ts'
import { actOnChanges, type ChangeRoom } from '../../src/runtime/process-changes.ts'
import type { Change } from '../../src/runtime/telling-store.ts'
import { SessionCache } from '../../src/session/cache.ts'
import { sessionOf, TAG, userOf } from '../support/person.ts'

const CHANGE = { kind: 'user', user: 'u1', tag: 'abcdefghij', sids: ['s1', 's2'] } as unknown as Change

test('heardFrom() gives what another process wrote, and nothing of the own', () => {
  expect(heardFrom(written(CHANGE, 'one'), 'two')).toEqual(CHANGE)
  expect(heardFrom(written(CHANGE, 'one'), 'one')).toBeNull()
  expect(heardFrom(written({ kind: 'policy' }, 'one'), 'two')).toEqual({ kind: 'policy' })
})

test('heardFrom() ignores what is no news, and takes a kind it does not know to concern everybody', () => {
  for (const text of ['', 'x', '3', 'null', '{}', '{"change":{"kind":"policy"}}'])
    expect(heardFrom(text, 'two')).toBeNull()
  for (const change of [
    null,
    { kind: 'later' },
    { kind: 'user', sids: [1], tag: 'x' },
    { kind: 'sessions', sids: ['s'] },
  ])
    expect(heardFrom(JSON.stringify({ from: 'one', change }), 'two')).toEqual({ kind: 'everybody' })
})

/** A process that hears of others: what it did about a change, in order; the session it remembers is `a`. */
function listening() {
  const did: string[] = []
  let heard: (text: string) => void = () => undefined
  const sessions = new SessionCache(4)
  sessions.put(
    'a',
    TAG,
    { kind: 'live', session: sessionOf(), user: userOf(), grace: false },
    0,
    sessions.generation(TAG),
  )
  const room = {
    gateway: { sessions, runtime: { random: (count: number) => new Uint8Array(count) } },
    policies: { whenSwitched: () => undefined },
    leases: { changed: ({ kind }: Change) => void did.push(`leases ${kind} ${remembers()}`) },
    news: {
      hear: (listener: typeof heard) => {
        heard = listener
      },
      forget: () => void did.push('forget'),
    },
  }
  const remembers = () => (sessions.get('a', 1, 5_000) === null ? 'anew' : 'remembered')
  actOnChanges(room as unknown as ChangeRoom)
  return { did, hear: (change: Change) => heard(written(change, 'another')) }
}

test('actOnChanges() remembers nobody, and asks the store anew, once another process changed everybody', () => {
  const { did, hear } = listening()
  hear({ kind: 'everybody' })
  expect(did).toEqual(['forget', 'leases everybody anew'])
})

test('actOnChanges() forgets only whom another process changed', () => {
  const { did, hear } = listening()
  hear({ ...CHANGE, tag: 'zzzzzzzzzz' } as Change)
  hear({ ...CHANGE, tag: TAG } as Change)
  expect(did).toEqual(['leases user remembered', 'leases user anew'])
})
