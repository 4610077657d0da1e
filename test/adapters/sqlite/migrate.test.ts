import { describe, expect, test } from 'vitest'
import { MIGRATIONS, migrate, SchemaTooNew } from '../../../src/adapters/sqlite/migrate.ts'
import type { Sid, Tag, UserId } from '../../../src/core/brand.ts'
import { at, note, refOf, signedIn, signUp, T0 } from '../../contract/people.ts'
import { open } from './opened.ts'

describe('migrate()', () => {
  test('is done once: opening again changes nothing', () => {
    const { engine } = open()
    const before = engine.sql.all('SELECT name, sql FROM sqlite_schema ORDER BY name')
    migrate(engine.sql)
    expect(engine.sql.all('SELECT name, sql FROM sqlite_schema ORDER BY name')).toEqual(before)
  })

  test('runs what is new in order, each step whole or not at all', () => {
    const { engine } = open()
    const steps = [...MIGRATIONS, ['CREATE TABLE two (a)'], ['CREATE TABLE three (a)', 'CREATE TABLE two (a)']]
    expect(() => migrate(engine.sql, steps)).toThrow(/already exists/)
    expect(engine.sql.all("SELECT name FROM sqlite_schema WHERE name IN ('two', 'three')")).toEqual([{ name: 'two' }])
    expect(engine.sql.all('SELECT max(version) AS v FROM schema_version')).toEqual([{ v: MIGRATIONS.length + 1 }])
  })

  test('brings a store of the first version forwards, with everything in it', async () => {
    const file = open()
    const { session } = await signedIn(file.store, 1)
    file.engine.sql.all('ALTER TABLE audit_checkpoint DROP COLUMN signature')
    file.engine.sql.all('ALTER TABLE sessions DROP COLUMN character_gone')
    file.engine.sql.all('DROP TABLE followers')
    file.engine.sql.all('DELETE FROM schema_version WHERE version > 1')
    migrate(file.engine.sql)
    expect((await file.store.sessions.read(session.key, T0)).kind).toBe('live')
    await file.store.audit.append(note('access-refused', refOf(1)))
    expect(await file.store.audit.verify()).toEqual({ kind: 'intact', records: 3 })
  })

  test('takes over which sessions follow one of a provider, from the text that it was', async () => {
    const { store, engine } = open()
    engine.sql.all('DROP TABLE followers')
    for (const statement of MIGRATIONS[1] ?? []) engine.sql.all(statement)
    engine.sql.all('DELETE FROM schema_version WHERE version > 4')
    const known = (n: number) => ({ user: `u${n}`, tag: `tag${n}`, sid: `s${n}` })
    const text = JSON.stringify([known(2), known(1)])
    const put = (key: string, posted: string | null) =>
      engine.sql.all('INSERT INTO logins VALUES (?, ?, ?, ?)', key, '{}', posted, at(600))
    put('provider-sid.of-two', JSON.stringify({ code: 'provider-sid', extra: text }))
    put('spent.of-one', JSON.stringify({ code: 'spent', extra: 'not a list' }))
    put('an-attempt', null)
    migrate(engine.sql)
    const followers = await store.logins.followers('provider-sid.of-two', T0)
    expect(followers).toEqual([2, 1].map((n) => ({ ...known(n), endsAt: at(600) })))
    const next = { user: 'u3' as UserId, tag: 'tag3' as Tag, sid: 's3' as Sid, endsAt: at(600) }
    expect(await store.logins.follow('provider-sid.of-two', next, 2, T0)).toEqual([{ ...known(1), endsAt: at(600) }])
    expect(engine.sql.all('SELECT key FROM logins ORDER BY key').map(({ key }) => key)).toEqual([
      'an-attempt',
      'spent.of-one',
    ])
  })

  test('takes what was personal out of a store of the fifth version, and leaves its chain intact (DECISIONS 10)', async () => {
    const file = open()
    const user = await signUp(file.store, 1)
    const { engine } = file
    engine.sql.all('DELETE FROM schema_version WHERE version > 5')
    for (const statement of MIGRATIONS[1] ?? []) engine.sql.all(statement)
    const [head] = engine.sql.all('SELECT sequence, hash, entry FROM audit ORDER BY sequence DESC LIMIT 1')
    const { policy, requestId, ...rest } = JSON.parse(String(head?.['entry'])) as Record<string, unknown>
    const members = { ...rest, personal: 'a salted hash', policy, requestId, sequence: 2, subject: user.id }
    const entry = JSON.stringify(Object.fromEntries(Object.entries(members).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    const hash = engine.digest(String(head?.['hash']) + entry)
    engine.sql.all('INSERT INTO audit SELECT 2, at, event, subject, ?, ? FROM audit', entry, hash)
    engine.sql.all('INSERT INTO audit_personal VALUES (2, ?, ?, ?)', user.id, 'salt', '{"address":"192.0.2.7"}')
    migrate(engine.sql)
    expect(engine.sql.all("SELECT name FROM sqlite_schema WHERE name LIKE 'audit_personal%'")).toEqual([])
    await file.store.audit.append(note('access-refused', user))
    expect(await file.store.audit.verify()).toEqual({ kind: 'intact', records: 3 })
    const filter = { from: null, to: null, subject: user.id, event: null }
    const { items } = await file.store.audit.read(filter, { after: null, limit: 9 })
    expect(items.map((item) => 'personal' in item)).toEqual([false, false, false])
  })

  test('refuses a store that a later version wrote', () => {
    const { engine } = open()
    engine.sql.all('INSERT INTO schema_version VALUES (99)')
    expect(() => migrate(engine.sql)).toThrow(SchemaTooNew)
  })
})
