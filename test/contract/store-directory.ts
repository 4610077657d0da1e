import assert from 'node:assert/strict'
import type { Store } from '../../src/ports/store.ts'
import type { Contract } from './contract.ts'
import { at, identityOf, note, refOf, roles, signedIn, signUp, T0, userOf } from './people.ts'

async function everyId(store: Store, text: string, limit: number): Promise<readonly string[]> {
  const ids: string[] = []
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<Store['directory']['search']>> = await store.directory.search(text, { after, limit })
    assert.ok(page.items.length <= limit)
    ids.push(...page.items.map(({ id }) => id))
    after = page.next
  } while (after !== null)
  return ids
}

/** Users: found, changed, removed. */
export function directoryContract({ test, makeStore }: Contract): void {
  test('signIn() makes a user from the given one when the identity is new (P3)', async () => {
    const store = await makeStore()
    const user = userOf(1, { roles: roles('player', 'tester'), attributes: { level: 3 } })
    assert.deepEqual(await store.directory.signIn(identityOf(1), user, T0, note('sign-up', user)), {
      kind: 'created',
      user,
    })
    assert.deepEqual(await store.directory.read(user.id), user)
  })

  test('signIn() knows the same identity again, whatever user was prepared (L5)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const again = await store.directory.signIn(identityOf(1), userOf(2), at(9), note('sign-up', userOf(2)))
    assert.equal(again.kind === 'known' && again.user.id, user.id)
    assert.equal(await store.directory.read(refOf(2).id), null)
  })

  test('signIn() of a new identity is closed when no user was prepared (G5)', async () => {
    const store = await makeStore()
    assert.deepEqual(await store.directory.signIn(identityOf(1), null, T0, note('sign-up', null)), { kind: 'closed' })
    const user = await signUp(store, 1)
    const known = await store.directory.signIn(identityOf(1), null, at(5), note('sign-up', null))
    assert.equal(known.kind === 'known' && known.user.id, user.id)
  })

  test('signIn() by many at once with one identity makes one user (P3, S26)', async () => {
    const store = await makeStore()
    const got = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((n) => store.directory.signIn(identityOf(1), userOf(n), T0, note('sign-up', userOf(n)))),
    )
    assert.equal(got.filter(({ kind }) => kind === 'created').length, 1)
    const ids = new Set(got.map((one) => one.kind !== 'closed' && one.user.id))
    assert.equal(ids.size, 1)
    assert.equal((await everyId(store, '', 10)).length, 1)
  })

  test('signIn() never links by an equal e-mail address (L6)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const twin = identityOf(2, { profile: identityOf(1).profile })
    const other = await store.directory.signIn(twin, userOf(2), T0, note('sign-up', userOf(2)))
    assert.equal(other.kind, 'created')
    assert.notEqual(other.kind === 'created' && other.user.id, user.id)
  })

  test('signIn() tells issuers apart that use the same subject', async () => {
    const store = await makeStore()
    await signUp(store, 1)
    const other = identityOf(1, { issuer: 'https://other.example' })
    assert.equal((await store.directory.signIn(other, userOf(2), T0, note('sign-up', userOf(2)))).kind, 'created')
  })

  test('signIn() renews the profile and raises the epoch, and only then (S27)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const same = await store.directory.signIn(identityOf(1), null, at(1), note('sign-up', user))
    assert.equal(same.kind === 'known' && same.user.epoch, user.epoch)
    const renamed = identityOf(1, { profile: { ...user.profile, name: 'Renamed', picture: 'https://x.example/p.png' } })
    const renewed = await store.directory.signIn(renamed, null, at(2), note('sign-up', user))
    assert.ok(renewed.kind === 'known')
    assert.deepEqual(renewed.user.profile, renamed.profile)
    assert.ok(renewed.user.epoch > user.epoch)
    assert.deepEqual((await store.directory.read(user.id))?.profile, renamed.profile)
  })

  test('signIn() keeps what the provider leaves out this time: Apple sends the name once', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const silent = identityOf(1, { profile: { name: null, email: null, emailVerified: false, picture: null } })
    const again = await store.directory.signIn(silent, null, at(1), note('sign-up', user))
    assert.deepEqual(again.kind === 'known' && again.user.profile, user.profile)
  })

  test('signIn() leaves roles, attributes and standing of a known user alone', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    await store.directory.setRoles(user, roles('admin'), null, [], note('roles-changed', user))
    const again = await store.directory.signIn(identityOf(1), userOf(1), at(1), note('sign-up', user))
    assert.deepEqual(again.kind === 'known' && again.user.roles, ['admin'])
  })

  test('read() of a stranger is null, and find() of a strange identity too', async () => {
    const store = await makeStore()
    assert.equal(await store.directory.read(refOf(1).id), null)
    assert.equal(await store.directory.find('https://issuer.example', 'subject-1'), null)
  })

  test('find() gives the user of an identity', async () => {
    const store = await makeStore()
    await signUp(store, 1)
    assert.deepEqual(await store.directory.find('https://issuer.example', 'subject-1'), refOf(1))
  })

  test('setRoles() replaces all roles at once and raises the epoch', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const wanted = roles('game_master', 'player')
    const changed = await store.directory.setRoles(user, wanted, wanted[0] ?? null, [], note('roles-changed', user))
    assert.ok(changed.kind === 'changed')
    assert.deepEqual([...changed.user.roles].sort(), ['game_master', 'player'])
    assert.equal(changed.user.primaryRole, 'game_master')
    assert.ok(changed.user.epoch > user.epoch)
    assert.deepEqual(await store.directory.read(user.id), changed.user)
  })

  test('setRoles() to what is there already is unchanged, also in another order', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1, { roles: roles('a', 'b') })
    const same = await store.directory.setRoles(user, roles('b', 'a'), null, [], note('roles-changed', user))
    assert.deepEqual(same, { kind: 'unchanged' })
    assert.equal((await store.directory.read(user.id))?.epoch, user.epoch)
  })

  test('setRoles() is stale, and writes nothing, when somebody holds other roles than were read (A8)', async () => {
    const store = await makeStore()
    const read = await signUp(store, 1, { roles: roles('player', 'mod') })
    const audit = note('roles-changed', read)
    const { directory } = store
    assert.equal((await directory.setRoles(read, roles('player'), null, [], audit, read)).kind, 'changed')
    const late = await directory.setRoles(read, roles('player', 'mod', 'helper'), null, [], audit, read)
    assert.deepEqual(late, { kind: 'stale' })
    assert.deepEqual((await directory.read(read.id))?.roles, ['player'])
    const recorded = await store.audit.read(
      { from: null, to: null, subject: read.id, event: 'roles-changed' },
      { after: null, limit: 100 },
    )
    assert.equal(recorded.items.length, 1)
  })

  test('setRoles() is stale when only the primary role is another than was read', async () => {
    const store = await makeStore()
    const read = await signUp(store, 1, { roles: roles('player', 'mod') })
    const [player = null] = read.roles
    const audit = note('roles-changed', read)
    await store.directory.setRoles(read, read.roles, player, [], audit, read)
    const late = await store.directory.setRoles(read, roles('player', 'mod', 'helper'), null, [], audit, read)
    assert.deepEqual(late, { kind: 'stale' })
  })

  test('setRoles() takes what was read in another order, and after changes of anything but roles', async () => {
    const store = await makeStore()
    const read = await signUp(store, 1, { roles: roles('player', 'mod') })
    await store.directory.setAttributes(read, { level: 2 }, note('attributes-changed', read))
    const held = { ...read, roles: roles('mod', 'player') }
    const changed = await store.directory.setRoles(read, roles('player'), null, [], note('roles-changed', read), held)
    assert.equal(changed.kind, 'changed')
  })

  test('setRoles() tells somebody without a role from somebody whose roles were not read', async () => {
    const store = await makeStore()
    const read = await signUp(store, 1, { roles: [] })
    const audit = note('roles-changed', read)
    assert.equal((await store.directory.setRoles(read, roles('mod'), null, [], audit, read)).kind, 'changed')
    assert.deepEqual(await store.directory.setRoles(read, roles('player'), null, [], audit, read), { kind: 'stale' })
    assert.equal((await store.directory.setRoles(read, roles('player'), null, [], audit)).kind, 'changed')
  })

  test('setRoles() of one reading by two at once is done by one of them', async () => {
    const store = await makeStore()
    const read = await signUp(store, 1, { roles: roles('player', 'mod') })
    const audit = note('roles-changed', read)
    const got = await Promise.all([
      store.directory.setRoles(read, roles('player'), null, [], audit, read),
      store.directory.setRoles(read, roles('player', 'mod', 'helper'), null, [], audit, read),
    ])
    assert.deepEqual(got.map(({ kind }) => kind).sort(), ['changed', 'stale'])
  })

  test('setRoles(), setStanding() and setAttributes() of a stranger say so', async () => {
    const store = await makeStore()
    const user = refOf(1)
    const audit = note('roles-changed', user)
    assert.deepEqual(await store.directory.setRoles(user, roles('x'), null, [], audit), { kind: 'no-user' })
    assert.deepEqual(await store.directory.setStanding(user, { kind: 'active' }, [], T0, audit), { kind: 'no-user' })
    assert.equal(await store.directory.setAttributes(user, { a: 1 }, audit), null)
  })

  test('setStanding() suspends, bans and restores, each with its reason', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const suspended = { kind: 'suspended', until: at(100), reason: 'spam' } as const
    const changed = await store.directory.setStanding(user, suspended, [], T0, note('standing-changed', user))
    assert.deepEqual(changed.kind === 'changed' && changed.user.standing, suspended)
    assert.deepEqual(await store.directory.setStanding(user, suspended, [], T0, note('standing-changed', user)), {
      kind: 'unchanged',
    })
    const restored = await store.directory.setStanding(user, { kind: 'active' }, [], T0, note('standing-changed', user))
    assert.deepEqual(restored.kind === 'changed' && restored.user.standing, { kind: 'active' })
  })

  test('setAttributes() merges, removes with null and keeps types (P8)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1, { attributes: { level: 1, title: 'novice' } })
    const audit = note('attributes-changed', user)
    const changed = await store.directory.setAttributes(
      user,
      { level: 2.5, title: null, ready: false, zip: '007' },
      audit,
    )
    assert.deepEqual(changed, { level: 2.5, ready: false, zip: '007' })
    assert.deepEqual((await store.directory.read(user.id))?.attributes, { level: 2.5, ready: false, zip: '007' })
  })

  test('setAttributes() by many at once loses none of them', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    await Promise.all(
      names.map((name, n) => store.directory.setAttributes(user, { [name]: n }, note('attributes-changed', user))),
    )
    assert.deepEqual(Object.keys((await store.directory.read(user.id))?.attributes ?? {}).sort(), names)
  })

  test('remove() takes the user, the sessions and the identity; the identity is free again (S20)', async () => {
    const store = await makeStore()
    const { user, session } = await signedIn(store, 1)
    const audit = note('user-removed', user, at(5))
    assert.equal(await store.directory.remove(user, [], at(5), audit), 'removed')
    assert.equal(await store.directory.remove(user, [], at(6), audit), 'no-user')
    assert.equal(await store.directory.read(user.id), null)
    assert.equal(await store.directory.find('https://issuer.example', 'subject-1'), null)
    assert.deepEqual(await store.sessions.read(session.key, at(6)), { kind: 'unknown' })
    assert.deepEqual(await everyId(store, '', 10), [])
    const fresh = await store.directory.signIn(identityOf(1), userOf(2), at(7), note('sign-up', userOf(2)))
    assert.equal(fresh.kind === 'created' && fresh.user.id, refOf(2).id)
  })

  test('search() finds by part of the name without case, and everybody with nothing', async () => {
    const store = await makeStore()
    const named = ['Ålfred', 'alfa', 'Bertå', 'Zoë', '100%_real']
    await Promise.all(
      named.map((name, n) =>
        store.directory.signIn(
          identityOf(n, { profile: { name, email: null, emailVerified: false, picture: null } }),
          userOf(n, { profile: { name, email: null, emailVerified: false, picture: null } }),
          T0,
          note('sign-up', refOf(n)),
        ),
      ),
    )
    assert.deepEqual(await everyId(store, 'ALF', 10), [refOf(1).id])
    assert.deepEqual([...(await everyId(store, 'å', 1))].sort(), [refOf(0).id, refOf(2).id])
    assert.deepEqual(await everyId(store, '%_', 10), [refOf(4).id])
    assert.deepEqual(await everyId(store, 'nobody', 10), [])
    assert.equal((await everyId(store, '', 2)).length, 5)
  })

  test('search() pages through people of one name, each once', async () => {
    const store = await makeStore()
    const profile = { name: 'Same', email: null, emailVerified: false, picture: null }
    await Promise.all(
      Array.from({ length: 11 }, (_, n) =>
        store.directory.signIn(identityOf(n, { profile }), userOf(n, { profile }), T0, note('sign-up', refOf(n))),
      ),
    )
    const ids = await everyId(store, 'same', 4)
    assert.equal(ids.length, 11)
    assert.equal(new Set(ids).size, 11)
  })

  test('search() follows a renamed person', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const profile = { ...user.profile, name: 'Somebody Else' }
    await store.directory.signIn(identityOf(1, { profile }), null, at(1), note('sign-up', user))
    assert.deepEqual(await everyId(store, 'player', 10), [])
    assert.deepEqual(await everyId(store, 'somebody', 10), [user.id])
  })
}
