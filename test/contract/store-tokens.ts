import assert from 'node:assert/strict'
import type { Permission } from '../../src/core/brand.ts'
import type { UserRef } from '../../src/core/person.ts'
import type { ApiToken } from '../../src/ports/token-store.ts'
import type { Contract } from './contract.ts'
import { at, note, refOf, roles, signUp, T0 } from './people.ts'

function tokenOf(owner: UserRef, name: string, changes: Partial<ApiToken> = {}): ApiToken {
  return {
    id: `id-${name}`,
    key: `${owner.tag}.${name}`,
    owner: owner.id,
    name: `Bot ${name}`,
    description: 'posts the scores',
    scopes: ['players.view'] as readonly string[] as readonly Permission[],
    createdAt: T0,
    expiresAt: null,
    lastUsedAt: null,
    uses: 0,
    hourlyLimit: 100,
    ...changes,
  }
}

/** API tokens: hashed, owned, expiring, rotated with an overlap, revoked. */
export function tokenContract({ test, makeStore }: Contract): void {
  test('create() stores every field and read() gives it with its owner (T6)', async () => {
    const store = await makeStore()
    const owner = await signUp(store, 1)
    const token = tokenOf(owner, 'a', { expiresAt: at(100) })
    assert.equal(await store.tokens.create(owner, token, 50, note('token-created', owner)), 'created')
    assert.deepEqual(await store.tokens.read(token.key, at(1)), { kind: 'live', token, owner })
    assert.deepEqual(await store.tokens.list(owner, at(60)), [token])
  })

  test('create() of many at once stores as many as a person may have, and says so of the others', async () => {
    const store = await makeStore()
    const owner = await signUp(store, 1)
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const got = await Promise.all(
      names.map((name) => store.tokens.create(owner, tokenOf(owner, name), 3, note('token-created', owner))),
    )
    assert.deepEqual(got.sort(), ['created', 'created', 'created', 'full', 'full', 'full'])
    assert.equal((await store.tokens.list(owner, T0)).length, 3)
    const records = await store.audit.read(
      { from: null, to: null, subject: owner.id, event: 'token-created' },
      { after: null, limit: 10 },
    )
    assert.equal(records.items.length, 3)
  })

  test('create() counts neither what is over nor what was replaced nor what others have', async () => {
    const store = await makeStore()
    const [owner, other] = [await signUp(store, 1), await signUp(store, 2)]
    const create = (token: ApiToken, when: number) =>
      store.tokens.create(owner, token, 2, note('token-created', owner, at(when)))
    await store.tokens.create(other, tokenOf(other, 'x'), 2, note('token-created', other))
    assert.equal(await create(tokenOf(owner, 'a', { expiresAt: at(20) }), 0), 'created')
    assert.equal(await create(tokenOf(owner, 'b'), 0), 'created')
    const audit = note('token-rotated', owner, at(1))
    await store.tokens.rotate(owner, 'id-b', tokenOf(owner, 'c'), at(500), audit)
    assert.equal(await create(tokenOf(owner, 'd'), 19), 'full')
    assert.equal(await create(tokenOf(owner, 'd'), 20), 'created')
    assert.equal((await store.tokens.read(`${owner.tag}.b`, at(30))).kind, 'live')
  })

  test('create() keeps no more than a person may have: what was over first makes room', async () => {
    const store = await makeStore()
    const owner = await signUp(store, 1)
    for (let n = 0; n < 9; n++) {
      const token = tokenOf(owner, `t${n}`, { createdAt: at(10 * n), expiresAt: at(10 * n + 1) })
      assert.equal(await store.tokens.create(owner, token, 3, note('token-created', owner, at(10 * n))), 'created')
    }
    assert.deepEqual(
      (await store.tokens.list(owner, at(85))).map(({ id }) => id),
      ['id-t6', 'id-t7', 'id-t8'],
    )
  })

  test('list() shows a token until a day after its end, and a sweep then takes what nobody asks for', async () => {
    const store = await makeStore()
    const owner = await signUp(store, 1)
    const token = tokenOf(owner, 'a', { expiresAt: at(100) })
    const lasting = tokenOf(owner, 'b', { createdAt: at(1) })
    for (const one of [token, lasting]) await store.tokens.create(owner, one, 50, note('token-created', owner))
    const shown = async (when: number) => (await store.tokens.list(owner, at(when))).map(({ id }) => id)
    await store.sessions.sweep(at(100 + 86_399))
    assert.deepEqual(await shown(100 + 86_399), ['id-a', 'id-b'])
    assert.deepEqual(await shown(100 + 86_400), ['id-b'])
    await store.sessions.sweep(at(100 + 86_400))
    assert.deepEqual(await shown(100 + 86_399), ['id-b'])
    assert.equal((await store.tokens.read(lasting.key, at(200_000))).kind, 'live')
  })

  test('create() for a stranger stores nothing', async () => {
    const store = await makeStore()
    const token = tokenOf(refOf(1), 'a')
    assert.equal(await store.tokens.create(refOf(1), token, 50, note('token-created', null)), 'no-user')
    assert.deepEqual(await store.tokens.read(token.key, T0), { kind: 'unknown' })
  })

  test('read() of a token is unknown at its end, live one second before (T6)', async () => {
    const store = await makeStore()
    const owner = await signUp(store, 1)
    const token = tokenOf(owner, 'a', { expiresAt: at(100), scopes: null, hourlyLimit: null })
    await store.tokens.create(owner, token, 50, note('token-created', owner))
    assert.equal((await store.tokens.read(token.key, at(99))).kind, 'live')
    assert.equal((await store.tokens.read(token.key, at(100))).kind, 'unknown')
    assert.equal((await store.tokens.read(`${owner.tag}.guess`, at(99))).kind, 'unknown')
  })

  test('read() gives the owner as it is now: roles and standing (T5)', async () => {
    const store = await makeStore()
    const owner = await signUp(store, 1)
    const token = tokenOf(owner, 'a')
    await store.tokens.create(owner, token, 50, note('token-created', owner))
    await store.directory.setRoles(owner, roles('nobody'), null, [], note('roles-changed', owner))
    const banned = { kind: 'banned', reason: 'x' } as const
    await store.directory.setStanding(owner, banned, [], T0, note('standing-changed', owner))
    const found = await store.tokens.read(token.key, at(1))
    assert.ok(found.kind === 'live')
    assert.deepEqual(found.owner.roles, ['nobody'])
    assert.deepEqual(found.owner.standing, banned)
  })

  test('read() of a token whose owner is gone is unknown', async () => {
    const store = await makeStore()
    const owner = await signUp(store, 1)
    const token = tokenOf(owner, 'a')
    await store.tokens.create(owner, token, 50, note('token-created', owner))
    await store.directory.remove(owner, [], T0, note('user-removed', owner))
    assert.deepEqual(await store.tokens.read(token.key, T0), { kind: 'unknown' })
    assert.deepEqual(await store.tokens.list(owner, at(60)), [])
  })

  test('touch() adds uses and moves last used forwards only (T6)', async () => {
    const store = await makeStore()
    const owner = await signUp(store, 1)
    const token = tokenOf(owner, 'a')
    await store.tokens.create(owner, token, 50, note('token-created', owner))
    await Promise.all([store.tokens.touch(token.key, at(50), 3), store.tokens.touch(token.key, at(20), 2)])
    await store.tokens.touch(`${owner.tag}.guess`, at(60), 1)
    const [listed] = await store.tokens.list(owner, at(60))
    assert.deepEqual(listed, { ...token, lastUsedAt: at(50), uses: 5 })
  })

  test('rotate() makes the new token work at once and the old one until the overlap ends', async () => {
    const store = await makeStore()
    const owner = await signUp(store, 1)
    const old = tokenOf(owner, 'a')
    const fresh = tokenOf(owner, 'b', { createdAt: at(10) })
    await store.tokens.create(owner, old, 50, note('token-created', owner))
    const audit = note('token-rotated', owner, at(10))
    assert.equal(await store.tokens.rotate(owner, old.id, fresh, at(40), audit), 'rotated')
    assert.equal((await store.tokens.read(fresh.key, at(10))).kind, 'live')
    assert.equal((await store.tokens.read(old.key, at(39))).kind, 'live')
    assert.equal((await store.tokens.read(old.key, at(40))).kind, 'unknown')
    assert.deepEqual(
      (await store.tokens.list(owner, at(60))).map(({ key }) => key),
      [fresh.key],
    )
  })

  test('rotate() never lengthens the life of the old token', async () => {
    const store = await makeStore()
    const owner = await signUp(store, 1)
    const old = tokenOf(owner, 'a', { expiresAt: at(20) })
    await store.tokens.create(owner, old, 50, note('token-created', owner))
    await store.tokens.rotate(owner, old.id, tokenOf(owner, 'b'), at(40), note('token-rotated', owner, at(10)))
    assert.equal((await store.tokens.read(old.key, at(20))).kind, 'unknown')
  })

  test('rotate() of one token by two callers at once happens once', async () => {
    const store = await makeStore()
    const owner = await signUp(store, 1)
    await store.tokens.create(owner, tokenOf(owner, 'a'), 50, note('token-created', owner))
    const got = await Promise.all(
      ['b', 'c'].map((name) =>
        store.tokens.rotate(owner, 'id-a', tokenOf(owner, name), at(40), note('token-rotated', owner)),
      ),
    )
    assert.deepEqual(got.sort(), ['rotated', 'unknown'])
    assert.equal((await store.tokens.list(owner, at(60))).length, 1)
  })

  test('rotate() of an unknown, foreign or expired token is unknown and stores nothing', async () => {
    const store = await makeStore()
    const [owner, other] = [await signUp(store, 1), await signUp(store, 2)]
    await store.tokens.create(owner, tokenOf(owner, 'a', { expiresAt: at(20) }), 50, note('token-created', owner))
    const audit = note('token-rotated', owner, at(20))
    assert.equal(await store.tokens.rotate(owner, 'id-x', tokenOf(owner, 'b'), at(40), audit), 'unknown')
    assert.equal(await store.tokens.rotate(other, 'id-a', tokenOf(other, 'b'), at(40), audit), 'unknown')
    assert.equal(await store.tokens.rotate(owner, 'id-a', tokenOf(owner, 'b'), at(40), audit), 'unknown')
    assert.deepEqual(await store.tokens.read(`${owner.tag}.b`, at(21)), { kind: 'unknown' })
  })

  test('revoke() ends a token and what it replaced, of its owner only', async () => {
    const store = await makeStore()
    const [owner, other] = [await signUp(store, 1), await signUp(store, 2)]
    const old = tokenOf(owner, 'a')
    const fresh = tokenOf(owner, 'b')
    await store.tokens.create(owner, old, 50, note('token-created', owner))
    await store.tokens.rotate(owner, old.id, fresh, at(100), note('token-rotated', owner))
    assert.equal(await store.tokens.revoke(other, fresh.id, note('token-revoked', owner)), false)
    assert.equal(await store.tokens.revoke(owner, fresh.id, note('token-revoked', owner)), true)
    assert.equal(await store.tokens.revoke(owner, fresh.id, note('token-revoked', owner)), false)
    assert.equal((await store.tokens.read(fresh.key, at(1))).kind, 'unknown')
    assert.equal((await store.tokens.read(old.key, at(1))).kind, 'unknown')
  })
}
