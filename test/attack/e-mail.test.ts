import { afterEach, beforeEach, expect, test } from 'vitest'
import { mailAddress, profileOf } from '../../src/adapters/oauth/profile.ts'
import { admit } from '../../src/login/admit.ts'
import type { ProviderOutcome } from '../../src/ports/provider.ts'
import { askOf } from '../support/ask.ts'
import type { Workbench } from '../support/gateway.ts'
import { gameBench } from './support/bench.ts'

let bench: Workbench
beforeEach(async () => {
  bench = await gameBench({ firstAdmins: [{ provider: 'google', email: 'kim@corp.test' }], ...GOOGLE })
})
afterEach(() => bench.close())

const GOOGLE = {
  providers: { google: { clientId: 'x', clientSecret: { secret: 'TEST_SECRET' } } },
}

async function rolesOf(email: string, subject: string): Promise<readonly string[]> {
  const profile = profileOf({ name: 'Kim', email, emailVerified: true, picture: null }, 'refuse')
  const identity = { issuer: 'https://id.example.com', subject, provider: 'google', profile }
  const outcome = {
    identity,
    authTime: null,
    claims: {},
    idToken: null,
    providerSid: null,
    issuedAt: null,
  } as ProviderOutcome
  const admitted = await admit(askOf({}), bench.gateway, outcome)
  return admitted.kind === 'closed' ? [] : admitted.user.roles
}

test('the first admin is known by the address, in any case', async () => {
  expect(await rolesOf('Kim@Corp.test', 'one')).toEqual(['admin'])
})

test('a letter that only looks the same is another person (next-auth GHSA-7rqj-j65f-68wh)', async () => {
  expect(await rolesOf('\u212aim@corp.test', 'two')).toEqual(['player'])
})

test.each(['a\uff20evil.test@corp.test', 'a\ufe6bevil.test@corp.test', 'a@evil.test@corp.test', '"a@b"@corp.test'])(
  '%s is no address (next-auth GHSA-7rqj-j65f-68wh, oauth2-proxy CVE-2026-40574)',
  (text) => {
    expect(mailAddress(text)).toBeNull()
  },
)
