import { generateKeyPair } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callback, oidcAt, refused } from './support/attack.ts'
import { type HostileOp, hostileOp } from './support/hostile-op.ts'
import { testRuntime } from './support/runtime.ts'

let op: HostileOp
beforeAll(async () => {
  op = await hostileOp()
})
beforeEach(() => op.reset())
afterAll(() => op.close())

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const now = (): number => Math.floor(Date.now() / 1000)
const order = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  iss: op.url,
  aud: 'client',
  iat: now(),
  exp: now() + 120,
  jti: 'order-1',
  events: { [EVENT]: {} },
  sub: 'ada',
  sid: 'their-session',
  ...changes,
})

async function judge(
  claims: Record<string, unknown>,
  header: Parameters<HostileOp['sign']>[1] = { typ: 'logout+jwt' },
) {
  const { logout } = oidcAt(op)
  if (logout === undefined) throw new Error('no back channel')
  return logout(await op.sign(claims, header))
}

test('logout() takes an order and says how long to remember it', async () => {
  const iat = now()
  expect(await judge(order({ iat }))).toEqual({
    ok: true,
    value: {
      issuer: op.url,
      subject: 'ada',
      providerSid: 'their-session',
      jti: 'order-1',
      issuedAt: iat,
      rememberUntil: iat + 420,
    },
  })
})

test('logout() takes an order for one session without a subject', async () => {
  expect(await judge(order({ sub: undefined }))).toMatchObject({
    ok: true,
    value: { subject: null, providerSid: 'their-session' },
  })
})

test('logout() takes an order for a person without a session', async () => {
  expect(await judge(order({ sid: undefined }))).toMatchObject({
    ok: true,
    value: { subject: 'ada', providerSid: null },
  })
})

test('logout() refuses an order for nobody (Back-Channel Logout 2.6 rule 4)', async () => {
  expect(await judge(order({ sid: undefined, sub: undefined }))).toEqual(refused('sid'))
})

test('logout() refuses an ID token: there is no event (Back-Channel Logout 2.6 rule 5)', async () => {
  expect(await judge(order({ events: undefined }))).toEqual(refused('events'))
})

test('logout() refuses another event', async () => {
  expect(await judge(order({ events: { 'http://schemas.openid.net/event/other': {} } }))).toEqual(refused('events'))
})

test('logout() refuses an event that is no object', async () => {
  expect(await judge(order({ events: { [EVENT]: true } }))).toEqual(refused('events'))
})

test('logout() refuses a nonce (Back-Channel Logout 2.6 rule 6)', async () => {
  expect(await judge(order({ nonce: 'n' }))).toEqual(refused('nonce'))
})

test('logout() refuses an order without jti (mod_auth_openidc 2026-08)', async () => {
  expect(await judge(order({ jti: undefined }))).toEqual(refused('jti'))
})

test('logout() refuses an order without iat (mod_auth_openidc 2026-08)', async () => {
  expect(await judge(order({ iat: undefined }))).toEqual(refused('iat'))
})

test('logout() refuses an order of ten minutes ago, whatever its exp', async () => {
  expect(await judge(order({ iat: now() - 600, exp: now() + 99_999 }))).toEqual(refused('iat'))
})

test('logout() refuses an order for another client', async () => {
  expect(await judge(order({ aud: 'another-client' }))).toEqual(refused('aud'))
})

test('logout() refuses an order of another issuer', async () => {
  expect(await judge(order({ iss: 'https://elsewhere.example' }))).toEqual(refused('iss'))
})

test('logout() refuses an expired order', async () => {
  expect(await judge(order({ iat: now() - 200, exp: now() - 100 }))).toEqual(refused('exp'))
})

test('logout() takes an order without exp for as long as its iat is young (section 2.4, security.md row 133)', async () => {
  expect((await judge(order({ exp: undefined }))).ok).toBe(true)
  expect(await judge(order({ exp: undefined, iat: now() - 370 }))).toEqual(refused('iat'))
  expect(await judge(order({ exp: null }))).toEqual(refused('exp'))
})

test('logout() refuses an access token', async () => {
  expect(await judge(order(), { typ: 'at+jwt' })).toEqual(refused('typ'))
})

test('logout() refuses a forged signature (Back-Channel Logout 2.6 rule 2)', async () => {
  const eve = await generateKeyPair('RS256')
  const { logout } = oidcAt(op)
  expect(await logout?.(await op.sign(order(), {}, eve.privateKey))).toEqual(
    refused('err-jws-signature-verification-failed'),
  )
})

test('logout() refuses text that is no token', async () => {
  expect(await oidcAt(op).logout?.('<html>')).toEqual(refused('token-form'))
})

test('forged logout tokens never open the breaker', async () => {
  const provider = oidcAt(op, {}, testRuntime())
  for (let attempt = 0; attempt < 8; attempt += 1) await provider.logout?.('a.b.c')
  expect((await callback(op, provider)).ok).toBe(true)
})
