import assert from 'node:assert/strict'
import type { AuditRecord } from '../../src/ports/audit.ts'
import type { Store } from '../../src/ports/store.ts'
import type { Contract } from './contract.ts'
import { at, guestOf, note, purgeGuests, refOf, sessionOf, signUp, T0 } from './people.ts'

const PERSONAL = { address: '192.0.2.7', name: 'Zoë 🐉' }

async function trail(store: Store): Promise<readonly AuditRecord[]> {
  const filter = { from: null, to: null, subject: null, event: null }
  return (await store.audit.read(filter, { after: null, limit: 100 })).items
}

/** What is personal in the audit trail: beside the chain, and gone with the person (DECISIONS 10). */
export function personalContract({ test, makeStore }: Contract): void {
  test('a record keeps what is personal of its subject, and the chain stays intact', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    const audit = { ...note('sign-in', user, at(1)), personal: PERSONAL }
    await store.sessions.create(sessionOf(user, 'a'), null, audit)
    await store.audit.append({ ...note('access-refused', user, at(2)), personal: PERSONAL })
    const [first, second, third] = await trail(store)
    assert.equal(first?.personal, undefined)
    assert.deepEqual(second?.personal, PERSONAL)
    assert.deepEqual(third?.personal, PERSONAL)
    assert.deepEqual(await store.audit.verify(), { kind: 'intact', records: 3 })
  })

  test('remove() takes what is personal, here and in the index, and the chain stays intact', async () => {
    const store = await makeStore()
    const user = await signUp(store, 1)
    await store.sessions.create(sessionOf(user, 'a'), null, { ...note('sign-in', user, at(1)), personal: PERSONAL })
    await store.audit.append({ ...note('access-refused', user, at(2)), personal: PERSONAL })
    await store.directory.remove(user, [], at(3), { ...note('user-removed', user, at(3)), personal: PERSONAL })
    await store.audit.append({ ...note('access-refused', user, at(4)), personal: PERSONAL })
    const records = await trail(store)
    assert.equal(records.length, 5)
    assert.doesNotMatch(JSON.stringify(records), /192\.0\.2\.7|Zoë/)
    assert.equal((await store.audit.verify()).kind, 'intact')
  })

  test('purgeGuest() takes what is personal too', async () => {
    const store = await makeStore()
    const guest = guestOf(1)
    await store.directory.createGuest(guest, { ...note('guest-created', guest), personal: PERSONAL })
    assert.deepEqual((await trail(store))[0]?.personal, PERSONAL)
    await purgeGuests(store, at(86_400))
    assert.doesNotMatch(JSON.stringify(await trail(store)), /192\.0\.2\.7/)
  })

  test('what is personal without a subject is not kept: nobody could ever have it removed', async () => {
    const store = await makeStore()
    await store.audit.append({ ...note('sign-in-refused', null), personal: PERSONAL })
    assert.doesNotMatch(JSON.stringify(await trail(store)), /192\.0\.2\.7/)
  })

  test('retain() takes what is personal with the records it drops', async () => {
    const store = await makeStore()
    await store.audit.append({ ...note('access-refused', refOf(1), T0), personal: PERSONAL })
    await store.audit.append({ ...note('access-refused', refOf(1), at(9)), personal: PERSONAL })
    assert.equal(await store.audit.retain(at(5), async () => 'signed'), 1)
    assert.deepEqual(
      (await trail(store)).map(({ personal }) => personal),
      [PERSONAL],
    )
    assert.deepEqual(await store.audit.verify(), { kind: 'intact', records: 1 })
  })
}
