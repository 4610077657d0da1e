import { afterEach, describe, expect, test } from 'vitest'
import type { Peer } from '../../../src/adapters/sqlite/operations.ts'
import { sqliteStore } from '../../../src/adapters/sqlite/store.ts'
import type { LoginTransaction } from '../../../src/ports/login-store.ts'
import type { Store } from '../../../src/ports/store.ts'
import { at, characterOf, identityOf, note, refOf, roles, signedIn, signUp, T0, userOf } from '../../contract/people.ts'
import { type Scene, sharded } from './scene.ts'

const SHARDS = 4
const scenes: Scene[] = []

afterEach(() => {
  for (const scene of scenes.splice(0)) scene.close()
})

/** A store that counts its calls to databases: what a deployment in Durable Objects pays for. */
function counted(): { readonly store: Store; callsOf(operation: () => Promise<unknown>): Promise<number> } {
  const scene = sharded(SHARDS)
  scenes.push(scene)
  let calls = 0
  const counting = (peer: Peer): Peer => ({
    call(name, ...args) {
      calls += 1
      return peer.call(name, ...args)
    },
  })
  const store = sqliteStore({ index: counting(scene.peers.index), shards: scene.peers.shards.map(counting) })
  return {
    store,
    async callsOf(operation) {
      const before = calls
      await operation()
      return calls - before
    },
  }
}

describe('round trips', () => {
  test('a session with its user is one call, known or not (DECISIONS 9)', async () => {
    const { store, callsOf } = counted()
    const { session } = await signedIn(store, 1, 'a', { idleUntil: at(10) })
    expect(await callsOf(() => store.sessions.read(session.key, at(9)))).toBe(1)
    expect(await callsOf(() => store.sessions.read(session.key, at(10)))).toBe(1)
  })

  test('what a request adds to the read is one call each (DECISIONS 9)', async () => {
    const { store, callsOf } = counted()
    const { session, user } = await signedIn(store, 1)
    const audit = note('character-selected', user)
    expect(await callsOf(() => store.sessions.extend(session.key, 1, at(60), at(900)))).toBe(1)
    expect(await callsOf(() => store.sessions.select(session.key, characterOf('7', 'north'), audit))).toBe(1)
    expect(await callsOf(() => store.rates.hit('a', 1, T0, T0))).toBe(1)
    expect(await callsOf(() => store.quotas.reserve(user.id, user.tag, 'rooms', 1, T0, T0))).toBe(1)
    expect(await callsOf(() => store.tickets.take('nothing', T0))).toBe(1)
    expect(await callsOf(() => store.tokens.read(`${user.tag}.x`, T0))).toBe(1)
    expect(await callsOf(() => store.sessions.revoke(session.key, 'signed-out', at(61), audit))).toBe(1)
  })

  test('a first sign-in is four calls, a known one two', async () => {
    const { store, callsOf } = counted()
    expect(await callsOf(() => signUp(store, 1))).toBe(4)
    const again = () => store.directory.signIn(identityOf(1), userOf(2), at(1), note('sign-up', refOf(2)))
    expect(await callsOf(again)).toBe(2)
  })

  test("what a sign-in keeps of its provider and what a logout token asks is one call each; a subject's user is two", async () => {
    const { store, callsOf } = counted()
    const { session, user } = await signedIn(store, 1)
    const { sid, endsAt } = session
    const record: LoginTransaction = {
      ...{ key: 'logout.k', provider: '', purpose: 'sign-in', codeVerifier: '', nonce: '', returnTo: '', sid: null },
      ...{ browser: '', remember: false, createdAt: T0, expiresAt: at(60), posted: { code: 'logout', extra: '' } },
    }
    expect(await callsOf(() => store.logins.claim(record, T0))).toBe(1)
    expect(await callsOf(() => store.logins.begin(record))).toBe(1)
    expect(
      await callsOf(() => store.logins.follow('provider-sid.k', { user: user.id, tag: user.tag, sid, endsAt }, 16, T0)),
    ).toBe(1)
    expect(await callsOf(() => store.logins.followers('provider-sid.k', T0))).toBe(1)
    const { issuer, subject } = identityOf(1)
    expect(await callsOf(() => store.directory.find(issuer, subject))).toBe(2)
    const audit = note('session-revoked', user)
    expect(await callsOf(() => store.sessions.revokeSid(user, sid, 'signed-out', T0, audit))).toBe(1)
  })

  test('a change of roles is three calls, five when it takes an admin away', async () => {
    const { store, callsOf } = counted()
    for (const n of [1, 2]) await signUp(store, n, { roles: roles('admin') })
    await signUp(store, 3)
    const demote = (n: number) =>
      store.directory.setRoles(refOf(n), roles('x'), null, roles('admin'), note('roles-changed', refOf(n)))
    expect(await callsOf(() => demote(3))).toBe(3)
    expect(await callsOf(() => demote(1))).toBe(5)
  })

  test('a count asks each shard once, whatever the number of sessions', async () => {
    const { store, callsOf } = counted()
    for (const n of [1, 2, 3, 4, 5, 6, 7]) await signedIn(store, n)
    expect(await callsOf(() => store.sessions.count(T0, 1_800))).toBe(SHARDS)
  })
})
