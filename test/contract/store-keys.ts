import assert from 'node:assert/strict'
import type { StoredKey } from '../../src/ports/keys.ts'
import type { PolicyVersion } from '../../src/ports/policy-store.ts'
import type { Contract } from './contract.ts'
import { at, note, T0 } from './people.ts'

function key(kid: string, changes: Partial<StoredKey> = {}): StoredKey {
  return {
    kid,
    purpose: 'assertion',
    algorithm: 'ES256',
    sealed: `sealed-${kid}`,
    publicJwk: `{"kid":"${kid}"}`,
    createdAt: T0,
    activeAt: T0,
    retiredAt: null,
    ...changes,
  }
}

function version(hash: string, changes: Partial<PolicyVersion> = {}): PolicyVersion {
  return { hash, parent: null, bundle: `{"hash":"${hash}","name":"Zoë"}`, pushedAt: T0, active: true, ...changes }
}

/** Keys and policy versions: few records that everybody shares. */
export function keyContract({ test, makeStore }: Contract): void {
  test('ensure() lets the first of many win, and everybody has that key (DECISIONS 11)', async () => {
    const store = await makeStore()
    const got = await Promise.all(['a', 'b', 'c', 'd'].map((kid) => store.keys.ensure('assertion', key(kid), T0)))
    const kids = new Set(got.map((keys) => keys.map(({ kid }) => kid).join()))
    assert.equal(kids.size, 1)
    assert.equal(got[0]?.length, 1)
    assert.deepEqual(await store.keys.list('assertion', T0), got[0])
  })

  test('ensure() keeps every field, and purposes apart', async () => {
    const store = await makeStore()
    const root = key('root', { purpose: 'root', publicJwk: '', algorithm: 'HKDF-SHA-256' })
    assert.deepEqual(await store.keys.ensure('root', root, T0), [root])
    assert.deepEqual(await store.keys.list('assertion', T0), [])
    assert.deepEqual(await store.keys.ensure('assertion', key('a'), T0), [key('a')])
  })

  test('list() leaves out what is retired, from that second on, and gives the oldest first', async () => {
    const store = await makeStore()
    await store.keys.ensure('assertion', key('a'), T0)
    const next = key('b', { createdAt: at(10), activeAt: at(20) })
    await store.keys.add(next, { kid: 'a', at: at(100) }, note('key-rotated', null, at(10)))
    assert.deepEqual(
      (await store.keys.list('assertion', at(99))).map(({ kid, retiredAt }) => [kid, retiredAt]),
      [
        ['a', at(100)],
        ['b', null],
      ],
    )
    assert.deepEqual(await store.keys.list('assertion', at(100)), [next])
  })

  test('add() of two keys that wait, at once, adds one, and the other caller is given that one', async () => {
    const store = await makeStore()
    await store.keys.ensure('assertion', key('a'), T0)
    const waiting = (kid: string) => key(kid, { createdAt: at(10), activeAt: at(20) })
    const audit = note('key-rotated', null, at(10))
    const got = await Promise.all(
      ['b', 'c'].map((kid) => store.keys.add(waiting(kid), { kid: null, at: at(100) }, audit)),
    )
    const [, added, ...more] = await store.keys.list('assertion', at(10))
    assert.ok(added !== undefined && more.length === 0)
    assert.deepEqual(new Set(got), new Set([null, added]))
    assert.deepEqual(await store.audit.verify(), { kind: 'intact', records: 1 })
  })

  test('add() finds a key waiting until the second before it signs, and none of another purpose', async () => {
    const store = await makeStore()
    await store.keys.ensure('assertion', key('b', { activeAt: at(20) }), T0)
    await store.keys.ensure('message', key('m', { purpose: 'message', activeAt: at(500) }), T0)
    const next = key('c', { createdAt: at(20), activeAt: at(200) })
    const add = (when: number) => store.keys.add(next, { kid: null, at: at(300) }, note('key-rotated', null, at(when)))
    assert.equal((await add(19))?.kid, 'b')
    assert.equal(await add(20), null)
    assert.equal((await store.keys.list('message', T0))[0]?.retiredAt, null)
  })

  test('add() without a kid gives every open key of the purpose an end, and none a later one', async () => {
    const store = await makeStore()
    await store.keys.ensure('assertion', key('a'), T0)
    await store.keys.add(key('b'), { kid: 'a', at: at(50) }, note('key-rotated', null))
    // Two without an end: what two rotations at once left before.
    await store.keys.add(key('c'), { kid: 'nothing', at: at(50) }, note('key-rotated', null))
    await store.keys.add(key('d', { activeAt: at(20) }), { kid: null, at: at(100) }, note('key-rotated', null))
    assert.deepEqual(
      (await store.keys.list('assertion', at(1))).map(({ kid, retiredAt }) => [kid, retiredAt]),
      [
        ['a', at(50)],
        ['b', at(100)],
        ['c', at(100)],
        ['d', null],
      ],
    )
  })

  test('add() puts a key that waits in the place of the one that waited', async () => {
    const store = await makeStore()
    await store.keys.ensure('assertion', key('a'), T0)
    await store.keys.add(key('b', { activeAt: at(20) }), { kid: null, at: at(100) }, note('key-rotated', null))
    const fresh = key('c', { createdAt: at(5), activeAt: at(30) })
    assert.equal(await store.keys.add(fresh, { kid: 'b', at: at(5) }, note('key-revoked', null, at(5))), null)
    assert.deepEqual(
      (await store.keys.list('assertion', at(5))).map(({ kid, retiredAt }) => [kid, retiredAt]),
      [
        ['a', at(100)],
        ['c', null],
      ],
    )
  })

  test('ensure() makes a new key when all are retired', async () => {
    const store = await makeStore()
    await store.keys.ensure('assertion', key('a'), T0)
    await store.keys.retire('a', at(5), note('key-revoked', null, at(5)))
    const got = await store.keys.ensure('assertion', key('b', { createdAt: at(5) }), at(5))
    assert.deepEqual(
      got.map(({ kid }) => kid),
      ['b'],
    )
  })

  test('retire() acts at once, and is false for an unknown key', async () => {
    const store = await makeStore()
    await store.keys.ensure('assertion', key('a'), T0)
    assert.equal(await store.keys.retire('nothing', at(5), note('key-revoked', null)), false)
    assert.equal(await store.keys.retire('a', at(5), note('key-revoked', null)), true)
    assert.deepEqual(await store.keys.list('assertion', at(5)), [])
  })

  test('retire() never gives a key a later end than it had', async () => {
    const store = await makeStore()
    await store.keys.ensure('assertion', key('a'), T0)
    await store.keys.retire('a', at(5), note('key-revoked', null))
    await store.keys.retire('a', at(500), note('key-revoked', null))
    assert.deepEqual(await store.keys.list('assertion', at(5)), [])
  })

  test('push() puts a policy version in force; active() and read() give it', async () => {
    const store = await makeStore()
    assert.equal(await store.policies.active(), null)
    assert.equal(await store.policies.read('nothing'), null)
    const pushed = version('h1')
    await store.policies.push(pushed, note('policy-changed', null))
    assert.equal(await store.policies.active(), 'h1')
    assert.deepEqual(await store.policies.read('h1'), pushed)
  })

  test('push() of a second version leaves one active, and history() gives the newest first', async () => {
    const store = await makeStore()
    await store.policies.push(version('h1'), note('policy-changed', null))
    await store.policies.push(version('h2', { parent: 'h1', pushedAt: at(5) }), note('policy-changed', null, at(5)))
    assert.deepEqual(
      (await store.policies.history(10)).map(({ hash, active, parent }) => [hash, active, parent]),
      [
        ['h2', true, 'h1'],
        ['h1', false, null],
      ],
    )
    assert.equal((await store.policies.history(1)).length, 1)
  })

  test('push() of a version that was there before gives it the parent it has now, so that one can go back', async () => {
    const store = await makeStore()
    const push = (hash: string, parent: string | null, when: number) =>
      store.policies.push(version(hash, { parent, pushedAt: at(when) }), note('policy-changed', null, at(when)))
    await push('a', null, 0)
    await push('b', 'a', 1)
    await push('a', 'b', 2)
    assert.deepEqual(await store.policies.read('a'), version('a', { parent: 'b', pushedAt: at(2) }))
    assert.deepEqual(
      (await store.policies.history(10)).map(({ hash, active, parent }) => [hash, active, parent]),
      [
        ['a', true, 'b'],
        ['b', false, 'a'],
      ],
    )
  })

  test('push() of an inactive version stores it and changes nothing else', async () => {
    const store = await makeStore()
    await store.policies.push(version('h1'), note('policy-changed', null))
    await store.policies.push(version('h2', { active: false }), note('policy-changed', null))
    assert.equal(await store.policies.active(), 'h1')
    assert.equal((await store.policies.read('h2'))?.active, false)
  })

  test('activate() goes back to a stored version, or to none, and refuses an unknown one', async () => {
    const store = await makeStore()
    await store.policies.push(version('h1'), note('policy-changed', null))
    await store.policies.push(version('h2'), note('policy-changed', null))
    assert.equal(await store.policies.activate('h1', note('policy-changed', null)), true)
    assert.equal(await store.policies.active(), 'h1')
    assert.equal(await store.policies.activate('nothing', note('policy-changed', null)), false)
    assert.equal(await store.policies.active(), 'h1')
    assert.equal(await store.policies.activate(null, note('policy-changed', null)), true)
    assert.equal(await store.policies.active(), null)
  })

  test('push() keeps a bundle of 300 KB byte for byte', async () => {
    const store = await makeStore()
    const bundle = JSON.stringify({ text: 'ä🐉"'.repeat(50_000) })
    await store.policies.push(version('big', { bundle }), note('policy-changed', null))
    assert.equal((await store.policies.read('big'))?.bundle, bundle)
  })
}
