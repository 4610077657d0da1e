import assert from 'node:assert/strict'
import type { UserId } from '../../src/core/brand.ts'
import type { AuditFilter, AuditRecord, Checkpoint } from '../../src/ports/audit.ts'
import type { Store } from '../../src/ports/store.ts'
import type { Contract } from './contract.ts'
import { at, characterOf, keyOf, note, refOf, roles, sessionOf, signedIn, signUp, T0 } from './people.ts'

const ALL: AuditFilter = { from: null, to: null, subject: null, event: null }

async function trail(store: Store, filter: AuditFilter = ALL, limit = 100): Promise<readonly AuditRecord[]> {
  const records: AuditRecord[] = []
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<Store['audit']['read']>> = await store.audit.read(filter, { after, limit })
    assert.ok(page.items.length <= limit)
    records.push(...page.items)
    after = page.next
  } while (after !== null)
  return records
}

async function events(store: Store): Promise<readonly string[]> {
  return (await trail(store)).map(({ event }) => event)
}

/** The audit trail: every change leaves one record in the same step, chained, kept, verifiable. */
export function auditContract({ test, makeStore }: Contract): void {
  test('append() and read() keep a note as it was, with its place and hash', async () => {
    const store = await makeStore()
    const written = {
      ...note('access-refused', refOf(1), at(3)),
      actor: 'operator',
      detail: { rule: 'rooms "ä" 🐉', count: 3, shadow: false, nothing: null },
    }
    await store.audit.append(written)
    const [record, ...more] = await trail(store)
    assert.ok(record !== undefined && more.length === 0)
    const { chain, sequence, hash, ...rest } = record
    assert.deepEqual(rest, written)
    assert.match(hash, /^[0-9a-f]{64}$/)
    assert.ok(chain !== '' && sequence === 1)
  })

  test('append() of a subject that is no well-formed text leaves a chain that verifies and pages to its end', async () => {
    const store = await makeStore()
    for (const odd of ['\ud800', 'a\nb', 'a\n\ud800\n']) {
      await store.audit.append({ ...note('audit-read', null), subject: odd as UserId })
      await store.audit.append(note('audit-read', refOf(1)))
    }
    assert.deepEqual(await store.audit.verify(), { kind: 'intact', records: 6 })
    const [first, ...rest] = await trail(store, ALL, 1)
    assert.equal(first?.subject, '\ufffd')
    assert.equal(rest.length, 5)
  })

  test('every change of sessions leaves one record, and what changed nothing leaves none (DECISIONS 10)', async () => {
    const store = await makeStore()
    const { user, session } = await signedIn(store, 1)
    const { sessions } = store
    await sessions.select(session.key, characterOf('7', 'north'), note('character-selected', user, at(1)))
    await sessions.select(session.key, characterOf('7', 'north'), note('character-selected', user, at(1)))
    await sessions.rotate(
      session.key,
      { ...session, key: keyOf(user, 'b') },
      at(9),
      note('session-rotated', user, at(2)),
    )
    await sessions.revoke(keyOf(user, 'b'), 'signed-out', at(3), note('sign-out', user, at(3)))
    await sessions.revoke(keyOf(user, 'b'), 'signed-out', at(4), note('sign-out', user, at(4)))
    await sessions.revokeUser(user, 'kicked', at(5), note('session-revoked', user, at(5)))
    await sessions.extend(session.key, 1, at(5), at(6))
    assert.deepEqual(await events(store), ['sign-up', 'sign-in', 'character-selected', 'session-rotated', 'sign-out'])
  })

  test('every change of people leaves one record, and what changed nothing leaves none (DECISIONS 10)', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const { directory } = store
    await directory.signIn({ ...identity, subject: 'subject-1' }, null, at(1), note('sign-up', user, at(1)))
    await directory.setRoles(user, roles('a'), null, [], note('roles-changed', user, at(2)))
    await directory.setRoles(user, roles('a'), null, [], note('roles-changed', user, at(3)))
    await directory.setAttributes(user, { a: 1 }, note('attributes-changed', user, at(4)))
    await directory.setStanding(user, { kind: 'banned', reason: 'x' }, [], at(5), note('standing-changed', user, at(5)))
    await directory.link(
      user,
      { ...identity, subject: 'more' },
      'secondary',
      at(6),
      note('identity-linked', user, at(6)),
    )
    await directory.setPrimary(user, identity.issuer, 'more', note('identity-primary', user, at(7)))
    await directory.unlink(user, identity.issuer, 'more', note('identity-unlinked', user, at(8)))
    await directory.unlink(user, identity.issuer, 'more', note('identity-unlinked', user, at(9)))
    await directory.remove(user, [], at(10), note('user-removed', user, at(10)))
    assert.deepEqual(await events(store), [
      'sign-up',
      'roles-changed',
      'attributes-changed',
      'standing-changed',
      'identity-linked',
      'identity-primary',
      'identity-unlinked',
      'user-removed',
    ])
  })

  test('revokeAll() leaves one record', async () => {
    const store = await makeStore()
    await signedIn(store, 1)
    await signedIn(store, 2)
    await store.sessions.revokeAll(at(5), note('session-revoked', null, at(5)))
    assert.equal((await events(store)).filter((event) => event === 'session-revoked').length, 1)
  })

  test('a new user’s record names the user it was made for, whoever finished the sign-up', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const [record] = await trail(store)
    assert.equal(record?.subject, user.id)
  })

  test('remove() keeps the trail, which names the person by the opaque id only', async () => {
    const store = await makeStore()
    const { user } = await signedIn(store, 1)
    await store.directory.remove(user, [], at(5), note('user-removed', user, at(5)))
    const records = await trail(store)
    assert.equal(records.length, 3)
    assert.doesNotMatch(JSON.stringify(records), /example\.com|Player 1|subject-1/)
    assert.equal((await store.audit.verify()).kind, 'intact')
  })

  test('read() filters by time, both ends inclusive, by subject and by event', async () => {
    const store = await makeStore()
    for (const n of [1, 2, 3, 4]) await store.audit.append(note('audit-read', refOf(n % 2), at(n)))
    await store.audit.append(note('policy-changed', refOf(1), at(4)))
    const times = async (filter: Partial<AuditFilter>) =>
      (await trail(store, { ...ALL, ...filter })).map(({ at: when }) => when - T0)
    assert.deepEqual(await times({ from: at(2), to: at(3) }), [2, 3])
    assert.deepEqual(await times({ subject: refOf(1).id }), [1, 3, 4])
    assert.deepEqual(await times({ subject: refOf(1).id, event: 'audit-read' }), [1, 3])
    assert.deepEqual(await times({ event: 'policy-changed' }), [4])
    assert.deepEqual(await times({ subject: 'nobody' as UserId }), [])
  })

  test('read() pages through the records of many users once each, oldest first', async () => {
    const store = await makeStore()
    const users = await Promise.all([1, 2, 3, 4].map((n) => signUp(store, n)))
    for (const [n, user] of users.entries()) {
      await store.sessions.create(sessionOf(user, 'a'), null, note('sign-in', user, at(n)))
    }
    const all = await trail(store)
    assert.deepEqual(await trail(store, ALL, 3), all)
    assert.equal(all.length, 8)
    assert.equal(new Set(all.map(({ chain, sequence }) => `${chain} ${sequence}`)).size, 8)
    assert.deepEqual(
      all.map((one) => one.at),
      all.map((one) => one.at).toSorted((a, b) => a - b),
    )
  })

  test('read() with the newest first gives the same records the other way round', async () => {
    const store = await makeStore()
    for (const n of [1, 2, 3, 4, 5]) await store.audit.append(note('audit-read', refOf(n), at(n)))
    const newest = { ...ALL, order: 'newest' } as const
    assert.deepEqual(
      (await trail(store, newest, 2)).map(({ at: when }) => when - T0),
      [5, 4, 3, 2, 1],
    )
  })

  test('verify() finds an untouched trail intact and counts it', async () => {
    const store = await makeStore()
    assert.deepEqual(await store.audit.verify(), { kind: 'intact', records: 0 })
    await signedIn(store, 1)
    await signedIn(store, 2)
    await store.audit.append(note('audit-read', null))
    assert.deepEqual(await store.audit.verify(), { kind: 'intact', records: 5 })
  })

  test('many changes of one user at once leave an intact chain without gaps', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        store.directory.setAttributes(user, { n }, note('attributes-changed', user, at(n))),
      ),
    )
    assert.deepEqual(await store.audit.verify(), { kind: 'intact', records: 21 })
  })

  test('retain() drops what is older, keeps the rest verifiable, and the chain goes on', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    for (const n of [10, 20, 30, 40]) {
      await store.directory.setAttributes(user, { n }, note('attributes-changed', user, at(n)))
    }
    await store.sessions.sweep(at(50))
    assert.equal(await store.audit.retain(at(30), signed), 3)
    assert.deepEqual(await store.audit.verify(), { kind: 'intact', records: 2 })
    await store.directory.setAttributes(user, { n: 50 }, note('attributes-changed', user, at(50)))
    await store.sessions.sweep(at(60))
    assert.deepEqual(await store.audit.verify(), { kind: 'intact', records: 3 })
    assert.deepEqual(
      (await trail(store)).map((one) => one.at - T0),
      [30, 40, 50],
    )
    assert.equal(await store.audit.retain(at(9_999), signed), 3)
    await store.audit.append(note('audit-read', null, at(10_000)))
    assert.deepEqual(await store.audit.verify(), { kind: 'intact', records: 1 })
  })

  test('retain() keeps what was signed for each checkpoint, newest only (DECISIONS 10)', async () => {
    const store = await makeStore()
    const [one, two] = [await signUp(store, 1), await signUp(store, 2)]
    assert.deepEqual(await store.audit.checkpoints(), [])
    for (const n of [10, 20]) {
      await store.directory.setAttributes(one, { n }, note('attributes-changed', one, at(n)))
      await store.directory.setAttributes(two, { n }, note('attributes-changed', two, at(n)))
    }
    assert.equal(await store.audit.retain(at(5), signed), 2)
    assert.equal(await store.audit.retain(at(15), signed), 2)
    const made = await store.audit.checkpoints()
    assert.ok(made.length > 0)
    for (const { signature, ...checkpoint } of made) assert.equal(signature, await signed(checkpoint))
    const records = await trail(store)
    assert.equal(records.length, 2)
    for (const { chain, sequence } of records) {
      assert.ok(made.some((checkpoint) => checkpoint.chain === chain && checkpoint.sequence < sequence))
    }
  })

  test('retain() removes nothing when its checkpoint cannot be signed', async () => {
    const store = await makeStore()
    await signUp(store, 1)
    await assert.rejects(store.audit.retain(at(9_999), () => Promise.reject(new Error('no key'))))
    assert.deepEqual(await store.audit.checkpoints(), [])
    assert.deepEqual(await store.audit.verify(), { kind: 'intact', records: 1 })
  })

  test('retain() of two callers at once leaves one signed checkpoint of an intact chain', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    for (const n of [10, 20, 30]) {
      await store.directory.setAttributes(user, { n }, note('attributes-changed', user, at(n)))
    }
    await Promise.all([15, 25, 25].map((n) => store.audit.retain(at(n), signed)))
    for (const { signature, ...checkpoint } of await store.audit.checkpoints()) {
      assert.equal(signature, await signed(checkpoint))
    }
    assert.deepEqual(await store.audit.verify(), { kind: 'intact', records: 1 })
  })
}

const signed = async ({ chain, sequence, hash }: Checkpoint) => `signed ${chain} ${sequence} ${hash}`

const identity = {
  issuer: 'https://issuer.example',
  provider: 'example',
  profile: { name: 'Player 1', email: 'p1@example.com', emailVerified: true, picture: null },
} as const
