import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { canonicalEntry, headOf, record } from '../../../src/adapters/sqlite/chain.ts'
import type { Peer } from '../../../src/adapters/sqlite/operations.ts'
import { sqliteStore } from '../../../src/adapters/sqlite/store.ts'
import type { UserId } from '../../../src/core/brand.ts'
import { at, note, signUp } from '../../contract/people.ts'
import { open } from './opened.ts'

describe('the audit chain', () => {
  async function written() {
    const file = open()
    const user = await signUp(file.store, 1)
    for (const n of [1, 2, 3]) {
      await file.store.directory.setAttributes(user, { n }, note('attributes-changed', user, at(n)))
    }
    return file
  }

  test('each hash is SHA-256 over the hash before and the canonical record', async () => {
    const { engine } = await written()
    let before = ''
    for (const row of engine.sql.all('SELECT entry, hash FROM audit ORDER BY sequence')) {
      expect(row['hash']).toBe(createHash('sha256').update(`${before}${row['entry']}`).digest('hex'))
      before = String(row['hash'])
    }
  })

  test('verify() takes a record whose subject the column could only hold well-formed, as older versions wrote it', async () => {
    const { store, engine } = await written()
    const head = headOf(engine)
    const subject = '\ud800' as UserId
    const entry = canonicalEntry({ ...note('audit-read', null, at(4)), subject }, engine.chain, head.sequence + 1)
    engine.sql.all(
      "INSERT INTO audit (sequence, at, event, subject, entry, hash) VALUES (?, ?, 'audit-read', ?, ?, ?)",
      ...[head.sequence + 1, at(4), subject, entry, engine.digest(head.hash + entry)],
    )
    expect(await store.audit.verify()).toMatchObject({ kind: 'intact' })
    engine.sql.all("UPDATE audit SET subject = 'another' WHERE sequence = ?", head.sequence + 1)
    expect(await store.audit.verify()).toMatchObject({ kind: 'broken', sequence: head.sequence + 1 })
  })

  test('verify() finds a changed record', async () => {
    const { store, engine } = await written()
    engine.sql.all("UPDATE audit SET entry = replace(entry, 'req-1', 'req-2') WHERE sequence = 2")
    expect(await store.audit.verify()).toMatchObject({ kind: 'broken', chain: 'main', sequence: 2 })
  })

  test('verify() finds a column that says something else than its record', async () => {
    const { store, engine } = await written()
    engine.sql.all("UPDATE audit SET subject = 'somebody' WHERE sequence = 3")
    expect(await store.audit.verify()).toMatchObject({ kind: 'broken', sequence: 3 })
  })

  test('verify() finds a missing record', async () => {
    const { store, engine } = await written()
    engine.sql.all('DELETE FROM audit WHERE sequence = 2')
    expect(await store.audit.verify()).toMatchObject({ kind: 'broken', sequence: 2 })
  })

  test('verify() finds an end that was cut off after it was sealed', async () => {
    const { store, engine } = await written()
    await store.sessions.sweep(at(10))
    engine.sql.all('DELETE FROM audit WHERE sequence >= 3')
    expect(await store.audit.verify()).toMatchObject({ kind: 'broken', sequence: 4 })
  })

  test('verify() finds a chain that was written anew after it was sealed', async () => {
    const { store, engine } = await written()
    await store.sessions.sweep(at(10))
    let before = ''
    for (const row of engine.sql.all('SELECT sequence, entry FROM audit ORDER BY sequence')) {
      const entry = String(row['entry']).replace('req-1', 'req-x')
      before = engine.digest(before + entry)
      engine.sql.all('UPDATE audit SET entry = ?, hash = ? WHERE sequence = ?', entry, before, Number(row['sequence']))
    }
    expect(await store.audit.verify()).toMatchObject({ kind: 'broken', problem: expect.stringMatching(/sealed/) })
  })

  /** A chain of so many records, and turns of the event loop that pass while something runs. */
  async function long(records: number) {
    const file = open()
    file.engine.sql.transaction(() => {
      for (let n = 0; n < records; n++) record(file.engine, note('audit-read', null, at(n)))
    })
    const largest: Record<string, number> = {}
    const watched: Peer = {
      place: 'here',
      call(name, ...args) {
        const limit = args.findLast((argument) => typeof argument === 'number') ?? 0
        largest[name] = Math.max(largest[name] ?? 0, Number(limit))
        return file.peers.index.call(name, ...args)
      },
    }
    async function turnsOf(run: () => Promise<unknown>) {
      let turns = 0
      let timer = setImmediate(function next() {
        turns += 1
        timer = setImmediate(next)
      })
      const came = await run()
      clearImmediate(timer)
      return { came, turns }
    }
    return { file, largest, store: sqliteStore({ index: watched, shards: [watched] }), turnsOf }
  }

  test('verify() and retain() let others in between: a long chain keeps nobody waiting', async () => {
    const { store, largest, turnsOf } = await long(2_500)
    const walked = await turnsOf(() => store.audit.verify())
    expect(walked.came).toEqual({ kind: 'intact', records: 2_500 })
    expect(walked.turns).toBeGreaterThanOrEqual(9)
    const cut = await turnsOf(() => store.audit.retain(at(2_400), async () => 'signed'))
    expect(cut.came).toBe(2_400)
    expect(cut.turns).toBeGreaterThanOrEqual(2)
    expect(largest).toMatchObject({ walkAudit: 250, nextCheckpoint: 1_000 })
    expect(await store.audit.verify()).toEqual({ kind: 'intact', records: 100 })
  })

  test('retain() of exactly one cut removes it all', async () => {
    const { store } = await long(1_001)
    expect(await store.audit.retain(at(1_000), async () => 'signed')).toBe(1_000)
    expect(await store.audit.verify()).toEqual({ kind: 'intact', records: 1 })
  })

  test('verify() begins a chain anew when a retention takes its front away meanwhile', async () => {
    const { store, file } = await long(600)
    const walking = store.audit.verify()
    await file.store.audit.retain(at(550), async () => 'signed')
    expect(await walking).toEqual({ kind: 'intact', records: 50 })
  })
})
