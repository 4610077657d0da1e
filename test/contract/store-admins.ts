import assert from 'node:assert/strict'
import type { Store } from '../../src/ports/store.ts'
import type { Contract } from './contract.ts'
import { at, note, roles, signUp, T0 } from './people.ts'

const ADMINS = roles('admin', 'superuser')

async function adminsLeft(store: Store): Promise<number> {
  const { items } = await store.directory.search('', { after: null, limit: 100 })
  return items.filter(
    ({ roles: held, standing }) => standing.kind === 'active' && held.some((role) => ADMINS.includes(role)),
  ).length
}

/** The last admin stays one, whoever takes it away and however many at once. */
export function adminContract({ test, makeStore }: Contract): void {
  test('setRoles() refuses to take the role of the last admin', async () => {
    const store = await makeStore()
    const admin = await signUp(store, 1, { roles: roles('admin') })
    await signUp(store, 2)
    const refused = await store.directory.setRoles(admin, roles('player'), null, ADMINS, note('roles-changed', admin))
    assert.deepEqual(refused, { kind: 'last-admin' })
    assert.deepEqual((await store.directory.read(admin.id))?.roles, ['admin'])
  })

  test('setRoles() lets an admin go while another is left, also with another admin role', async () => {
    const store = await makeStore()
    const first = await signUp(store, 1, { roles: roles('admin') })
    const second = await signUp(store, 2, { roles: roles('superuser') })
    const gone = await store.directory.setRoles(first, roles('player'), null, ADMINS, note('roles-changed', first))
    assert.equal(gone.kind, 'changed')
    const last = await store.directory.setRoles(second, roles('player'), null, ADMINS, note('roles-changed', second))
    assert.deepEqual(last, { kind: 'last-admin' })
  })

  test('setRoles() from one admin role to another is no loss', async () => {
    const store = await makeStore()
    const admin = await signUp(store, 1, { roles: roles('admin') })
    const moved = await store.directory.setRoles(admin, roles('superuser'), null, ADMINS, note('roles-changed', admin))
    assert.equal(moved.kind, 'changed')
  })

  test('setRoles() counts an admin who was made one just now', async () => {
    const store = await makeStore()
    const first = await signUp(store, 1, { roles: roles('admin') })
    const second = await signUp(store, 2)
    await store.directory.setRoles(second, roles('admin'), null, ADMINS, note('roles-changed', second))
    const gone = await store.directory.setRoles(first, roles('player'), null, ADMINS, note('roles-changed', first))
    assert.equal(gone.kind, 'changed')
  })

  test('two admins who take each other’s role at once leave one', async () => {
    const store = await makeStore()
    const both = await Promise.all([1, 2].map((n) => signUp(store, n, { roles: roles('admin') })))
    const got = await Promise.all(
      both.map((one) => store.directory.setRoles(one, roles('player'), null, ADMINS, note('roles-changed', one))),
    )
    assert.equal(got.filter(({ kind }) => kind === 'changed').length, 1)
    assert.equal(got.filter(({ kind }) => kind === 'last-admin').length, 1)
    assert.equal(await adminsLeft(store), 1)
  })

  test('setRoles(), setStanding() and remove() of three admins at once leave one', async () => {
    const store = await makeStore()
    const [a, b, c] = await Promise.all([1, 2, 3].map((n) => signUp(store, n, { roles: roles('admin') })))
    assert.ok(a !== undefined && b !== undefined && c !== undefined)
    await Promise.all([
      store.directory.setRoles(a, roles('player'), null, ADMINS, note('roles-changed', a)),
      store.directory.setStanding(b, { kind: 'banned', reason: 'x' }, ADMINS, T0, note('standing-changed', b)),
      store.directory.remove(c, ADMINS, T0, note('user-removed', c)),
    ])
    assert.equal(await adminsLeft(store), 1)
  })

  test('setRoles() that is stale leaves no claim behind that would count against the admin later', async () => {
    const store = await makeStore()
    const first = await signUp(store, 1, { roles: roles('admin') })
    const second = await signUp(store, 2, { roles: roles('admin') })
    const other = { roles: roles('admin', 'mod'), primaryRole: null }
    const audit = note('roles-changed', first)
    assert.equal((await store.directory.setRoles(first, [], null, ADMINS, audit, other)).kind, 'stale')
    const gone = await store.directory.setRoles(second, [], null, ADMINS, note('roles-changed', second), second)
    assert.equal(gone.kind, 'changed')
    const last = await store.directory.setRoles(first, [], null, ADMINS, audit, first)
    assert.deepEqual(last, { kind: 'last-admin' })
  })

  test('setStanding() refuses to ban or suspend the last admin', async () => {
    const store = await makeStore()
    const admin = await signUp(store, 1, { roles: roles('admin') })
    const banned = { kind: 'banned', reason: 'x' } as const
    const suspended = { kind: 'suspended', until: at(100), reason: 'x' } as const
    const audit = note('standing-changed', admin)
    assert.deepEqual(await store.directory.setStanding(admin, banned, ADMINS, T0, audit), { kind: 'last-admin' })
    assert.deepEqual(await store.directory.setStanding(admin, suspended, ADMINS, T0, audit), { kind: 'last-admin' })
    assert.deepEqual((await store.directory.read(admin.id))?.standing, { kind: 'active' })
  })

  test('a banned admin does not count as one who is left', async () => {
    const store = await makeStore()
    const first = await signUp(store, 1, { roles: roles('admin') })
    const second = await signUp(store, 2, { roles: roles('admin') })
    const banned = { kind: 'banned', reason: 'x' } as const
    await store.directory.setStanding(second, banned, ADMINS, T0, note('standing-changed', second))
    const refused = await store.directory.setRoles(first, roles('player'), null, ADMINS, note('roles-changed', first))
    assert.deepEqual(refused, { kind: 'last-admin' })
  })

  test('remove() refuses the last admin and lets another go', async () => {
    const store = await makeStore()
    const first = await signUp(store, 1, { roles: roles('admin') })
    assert.equal(await store.directory.remove(first, ADMINS, T0, note('user-removed', first)), 'last-admin')
    const second = await signUp(store, 2, { roles: roles('admin') })
    assert.equal(await store.directory.remove(first, ADMINS, T0, note('user-removed', first)), 'removed')
    assert.equal(await store.directory.remove(second, ADMINS, T0, note('user-removed', second)), 'last-admin')
  })

  test('a refusal leaves nothing behind that would count against the admin later', async () => {
    const store = await makeStore()
    const first = await signUp(store, 1, { roles: roles('admin') })
    await store.directory.setRoles(first, roles('player'), null, ADMINS, note('roles-changed', first))
    const second = await signUp(store, 2, { roles: roles('admin') })
    const gone = await store.directory.setRoles(second, roles('player'), null, ADMINS, note('roles-changed', second))
    assert.equal(gone.kind, 'changed')
    assert.equal(await adminsLeft(store), 1)
  })
}
