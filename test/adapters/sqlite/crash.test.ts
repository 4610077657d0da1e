import { describe, expect, test } from 'vitest'
import type { Store } from '../../../src/ports/store.ts'
import {
  at,
  guestOf,
  identityOf,
  note,
  purgeGuests,
  refOf,
  roles,
  sessionOf,
  T0,
  userOf,
} from '../../contract/people.ts'
import { deaths, dying, type Scene, sharded } from './scene.ts'

const ADMINS = roles('admin')
const OTHER = { ...identityOf(7), issuer: 'https://second.example' }
/** More calls than any operation makes; a course that ends earlier was not interrupted. */
const CALLS = 12

/** Runs an operation once for every point at which its process can die, and looks at what is left each time. */
async function atEveryDeath(
  prepare: (store: Store) => Promise<unknown>,
  operation: (store: Store) => Promise<unknown>,
  look: (scene: Scene, answer: unknown) => Promise<void>,
): Promise<number> {
  let points = 0
  for (const death of deaths(CALLS)) {
    const scene = sharded(3)
    try {
      await prepare(scene.store)
      const { store, died } = dying(scene.peers, death)
      const answer = await operation(store).catch(() => 'died')
      if (!died()) break
      points += 1
      await look(scene, answer)
    } finally {
      scene.close()
    }
  }
  expect(points).toBeGreaterThan(1)
  return points
}

async function signUp(store: Store, n: number, role = 'player') {
  return store.directory.signIn(identityOf(n), userOf(n, { roles: roles(role) }), T0, note('sign-up', refOf(n)))
}

async function everybody(store: Store): Promise<readonly string[]> {
  const { items } = await store.directory.search('', { after: null, limit: 100 })
  return items.map(({ id }) => id)
}

/** What must hold whatever happened: each identity of a user leads to that user, and people and index agree. */
async function expectWhole(scene: Scene): Promise<void> {
  const { store } = scene
  for (const id of await everybody(store)) {
    const user = await store.directory.read(id as never)
    expect(user?.id).toBe(id)
    if (user === null) continue
    const held = await store.directory.identities(user)
    for (const { issuer, subject } of held) {
      expect((await store.directory.find(issuer, subject))?.id).toBe(user.id)
    }
    if (held.length > 0) expect(held.filter(({ primary }) => primary)).toHaveLength(1)
  }
  for (const { engine } of scene.files) expect(engine.sql.all('SELECT * FROM outbox')).toEqual([])
  const [index] = scene.files
  expect(index?.engine.sql.all("SELECT * FROM identity_index WHERE state <> 'confirmed'")).toEqual([])
  expect(index?.engine.sql.all('SELECT * FROM demotions')).toEqual([])
  expect(await store.audit.verify()).toMatchObject({ kind: 'intact' })
}

describe('a process that dies in the middle', () => {
  test('signIn() is finished by the next sign-in: one user, nothing half made (P3)', async () => {
    await atEveryDeath(
      async () => undefined,
      (store) => signUp(store, 1),
      async (scene) => {
        const again = await scene.store.directory.signIn(identityOf(1), userOf(2), at(1), note('sign-up', refOf(2)))
        expect(again.kind === 'closed').toBe(false)
        await scene.store.sessions.sweep(at(600))
        await expectWhole(scene)
        expect(await everybody(scene.store)).toHaveLength(1)
      },
    )
  })

  test('signIn() is finished or undone by the sweep, and the identity is not lost (P3)', async () => {
    await atEveryDeath(
      async () => undefined,
      (store) => signUp(store, 1),
      async (scene) => {
        await scene.store.sessions.sweep(at(600))
        await expectWhole(scene)
        const again = await scene.store.directory.signIn(identityOf(1), userOf(2), at(601), note('sign-up', refOf(2)))
        expect(again.kind === 'closed').toBe(false)
        expect(await everybody(scene.store)).toHaveLength(1)
      },
    )
  })

  test('link() leaves the identity with its user or free after the sweep', async () => {
    await atEveryDeath(
      (store) => signUp(store, 1),
      (store) => store.directory.link(refOf(1), OTHER, 'secondary', at(1), note('identity-linked', refOf(1))),
      async (scene) => {
        await scene.store.sessions.sweep(at(600))
        await expectWhole(scene)
        const signedIn = await scene.store.directory.signIn(OTHER, userOf(2), at(601), note('sign-up', refOf(2)))
        const mine = (await scene.store.directory.identities(refOf(1))).length === 2
        expect(signedIn.kind).toBe(mine ? 'known' : 'created')
        expect(signedIn.kind !== 'closed' && signedIn.user.id).toBe(refOf(mine ? 1 : 2).id)
      },
    )
  })

  test('link() that was cut off does not keep somebody else from linking after a while', async () => {
    await atEveryDeath(
      async (store) => [await signUp(store, 1), await signUp(store, 2)],
      (store) => store.directory.link(refOf(1), OTHER, 'secondary', at(1), note('identity-linked', refOf(1))),
      async (scene) => {
        const second = await scene.store.directory.link(
          refOf(2),
          OTHER,
          'secondary',
          at(100),
          note('identity-linked', refOf(2)),
        )
        const mine = (await scene.store.directory.identities(refOf(1))).length === 2
        expect(second).toBe(mine ? 'taken' : 'linked')
        await scene.store.sessions.sweep(at(600))
        await expectWhole(scene)
      },
    )
  })

  test('unlink() never lets the identity in to its old user afterwards, swept or not', async () => {
    await atEveryDeath(
      async (store) => {
        await signUp(store, 1)
        await store.directory.link(refOf(1), OTHER, 'secondary', T0, note('identity-linked', refOf(1)))
      },
      (store) => store.directory.unlink(refOf(1), OTHER.issuer, OTHER.subject, note('identity-unlinked', refOf(1))),
      async (scene) => {
        const held = (await scene.store.directory.identities(refOf(1))).length === 2
        const signedIn = await scene.store.directory.signIn(OTHER, userOf(2), at(1), note('sign-up', refOf(2)))
        expect(signedIn.kind !== 'closed' && signedIn.user.id).toBe(refOf(held ? 1 : 2).id)
        await scene.store.sessions.sweep(at(600))
        await expectWhole(scene)
        const later = await scene.store.directory.find(OTHER.issuer, OTHER.subject)
        expect(later?.id).toBe(refOf(held ? 1 : 2).id)
      },
    )
  })

  test('promote() leaves a guest or a full account, and either can go on', async () => {
    const guest = guestOf(1)
    await atEveryDeath(
      (store) => store.directory.createGuest(guest, note('guest-created', guest)),
      (store) =>
        store.directory.promote(guest, identityOf(1), ADMINS[0] as never, at(1), note('guest-promoted', guest)),
      async (scene) => {
        const again = await scene.store.directory.promote(
          guest,
          identityOf(1),
          ADMINS[0] as never,
          at(2),
          note('guest-promoted', guest),
        )
        expect(['linked', 'already-yours']).toContain(again)
        await scene.store.sessions.sweep(at(600))
        await expectWhole(scene)
        expect((await scene.store.directory.read(guest.id))?.guest).toBe(false)
        expect(await purgeGuests(scene.store, at(9_000_000))).toEqual([])
      },
    )
  })

  test('createGuest() is known to the purge after the sweep, or was never made', async () => {
    const guest = guestOf(1)
    await atEveryDeath(
      async () => undefined,
      (store) => store.directory.createGuest(guest, note('guest-created', guest)),
      async (scene) => {
        await scene.store.sessions.sweep(at(600))
        await expectWhole(scene)
        const made = (await scene.store.directory.read(guest.id)) !== null
        const purged = await purgeGuests(scene.store, at(86_400))
        expect(purged).toEqual(made ? [guest.id] : [])
      },
    )
  })

  test('setRoles() that was to take an admin away never lets the last one go afterwards', async () => {
    await atEveryDeath(
      async (store) => [await signUp(store, 1, 'admin'), await signUp(store, 2, 'admin')],
      (store) => store.directory.setRoles(refOf(1), roles('x'), null, ADMINS, note('roles-changed', refOf(1))),
      async (scene) => {
        const { directory } = scene.store
        await directory.setRoles(refOf(2), roles('x'), null, ADMINS, note('roles-changed', refOf(2)))
        await directory.setRoles(refOf(1), roles('x'), null, ADMINS, note('roles-changed', refOf(1)))
        const left = [await directory.read(refOf(1).id), await directory.read(refOf(2).id)]
        expect(left.filter((one) => one?.roles.includes('admin' as never)).length).toBeGreaterThan(0)
        await scene.store.sessions.sweep(at(600))
        await expectWhole(scene)
      },
    )
  })

  test('remove() leaves a person or none after the sweep, and the identity with it', async () => {
    await atEveryDeath(
      async (store) => {
        await signUp(store, 1)
        await store.sessions.create(sessionOf(refOf(1), 'a'), null, note('sign-in', refOf(1)))
      },
      (store) => store.directory.remove(refOf(1), ADMINS, at(1), note('user-removed', refOf(1))),
      async (scene) => {
        await scene.store.sessions.sweep(at(600))
        await expectWhole(scene)
        const left = (await scene.store.directory.read(refOf(1).id)) !== null
        const running = await scene.store.sessions.count(at(601), 0)
        expect(running.total).toBe(left ? 1 : 0)
        const found = await scene.store.directory.find(identityOf(1).issuer, identityOf(1).subject)
        expect(found !== null).toBe(left)
      },
    )
  })

  test('remove() that was cut off lets the person sign up anew before any sweep', async () => {
    await atEveryDeath(
      (store) => signUp(store, 1),
      (store) => store.directory.remove(refOf(1), ADMINS, at(1), note('user-removed', refOf(1))),
      async (scene) => {
        const again = await scene.store.directory.signIn(identityOf(1), userOf(2), at(2), note('sign-up', refOf(2)))
        expect(again.kind === 'closed').toBe(false)
        await scene.store.sessions.sweep(at(600))
        await expectWhole(scene)
        const [only, ...more] = await everybody(scene.store)
        expect(more).toEqual([])
        expect(again.kind !== 'closed' && again.user.id).toBe(only)
      },
    )
  })

  test('revokeAll() is carried out on every shard by the sweep once it was ordered', async () => {
    await atEveryDeath(
      async (store) => {
        for (const n of [1, 2, 3, 4, 5, 6]) {
          await signUp(store, n)
          await store.sessions.create(sessionOf(refOf(n), 'a'), null, note('sign-in', refOf(n)))
        }
      },
      (store) => store.sessions.revokeAll(at(5), note('session-revoked', null, at(5))),
      async (scene) => {
        const later = sessionOf(refOf(1), 'later', { createdAt: at(6) })
        await scene.store.sessions.create(later, null, note('sign-in', refOf(1), at(6)))
        await scene.store.sessions.sweep(at(60))
        const { total } = await scene.store.sessions.count(at(60), 0)
        const ordered = (await trail(scene.store)).includes('session-revoked')
        expect(total).toBe(ordered ? 1 : 7)
        expect((await scene.store.sessions.read(later.key, at(60))).kind).toBe('live')
        await expectWhole(scene)
      },
    )
  })
})

async function trail(store: Store): Promise<readonly string[]> {
  const filter = { from: null, to: null, subject: null, event: null }
  return (await store.audit.read(filter, { after: null, limit: 500 })).items.map(({ event }) => event)
}
