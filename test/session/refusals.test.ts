import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { secret } from '../../src/config/define.ts'
import type { AuditRecord } from '../../src/ports/audit.ts'
import { type Workbench, workbench } from '../support/gateway.ts'
import { asked, POLICIES, said, silence } from './scene.ts'

let bench: Workbench
beforeEach(async () => {
  bench = await workbench(POLICIES)
})
afterEach(() => bench.close())

async function refusals(of: Workbench = bench): Promise<readonly AuditRecord[]> {
  await of.settle()
  const filter = { from: null, to: null, subject: null, event: 'access-refused' } as const
  return (await of.store.audit.read(filter, { after: null, limit: 100 })).items
}

describe('the refusal of somebody who is signed in (SPEC 7, DECISIONS 10)', () => {
  test('is in the record: who, by which session, at which rule and why', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    expect((await said(bench, '/edit?secret=1', cookie)).slice(0, 2)).toEqual([403, 'permission_denied'])
    const [record, ...more] = await refusals()
    expect(more).toEqual([])
    expect(record).toMatchObject({ event: 'access-refused', actor: user.id, subject: user.id })
    const detail = {
      sid: expect.stringMatching(/./),
      rule: expect.stringMatching(/./),
      outcome: 'refuse:forbid',
      count: 1,
    }
    expect(record?.detail).toEqual(detail)
    expect(JSON.stringify(record)).not.toContain('secret')
  })

  test('is one record a minute for each session and rule, which counts those since the last', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    const other = await bench.signedIn(['player'])
    for (let n = 0; n < 50; n++) await said(bench, '/edit', cookie)
    await said(bench, '/edit', other.cookie)
    bench.clock.now += 59
    await said(bench, '/edit', cookie)
    expect(await refusals()).toHaveLength(2)
    bench.clock.now += 1
    await said(bench, '/edit', cookie)
    const mine = (await refusals()).filter(({ subject }) => subject === user.id)
    expect(mine.map(({ detail }) => detail['count'])).toEqual([1, 51])
    const writes = bench.calls.filter((call) => call === 'audit.append')
    expect(writes).toHaveLength(3)
  })

  test('names a token instead of a session', async () => {
    const staticTokens = [{ name: 'scraper', secret: secret('TEST_SCRAPER'), permissions: ['players.view'] }]
    const other = await workbench(POLICIES, { staticTokens })
    const headers = { authorization: 'Bearer a-test-secret-value', accept: 'application/json' }
    expect((await other.request('/edit', { headers })).status).toBe(403)
    const detail = expect.objectContaining({ token: 'scraper', count: 1 })
    expect(await refusals(other)).toMatchObject([{ actor: 'token:scraper', subject: null, detail }])
    other.close()
  })

  test('at the admin API is in the record under its operation', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    expect((await said(bench, '/auth/admin/api/users.list', cookie))[0]).toBe(403)
    expect(await refusals()).toMatchObject([
      { actor: user.id, detail: { rule: 'admin:users.list', outcome: 'refuse' } },
    ])
  })

  test('is not delayed or changed by a store that takes no record', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const answerAgain = silence(bench.store.audit, 'append')
    const answer = await asked(bench, '/edit', cookie)
    expect(answer.status).toBe(403)
    await expect(bench.settle()).rejects.toThrow('silent in this test')
    answerAgain()
    bench.clock.now += 60
    expect((await said(bench, '/edit', cookie))[0]).toBe(403)
    expect(await refusals()).toHaveLength(1)
  })

  test('of nobody, of a step on the way, and of what has no rule goes to the log only', async () => {
    const { cookie } = await bench.signedIn(['player'])
    expect((await said(bench, '/edit', 'a=b'))[0]).toBe(401)
    expect((await said(bench, '/arena', cookie))[0]).toBe(409)
    expect((await said(bench, '/nowhere', cookie))[0]).toBe(403)
    expect(await refusals()).toEqual([])
    expect(bench.calls).not.toContain('audit.append')
  })

  test('is nothing an allowed request pays for', async () => {
    const { cookie } = await bench.signedIn(['player'])
    for (let n = 0; n < 3; n++) expect(await said(bench, '/players', cookie)).toEqual([200])
    expect(bench.calls).not.toContain('audit.append')
  })
})
