import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Profile } from '../../../src/core/person.ts'
import { callback, oidcAt } from './support/attack.ts'
import { type HostileOp, hostileOp, json } from './support/hostile-op.ts'

let op: HostileOp
beforeAll(async () => {
  op = await hostileOp()
})
beforeEach(() => op.reset())
afterAll(() => op.close())

type Claims = Readonly<Record<string, unknown>>

/** The address, and all claims, of a person about whom the ID token says this and userinfo that. */
async function toldBy(idToken: Claims, userinfo: Claims): Promise<[Partial<Profile>, Claims]> {
  op.claims = { name: undefined, email: undefined, email_verified: undefined, ...idToken }
  op.on('/userinfo', (_request, response) => json(response, { sub: 'ada', name: 'Ada', ...userinfo }))
  const outcome = await callback(op, oidcAt(op))
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.fault))
  const { email, emailVerified } = outcome.value.identity.profile
  return [{ email, emailVerified }, outcome.value.claims]
}

const EVE = 'eve@guild.example'
const BOSS = 'boss@guild.example'

// OpenID Connect Core 5.1: `email_verified` may be left out; 5.3.2: userinfo need not repeat the ID token.
test('finish() believes no "verified" of the ID token about an address of userinfo', async () => {
  const [profile, claims] = await toldBy({ email: EVE, email_verified: true }, { email: BOSS })
  expect(profile).toEqual({ email: EVE, emailVerified: true })
  expect(claims).toMatchObject({ email: EVE, email_verified: true, name: 'Ada' })
})

test('finish() believes no "verified" of userinfo about an address of the ID token', async () => {
  const [profile, claims] = await toldBy({ email: BOSS }, { email_verified: true })
  expect(profile).toEqual({ email: BOSS, emailVerified: false })
  expect(claims['email_verified']).toBeUndefined()
})

test('finish() believes no "verified" of the ID token without an address', async () => {
  const [profile] = await toldBy({ email_verified: true }, { email: BOSS })
  expect(profile).toEqual({ email: BOSS, emailVerified: false })
})

test('finish() counts an address that is null as not told', async () => {
  const [profile] = await toldBy({ email: EVE, email_verified: false }, { email: null, email_verified: true })
  expect(profile).toEqual({ email: EVE, emailVerified: false })
})

test('finish() takes address and "verified" of userinfo where it tells both', async () => {
  const [profile] = await toldBy({ email: EVE, email_verified: false }, { email: BOSS, email_verified: true })
  expect(profile).toEqual({ email: BOSS, emailVerified: true })
})

test('finish() keeps address and "verified" of the ID token where userinfo repeats the address alone', async () => {
  const [profile] = await toldBy({ email: EVE, email_verified: true }, { email: EVE })
  expect(profile).toEqual({ email: EVE, emailVerified: true })
})

test('finish() holds a telephone number to the same', async () => {
  const own = { phone_number: '+1', phone_number_verified: true }
  const [, claims] = await toldBy(own, { phone_number: '+2' })
  expect(claims).toMatchObject(own)
})
