import type { RoleName, Seconds } from '../../../src/core/brand.ts'
import type { Store } from '../../../src/ports/store.ts'
import { purgeGuests } from '../../contract/people.ts'
import { at, device, enrolled, note, person, proof, roles, T0, visitor } from './scene.ts'

const USERS = 6
/** Subjects of every identity that a scene or an operation knows. */
export const SUBJECTS = ['s0', 's1', 's2', 's3', 's4', 's5', 'second', 'fresh', 'guest']
const hero = { id: '7', name: 'Hero', world: 'north' }

/** Five users with two sessions each, one of them admin, and a guest. */
export async function scene(store: Store): Promise<void> {
  for (let n = 0; n < USERS; n++) {
    const user = n === 5 ? visitor(n) : await enrolled(store, n, n < 2 ? { roles: roles('admin') } : {})
    if (n === 5) await store.directory.createGuest(user, note('guest-created', user))
    await store.sessions.create(device(user, 'a'), null, note('sign-in', user))
    await store.sessions.create(device(user, 'b', { createdAt: at(1), character: hero }), null, note('sign-in', user))
  }
  await store.directory.link(person(3), proof('second'), 'secondary', T0, note('identity-linked', person(3)))
}

const admins = roles('admin')
const later = at(86_500)
/** One of every operation that changes something, to run on a scene. */
export const OPERATIONS: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  'signIn() of a new person': (store) =>
    store.directory.signIn(proof('fresh'), person(8), T0, note('sign-up', person(8))),
  'signIn() of a known person': (store) => store.directory.signIn(proof('s2'), null, T0, note('sign-in', person(2))),
  'createGuest()': (store) => store.directory.createGuest(visitor(9), note('guest-created', visitor(9))),
  'promote()': (store) =>
    store.directory.promote(visitor(5), proof('guest'), 'player' as RoleName, T0, note('guest-promoted', visitor(5))),
  'link()': (store) =>
    store.directory.link(person(2), proof('fresh'), 'primary', T0, note('identity-linked', person(2))),
  'unlink()': (store) =>
    store.directory.unlink(person(3), proof('second').issuer, 'second', note('identity-unlinked', person(3))),
  'setPrimary()': (store) =>
    store.directory.setPrimary(person(3), proof('second').issuer, 'second', note('identity-primary', person(3))),
  'setRoles()': (store) =>
    store.directory.setRoles(person(0), roles('player'), null, admins, note('roles-changed', person(0))),
  'setStanding()': (store) =>
    store.directory.setStanding(
      person(0),
      { kind: 'banned', reason: 'x' },
      admins,
      T0,
      note('standing-changed', person(0)),
    ),
  'setAttributes()': (store) =>
    store.directory.setAttributes(person(2), { level: 3 }, note('attributes-changed', person(2))),
  'remove()': (store) => store.directory.remove(person(0), admins, T0, note('user-removed', person(0))),
  'purgeGuest() of all that are over': (store) => purgeGuests(store, later),
  'create()': (store) =>
    store.sessions.create(device(person(2), 'c'), { max: 1, excess: 'evict_oldest' }, note('sign-in', person(2))),
  'rotate()': (store) =>
    store.sessions.rotate(
      device(person(2), 'a').key,
      { ...device(person(2), 'z'), sid: device(person(2), 'a').sid, version: 2 },
      at(30),
      note('session-rotated', person(2)),
    ),
  'select()': (store) => store.sessions.select(device(person(2), 'a').key, hero, note('character-selected', person(2))),
  'select() of nobody': (store) =>
    store.sessions.select(device(person(2), 'b').key, null, note('character-selected', person(2))),
  'revoke()': (store) =>
    store.sessions.revoke(device(person(2), 'b').key, 'signed-out', T0, note('sign-out', person(2))),
  'revokeUser()': (store) => store.sessions.revokeUser(person(2), 'kicked', T0, note('session-revoked', person(2))),
  'revokeCharacter()': (store) => store.sessions.revokeCharacter('7', 'north', T0, note('session-revoked')),
  'releaseCharacter()': (store) => store.sessions.releaseCharacter('7', 'north', T0, note('character-selected')),
  'revokeAll()': (store) => store.sessions.revokeAll(T0, note('session-revoked')),
  'extend()': (store) => store.sessions.extend(device(person(2), 'a').key, 1, at(60), at(30_000)),
  'read() of an expired session': (store) => store.sessions.read(device(person(2), 'a').key, at(28_800)),
  'sweep()': (store) => store.sessions.sweep(at(28_800)),
  'tokens.revoke()': (store) => store.tokens.revoke(person(2), 'none', note('token-revoked', person(2))),
  'quotas.set()': (store) => store.quotas.set(person(2).id, person(2).tag, 'rooms', 2, note('quota-set', person(2))),
  'audit.append()': (store) => store.audit.append(note('policy-refused')),
  'policies.push()': (store) =>
    store.policies.push({ hash: 'h', parent: null, bundle: '{}', pushedAt: T0, active: true }, note('policy-changed')),
}

/** When operations take place that do so later than the rest. */
export const MOMENTS: Readonly<Record<string, Seconds>> = {
  'purgeGuest() of all that are over': later,
  'read() of an expired session': at(28_800),
  'sweep()': at(28_800),
}
