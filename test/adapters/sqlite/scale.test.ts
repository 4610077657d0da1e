import { describe, expect, test } from 'vitest'
import type { Tag } from '../../../src/core/brand.ts'
import { at, keyOf, note, refOf, T0 } from '../../contract/people.ts'
import { fill, plansOf, scans } from './many.ts'
import { open } from './opened.ts'

describe('100,000 sessions', () => {
  test('count() looks at no session: it adds up what triggers keep, one row a second of the window', async () => {
    const file = open()
    fill(file, 100_000, 2)
    const plans = await plansOf(file, () => file.store.sessions.count(at(2_000), 1_800))
    expect(scans(plans)).toEqual([])
    expect(plans.filter((plan) => /SEARCH (sessions|users)/.test(plan) && !plan.includes('idle_until<?'))).toEqual([])
    expect(await file.store.sessions.count(at(2_000), 0)).toEqual({ active: 100_000, total: 100_000 })
    expect(await file.store.sessions.count(at(2_000), 100)).toEqual({ active: 5_000, total: 100_000 })
    const [rows] = file.engine.sql.all('SELECT count(*) AS n FROM seen')
    expect(rows).toEqual({ n: 2_000 })
  })

  test('listAll() pages through all of them, each page a search in an index', async () => {
    const file = open()
    fill(file, 100_000, 2)
    const { sessions } = file.store
    const sids = new Set<string>()
    let after: string | null = null
    do {
      const page: Awaited<ReturnType<typeof sessions.listAll>> = await sessions.listAll(
        { world: null },
        { after, limit: 500 },
        T0,
      )
      for (const { session } of page.items) sids.add(session.sid)
      after = page.next
    } while (after !== null)
    expect(sids.size).toBe(100_000)
    const plans = await plansOf(file, () =>
      sessions.listAll({ world: null }, { after: `[${T0},"s0000099"]`, limit: 500 }, T0),
    )
    expect(scans(plans)).toEqual([])
    expect(plans.some((plan) => plan.includes('USE TEMP B-TREE'))).toBe(false)
  })

  test('sweep() ends half of them at their end, and none when it runs again (S19)', async () => {
    const file = open()
    fill(file, 100_000, 2)
    file.engine.sql.all('UPDATE sessions SET idle_until = ? WHERE CAST(substr(sid, 2) AS INTEGER) % 2 = 0', at(5_000))
    const { sessions } = file.store
    expect(await sessions.sweep(at(4_999))).toBe(0)
    const plans = await plansOf(file, async () => expect(await sessions.sweep(at(5_000))).toBe(50_000))
    expect(plans.some((plan) => plan.includes('idle_until<?'))).toBe(true)
    expect(await sessions.sweep(at(5_000))).toBe(0)
    expect(await sessions.count(at(5_000), 0)).toEqual({ active: 50_000, total: 50_000 })
    expect(await sessions.read(keyOf({ ...refOf(0), tag: 't0' as Tag }, 'k0'), at(5_001))).toMatchObject({
      kind: 'ended',
      reason: 'expired',
    })
    expect((await sessions.read(keyOf({ ...refOf(0), tag: 't0' as Tag }, 'k1'), at(5_001))).kind).toBe('live')
  })

  test('revokeAll() ends all of them, says how many, and nobody comes back (S34)', async () => {
    const file = open()
    fill(file, 100_000, 2)
    const { sessions, audit } = file.store
    expect(await sessions.revokeAll(at(10), note('session-revoked', null, at(10)))).toBe(100_000)
    expect(await sessions.revokeAll(at(10), note('session-revoked', null, at(10)))).toBe(0)
    expect(await sessions.count(at(10), 0)).toEqual({ active: 0, total: 0 })
    expect(await sessions.listAll({ world: null }, { after: null, limit: 10 }, at(10))).toEqual({
      items: [],
      next: null,
    })
    expect(await sessions.read(keyOf({ ...refOf(0), tag: 't49999' as Tag }, 'k99999'), at(11))).toMatchObject({
      kind: 'ended',
      reason: 'kicked',
    })
    expect(await audit.verify()).toMatchObject({ kind: 'intact' })
  })
})
