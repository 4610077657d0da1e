import assert from 'node:assert/strict'
import type { UserRef } from '../../src/core/person.ts'
import type { ProvenIdentity, Store } from '../../src/ports/store.ts'
import type { Contract } from './contract.ts'
import { at, guestOf, identityOf, note, purgeGuests, refOf, roles, sessionOf, signUp, T0, userOf } from './people.ts'

function extra(n: number): ProvenIdentity {
  const profile = { name: `Other ${n}`, email: `o${n}@example.org`, emailVerified: false, picture: null }
  return { issuer: 'https://second.example', subject: `other-${n}`, provider: 'second', profile }
}

async function subjects(store: Store, user: UserRef): Promise<readonly string[]> {
  return (await store.directory.identities(user)).map(({ subject }) => subject)
}

async function primaries(store: Store, user: UserRef): Promise<readonly string[]> {
  return (await store.directory.identities(user)).filter(({ primary }) => primary).map(({ subject }) => subject)
}

/** Linking, unlinking, primary identity, promotion of guests. */
export function identityContract({ test, makeStore }: Contract): void {
  test('identities() gives what was proven, oldest first, the first one primary (L4)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    await store.directory.link(user, extra(1), 'secondary', at(5), note('identity-linked', user, at(5)))
    assert.deepEqual(await store.directory.identities(user), [
      { ...identityOf(1), linkedAt: T0, primary: true },
      { ...extra(1), linkedAt: at(5), primary: false },
    ])
    assert.deepEqual(await store.directory.identities(refOf(9)), [])
  })

  test('link() lets the user in by the new identity too (L1, L5)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    assert.equal(await store.directory.link(user, extra(1), 'secondary', T0, note('identity-linked', user)), 'linked')
    const known = await store.directory.signIn(extra(1), userOf(2), at(1), note('sign-up', userOf(2)))
    assert.equal(known.kind === 'known' && known.user.id, user.id)
    assert.deepEqual(known.kind === 'known' && known.user.profile, user.profile)
  })

  test('link() as primary makes it the only primary, and its profile the user’s (L1, L2)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    await store.directory.link(user, extra(1), 'primary', T0, note('identity-linked', user))
    assert.deepEqual(await primaries(store, user), ['other-1'])
    const read = await store.directory.read(user.id)
    assert.deepEqual(read?.profile, extra(1).profile)
    assert.ok((read?.epoch ?? 0) > user.epoch)
  })

  test('link() of what is linked already says so and changes nothing', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const again = await store.directory.link(user, identityOf(1), 'secondary', at(1), note('identity-linked', user))
    assert.equal(again, 'already-yours')
    assert.deepEqual(await subjects(store, user), ['subject-1'])
  })

  test('link() refuses an identity of somebody else and a user that is not there', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    await signUp(store, 2)
    assert.equal(
      await store.directory.link(user, identityOf(2), 'secondary', T0, note('identity-linked', user)),
      'taken',
    )
    assert.equal(
      await store.directory.link(refOf(9), extra(1), 'secondary', T0, note('identity-linked', null)),
      'no-user',
    )
    const free = await store.directory.link(user, extra(1), 'secondary', T0, note('identity-linked', user))
    assert.equal(free, 'linked')
  })

  test('link() of one identity by two users at once gives it to one of them', async () => {
    const store = await makeStore()
    const [a, b] = [await signUp(store, 1), await signUp(store, 2)]
    const got = await Promise.all(
      [a, b].map((user) => store.directory.link(user, extra(1), 'secondary', T0, note('identity-linked', user))),
    )
    assert.deepEqual(got.sort(), ['linked', 'taken'])
    const owners = [await subjects(store, a), await subjects(store, b)].filter((all) => all.includes('other-1'))
    assert.equal(owners.length, 1)
    const found = await store.directory.find(extra(1).issuer, extra(1).subject)
    assert.deepEqual(await subjects(store, found ?? refOf(9)), [
      found?.id === a.id ? 'subject-1' : 'subject-2',
      'other-1',
    ])
  })

  test('link() and a sign-up with the same identity at once leave it with one user', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const results = await Promise.allSettled([
      store.directory.link(user, extra(1), 'secondary', T0, note('identity-linked', user)),
      store.directory.signIn(extra(1), userOf(2), T0, note('sign-up', userOf(2))),
    ])
    assert.ok(results.some(({ status }) => status === 'fulfilled'))
    const found = await store.directory.find(extra(1).issuer, extra(1).subject)
    assert.ok(found !== null)
    const mine = (await subjects(store, user)).includes('other-1')
    assert.equal(found.id === user.id, mine)
  })

  test('setPrimary() moves the primary; exactly one at any time, also under two requests at once (L2)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    await store.directory.link(user, extra(1), 'secondary', T0, note('identity-linked', user))
    await store.directory.link(user, extra(2), 'secondary', T0, note('identity-linked', user))
    const got = await Promise.all(
      [1, 2].map((n) =>
        store.directory.setPrimary(user, extra(n).issuer, extra(n).subject, note('identity-primary', user)),
      ),
    )
    assert.deepEqual(got, [true, true])
    assert.equal((await primaries(store, user)).length, 1)
  })

  test('setPrimary() of what is primary already succeeds and keeps it so', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const audit = note('identity-primary', user)
    assert.equal(await store.directory.setPrimary(user, identityOf(1).issuer, identityOf(1).subject, audit), true)
    assert.deepEqual(await primaries(store, user), ['subject-1'])
  })

  test('setPrimary() of an identity that is not the user’s is false', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    await signUp(store, 2)
    const audit = note('identity-primary', user)
    assert.equal(await store.directory.setPrimary(user, identityOf(2).issuer, identityOf(2).subject, audit), false)
    assert.equal(await store.directory.setPrimary(refOf(9), identityOf(1).issuer, 'subject-1', audit), false)
    assert.deepEqual(await primaries(store, user), ['subject-1'])
  })

  test('unlink() never takes the last identity (L3)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const audit = note('identity-unlinked', user)
    assert.equal(await store.directory.unlink(user, identityOf(1).issuer, identityOf(1).subject, audit), 'last')
    assert.equal(await store.directory.unlink(user, extra(1).issuer, extra(1).subject, audit), 'unknown')
    assert.deepEqual(await subjects(store, user), ['subject-1'])
  })

  test('unlink() of the primary makes the oldest remaining one primary (L3)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    await store.directory.link(user, extra(1), 'secondary', T0, note('identity-linked', user))
    await store.directory.link(user, extra(2), 'secondary', T0, note('identity-linked', user))
    const audit = note('identity-unlinked', user)
    assert.equal(await store.directory.unlink(user, identityOf(1).issuer, identityOf(1).subject, audit), 'unlinked')
    assert.deepEqual(await subjects(store, user), ['other-1', 'other-2'])
    assert.deepEqual(await primaries(store, user), ['other-1'])
  })

  test('unlink() makes the identity free: it signs in as somebody new (L3)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    await store.directory.link(user, extra(1), 'secondary', T0, note('identity-linked', user))
    await store.directory.unlink(user, extra(1).issuer, extra(1).subject, note('identity-unlinked', user))
    assert.equal(await store.directory.find(extra(1).issuer, extra(1).subject), null)
    const other = await store.directory.signIn(extra(1), userOf(2), at(1), note('sign-up', userOf(2)))
    assert.equal(other.kind === 'created' && other.user.id, refOf(2).id)
  })

  test('unlink() of both identities at once leaves one (L3)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    await store.directory.link(user, extra(1), 'secondary', T0, note('identity-linked', user))
    const got = await Promise.all(
      [identityOf(1), extra(1)].map((one) =>
        store.directory.unlink(user, one.issuer, one.subject, note('identity-unlinked', user)),
      ),
    )
    assert.deepEqual(got.sort(), ['last', 'unlinked'])
    assert.equal((await primaries(store, user)).length, 1)
  })

  test('unlink() and link() again gives the identity back to its user', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    for (let turn = 0; turn < 3; turn++) {
      await store.directory.link(user, extra(1), 'secondary', T0, note('identity-linked', user))
      await store.directory.unlink(user, extra(1).issuer, extra(1).subject, note('identity-unlinked', user))
    }
    assert.equal(await store.directory.link(user, extra(1), 'secondary', T0, note('identity-linked', user)), 'linked')
    await store.sessions.sweep(at(600))
    assert.deepEqual(await store.directory.find(extra(1).issuer, extra(1).subject), refOf(1))
  })

  test('promote() makes a guest a full account: id, tag and session stay, the end is lifted (G6)', async () => {
    const store = await makeStore()
    const guest = guestOf(1)
    await store.directory.createGuest(guest, note('guest-created', guest))
    const session = sessionOf(guest, 'a')
    await store.sessions.create(session, null, note('sign-in', guest))
    const player = roles('player')[0]
    assert.ok(player !== undefined)
    const done = await store.directory.promote(
      guest,
      identityOf(1),
      player,
      at(9),
      note('guest-promoted', guest, at(9)),
    )
    assert.equal(done, 'linked')
    const found = await store.sessions.read(session.key, at(10))
    assert.ok(found.kind === 'live')
    assert.equal(found.user.id, guest.id)
    assert.equal(found.user.guest, false)
    assert.equal(found.user.endsAt, null)
    assert.deepEqual(found.user.roles, ['player'])
    assert.equal(found.user.profile.name, 'Player 1')
    assert.ok(found.user.epoch > guest.epoch)
    assert.deepEqual(await purgeGuests(store, at(1_000_000)), [])
  })

  test('promote() with an identity of somebody else is taken and leaves the guest a guest (G6)', async () => {
    const store = await makeStore()
    await signUp(store, 2)
    const guest = guestOf(1)
    await store.directory.createGuest(guest, note('guest-created', guest))
    const player = roles('player')[0]
    assert.ok(player !== undefined)
    const audit = note('guest-promoted', guest)
    assert.equal(await store.directory.promote(guest, identityOf(2), player, at(9), audit), 'taken')
    assert.deepEqual(await store.directory.read(guest.id), guest)
    assert.equal(await store.directory.promote(refOf(9), identityOf(9), player, at(9), audit), 'no-user')
  })

  test('promote() twice at once promotes once (G6)', async () => {
    const store = await makeStore()
    const guest = guestOf(1)
    await store.directory.createGuest(guest, note('guest-created', guest))
    const player = roles('player')[0]
    assert.ok(player !== undefined)
    const got = await Promise.all(
      [1, 2].map(() => store.directory.promote(guest, identityOf(1), player, at(9), note('guest-promoted', guest))),
    )
    assert.deepEqual(got.sort(), ['already-yours', 'linked'])
    assert.equal((await store.directory.identities(guest)).length, 1)
  })

  test('purgeGuest() removes the guest accounts that are over; at the end, not before (G1, G2)', async () => {
    const store = await makeStore()
    const over = guestOf(1, { endsAt: at(100) })
    const alive = guestOf(2, { endsAt: at(101) })
    for (const guest of [over, alive]) await store.directory.createGuest(guest, note('guest-created', guest))
    const session = sessionOf(over, 'a')
    await store.sessions.create(session, null, note('sign-in', over))
    await signUp(store, 3)
    assert.deepEqual(await purgeGuests(store, at(99)), [])
    assert.deepEqual(await purgeGuests(store, at(100)), [over.id])
    assert.deepEqual(await purgeGuests(store, at(100)), [])
    assert.equal(await store.directory.read(over.id), null)
    assert.notEqual((await store.sessions.read(session.key, at(100))).kind, 'live')
    assert.deepEqual(await store.directory.read(alive.id), alive)
  })

  test('overdueGuests() names those that are over, the longest first; purgeGuest() removes one of them (G1, G2)', async () => {
    const store = await makeStore()
    for (const [n, end] of [100, 90, 300].entries()) {
      const guest = guestOf(n + 1, { endsAt: at(end) })
      await store.directory.createGuest(guest, note('guest-created', guest))
    }
    const due = async (now: number, limit: number) =>
      (await store.directory.overdueGuests(at(now), limit)).map(({ id, tag }) => ({ id, tag }))
    assert.deepEqual(await due(89, 9), [])
    assert.deepEqual(await due(100, 9), [refOf(2), refOf(1)])
    assert.deepEqual(await due(100, 1), [refOf(2)])
    const audit = note('user-removed', null, at(100))
    assert.equal(await store.directory.purgeGuest(refOf(3), at(100), audit), false)
    assert.equal(await store.directory.purgeGuest(refOf(2), at(100), audit), true)
    assert.equal(await store.directory.purgeGuest(refOf(2), at(100), audit), false)
    assert.deepEqual(await due(100, 9), [refOf(1)])
    assert.equal((await store.directory.read(refOf(3).id))?.guest, true)
  })

  test('purgeGuest() never takes an account, whoever asks (G3, G6)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    assert.equal(await store.directory.purgeGuest(user, at(9_000_000), note('user-removed', null)), false)
    assert.notEqual(await store.directory.read(user.id), null)
  })

  test('purgeGuest() takes a guest without an end 24 hours after it was made, and nobody else (G3)', async () => {
    const store = await makeStore()
    const endless = guestOf(1, { endsAt: null })
    await store.directory.createGuest(endless, note('guest-created', endless))
    await signUp(store, 2, { origin: 'invited' })
    await signUp(store, 3, { origin: 'first-admin' })
    assert.deepEqual(await purgeGuests(store, at(86_399)), [])
    assert.deepEqual(await purgeGuests(store, at(86_400)), [endless.id])
    assert.deepEqual(await purgeGuests(store, at(9_000_000)), [])
  })
}
