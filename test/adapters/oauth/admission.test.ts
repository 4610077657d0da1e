import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callback, oidcAt } from './support/attack.ts'
import { type HostileOp, hostileOp } from './support/hostile-op.ts'

let op: HostileOp
beforeAll(async () => {
  op = await hostileOp()
})
beforeEach(() => op.reset())
afterAll(() => op.close())

test('an e-mail domain list admits a verified address and nothing that looks like one', async () => {
  const provider = oidcAt(op, { admit: { emailDomain: ['guild.example'] } })
  const no = { ok: false, fault: { kind: 'not-admitted', list: 'emailDomain' } }
  expect((await callback(op, provider)).ok).toBe(true)
  op.claims = { email_verified: false }
  expect(await callback(op, provider)).toEqual(no)
  op.claims = { email: 'eve@evil.example@guild.example' }
  expect(await callback(op, provider)).toEqual(no)
  op.claims = { email: 'eve@sub.guild.example' }
  expect(await callback(op, provider)).toEqual(no)
  op.claims = { email: 'eve@guild.example\u0000.evil.example' }
  expect(await callback(op, provider)).toEqual(no)
})

test('an empty list admits nobody', async () => {
  expect(await callback(op, oidcAt(op, { admit: { emailDomain: [] } }))).toEqual({
    ok: false,
    fault: { kind: 'not-admitted', list: 'emailDomain' },
  })
})

test('a list that no claim of this kind can prove stops the start (CVE-2021-21411)', () => {
  expect(() => oidcAt(op, { admit: { guild: ['1'] } })).toThrow('provider "guild" (oidc): admit.guild is for discord')
})

test('an unknown list stops the start', () => {
  expect(() => oidcAt(op, { admit: { emailDomian: ['guild.example'] } })).toThrow('admit.emailDomian is unknown')
})

test('an unknown kind stops the start', () => {
  expect(() => oidcAt(op, { kind: 'constructor' })).toThrow('kind is one of')
})
