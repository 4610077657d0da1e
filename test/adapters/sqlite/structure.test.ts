import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { shardNumber } from '../../../src/adapters/sqlite/operations.ts'
import { StoreUnavailable } from '../../../src/ports/store.ts'
import { openSqliteStore } from '../../../src/runtime/node-sqlite.ts'
import {
  at,
  characterOf,
  identityOf,
  keyOf,
  note,
  refOf,
  sessionOf,
  signedIn,
  signUp,
  T0,
  userOf,
} from '../../contract/people.ts'
import { fill, plansOf, scans } from './many.ts'
import { open } from './opened.ts'

describe('operations of a request', () => {
  test('no operation of a request looks at every record', async () => {
    const file = open()
    fill(file, 1_000, 2)
    const { store } = file
    const { user, session } = await signedIn(store, 1)
    const audit = note('sign-in', user)
    const plans = await plansOf(file, async () => {
      await store.sessions.read(session.key, T0)
      await store.sessions.read(keyOf(user, 'nothing'), T0)
      await store.sessions.extend(session.key, 1, at(60), at(600))
      await store.sessions.select(session.key, characterOf('7', 'north'), audit)
      await store.sessions.create(sessionOf(user, 'b'), { max: 1, excess: 'evict_oldest' }, audit)
      await store.sessions.list(user, T0)
      await store.sessions.presence(user, T0)
      await store.sessions.charactersIn('north', T0)
      await store.sessions.listAll({ world: 'north' }, { after: null, limit: 10 }, T0)
      await store.sessions.revokeCharacter('7', 'north', T0, audit)
      await store.sessions.releaseCharacter('8', 'north', T0, audit)
      await store.sessions.releaseCharacter('8', null, T0, audit)
      await store.sessions.revokeUser(user, 'kicked', T0, audit)
      await store.tokens.read(`${user.tag}.x`, T0)
      await store.tokens.list(user, T0)
      await store.directory.signIn(identityOf(1), userOf(1), T0, audit)
      await store.directory.identities(user)
      await store.directory.read(user.id)
      await store.rates.hit('a', 1, T0, T0)
      await store.quotas.reserve(user.id, user.tag, 'rooms', 1, T0, T0)
      await store.logins.take('nothing', T0)
      await store.logins.follow('k', { user: user.id, tag: user.tag, sid: session.sid, endsAt: at(60) }, 2, T0)
      await store.logins.followers('k', T0)
      await store.sessions.sweep(T0)
    })
    expect(scans(plans)).toEqual([])
  })

  test('a session read is four searches by key at most, and writes nothing', async () => {
    const file = open()
    const { session } = await signedIn(file.store, 1)
    const plans = await plansOf(file, () => file.store.sessions.read(session.key, T0))
    expect(plans).toHaveLength(2)
    expect(plans.every((plan) => plan.startsWith('SEARCH'))).toBe(true)
  })
})

describe('what is stored', () => {
  test('an end that cannot be read counts as over (S16)', async () => {
    const { store, engine } = open()
    const { session } = await signedIn(store, 1)
    for (const change of [
      'ALTER TABLE sessions RENAME TO strict_sessions',
      'CREATE TABLE sessions AS SELECT * FROM strict_sessions',
      "UPDATE sessions SET idle_until = 'some day'",
    ]) {
      engine.sql.all(change)
    }
    expect((await store.sessions.read(session.key, T0)).kind).not.toBe('live')
  })

  test('a record that is not what this version writes is an outage, never an absence', async () => {
    const { store, engine } = open()
    const { user, session } = await signedIn(store, 1)
    engine.sql.all("UPDATE users SET roles = 'admin'")
    await expect(store.sessions.read(session.key, T0)).rejects.toThrow(StoreUnavailable)
    await expect(store.directory.read(user.id)).rejects.toThrow(/column roles is not JSON/)
  })

  test('half a character is refused by the table itself, on insert and on update (C2)', async () => {
    const { store, engine } = open()
    await signedIn(store, 1, 'a', { character: characterOf('7', 'north') })
    for (const half of ['world = NULL', "world = ''", 'character_id = NULL', "character_id = ''", 'character = NULL']) {
      expect(() => engine.sql.all(`UPDATE sessions SET ${half}`)).toThrow(/CHECK constraint/)
    }
  })

  test('half a character that was imported reads as gone, and is in no list (2.3 character without world, C2)', async () => {
    const { store, engine } = open()
    const { user, session } = await signedIn(store, 1, 'a', { character: characterOf('7', 'north') })
    for (const half of [
      '{"id":"7","name":"Z"}',
      '{"id":"7","name":"Z","world":""}',
      '{"id":null,"name":"Z","world":"n"}',
    ]) {
      engine.sql.all('UPDATE sessions SET character = ?', half)
      const found = await store.sessions.read(session.key, at(1))
      expect(found).toMatchObject({ kind: 'live', session: { character: null, characterGone: true } })
      expect(await store.sessions.charactersIn('north', at(1))).toEqual([])
      expect(await store.sessions.presence(user, at(1))).toEqual({ online: true, worlds: [] })
    }
  })

  test('a write that was on its way when the person was removed does not bring the person back', async () => {
    const { store, peers } = open()
    const user = await signUp(store, 1)
    await store.directory.remove(user, [], T0, note('user-removed', user))
    const late = await peers.index.call('makeUser', user, identityOf(1), at(1), note('sign-up', user))
    expect(late).toEqual({ kind: 'gone' })
    await store.sessions.sweep(at(600))
    expect(await store.directory.read(user.id)).toBeNull()
  })

  test('nothing that lets somebody in is stored in clear: keys are hashes of secrets already', async () => {
    const { store, engine } = open()
    await signedIn(store, 1)
    const columns = engine.sql.all(
      "SELECT m.name AS t, p.name AS c FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table'",
    )
    expect(columns.filter(({ c }) => /secret|password|cookie/.test(String(c)))).toEqual([])
  })

  test('a failed operation leaves nothing half written', async () => {
    const { store, engine } = open()
    const user = await signUp(store, 1)
    engine.sql.all("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END")
    await expect(store.sessions.create(sessionOf(user, 'a'), null, note('sign-in', user))).rejects.toThrow()
    engine.sql.all('DROP TRIGGER full')
    expect(await store.sessions.count(T0, 0)).toEqual({ active: 0, total: 0 })
    expect(await store.sessions.read(keyOf(user, 'a'), T0)).toEqual({ kind: 'unknown' })
  })

  test('a closed database is an outage', async () => {
    const { store, close } = openSqliteStore(':memory:')
    close()
    await expect(store.sessions.read(keyOf(refOf(1), 'a'), T0)).rejects.toThrow(StoreUnavailable)
  })
})

describe('shardNumber()', () => {
  test('stays what it was: records must be found again', () => {
    expect(['', 'a', 'tag0000001', 'Zoë', '🐉'].map((tag) => shardNumber(tag, 16))).toEqual([5, 12, 14, 7, 3])
  })

  test('spreads random tags evenly', () => {
    const counts = new Array<number>(16).fill(0)
    for (let n = 0; n < 16_000; n++) {
      const shard = shardNumber(createHash('md5').update(String(n)).digest('base64url').slice(0, 10), 16)
      counts[shard] = (counts[shard] ?? 0) + 1
    }
    expect(Math.min(...counts)).toBeGreaterThan(850)
    expect(Math.max(...counts)).toBeLessThan(1_150)
  })
})
