import { describe, expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import type { Found } from '../../src/ports/store.ts'
import { SessionCache } from '../../src/session/cache.ts'
import { sessionOf, TAG, userOf } from '../support/person.ts'

const LIVE: Found = { kind: 'live', session: sessionOf(), user: userOf(), grace: false }
const GONE: Found = { kind: 'ended', reason: 'kicked', at: seconds(1) }
const AGE = 5000

function filled(limit: number, values: readonly string[]): SessionCache {
  const cache = new SessionCache(limit)
  for (const value of values) cache.put(value, value, LIVE, 0, cache.generation(value))
  return cache
}

function held(cache: SessionCache, values: readonly string[]): readonly string[] {
  return values.filter((value) => cache.get(value, 0, AGE) !== null)
}

describe('get() and put()', () => {
  test('remember an answer until it is as old as allowed', () => {
    const cache = filled(4, ['a'])
    expect(cache.get('a', 4999, AGE)?.found).toBe(LIVE)
    expect(cache.get('a', 5000, AGE)).toBeNull()
  })

  test('remember nothing when nothing may be remembered', () => {
    expect(filled(4, ['a']).get('a', 0, 0)).toBeNull()
  })

  test('remember that a session is unknown or ended', () => {
    const cache = new SessionCache(4)
    cache.put('a', TAG, GONE, 0, cache.generation(TAG))
    expect(cache.get('a', 1, AGE)?.found).toBe(GONE)
  })

  test('count the age from the start of the read', () => {
    const cache = new SessionCache(4)
    cache.put('a', TAG, LIVE, 1000, cache.generation(TAG))
    expect(cache.get('a', 5999, AGE)).not.toBeNull()
    expect(cache.get('a', 6000, AGE)).toBeNull()
  })

  test('count what an answer was judged by as old as it says it may be', () => {
    const cache = new SessionCache(4)
    cache.put('a', TAG, { ...LIVE, ageSeconds: 3 } as Found, 1000, cache.generation(TAG))
    expect(cache.get('a', 2999, AGE)).not.toBeNull()
    expect(cache.get('a', 3000, AGE)).toBeNull()
  })

  test('keep the later one of two reads that cross, however old what it was judged by', () => {
    const cache = new SessionCache(4)
    cache.put('a', TAG, LIVE, 100, cache.generation(TAG))
    const later = { ...LIVE, ageSeconds: 3 } as Found
    cache.put('a', TAG, later, 200, cache.generation(TAG))
    expect(cache.get('a', 300, AGE)?.found).toBe(later)
  })

  test('keep the answer of the read that began later when two reads cross', () => {
    const cache = new SessionCache(4)
    cache.put('a', TAG, GONE, 200, cache.generation(TAG))
    cache.put('a', TAG, LIVE, 100, cache.generation(TAG))
    expect(cache.get('a', 300, AGE)?.found).toBe(GONE)
  })

  test('take names of object members for what they are', () => {
    const cache = filled(4, ['__proto__', 'constructor'])
    expect(held(cache, ['__proto__', 'constructor', 'toString'])).toEqual(['__proto__', 'constructor'])
  })
})

describe('CLOCK eviction', () => {
  test('never holds more than its limit', () => {
    const cache = filled(
      3,
      Array.from({ length: 1000 }, (_, i) => `v${i}`),
    )
    expect(cache.size).toBe(3)
  })

  test('keeps the hot key while ten thousand cold ones pass', () => {
    const cache = filled(8, ['hot'])
    for (let i = 0; i < 10_000; i++) {
      expect(cache.get('hot', 0, AGE)).not.toBeNull()
      cache.put(`cold${i}`, TAG, LIVE, 0, cache.generation(TAG))
    }
  })

  test('gives a used entry one more turn, and no more', () => {
    const cache = filled(3, ['a', 'b', 'c'])
    held(cache, ['a', 'b', 'c'])
    for (const value of ['d', 'e', 'f']) cache.put(value, value, LIVE, 0, cache.generation(value))
    expect(held(cache, ['a', 'b', 'c', 'd', 'e', 'f'])).toEqual(['d', 'e', 'f'])
  })

  test('replaces what it holds in place, without using a second slot', () => {
    const cache = filled(2, ['a', 'a', 'a', 'b'])
    expect(held(cache, ['a', 'b'])).toEqual(['a', 'b'])
  })

  test('works with a single place', () => {
    const cache = filled(1, ['a', 'b'])
    expect(held(cache, ['a', 'b'])).toEqual(['b'])
  })
})

// DECISIONS 8: a local write bumps a per-user generation, and older reads are not stored.
describe('generations', () => {
  test('drop() makes what is known of a user stale at once, and of nobody else', () => {
    const cache = filled(4, ['a', 'b'])
    cache.drop('a')
    expect(held(cache, ['a', 'b'])).toEqual(['b'])
  })

  test('put() stores no read that began before a local write', () => {
    const cache = new SessionCache(4)
    const before = cache.generation(TAG)
    cache.drop(TAG)
    cache.put('a', TAG, LIVE, 0, before)
    expect(cache.get('a', 0, AGE)).toBeNull()
  })

  test('put() stores a read that began after a local write', () => {
    const cache = filled(4, [])
    cache.drop(TAG)
    cache.put('a', TAG, LIVE, 0, cache.generation(TAG))
    expect(cache.get('a', 0, AGE)).not.toBeNull()
  })

  test('put() stores no read that began before a write to everybody', () => {
    const cache = new SessionCache(4)
    const before = cache.generation(TAG)
    cache.clear()
    cache.put('a', TAG, LIVE, 0, before)
    expect(cache.get('a', 0, AGE)).toBeNull()
  })

  test('put() stores none that began between a write to one and a write to everybody', () => {
    const cache = new SessionCache(4)
    cache.drop(TAG)
    const between = cache.generation(TAG)
    cache.clear()
    cache.put('a', TAG, LIVE, 0, between)
    expect(cache.get('a', 0, AGE)).toBeNull()
  })

  test('clear() makes everything stale at once', () => {
    const cache = filled(4, ['a', 'b'])
    cache.clear()
    expect(held(cache, ['a', 'b'])).toEqual([])
  })

  test('put() stores no old read even when so many others wrote that its own write is forgotten', () => {
    const cache = new SessionCache(2)
    const before = cache.generation(TAG)
    cache.drop(TAG)
    for (const other of ['u1', 'u2', 'u3', 'u4']) cache.drop(other)
    cache.put('a', TAG, LIVE, 0, before)
    expect(cache.get('a', 0, AGE)).toBeNull()
  })
})

// Seeds S14: last used is written at most once a minute.
describe('claimTouch()', () => {
  test('gives the write to one caller a minute', () => {
    const cache = new SessionCache(4)
    expect([100, 100, 159, 160, 161].map((now) => cache.claimTouch('s', now, 60))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ])
  })

  test('counts each session for itself', () => {
    const cache = new SessionCache(4)
    expect([cache.claimTouch('s', 1, 60), cache.claimTouch('t', 1, 60)]).toEqual([true, true])
  })
})

describe('claimReread()', () => {
  test('gives the read to one caller a second, and to everybody who is not remembered', () => {
    const cache = filled(4, ['a'])
    expect([0, 999, 1000, 1001].map((now) => cache.claimReread('a', now))).toEqual([true, false, true, false])
    expect([cache.claimReread('b', 0), cache.claimReread('b', 0)]).toEqual([true, true])
  })

  test('counts on when the same value is remembered anew', () => {
    const cache = filled(4, ['a'])
    cache.claimReread('a', 0)
    cache.put('a', 'a', LIVE, 1, cache.generation('a'))
    expect(cache.claimReread('a', 500)).toBe(false)
  })
})

describe('claimUses()', () => {
  test('counts again when the clock was put back, and loses none', () => {
    const cache = new SessionCache(4)
    expect([86_400, 0, 1, 60].map((now) => cache.claimUses('t', now, 60))).toEqual([1, 1, 0, 2])
    expect([86_400, 0, 59, 60].map((now) => cache.claimTouch('s', now, 60))).toEqual([true, true, false, true])
  })

  test('gives every use to one caller a minute, and loses none', () => {
    const cache = new SessionCache(4)
    expect([0, 1, 2, 60, 61].map((now) => cache.claimUses('t', now, 60))).toEqual([1, 0, 0, 3, 0])
  })
})

describe('claimRefusals()', () => {
  test('counts apart from uses, also under the same name', () => {
    const cache = new SessionCache(10)
    expect([cache.claimUses('t', 0, 60), cache.claimRefusals('t', 1, 60)]).toEqual([1, 1])
    expect([cache.claimRefusals('t', 2, 60), cache.claimUses('t', 60, 60)]).toEqual([0, 1])
    expect(cache.claimRefusals('t', 61, 60)).toBe(2)
  })
})

describe('releaseTouch()', () => {
  test('lets the next caller write what the last one could not', () => {
    const cache = new SessionCache(4)
    cache.claimTouch('s', 0, 60)
    cache.releaseTouch('s')
    expect(cache.claimTouch('s', 1, 60)).toBe(true)
  })
})

describe('tell()', () => {
  const at = (now: number) => seconds(now)

  test('what is told first is news only when it is not as it was at sign-in', () => {
    const cache = new SessionCache(4)
    expect(cache.tell('s', 'same', null, at(5))).toEqual({ news: 'known', refreshedAt: null })
    expect(cache.tell('t', 'other', at(3), at(5))).toEqual({ news: 'news', refreshedAt: 3 })
  })

  test('a change is news once, and keeps its time', () => {
    const cache = new SessionCache(4)
    cache.tell('s', 'one', null, at(5))
    expect(cache.tell('s', 'two', null, at(7))).toEqual({ news: 'news', refreshedAt: 7 })
    expect(cache.tell('s', 'two', null, at(9))).toEqual({ news: 'known', refreshedAt: 7 })
  })

  test('never remembers more sessions than its limit', () => {
    const cache = new SessionCache(2)
    for (const sid of ['a', 'b', 'c']) cache.tell(sid, 'one', null, at(1))
    expect(cache.tell('a', 'two', null, at(2))).toEqual({ news: 'known', refreshedAt: null })
  })
})
