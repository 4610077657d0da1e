import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AuditRecord } from '../../src/ports/audit.ts'
import type { Workbench } from '../support/gateway.ts'
import { asPerson, atDoor, type Benches, benchesOn, byToken, STORES } from './support/bench.ts'
import { about, clerk, HOUSE } from './support/clerk.ts'

describe.each(STORES)('who reaches for what is not theirs is in the record, on %s (SPEC 7)', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
  })
  afterAll(() => benches.stop())
  beforeEach(async () => {
    bench = await benches.bench(HOUSE, { adminRole: 'moderator' })
  })

  async function refusals(): Promise<readonly AuditRecord[]> {
    await bench.settle()
    const filter = { from: null, to: null, subject: null, event: 'access-refused' } as const
    return (await bench.store.audit.read(filter, { after: null, limit: 100 })).items
  }

  test('who would give a role to themselves, by a session', async () => {
    const { cookie, user } = await bench.signedIn(['keeper'], 'Zoë')
    const asked = await asPerson(bench, cookie, 'roles.assign', { user: user.id, role: 'moderator' })
    expect(asked).toMatchObject({ status: 400, body: { code: 'own_account' } })
    const [record, ...more] = await refusals()
    expect(more).toEqual([])
    const detail = expect.objectContaining({ rule: 'admin:roles.assign', outcome: 'refuse', count: 1 })
    expect(record).toMatchObject({ actor: user.id, subject: user.id, detail })
    expect(JSON.stringify(record)).not.toContain('Zoë')
  })

  test('who would give a role to themselves, by a token of their own', async () => {
    const { user } = await bench.signedIn(['keeper'])
    const made = await atDoor(bench, 'tokens.create', { user: user.id, name: 'bot' })
    const { id, token } = made.body as { readonly id: string; readonly token: string }
    const asked = await byToken(bench, token, 'roles.assign', { user: user.id, role: 'moderator' })
    expect(asked).toMatchObject({ status: 400, body: { code: 'own_account' } })
    const detail = expect.objectContaining({ token: id, rule: 'admin:roles.assign' })
    const records = await refusals()
    expect(records).toMatchObject([{ subject: user.id, detail }])
    expect(JSON.stringify(records)).not.toContain(token)
  })

  test('who would change their own standing, by a form of the pages', async () => {
    const { cookie, user } = await bench.signedIn(['keeper'])
    expect((await clerk(bench, cookie).post(about(user), { do: 'restore' })).status).toBe(400)
    const detail = expect.objectContaining({ rule: 'admin:users.unban' })
    expect(await refusals()).toMatchObject([{ actor: user.id, detail }])
  })

  test('who would end the last administrator', async () => {
    const { cookie, user } = await bench.signedIn(['keeper'])
    const last = await bench.signedIn(['moderator'])
    const asked = await asPerson(bench, cookie, 'users.ban', { user: last.user.id, reason: 'test' })
    expect(asked).toMatchObject({ status: 409, body: { code: 'last_admin' } })
    const detail = expect.objectContaining({ rule: 'admin:users.ban' })
    expect(await refusals()).toMatchObject([{ actor: user.id, detail }])
  })

  test('a refusal that has a status of its own is written down once', async () => {
    const { cookie, user } = await bench.signedIn(['moderator'])
    const equal = await bench.signedIn(['moderator'])
    const asked = await asPerson(bench, cookie, 'users.kick', { user: equal.user.id })
    expect(asked).toMatchObject({ status: 403, body: { code: 'outranked' } })
    expect(await refusals()).toMatchObject([{ actor: user.id, detail: { rule: 'admin:users.kick', count: 1 } }])
  })

  test('the operator at the door is written down as such, and as no person', async () => {
    const last = await bench.signedIn(['moderator'])
    expect(await atDoor(bench, 'users.ban', { user: last.user.id, reason: 'test' })).toMatchObject({ status: 409 })
    expect(await refusals()).toEqual([])
  })
})
