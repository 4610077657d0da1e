import { exportJWK, exportSPKI, generateKeyPair } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callback, oidcAt, refused } from './support/attack.ts'
import { type HostileOp, hostileOp, json } from './support/hostile-op.ts'
import { testRuntime } from './support/runtime.ts'

let op: HostileOp
beforeAll(async () => {
  op = await hostileOp()
})
beforeEach(() => op.reset())
afterAll(() => op.close())

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const now = (): number => Math.floor(Date.now() / 1000)

function answerWith(idToken: string): void {
  op.on('/token', (_request, response) =>
    json(response, { access_token: 'at', token_type: 'Bearer', id_token: idToken }),
  )
}

test('finish() takes an honest ID token', async () => {
  expect(await callback(op, oidcAt(op))).toMatchObject({
    ok: true,
    value: { identity: { issuer: op.url, subject: 'ada' } },
  })
})

test('finish() refuses an ID token for another client (OpenID Connect Core 3.1.3.7 rule 3)', async () => {
  op.claims = { aud: 'another-client' }
  expect(await callback(op, oidcAt(op))).toEqual(refused('aud'))
})

test('finish() refuses an ID token of another issuer (security.md rows 56, 253)', async () => {
  op.claims = { iss: 'https://elsewhere.example' }
  expect(await callback(op, oidcAt(op))).toEqual(refused('iss'))
})

test('finish() refuses an expired ID token (OpenID Connect Core 3.1.3.7 rule 9)', async () => {
  op.claims = { iat: now() - 500, exp: now() - 120 }
  expect(await callback(op, oidcAt(op))).toEqual(refused('exp'))
})

test('finish() takes an ID token that expired within the tolerance of one minute', async () => {
  op.claims = { iat: now() - 300, exp: now() - 20 }
  expect((await callback(op, oidcAt(op))).ok).toBe(true)
})

test('finish() refuses an ID token without exp (ZITADEL, security.md row 253)', async () => {
  op.claims = { exp: undefined }
  expect(await callback(op, oidcAt(op))).toEqual(refused('exp'))
})

test('finish() refuses an exp that is text (GHSA-hm8q-7f3q-5f36)', async () => {
  op.claims = { exp: '9999999999' }
  expect(await callback(op, oidcAt(op))).toEqual(refused('exp'))
})

test('finish() refuses an exp beyond safe numbers (DECISIONS 39)', async () => {
  op.claims = { exp: 2 ** 53 + 2 }
  expect(await callback(op, oidcAt(op))).toEqual(refused('exp'))
})

test('finish() refuses an ID token from the future', async () => {
  op.claims = { iat: now() + 3600, exp: now() + 7200 }
  expect(await callback(op, oidcAt(op))).toEqual(refused('iat'))
})

test('finish() refuses an ID token issued an hour ago: it does not come from this exchange', async () => {
  op.claims = { iat: now() - 3600, exp: now() + 3600 }
  expect(await callback(op, oidcAt(op))).toEqual(refused('iat'))
})

test('finish() refuses a nonce of another sign-in (CVE-2023-27490)', async () => {
  op.claims = { nonce: 'another-nonce' }
  expect(await callback(op, oidcAt(op))).toEqual(refused('nonce'))
})

test('finish() refuses a missing nonce (CVE-2023-27490, OpenID Connect Core 3.1.3.7 rule 11)', async () => {
  op.claims = { nonce: undefined }
  expect(await callback(op, oidcAt(op))).toEqual(refused('nonce'))
})

test('finish() refuses an azp of another client (DECISIONS 39)', async () => {
  op.claims = { azp: 'another-client' }
  expect(await callback(op, oidcAt(op))).toEqual(refused('azp'))
})

test('finish() refuses several audiences without azp (OpenID Connect Core 3.1.3.7 rule 4)', async () => {
  op.claims = { aud: ['client', 'another-client'] }
  expect(await callback(op, oidcAt(op))).toEqual(refused('azp'))
})

test('finish() refuses an ID token without sub', async () => {
  op.claims = { sub: undefined }
  expect(await callback(op, oidcAt(op))).toEqual(refused('sub'))
})

test('finish() refuses a logout token as ID token (Back-Channel Logout section 2.4)', async () => {
  op.claims = { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }
  expect(await callback(op, oidcAt(op))).toEqual(refused('events'))
})

test('finish() refuses an access token as ID token (RFC 8725 section 3.11)', async () => {
  op.header = { typ: 'at+jwt' }
  expect(await callback(op, oidcAt(op))).toEqual(refused('typ'))
})

test('finish() refuses a sign-in older than max_age (DECISIONS 39)', async () => {
  op.claims = { auth_time: now() - 1000 }
  expect(await callback(op, oidcAt(op, { options: { issuer: op.url, maxAge: '300' } }))).toEqual(refused('auth_time'))
})

test('finish() refuses a missing auth_time when max_age was asked for', async () => {
  expect(await callback(op, oidcAt(op, { options: { issuer: op.url, maxAge: '300' } }))).toEqual(refused('auth_time'))
})

test('finish() refuses alg none (CVE-2015-9235)', async () => {
  op.metadata = { id_token_signing_alg_values_supported: ['none', 'RS256'] }
  const provider = oidcAt(op)
  op.on('/token', (_request, response) =>
    json(response, {
      access_token: 'at',
      token_type: 'Bearer',
      id_token: `${encode({ alg: 'none' })}.${encode(op.honestClaims())}.`,
    }),
  )
  expect(await callback(op, provider)).toEqual(refused('alg'))
})

test('finish() refuses HS256 with the public key as secret (CVE-2022-29217, CVE-2026-22817)', async () => {
  op.metadata = { id_token_signing_alg_values_supported: ['HS256', 'RS256'] }
  const secret = Buffer.from(await exportSPKI(op.keys.publicKey))
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  op.on('/token', async (_request, response) => {
    const signed = `${encode({ alg: 'HS256', kid: 'honest' })}.${encode(op.honestClaims())}`
    const mac = Buffer.from(await crypto.subtle.sign('HMAC', key, Buffer.from(signed))).toString('base64url')
    json(response, { access_token: 'at', token_type: 'Bearer', id_token: `${signed}.${mac}` })
  })
  expect(await callback(op, oidcAt(op))).toEqual(refused('alg'))
})

test('finish() refuses HS256 with the client secret', async () => {
  op.metadata = { id_token_signing_alg_values_supported: ['HS256'] }
  answerWith(`${encode({ alg: 'HS256' })}.${encode(op.honestClaims())}.AAAA`)
  expect(await callback(op, oidcAt(op))).toEqual(refused('alg'))
})

test('finish() refuses an algorithm the provider does not state', async () => {
  const pair = await generateKeyPair('ES256')
  op.jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'honest' }] }
  op.on('/token', async (_request, response) => {
    json(response, {
      access_token: 'at',
      token_type: 'Bearer',
      id_token: await op.sign(op.honestClaims(), { alg: 'ES256' }, pair.privateKey),
    })
  })
  expect(await callback(op, oidcAt(op))).toEqual(refused('alg'))
})

test('finish() ignores a jwk in the header and refuses what it signed (CVE-2018-0114)', async () => {
  const eve = await generateKeyPair('RS256', { extractable: true })
  const jwk = await exportJWK(eve.publicKey)
  op.on('/token', async (_request, response) => {
    json(response, {
      access_token: 'at',
      token_type: 'Bearer',
      id_token: await op.sign(op.honestClaims(), { jwk }, eve.privateKey),
    })
  })
  expect(await callback(op, oidcAt(op))).toEqual(refused('err-jws-signature-verification-failed'))
})

test('finish() follows neither jku nor x5u (RFC 8725 section 3.10)', async () => {
  const eve = await generateKeyPair('RS256')
  op.on('/token', async (_request, response) => {
    const header = { kid: 'unknown', jku: `${op.url}/elsewhere`, x5u: `${op.url}/elsewhere` }
    json(response, {
      access_token: 'at',
      token_type: 'Bearer',
      id_token: await op.sign(op.honestClaims(), header, eve.privateKey),
    })
  })
  expect(await callback(op, oidcAt(op))).toEqual(refused('kid'))
  expect(op.hits.get('/elsewhere')).toBeUndefined()
})

test('finish() refuses crit headers it does not know (CVE-2025-59420)', async () => {
  const protectedHeader = { alg: 'RS256', kid: 'honest', crit: ['bork'], bork: true }
  op.on('/token', async (_request, response) => {
    const signed = `${encode(protectedHeader)}.${encode(op.honestClaims())}`
    const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', op.keys.privateKey, Buffer.from(signed))
    json(response, {
      access_token: 'at',
      token_type: 'Bearer',
      id_token: `${signed}.${Buffer.from(signature).toString('base64url')}`,
    })
  })
  expect(await callback(op, oidcAt(op))).toEqual(refused('err-jose-not-supported'))
})

test('finish() refuses an RSA key with e = 1, under which everything is signed (DECISIONS 39)', async () => {
  const jwk = await exportJWK(op.keys.publicKey)
  op.jwks = { keys: [{ ...jwk, kid: 'honest', e: 'AQ' }] }
  expect(await callback(op, oidcAt(op))).toEqual(refused('rsa-exponent'))
})

test('finish() refuses an RSA key of 1024 bits (RFC 7518 section 3.3)', async () => {
  const jwk = await exportJWK(op.keys.publicKey)
  op.jwks = { keys: [{ ...jwk, kid: 'honest', n: Buffer.alloc(128, 0xff).toString('base64url') }] }
  expect(await callback(op, oidcAt(op))).toEqual(refused('rsa-size'))
})

test('finish() refuses a token of a megabyte of dots (CVE-2025-27144)', async () => {
  answerWith('.'.repeat(400_000))
  expect(await callback(op, oidcAt(op))).toEqual(refused('token-size'))
})

test('finish() refuses an answer without an ID token', async () => {
  op.on('/token', (_request, response) => json(response, { access_token: 'at', token_type: 'Bearer' }))
  expect((await callback(op, oidcAt(op))).ok).toBe(false)
})

test('finish() refuses userinfo of another person (OpenID Connect Core 5.3.2)', async () => {
  op.claims = { name: undefined, email: undefined }
  op.on('/userinfo', (_request, response) =>
    json(response, { sub: 'eve', email: 'ada@guild.example', email_verified: true }),
  )
  expect(await callback(op, oidcAt(op))).toEqual(refused('sub'))
})

test('an address from userinfo is verified only if userinfo says so', async () => {
  op.claims = { email: undefined, email_verified: true }
  op.on('/userinfo', (_request, response) =>
    json(response, { sub: 'ada', email: 'ada@guild.example', email_verified: false }),
  )
  expect(await callback(op, oidcAt(op))).toMatchObject({
    ok: true,
    value: { identity: { profile: { email: 'ada@guild.example', emailVerified: false } } },
  })
})

test('an unknown kid asks for keys once for sixty tokens, and not again within a minute (DECISIONS 39)', async () => {
  const runtime = testRuntime()
  const provider = oidcAt(op, {}, runtime)
  await callback(op, provider)
  expect(op.hits.get('/jwks')).toBe(1)
  runtime.advance(61)
  op.header = { kid: 'unknown' }
  const outcomes = await Promise.all(Array.from({ length: 60 }, () => callback(op, provider)))
  expect(outcomes.every((outcome) => !outcome.ok && outcome.fault.kind === 'invalid')).toBe(true)
  expect(op.hits.get('/jwks')).toBe(2)
})

test('a rotated key is found after a minute without a restart', async () => {
  const runtime = testRuntime()
  const provider = oidcAt(op, {}, runtime)
  await callback(op, provider)
  const next = await generateKeyPair('RS256')
  op.jwks = { keys: [{ ...(await exportJWK(next.publicKey)), kid: 'next' }] }
  op.on('/token', async (_request, response) => {
    json(response, {
      access_token: 'at',
      token_type: 'Bearer',
      id_token: await op.sign(op.honestClaims(), { kid: 'next' }, next.privateKey),
    })
  })
  runtime.advance(61)
  expect((await callback(op, provider)).ok).toBe(true)
})

test('sixty cold sign-ins at once fetch metadata and keys once', async () => {
  const provider = oidcAt(op)
  // WHY: one nonce for all, so that the honest answers fit whichever sign-in they reach.
  op.claims = { nonce: 'shared' }
  await Promise.all(Array.from({ length: 60 }, () => callback(op, provider)))
  expect(op.hits.get('/jwks')).toBe(1)
  expect(op.hits.get('/.well-known/openid-configuration')).toBe(1)
})
