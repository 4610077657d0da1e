import { expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import { anonymousClaims, listHash, userClaims } from '../../src/identity/claims.ts'
import { ISSUER, PROFILE, permission, receiver, role, signedIn, statement, T, user } from './people.ts'

const AMPLE = 4096

test('userClaims() says everything SPEC 5 names', async () => {
  expect(await userClaims(statement(), receiver(), ISSUER, T, AMPLE)).toEqual({
    iss: ISSUER,
    aud: 'rooms',
    sub: '7b1f2f5e-58b1-4e43-9d6a-2f1a5f0e9a11',
    sid: 'Sid0123456789abcdefghi',
    iat: T - 5,
    exp: T + 55,
    auth_time: T - 100,
    idp: 'discord',
    guest: false,
    roles: ['game_master', 'player'],
    primary_role: 'game_master',
    permissions: ['games.view', 'games.edit'],
    character: { id: 'c-42', name: 'Żółw' },
    world: 'midgard',
    name: 'Zoë Müller',
    email: 'zoe@example.com',
    email_verified: true,
    picture: 'https://img.example.com/z.png',
  })
})

test('userClaims() is silent about what is not known', async () => {
  const subject = signedIn(
    { profile: { name: null, email: null, emailVerified: false, picture: null } },
    { character: null },
  )
  const claims = await userClaims(statement({ subject, primaryRole: null }), receiver(), ISSUER, T, AMPLE)
  const named = ['name', 'email', 'email_verified', 'picture', 'character', 'world', 'primary_role']
  expect(named.filter((name) => name in claims)).toEqual([])
})

test('userClaims() never lives longer than 60 s, whatever is configured', async () => {
  const claims = await userClaims(statement(), receiver({ assertionSeconds: seconds(600) }), ISSUER, T, AMPLE)
  expect(claims.exp - claims.iat).toBe(60)
})

test('userClaims() ends with the session', async () => {
  const subject = signedIn({}, { endsAt: seconds(T + 10) })
  expect((await userClaims(statement({ subject }), receiver(), ISSUER, T, AMPLE)).exp).toBe(T + 10)
})

test('userClaims() of a device says no time of a sign-in, for nobody signed in there; beside the browser it does', async () => {
  const at = async (native: 'device' | 'loopback') =>
    (await userClaims(statement({ subject: signedIn({}, { native }) }), receiver(), ISSUER, T, AMPLE)).auth_time
  expect([await at('device'), await at('loopback')]).toEqual([undefined, T - 100])
})

test('userClaims() of an API token names the token and no session', async () => {
  const subject = { kind: 'token', user: user(), token: { id: 'tk1', name: 'ci', scopes: null, fixed: false } } as const
  const claims = await userClaims(statement({ subject }), receiver(), ISSUER, T, AMPLE)
  expect(claims).toMatchObject({ sub: user().id, token: 'tk1' })
  expect(['sid', 'auth_time', 'idp'].filter((name) => name in claims)).toEqual([])
})

test('userClaims() of a fixed token has a subject that cannot be a user id', async () => {
  const subject = { kind: 'fixed-token', token: { id: 'metrics', name: 'metrics', scopes: null, fixed: true } } as const
  expect((await userClaims(statement({ subject, roles: [] }), receiver(), ISSUER, T, AMPLE)).sub).toBe('token:metrics')
})

test('userClaims() marks a guest', async () => {
  const claims = await userClaims(statement({ subject: signedIn({ guest: true }) }), receiver(), ISSUER, T, AMPLE)
  expect(claims.guest).toBe(true)
})

test('userClaims() sends the hash of a long permission list and where to get it', async () => {
  const permissions = Array.from({ length: 200 }, (_, i) => permission(`area.${i}`))
  const claims = await userClaims(statement({ permissions }), receiver(), ISSUER, T, AMPLE)
  expect(claims.permissions).toBeUndefined()
  expect(claims.permissions_hash).toBe(await listHash(permissions))
  expect(claims.permissions_url).toBe(`${ISSUER}/permissions`)
  expect(claims.roles).toEqual(['game_master', 'player'])
})

test('userClaims() sends the hash of a long role list and keeps the primary role', async () => {
  const roles = [role('game_master'), ...Array.from({ length: 200 }, (_, i) => role(`role_${i}`))]
  const claims = await userClaims(statement({ roles }), receiver(), ISSUER, T, AMPLE)
  expect(claims.roles).toBeUndefined()
  expect(claims).toMatchObject({ primary_role: 'game_master', roles_hash: await listHash(roles) })
})

test('listHash() does not depend on the order', async () => {
  expect(await listHash(['b', 'a'])).toBe(await listHash(['a', 'b']))
})

test('userClaims() shortens to a small budget and keeps ids, world and times', async () => {
  const subject = signedIn({ profile: { ...PROFILE, picture: `https://img.example.com/${'p'.repeat(400)}` } })
  const claims = await userClaims(statement({ subject }), receiver(), ISSUER, T, 700)
  expect(claims).toMatchObject({
    sub: user().id,
    sid: 'Sid0123456789abcdefghi',
    world: 'midgard',
    character: { id: 'c-42' },
  })
  expect('picture' in claims).toBe(false)
})

test('userClaims() carries no control character of a name', async () => {
  const subject = signedIn({ profile: { ...PROFILE, name: 'a\r\nPostern-User: b\u0000\u009f' } })
  expect((await userClaims(statement({ subject }), receiver(), ISSUER, T, AMPLE)).name).toBe('a Postern-User: b')
})

test('userClaims() leaves a character out rather than cut its id', async () => {
  const subject = signedIn({}, { character: { id: 'x'.repeat(129), name: 'n', world: 'w' } })
  const claims = await userClaims(statement({ subject }), receiver(), ISSUER, T, AMPLE)
  expect('character' in claims || 'world' in claims).toBe(false)
})

test('anonymousClaims() is for another audience and names nobody', () => {
  expect(anonymousClaims(receiver(), ISSUER, T)).toEqual({
    iss: ISSUER,
    aud: 'rooms#anonymous',
    iat: T - 5,
    exp: T + 55,
    anonymous: true,
  })
})
