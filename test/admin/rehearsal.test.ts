import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Workbench, workbench } from '../support/gateway.ts'
import { type Answered, atDoor, type Benches, benchesOn, KEY, MUD, MUD_SETTINGS, STORES } from './support/bench.ts'

/** Status and code of a call, first rehearsed and then made. */
async function both(bench: Workbench, operation: string, input: unknown = {}): Promise<readonly Answered[]> {
  const rehearsed = await atDoor(bench, `${operation}?dry_run=1`, input)
  return [rehearsed, await atDoor(bench, operation, input)]
}

describe.each(STORES)('a rehearsal on %s is refused what the real call is refused (SPEC 8)', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
  })
  afterAll(() => benches.stop())
  beforeEach(async () => {
    bench = await benches.bench(MUD, MUD_SETTINGS)
  })

  const lastAdmin = { status: 409, body: { code: 'last_admin' } }
  test('the end of the last administrator', async () => {
    const { user } = await bench.signedIn(['superuser'])
    const idle = (await bench.signedIn(['superuser'])).user
    await bench.signedIn(['player'])
    expect((await atDoor(bench, 'users.ban', { user: idle.id, reason: 'x' })).status).toBe(200)
    const at = { user: user.id }
    for (const [operation, input] of [
      ['users.ban', { ...at, reason: 'x' }],
      ['users.suspend', { ...at, reason: 'x', until: bench.clock.now + 60 }],
      ['users.remove', at],
      ['roles.remove', { ...at, role: 'superuser' }],
      ['roles.replace', { ...at, roles: ['player'] }],
    ] as const)
      expect([operation, ...(await both(bench, operation, input))]).toMatchObject([operation, lastAdmin, lastAdmin])
    await atDoor(bench, 'users.unban', { user: idle.id })
    const [rehearsed, done] = await both(bench, 'roles.replace', { ...at, roles: ['player'] })
    expect([rehearsed?.status, done?.status]).toEqual([200, 200])
  })

  test('the end of a token that is not there', async () => {
    const { user } = await bench.signedIn(['player'])
    const refused = { status: 404, body: { code: 'not_found', where: 'token' } }
    expect(await both(bench, 'tokens.revoke', { user: user.id, token: 'never' })).toMatchObject([refused, refused])
  })

  test('and counts the sessions that a ban would end', async () => {
    const { user } = await bench.signedIn(['player'])
    const told = { status: 200, body: { standing: 'banned', sessions_ended: 1 } }
    expect(await both(bench, 'users.ban', { user: user.id, reason: 'x' })).toMatchObject([told, told])
  })
})

describe('where the keys are given', () => {
  let bench: Workbench
  afterEach(() => bench.close())

  test('a rehearsal of their change is refused as the change is', async () => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
    const jwk = JSON.stringify(await crypto.subtle.exportKey('jwk', pair.privateKey))
    const secrets = { POSTERN_OPERATOR_KEY: KEY, OWN_KEYS: jwk }
    bench = await workbench(MUD, { ...MUD_SETTINGS, assertion: { keys: { secret: 'OWN_KEYS' } } }, { secrets })
    const [first] = (await atDoor(bench, 'keys.list')).body['keys'] as readonly { readonly kid: string }[]
    const refused = { status: 404, body: { hint: expect.stringContaining('OWN_KEYS') } }
    expect(await both(bench, 'keys.rotate')).toMatchObject([refused, refused])
    expect(await both(bench, 'keys.revoke', { key: first?.kid })).toMatchObject([refused, refused])
  })
})
