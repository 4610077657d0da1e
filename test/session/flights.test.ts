import { describe, expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import type { Found } from '../../src/ports/store.ts'
import { LONGEST_WAIT_MS, separateFlights, sharedFlights } from '../../src/session/flights.ts'
import { sessionOf, userOf } from '../support/person.ts'

const LIVE: Found = { kind: 'live', session: sessionOf(), user: userOf(), grace: false }
const GONE: Found = { kind: 'ended', reason: 'kicked', at: seconds(1) }
const NOTHING = () => null

/** A store whose answers come when the test says so. */
class SlowStore {
  readonly #waiting: { resolve(found: Found): void; reject(error: Error): void }[] = []
  reads = 0

  readonly read = (): Promise<Found> => {
    this.reads++
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  answer(found: Found): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(found)
  }

  fail(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('silent'))
  }
}

/** Timers that a test turns by hand: a pause ends when the clock has come so far. */
class HandClock {
  now = 0
  readonly #pauses: { readonly at: number; readonly end: () => void }[] = []
  readonly ticks = (): number => this.now
  readonly pause = (ms: number): Promise<void> =>
    new Promise((end) => void this.#pauses.push({ at: this.now + ms, end }))

  async turn(ms: number): Promise<void> {
    for (let step = 0; step < ms; step++) {
      this.now++
      for (const due of this.#pauses.filter(({ at }) => at === this.now)) due.end()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

describe('sharedFlights(): S25 on Node and Deno', () => {
  test('concurrent loads of one session cost one read, and all get the same result', async () => {
    const store = new SlowStore()
    const flights = sharedFlights()
    const loads = Array.from({ length: 50 }, () => flights.load('a', store.read, NOTHING))
    store.answer(LIVE)
    expect(new Set(await Promise.all(loads))).toEqual(new Set([LIVE]))
    expect(store.reads).toBe(1)
  })

  test('different sessions are loaded apart', async () => {
    const store = new SlowStore()
    const flights = sharedFlights()
    const loads = ['a', 'b'].map((want) => flights.load(want, store.read, NOTHING))
    store.answer(LIVE)
    await Promise.all(loads)
    expect(store.reads).toBe(2)
  })

  test('the lock goes away on success: the next load reads again', async () => {
    const store = new SlowStore()
    const flights = sharedFlights()
    const first = flights.load('a', store.read, NOTHING)
    store.answer(LIVE)
    await first
    const second = flights.load('a', store.read, NOTHING)
    store.answer(GONE)
    expect(await second).toBe(GONE)
    expect(store.reads).toBe(2)
  })

  test('the lock goes away on failure, and the failure is not remembered', async () => {
    const store = new SlowStore()
    const flights = sharedFlights()
    const both = Promise.allSettled([flights.load('a', store.read, NOTHING), flights.load('a', store.read, NOTHING)])
    store.fail()
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const next = flights.load('a', store.read, NOTHING)
    store.answer(LIVE)
    expect(await next).toBe(LIVE)
  })
})

describe('separateFlights(): S25 on Workers', () => {
  test('a late-comer takes the value when it is there, and reads nothing', async () => {
    const [store, clock] = [new SlowStore(), new HandClock()]
    const flights = separateFlights(clock)
    let remembered: Found | null = null
    const first = flights.load('a', store.read, NOTHING).then((found) => {
      remembered = found
      return found
    })
    const late = flights.load('a', store.read, () => remembered)
    await clock.turn(7)
    store.answer(LIVE)
    await first
    await clock.turn(5)
    expect(await late).toBe(LIVE)
    expect(store.reads).toBe(1)
  })

  test('a late-comer waits at most 25 ms, then reads itself', async () => {
    const [store, clock] = [new SlowStore(), new HandClock()]
    const flights = separateFlights(clock)
    const first = flights.load('a', store.read, NOTHING)
    const late = flights.load('a', store.read, NOTHING)
    await clock.turn(LONGEST_WAIT_MS - 1)
    expect(store.reads).toBe(1)
    await clock.turn(1)
    expect(store.reads).toBe(2)
    store.answer(LIVE)
    expect(await Promise.all([first, late])).toEqual([LIVE, LIVE])
  })

  test('no promise is shared: the failure of the first is not the failure of the second', async () => {
    const [store, clock] = [new SlowStore(), new HandClock()]
    const flights = separateFlights(clock)
    const first = flights.load('a', store.read, NOTHING)
    const late = flights.load('a', store.read, NOTHING)
    store.fail()
    await expect(first).rejects.toThrow('silent')
    await clock.turn(5)
    store.answer(LIVE)
    expect(await late).toBe(LIVE)
  })

  test('a read whose request was canceled is not waited for after a second', async () => {
    const [store, clock] = [new SlowStore(), new HandClock()]
    const flights = separateFlights(clock)
    void flights.load('a', store.read, NOTHING)
    await clock.turn(1_001)
    const next = flights.load('a', store.read, NOTHING)
    expect(store.reads).toBe(2)
    store.answer(LIVE)
    expect(await next).toBe(LIVE)
  })
})
