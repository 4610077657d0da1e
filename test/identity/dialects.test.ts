import { describe, expect, test } from 'vitest'
import type { UserClaims } from '../../src/identity/claim-set.ts'
import { anonymousClaims, userClaims } from '../../src/identity/claims.ts'
import { assertionBudget, DIALECTS, identityHeaders, MOST_HEADER_BYTES, mapEntry } from '../../src/identity/dialects.ts'
import type { Receiver } from '../../src/identity/receiver.ts'
import { ISSUER, PROFILE, permission, receiver, role, signedIn, statement, T } from './people.ts'

const JWS = 'aGVhZGVy.cGF5bG9hZA.c2lnbmF0dXJl'

async function headers(over: Partial<Receiver>, about = statement()): Promise<Record<string, string>> {
  const to = receiver(over)
  const claims = await userClaims(about, to, ISSUER, T, assertionBudget(to))
  return Object.fromEntries(identityHeaders(claims, JWS, to))
}

describe('identityHeaders() in dialect', () => {
  test('postern', async () => {
    expect(await headers({ dialects: ['postern'] })).toEqual({
      'Postern-Assertion': JWS,
      'Postern-User': '7b1f2f5e-58b1-4e43-9d6a-2f1a5f0e9a11',
      'Postern-Session': 'Sid0123456789abcdefghi',
      'Postern-Name': 'Zo%C3%AB M%C3%BCller',
      'Postern-Roles': 'game_master,player',
      'Postern-Primary-Role': 'game_master',
      'Postern-Email': 'zoe@example.com',
      'Postern-Character-Id': 'c-42',
      'Postern-Character-Name': '%C5%BB%C3%B3%C5%82w',
      'Postern-World': 'midgard',
    })
  })

  test('forwarded', async () => {
    expect(await headers({ dialects: ['forwarded'] })).toEqual({
      'Postern-Assertion': JWS,
      'X-Forwarded-User': '7b1f2f5e-58b1-4e43-9d6a-2f1a5f0e9a11',
      'X-Forwarded-Email': 'zoe@example.com',
      'X-Forwarded-Groups': 'game_master,player',
      'X-Forwarded-Preferred-Username': 'Zo%C3%AB M%C3%BCller',
    })
  })

  test('remote', async () => {
    expect(await headers({ dialects: ['remote'] })).toEqual({
      'Postern-Assertion': JWS,
      'Remote-User': '7b1f2f5e-58b1-4e43-9d6a-2f1a5f0e9a11',
      'Remote-Groups': 'game_master,player',
      'Remote-Name': 'Zo%C3%AB M%C3%BCller',
      'Remote-Email': 'zoe@example.com',
    })
  })

  test('webauth', async () => {
    expect(await headers({ dialects: ['webauth'] })).toMatchObject({
      'X-WEBAUTH-USER': '7b1f2f5e-58b1-4e43-9d6a-2f1a5f0e9a11',
      'X-WEBAUTH-ROLE': 'game_master',
      'X-WEBAUTH-EMAIL': 'zoe@example.com',
    })
  })

  test('iap', async () => {
    expect(await headers({ dialects: ['iap'] })).toEqual({
      'Postern-Assertion': JWS,
      'X-Goog-IAP-JWT-Assertion': JWS,
      'X-Goog-Authenticated-User-ID': 'accounts.google.com:7b1f2f5e-58b1-4e43-9d6a-2f1a5f0e9a11',
      'X-Goog-Authenticated-User-Email': 'accounts.google.com:zoe@example.com',
    })
  })

  test('cf-access', async () => {
    expect(await headers({ dialects: ['cf-access'] })).toMatchObject({
      'Cf-Access-Jwt-Assertion': JWS,
      'Cf-Access-Authenticated-User-Email': 'zoe@example.com',
    })
  })

  test('pomerium', async () => {
    expect(await headers({ dialects: ['pomerium'] })).toMatchObject({
      'X-Pomerium-Jwt-Assertion': JWS,
      'X-Pomerium-Claim-Groups': 'game_master,player',
    })
  })

  test('alb', async () => {
    expect(await headers({ dialects: ['alb'] })).toMatchObject({ 'x-amzn-oidc-data': JWS })
  })

  test('bearer', async () => {
    expect(await headers({ dialects: ['bearer'] })).toEqual({
      'Postern-Assertion': JWS,
      Authorization: `Bearer ${JWS}`,
    })
  })

  test('several at once and an own map', async () => {
    const got = await headers({ dialects: ['remote', 'X-Player=user', 'X-Realm=world'] })
    expect(Object.keys(got)).toEqual([
      'Postern-Assertion',
      'Remote-User',
      'Remote-Groups',
      'Remote-Name',
      'Remote-Email',
      'X-Player',
      'X-Realm',
    ])
    expect(got['X-Realm']).toBe('midgard')
  })
})

test('identityHeaders() of a guest says so, of others nothing', async () => {
  expect((await headers({}, statement({ subject: signedIn({ guest: true }) })))['Postern-Guest']).toBe('true')
  expect('Postern-Guest' in (await headers({}))).toBe(false)
})

test('identityHeaders() names no address that nobody verified; the assertion does, and says so', async () => {
  // ATTACK: Grafana finds an account by the address of its header, and whoever reads the others knows of no second flag
  // (nOAuth; CVE-2023-3128; security.md row 258).
  const subject = signedIn({ profile: { ...PROFILE, email: 'admin@example.com', emailVerified: false } })
  const dialects = [...Object.keys(DIALECTS), 'X-Mail=email']
  for (const dialect of dialects)
    expect(JSON.stringify(await headers({ dialects: [dialect] }, statement({ subject })))).not.toContain('admin@')
  const claims = await userClaims(statement({ subject }), receiver({}), ISSUER, T, 4096)
  expect(claims).toMatchObject({ email: 'admin@example.com', email_verified: false })
})

test('identityHeaders() has no line without a value', async () => {
  const subject = signedIn(
    { profile: { name: '', email: null, emailVerified: false, picture: null } },
    { character: null },
  )
  const got = await headers(
    { dialects: ['postern', 'remote', 'forwarded', 'webauth'] },
    statement({ subject, roles: [], primaryRole: null }),
  )
  expect(Object.keys(got)).toEqual([
    'Postern-Assertion',
    'Postern-User',
    'Postern-Session',
    'Remote-User',
    'X-Forwarded-User',
    'X-WEBAUTH-USER',
  ])
})

test('identityHeaders() of nobody is the assertion header alone, whatever the dialects', () => {
  const to = receiver({ dialects: ['postern', 'bearer', 'iap', 'alb', 'X-Player=user'] })
  expect(identityHeaders(anonymousClaims(to, ISSUER, T), JWS, to)).toEqual([['Postern-Assertion', JWS]])
})

test('an anonymous assertion never goes as Bearer, even where the assertion header is Authorization', () => {
  const to = receiver({ assertionHeader: 'Authorization', dialects: [] })
  expect(identityHeaders(anonymousClaims(to, ISSUER, T), JWS, to)).toEqual([])
})

test('the assertion header Authorization carries a Bearer credential', async () => {
  expect(await headers({ assertionHeader: 'authorization', dialects: [] })).toEqual({ authorization: `Bearer ${JWS}` })
})

describe('identityHeaders() and 4 KB', () => {
  const long = '💍'.repeat(200)
  const subject = signedIn(
    {
      profile: {
        ...PROFILE,
        name: long,
        email: `${'e'.repeat(240)}@example.com`,
        picture: `https://p.example.com/${'p'.repeat(450)}`,
      },
    },
    { character: { id: 'c'.repeat(128), name: long, world: 'w'.repeat(128) } },
  )
  const roles = Array.from({ length: 300 }, (_, i) => role(`role_with_a_long_name_${i}`))
  const permissions = Array.from({ length: 300 }, (_, i) => permission(`area.with.long.name.${i}`))

  async function bytes(dialects: readonly string[]): Promise<number> {
    const to = receiver({ dialects })
    const claims = await userClaims(statement({ subject, roles, permissions }), to, ISSUER, T, assertionBudget(to))
    const size = Math.ceil((new TextEncoder().encode(JSON.stringify(claims)).length * 4) / 3) + 196
    const lines = identityHeaders(claims, 'j'.repeat(size), to)
    expect(lines.every(([, value]) => /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value))).toBe(true)
    expect(lines[0]?.[0]).toBe('Postern-Assertion')
    return lines.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
  }

  test('holds for the postern dialect at its longest', async () => {
    expect(await bytes(['postern'])).toBeLessThanOrEqual(MOST_HEADER_BYTES)
  })

  test('holds for every dialect at once', async () => {
    expect(await bytes(Object.keys(DIALECTS))).toBeLessThanOrEqual(MOST_HEADER_BYTES)
  })

  test('keeps the user id when everything else has to go', async () => {
    const to = receiver()
    const claims = await userClaims(statement({ subject, roles, permissions }), to, ISSUER, T, assertionBudget(to))
    const names = identityHeaders(claims, 'j'.repeat(assertionBudget(to)), to).map(([name]) => name)
    expect(names).toEqual(
      expect.arrayContaining(['Postern-User', 'Postern-Session', 'Postern-Character-Id', 'Postern-World']),
    )
  })
})

describe('names round-trip through Postern-Name', () => {
  async function shown(name: string): Promise<string | undefined> {
    return (await headers({}, statement({ subject: signedIn({ profile: { ...PROFILE, name } }) })))['Postern-Name']
  }

  test('Japanese', async () => expect(decodeURIComponent((await shown('勇者ヨシヒコ')) ?? '')).toBe('勇者ヨシヒコ'))
  test('Arabic', async () => expect(decodeURIComponent((await shown('علي بابا')) ?? '')).toBe('علي بابا'))
  test('emoji outside the BMP', async () => expect(decodeURIComponent((await shown('🗡️Zoë')) ?? '')).toBe('🗡️Zoë'))
  test('a per cent sign', async () => expect(decodeURIComponent((await shown('100%41')) ?? '')).toBe('100%41'))
  test('commas, quotes and equals signs', async () => expect(await shown('a, "b" = c')).toBe('a, "b" = c'))
  test('a lone surrogate becomes the replacement character', async () => {
    expect(decodeURIComponent((await shown('a\ud800b')) ?? '')).toBe('a\ufffdb')
  })
  test('line breaks become a space', async () => expect(await shown('a\r\nX-Evil: 1')).toBe('a X-Evil: 1'))
  test('plain ASCII stays as it is', async () => expect(await shown('Zoe Miller')).toBe('Zoe Miller'))
})

test('a role with a comma cannot become two roles', async () => {
  const got = await headers({}, statement({ roles: [role('a,admin')], primaryRole: null }))
  expect(got['Postern-Roles']).toBe('a%2Cadmin')
})

test('identityHeaders() says where long lists are', async () => {
  const permissions = Array.from({ length: 300 }, (_, i) => permission(`area.${i}.permission`))
  const got = await headers({}, statement({ permissions }))
  expect(got['Postern-Permissions-Url']).toBe(`${ISSUER}/permissions`)
})

test('mapEntry() takes Header=field', () => expect(mapEntry('X-Player=user')).toEqual(['X-Player', 'user']))
test('mapEntry() refuses an unknown field', () => expect(mapEntry('X-Player=password')).toBe(null))
test('mapEntry() refuses a name that is not a token', () => expect(mapEntry('X Player=user')).toBe(null))
test('mapEntry() refuses a dialect name', () => expect(mapEntry('postern')).toBe(null))

test('assertionBudget() is what 4 KB leave, shared by all copies of the assertion', () => {
  expect(assertionBudget(receiver({ dialects: [] }))).toBe(4096 - 21)
  expect(assertionBudget(receiver({ dialects: ['postern'] }))).toBe(4096 - 1100 - 21)
  expect(assertionBudget(receiver({ dialects: ['bearer'] }))).toBe(Math.floor((4096 - 21 - 24) / 2))
})

test('an ordinary player is told whole to an upstream with three dialects that carry the assertion', async () => {
  const to = receiver({ dialects: ['postern', 'iap', 'alb'] })
  const claims = await userClaims(statement(), to, ISSUER, T, assertionBudget(to))
  expect(claims).toMatchObject({
    name: 'Zoë Müller',
    email: 'zoe@example.com',
    roles: ['game_master', 'player'],
    permissions: ['games.view', 'games.edit'],
  })
})

test('identityHeaders() sends a name of two dialects once', () => {
  const claims = { iss: ISSUER, aud: 'rooms', sub: 'u1', iat: T, exp: T, guest: false } satisfies UserClaims
  const lines = identityHeaders(claims, JWS, receiver({ dialects: ['remote', 'remote-user=user', 'remote'] }))
  expect(lines.map(([name]) => name)).toEqual(['Postern-Assertion', 'Remote-User'])
})
