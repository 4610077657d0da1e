import assert from 'node:assert/strict'
import { seconds } from '../../src/core/brand.ts'
import type { Store } from '../../src/ports/store.ts'
import type { Contract } from './contract.ts'
import { at, note, refOf, T0 } from './people.ts'

const { id, tag } = refOf(1)
const HOLD = seconds(60)
const SET = note('quota-set', refOf(1))

async function reserved(store: Store, limit: number, when = T0): Promise<string> {
  const got = await store.quotas.reserve(id, tag, 'rooms', limit, when, HOLD)
  assert.ok(got.kind === 'reserved')
  return got.id
}

/** Quotas: reserved before, counted after, freed by a crash (A26). */
export function quotaContract({ test, makeStore }: Contract): void {
  test('reserve() and confirm() count up to the limit and no further (A26)', async () => {
    const store = await makeStore()
    for (let n = 0; n < 2; n++) await store.quotas.confirm(tag, await reserved(store, 2))
    assert.equal(await store.quotas.used(id, tag, 'rooms', T0), 2)
    assert.deepEqual(await store.quotas.reserve(id, tag, 'rooms', 2, T0, HOLD), { kind: 'exceeded', limit: 2, used: 2 })
  })

  test('reserve() by many at once reserves exactly the limit (A26)', async () => {
    const store = await makeStore()
    const got = await Promise.all(Array.from({ length: 9 }, () => store.quotas.reserve(id, tag, 'rooms', 3, T0, HOLD)))
    assert.equal(got.filter(({ kind }) => kind === 'reserved').length, 3)
    assert.equal(await store.quotas.used(id, tag, 'rooms', T0), 3)
  })

  test('a reservation that nobody confirmed frees itself at its end (A26)', async () => {
    const store = await makeStore()
    await reserved(store, 1)
    assert.equal((await store.quotas.reserve(id, tag, 'rooms', 1, at(59), HOLD)).kind, 'exceeded')
    assert.equal(await store.quotas.used(id, tag, 'rooms', at(59)), 1)
    assert.equal(await store.quotas.used(id, tag, 'rooms', at(60)), 0)
    assert.equal((await store.quotas.reserve(id, tag, 'rooms', 1, at(60), HOLD)).kind, 'reserved')
  })

  test('release() gives a reservation back, confirm() afterwards counts nothing', async () => {
    const store = await makeStore()
    const held = await reserved(store, 1)
    await store.quotas.release(tag, held)
    await store.quotas.confirm(tag, held)
    assert.equal(await store.quotas.used(id, tag, 'rooms', T0), 0)
  })

  test('confirm() twice counts once', async () => {
    const store = await makeStore()
    const held = await reserved(store, 5)
    await Promise.all([store.quotas.confirm(tag, held), store.quotas.confirm(tag, held)])
    assert.equal(await store.quotas.used(id, tag, 'rooms', at(100)), 1)
  })

  test('confirm() counts although the upstream took longer than the reservation lasts', async () => {
    const store = await makeStore()
    const held = await reserved(store, 1)
    await store.quotas.used(id, tag, 'rooms', at(61))
    await store.quotas.confirm(tag, held)
    assert.equal(await store.quotas.used(id, tag, 'rooms', at(62)), 1)
  })

  test('lower() takes one away, never below none, and set() says what is used', async () => {
    const store = await makeStore()
    await store.quotas.set(id, tag, 'rooms', 2, SET)
    assert.equal(await store.quotas.lower(id, tag, 'rooms'), 1)
    assert.equal(await store.quotas.lower(id, tag, 'rooms'), 0)
    assert.equal(await store.quotas.lower(id, tag, 'rooms'), 0)
    await store.quotas.set(id, tag, 'rooms', 7, SET)
    assert.equal(await store.quotas.used(id, tag, 'rooms', T0), 7)
  })

  test('set() leaves one record, and what is reserved stays reserved (A26, DECISIONS 10)', async () => {
    const store = await makeStore()
    const held = await reserved(store, 5)
    await store.quotas.set(id, tag, 'rooms', 2, SET)
    assert.equal(await store.quotas.used(id, tag, 'rooms', T0), 3)
    await store.quotas.confirm(tag, held)
    assert.equal(await store.quotas.used(id, tag, 'rooms', at(100)), 3)
    const filter = { from: null, to: null, subject: id, event: null }
    const { items } = await store.audit.read(filter, { after: null, limit: 10 })
    assert.deepEqual(
      items.map(({ event }) => event),
      ['quota-set'],
    )
    assert.deepEqual(await store.audit.verify(), { kind: 'intact', records: 1 })
  })

  test('quotas of other names and other users are counted apart', async () => {
    const store = await makeStore()
    const other = refOf(2)
    await store.quotas.set(id, tag, 'rooms', 2, SET)
    assert.equal(await store.quotas.used(id, tag, 'guilds', T0), 0)
    assert.equal(await store.quotas.used(other.id, other.tag, 'rooms', T0), 0)
  })
}
