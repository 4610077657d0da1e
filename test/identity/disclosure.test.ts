import { describe, expect, test } from 'vitest'
import { userClaims } from '../../src/identity/claims.ts'
import { identityHeaders } from '../../src/identity/dialects.ts'
import { DISCLOSABLE } from '../../src/identity/disclosure.ts'
import type { Receiver } from '../../src/identity/receiver.ts'
import { receiverProblems } from '../../src/identity/receiver-problems.ts'
import { ISSUER, receiver, signedIn, statement, T, user } from './people.ts'

const ATTRIBUTES = { level: 12, title: 'Sør "Ås"', member: false, empty: '', secret_note: 'x' }
const AMPLE = 4096

async function told(over: Partial<Receiver>, most = AMPLE) {
  const subject = signedIn({ attributes: ATTRIBUTES })
  return userClaims(statement({ subject }), receiver(over), ISSUER, T, most)
}

async function headersOf(over: Partial<Receiver>): Promise<Readonly<Record<string, string>>> {
  const headers = identityHeaders(await told(over), 'a.b.c', receiver(over))
  return Object.fromEntries(headers)
}

/** Claims of every assertion about a person, whatever an upstream is told. */
const ALWAYS = ['iss', 'aud', 'sub', 'iat', 'exp', 'guest']

describe('claims of an upstream', () => {
  test('that lists nothing say who it is and no more', async () => {
    expect(Object.keys(await told({ claims: [] })).sort()).toEqual([...ALWAYS].sort())
    expect(await headersOf({ claims: [] })).toEqual({ 'Postern-Assertion': 'a.b.c', 'Postern-User': user().id })
  })

  test.each(Object.entries(DISCLOSABLE))('that lists %s alone say %j', async (word, names) => {
    expect(Object.keys(await told({ claims: [word] })).sort()).toEqual([...ALWAYS, ...names].sort())
  })

  test('that are not listed are everything but attributes', async () => {
    const all = Object.values(DISCLOSABLE).flat()
    expect(Object.keys(await told({})).sort()).toEqual([...ALWAYS, ...all].sort())
  })

  test('that leave out roles send no hash of a long list either', async () => {
    const permissions = Array.from({ length: 200 }, (_, i) => `area.${i}`) as never
    const claims = await userClaims(statement({ permissions }), receiver({ claims: ['roles'] }), ISSUER, T, AMPLE)
    expect(Object.keys(claims).filter((name) => name.startsWith('permissions'))).toEqual([])
    expect(claims.roles).toEqual(['game_master', 'player'])
  })
})

describe('attributes', () => {
  test('are told where they are listed, and no others', async () => {
    const claims = await told({ claims: ['attribute.level', 'attribute.member', 'attribute.unset'] })
    expect(claims.attributes).toEqual({ level: 12, member: false })
    expect((await told({ claims: ['attribute.unset'] })).attributes).toBeUndefined()
    expect((await told({ claims: ['attribute.constructor'] })).attributes).toBeUndefined()
  })

  test('go into headers of an own map, and then into the assertion too', async () => {
    const dialects = ['X-Level=attribute.level', 'X-Title=attribute.title', 'X-Member=attribute.member']
    const headers = await headersOf({ dialects: [...dialects, 'X-Empty=attribute.empty', 'X-None=attribute.none'] })
    expect(headers).toEqual({
      'Postern-Assertion': 'a.b.c',
      'X-Level': '12',
      'X-Title': 'S%C3%B8r "%C3%85s"',
      'X-Member': 'false',
    })
    expect((await told({ dialects })).attributes).toEqual({ level: 12, title: 'Sør "Ås"', member: false })
  })

  test('are lost last when an assertion is too long, and ids stay', async () => {
    const claims = { claims: ['name', 'attribute.level'] }
    const lost = async (most: number) => {
      const kept = await told(claims, most)
      expect(kept.sub).toBe(user().id)
      return ['name', 'attributes'].filter((name) => !(name in kept))
    }
    const steps = await Promise.all(Array.from({ length: 40 }, (_, i) => lost(600 - i * 10)))
    expect([...new Set(steps.map(String))]).toEqual(['', 'name', 'name,attributes'])
  })

  test('that no header has room for go before ids do', async () => {
    const long = Object.fromEntries([1, 2, 3, 4].map((i) => [`a${i}`, 'å'.repeat(256)]))
    const dialects = ['postern', ...Object.keys(long).map((name) => `X-${name}=attribute.${name}`)]
    const subject = signedIn({ attributes: long })
    const over = receiver({ dialects })
    const claims = await userClaims(statement({ subject }), over, ISSUER, T, AMPLE)
    const names = identityHeaders(claims, 'x'.repeat(2000), over).map(([name]) => name)
    expect(names).toContain('Postern-User')
    expect(names.filter((name) => name.startsWith('X-'))).toEqual([])
  })
})

describe('receiverProblems()', () => {
  test('takes claims that it knows and attributes that are declared', () => {
    const claims = [...Object.keys(DISCLOSABLE), 'attribute.level']
    expect(receiverProblems(receiver({ claims }), ['level'])).toEqual([])
  })

  test('names an unknown claim and the known ones', () => {
    expect(receiverProblems(receiver({ claims: ['mail'] }))).toEqual([
      expect.stringMatching(/^claims "mail" is unknown; of sid, /),
    ])
  })

  test.each([
    ['claims', receiver({ claims: ['attribute.levl'] })],
    ['an own map', receiver({ dialects: ['X-Level=attribute.levl'] })],
  ])('names an attribute of %s that is not declared', (_, over) => {
    expect(receiverProblems(over, ['level'])).toEqual([
      '"attribute.levl" is no attribute of the configuration: there are level',
    ])
  })

  test('refuses an own map that says what claims leave out', () => {
    const over = receiver({ claims: ['roles'], dialects: ['X-Mail=email', 'X-Roles=roles', 'X-Id=user'] })
    expect(receiverProblems(over)).toEqual(['dialect "X-Mail=email" says "email", which claims leave out: add it'])
  })
})
