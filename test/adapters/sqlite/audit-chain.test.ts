import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { canonicalEntry, headOf } from '../../../src/adapters/sqlite/chain.ts'
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
})
