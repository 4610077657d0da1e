import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { auditCsv, auditNdjson } from '../../src/admin/operations/audit-text.ts'
import { secret } from '../../src/config/define.ts'
import { bundleHash, canonicalJson } from '../../src/policy/bundle.ts'
import type { PolicyBundle } from '../../src/policy/model.ts'
import type { AuditRecord } from '../../src/ports/audit.ts'
import type { Workbench } from '../support/gateway.ts'
import { asPerson, atDoor, type Benches, benchesOn, PLATFORM, read, STORES } from './support/bench.ts'

const SETTINGS = {
  staticTokens: [{ name: 'scraper', secret: secret('TEST_SCRAPER'), permissions: ['admin.system'] }],
} as const
const SCRAPER = { authorization: 'Bearer a-test-secret-value' }

const RECORD: AuditRecord = {
  event: 'roles-changed',
  at: 1_900_000_000 as AuditRecord['at'],
  actor: 'operator',
  subject: 'user-1' as AuditRecord['subject'],
  requestId: '=cmd()',
  policy: 'sha256:aa',
  detail: { added: 'a,"b"' },
  chain: 'c',
  sequence: 1,
  hash: 'ff',
}

test('auditCsv() quotes as RFC 4180 and disarms formulas', () => {
  const [head, row] = auditCsv([RECORD], 'with-header').split('\r\n')
  expect(head).toBe('at,event,actor,subject,request_id,policy,detail,chain,sequence,hash')
  expect(row).toBe(
    `2030-03-17T17:46:40.000Z,roles-changed,operator,user-1,'=cmd(),sha256:aa,"{""added"":""a,\\""b\\""""}",c,1,ff`,
  )
})

test('auditNdjson() writes one object a line', () => {
  const [line, rest] = auditNdjson([RECORD]).split('\n')
  expect(JSON.parse(line ?? '')).toMatchObject({ event: 'roles-changed', detail: { added: 'a,"b"' } })
  expect(rest).toBe('')
})

describe.each(STORES)('records, keys and policies on %s', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
  })
  afterAll(() => benches.stop())
  beforeEach(async () => {
    bench = await benches.bench(PLATFORM, SETTINGS)
  })

  test('who reads the record is in the record', async () => {
    const { cookie, user } = await bench.signedIn(['system_admin'])
    await asPerson(bench, cookie, 'audit.list', { event: 'sign-in' })
    const reads = await asPerson(bench, cookie, 'audit.list', { event: 'audit-read' })
    expect(reads.body['records']).toMatchObject([{ actor: user.id, detail: { event: 'sign-in' } }, { actor: user.id }])
  })

  test('the record is filtered by subject and time, paged, and intact', async () => {
    const { user } = await bench.signedIn(['padawan'])
    await bench.signedIn(['padawan'])
    bench.clock.now += 100
    await atDoor(bench, 'roles.assign', { user: user.id, role: 'game_master' })
    const about = await atDoor(bench, 'audit.list', { subject: user.id, from: bench.clock.now, event: 'roles-changed' })
    expect(about.body['records']).toMatchObject([{ event: 'roles-changed', actor: 'operator' }])
    const page = await atDoor(bench, 'audit.list', { limit: 1 })
    expect(page.body['records']).toHaveLength(1)
    expect(typeof page.body['next']).toBe('string')
    expect((await atDoor(bench, 'audit.verify')).body).toMatchObject({ kind: 'intact' })
  })

  test('audit.list refuses a subject that is no id: it would be in the chain for good', async () => {
    const { cookie } = await bench.signedIn(['system_admin'])
    for (const subject of ['\ud800', 'a\nb', 'ada@example.com', 'x'.repeat(65)]) {
      const refused = await asPerson(bench, cookie, 'audit.list', { subject })
      const problems = [{ where: 'subject', what: expect.stringMatching(/id of a user|at most 64/) }]
      expect(refused, JSON.stringify(subject)).toMatchObject({ status: 400, body: { code: 'bad_body', problems } })
    }
    expect((await atDoor(bench, 'audit.list', { subject: 'nobody:we-know_1' })).status).toBe(200)
    expect((await atDoor(bench, 'audit.list', { subject: null })).status).toBe(200)
    expect((await atDoor(bench, 'audit.verify')).body).toMatchObject({ kind: 'intact' })
  })

  test('audit.list refuses an event that does not exist, and names the nearest', async () => {
    const refused = await atDoor(bench, 'audit.list', { event: 'role-changed' })
    const problems = [{ where: 'event', what: expect.stringContaining('did you mean "roles-changed"?') }]
    expect(refused).toMatchObject({ status: 400, body: { code: 'bad_body', problems } })
    expect((await atDoor(bench, 'audit.export', { event: 'zzzzzzzzzzzz' })).status).toBe(400)
    const count = bench.calls.filter((call) => call === 'audit.read').length
    expect(count).toBe(0)
  })

  test('an export has every record, in pages, with one header', async () => {
    for (let n = 0; n < 5; n++) await atDoor(bench, 'sessions.count')
    let [text, after]: [string, unknown] = ['', null]
    do {
      const page = await atDoor(bench, 'audit.export', { format: 'csv', limit: 2, after })
      text += page.body['text']
      after = page.body['next']
    } while (after !== null)
    const lines = text.trim().split('\r\n')
    expect(lines.filter((line) => line.startsWith('at,event'))).toHaveLength(1)
    expect(lines.filter((line) => line.includes('sessions.count'))).toHaveLength(5)
  })

  test('a free-text reason does not get into the record', async () => {
    const { user } = await bench.signedIn(['padawan'])
    await atDoor(bench, 'users.ban', { user: user.id, reason: 'wrote to ada@example.com' })
    const any = { from: null, to: null, subject: null, event: null }
    expect(JSON.stringify(await bench.store.audit.read(any, { after: null, limit: 50 }))).not.toContain('ada@')
  })

  test('old records are dropped and the chain stays verifiable', async () => {
    await atDoor(bench, 'sessions.count')
    bench.clock.now += 40 * 86_400
    expect((await atDoor(bench, 'audit.retain', {})).status).toBe(400)
    expect((await atDoor(bench, 'audit.retain', { days: 29 })).status).toBe(400)
    const kept = await atDoor(bench, 'audit.retain', { days: 30 })
    expect(kept.body['removed']).toBeGreaterThan(0)
    expect((await atDoor(bench, 'audit.verify')).body).toMatchObject({ kind: 'intact' })
  })

  test('the checkpoint of a cut is signed, also long after its key has gone (DECISIONS 10)', async () => {
    await atDoor(bench, 'sessions.count')
    bench.clock.now += 40 * 86_400
    await atDoor(bench, 'audit.retain', { days: 30 })
    expect(await bench.store.audit.checkpoints()).toMatchObject([{ signature: expect.stringMatching(/^e[\w-]+\.e/) }])
    await atDoor(bench, 'keys.rotate')
    bench.clock.now += 400 * 86_400
    expect((await atDoor(bench, 'audit.verify')).body).toMatchObject({ kind: 'intact' })
  })

  test('a cut that nobody signed is broken, and is not signed with the next one', async () => {
    for (let n = 0; n < 3; n++) await atDoor(bench, 'sessions.count')
    bench.clock.now += 40 * 86_400
    await bench.store.audit.retain(bench.gateway.runtime.now(), async () => 'e30.e30.AAAA')
    const broken = { kind: 'broken', problem: expect.stringMatching(/not signed/) }
    expect((await atDoor(bench, 'audit.verify')).body).toMatchObject(broken)
    const refused = await atDoor(bench, 'audit.retain', { days: 30 })
    expect(refused).toMatchObject({ status: 409, body: { code: 'audit_broken', problem: broken.problem } })
  })

  test('keys are rotated with a day of notice, and revoked at once', async () => {
    const before = (await atDoor(bench, 'keys.list')).body['keys'] as { kid: string; state: string }[]
    expect(before).toMatchObject([{ state: 'current' }])
    const rotated = await atDoor(bench, 'keys.rotate')
    expect(rotated.body).toMatchObject({ kind: 'added', retires: before[0]?.kid })
    const after = (await atDoor(bench, 'keys.list')).body['keys']
    expect(after).toMatchObject([{ state: 'current' }, { state: 'next' }])
    const revoked = await atDoor(bench, 'keys.revoke', { key: before[0]?.kid })
    expect(revoked.body['signs']).toBe(rotated.body['kid'])
    const jwks = await read(await bench.request('/auth/.well-known/jwks.json'))
    expect(jwks.text).not.toContain(before[0]?.kid)
    expect((await atDoor(bench, 'keys.revoke', { key: 'nothing' })).status).toBe(404)
    expect(after === null ? '' : JSON.stringify(after)).not.toContain('sealed')
  })

  async function changed(change: Partial<PolicyBundle>): Promise<PolicyBundle> {
    const bundle = { ...bench.gateway.policy().bundle, ...change }
    return { ...bundle, hash: await bundleHash(bundle) }
  }

  test('a pushed policy is in force; rollback and unpush go back', async () => {
    const one = await changed({ rolesPerUser: 'one' })
    const two = await changed({ permissions: [...bench.gateway.policy().bundle.permissions].slice(1) })
    expect(await atDoor(bench, 'policies.push', { bundle: one })).toMatchObject({
      status: 200,
      body: { hash: one.hash },
    })
    await atDoor(bench, 'policies.push', { bundle: two })
    expect(await bench.store.policies.active()).toBe(two.hash)
    expect((await atDoor(bench, 'policies.show', { hash: one.hash })).body).toEqual({ hash: one.hash, bundle: one })
    expect((await atDoor(bench, 'policies.show', { hash: `${one.hash}0` })).status).toBe(404)
    const serving = bench.gateway.policy().bundle
    expect((await atDoor(bench, 'policies.show')).body).toEqual({ hash: serving.hash, bundle: serving })
    expect((await atDoor(bench, 'policies.rollback')).body).toMatchObject({ hash: one.hash, replaces: two.hash })
    expect(await bench.store.policies.active()).toBe(one.hash)
    expect((await atDoor(bench, 'policies.rollback')).status).toBe(404)
    expect((await atDoor(bench, 'policies.rollback', { hash: two.hash })).status).toBe(200)
    expect((await atDoor(bench, 'policies.history')).body['versions']).toMatchObject([
      { hash: two.hash, active: true },
      { hash: one.hash, active: false },
    ])
    expect((await atDoor(bench, 'policies.unpush')).body).toMatchObject({ unpushed: two.hash })
    expect(await bench.store.policies.active()).toBeNull()
    expect((await atDoor(bench, 'policies.unpush')).body).toMatchObject({ changed: false })
  })

  test('a version pushed twice is not its own predecessor', async () => {
    const [one, two] = [await changed({ rolesPerUser: 'one' }), await changed({ permissions: [] })]
    for (const bundle of [one, two, two]) await atDoor(bench, 'policies.push', { bundle })
    expect((await atDoor(bench, 'policies.rollback')).body).toMatchObject({ hash: one.hash })
  })

  test('rollback() after a version was pushed again goes to the one that it replaced then, and back', async () => {
    const [one, two] = [await changed({ rolesPerUser: 'one' }), await changed({ permissions: [] })]
    for (const bundle of [one, two, one]) await atDoor(bench, 'policies.push', { bundle })
    expect((await atDoor(bench, 'policies.rollback')).body).toMatchObject({ hash: two.hash, replaces: one.hash })
    expect((await atDoor(bench, 'policies.rollback')).body).toMatchObject({ hash: one.hash, replaces: two.hash })
  })

  test('a bad bundle leaves the old one in force, and the attempt is written down with both hashes', async () => {
    const good = bench.gateway.policy().bundle
    const forged = { ...good, rolesPerUser: 'one' }
    expect(await atDoor(bench, 'policies.push', { bundle: forged })).toMatchObject({
      status: 400,
      body: { code: 'policy_refused' },
    })
    expect((await atDoor(bench, 'policies.push', { bundle: {} })).status).toBe(400)
    expect((await atDoor(bench, 'policies.push', { bundle: 'text' })).status).toBe(400)
    const lost = await changed({ rules: [{ ...ruleOf('nowhere') }] as unknown as PolicyBundle['rules'] })
    const misfit = await atDoor(bench, 'policies.push', { bundle: lost })
    expect(misfit).toMatchObject({ status: 400, body: { problems: [{ what: expect.stringContaining('nowhere') }] } })
    expect(await bench.store.policies.active()).toBeNull()
    const filter = { from: null, to: null, subject: null, event: 'policy-refused' } as const
    const { items } = await bench.store.audit.read(filter, { after: null, limit: 10 })
    expect(items.map(({ detail }) => detail['to'])).toContain(lost.hash)
    expect(items.every(({ detail }) => detail['from'] === good.hash)).toBe(true)
  })

  function ruleOf(upstream: string) {
    return { id: 'x', at: { file: 'f', line: 1, column: 1 }, access: 'public', upstream }
  }

  test('a bundle whose rules are no rules is refused', async () => {
    const broken = await changed({ rules: [ruleOf('game')] as unknown as PolicyBundle['rules'] })
    expect(canonicalJson(broken)).toContain(broken.hash)
    expect(await atDoor(bench, 'policies.push', { bundle: broken })).toMatchObject({ status: 400 })
    const roleless = await changed({ roles: null as unknown as PolicyBundle['roles'] })
    expect(await atDoor(bench, 'policies.push', { bundle: roleless })).toMatchObject({ status: 400 })
  })

  test('metrics are for administrators of the system and for a static token', async () => {
    const { cookie } = await bench.signedIn(['game_master'])
    expect((await bench.request('/auth/metrics')).status).toBe(401)
    expect((await bench.request('/auth/metrics', { headers: { cookie } })).status).toBe(403)
    await bench.request('/nowhere')
    const scraped = await read(await bench.request('/auth/metrics', { headers: SCRAPER }))
    expect(scraped.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(scraped.text).toContain('postern_requests_total{rule="",outcome="challenge:no-session"} 1\n')
    expect(scraped.text).toContain('postern_sessions_active 1\n')
    expect(scraped.text).toContain(`postern_policy_info{hash="${bench.gateway.policy().hash}"} 1\n`)
  })

  test('an assertion of ours is answered with the lists of this moment', async () => {
    const { user } = await bench.signedIn(['game_master'])
    const [upstream] = bench.gateway.config.upstreams
    if (upstream === undefined) throw new Error('no upstream')
    const found = (await bench.store.sessions.list(user, bench.gateway.runtime.now()))[0]
    if (found === undefined) throw new Error('no session')
    const subject = { kind: 'session', user, session: found } as const
    const headers = await bench.gateway.identity.headers(subject, bench.gateway.policy(), upstream)
    const jws = headers.find(([name]) => name.toLowerCase() === 'postern-assertion')?.[1] ?? ''
    const ask = async (token: string) =>
      read(await bench.request('/auth/permissions', { headers: { authorization: `Bearer ${token}` } }))
    const answered = await ask(jws)
    expect(answered).toMatchObject({
      status: 200,
      body: { sub: user.id, roles: ['game_master'], primary_role: 'game_master' },
    })
    expect(answered.body['permissions']).toContain('games.moderate')
    // WHY: one letter that is another one for sure: every 256th signature ends with AA.
    const other = jws.at(-9) === 'A' ? 'B' : 'A'
    expect((await ask(`${jws.slice(0, -9)}${other}${jws.slice(-8)}`)).status).toBe(401)
    expect((await ask('')).status).toBe(401)
    const nobody = await bench.gateway.identity.headers(null, bench.gateway.policy(), upstream)
    expect((await ask(nobody.find(([name]) => /assertion/i.test(name))?.[1] ?? '')).status).toBe(401)
    await atDoor(bench, 'users.kick', { user: user.id })
    expect((await ask(jws)).status).toBe(401)
    bench.clock.now += 120
    expect((await ask(jws)).status).toBe(401)
  })

  test('a stored role that the policy does not know is not in the list either, as it is not in the hash', async () => {
    const { user } = await bench.signedIn(['game_master', 'dropped_from_the_policy'])
    const [upstream] = bench.gateway.config.upstreams
    const session = (await bench.store.sessions.list(user, bench.gateway.runtime.now()))[0]
    if (upstream === undefined || session === undefined) throw new Error('no upstream or no session')
    const subject = { kind: 'session', user, session } as const
    const headers = new Headers((await bench.gateway.identity.headers(subject, bench.gateway.policy(), upstream)) as [])
    const authorization = `Bearer ${headers.get('postern-assertion')}`
    const answered = await read(await bench.request('/auth/permissions', { headers: { authorization } }))
    expect([headers.get('postern-roles'), answered.body['roles']]).toEqual(['game_master', ['game_master']])
  })
})
