import { expect, test } from 'vitest'
import { heardFrom, written } from '../../src/runtime/news.ts'
import type { Change } from '../../src/runtime/telling-store.ts'

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
