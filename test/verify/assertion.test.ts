import { readFileSync } from 'node:fs'
import { base64url } from 'jose'
import { describe, expect, test } from 'vitest'
import { type AssertionOptions, localKeys, remoteKeys, verifyAssertion } from '../../src/verify/assertion.ts'
import { assertionVectors, COMMITTED_AT, type VectorFile } from '../vectors/generate.ts'

const FILE: VectorFile = JSON.parse(
  readFileSync(new URL('../vectors/assertions.vectors.json', import.meta.url), 'utf8'),
)

const OPTIONS: AssertionOptions = {
  issuer: FILE.issuer,
  audience: FILE.audience,
  keys: localKeys(JSON.parse(JSON.stringify(FILE.jwks))),
  now: () => FILE.now,
}

async function verdict(token: string, over: Partial<AssertionOptions> = {}): Promise<readonly [string, string]> {
  try {
    const verified = await verifyAssertion(token, { ...OPTIONS, ...over })
    return [verified.kind, verified.kind === 'user' ? verified.id : '']
  } catch (problem) {
    return ['refused', problem instanceof Error && 'code' in problem ? String(problem.code) : String(problem)]
  }
}

function token(name: string): string {
  return FILE.vectors.find((vector) => vector.name === name)?.token ?? ''
}

test('the committed vectors are what the generator makes, ECDSA signatures apart', async () => {
  const made = await assertionVectors(COMMITTED_AT)
  const unsigned = (file: VectorFile) => ({
    ...file,
    vectors: file.vectors.map((vector) => ({ ...vector, token: vector.token.split('.').slice(0, 2) })),
  })
  expect(unsigned(made)).toEqual(unsigned(FILE))
})

test('verifyAssertion() tells everything that was asserted', async () => {
  const { claims: _, ...user } = await verifyAssertion(token('good'), OPTIONS).then((verified) => {
    if (verified.kind !== 'user') throw new Error('a user')
    return verified
  })
  expect(user).toEqual({
    kind: 'user',
    id: '7b1f2f5e-58b1-4e43-9d6a-2f1a5f0e9a11',
    session: 'Sid0123456789abcdefghi',
    roles: ['game_master', 'player'],
    primaryRole: 'game_master',
    permissions: ['games.view', 'games.edit'],
    guest: false,
    name: 'Zoë Müller',
    email: 'zoe@example.com',
    emailVerified: true,
    character: { id: 'c-42', name: 'Żółw', world: 'midgard' },
    authTime: COMMITTED_AT - 600,
    provider: 'discord',
  })
})

test('verifyAssertion() refuses a request without assertion', async () => {
  await expect(verifyAssertion(null, OPTIONS)).rejects.toMatchObject({ code: 'assertion_missing' })
})

test('verifyAssertion() refuses an algorithm the upstream did not list', async () => {
  expect(await verdict(token('good, EdDSA'), { algorithms: ['ES256'] })).toEqual(['refused', 'assertion_algorithm'])
})

describe('verifyAssertion() and clocks', () => {
  test('takes an assertion 9 s after its end', async () => {
    expect((await verdict(token('good'), { now: () => COMMITTED_AT + 64 }))[0]).toBe('user')
  })
  test('refuses it 10 s after its end', async () => {
    expect(await verdict(token('good'), { now: () => COMMITTED_AT + 65 })).toEqual(['refused', 'assertion_expired'])
  })
  test('takes an assertion made 10 s from now', async () => {
    expect((await verdict(token('good'), { now: () => COMMITTED_AT - 15 }))[0]).toBe('user')
  })
  test('refuses one made 11 s from now', async () => {
    expect(await verdict(token('good'), { now: () => COMMITTED_AT - 16 })).toEqual(['refused', 'assertion_from_future'])
  })
  test('cannot be talked into a leeway of more than 120 s', async () => {
    await expect(verifyAssertion(token('good'), { ...OPTIONS, leewaySeconds: 121 })).rejects.toThrow('121')
  })
})

test('verifyAssertion() refuses 8 KB and more at once', async () => {
  expect(await verdict(`${'a'.repeat(8190)}.a.a`)).toEqual(['refused', 'assertion_malformed'])
})

test('verifyAssertion() refuses a token without kid, even where only one key is published', async () => {
  const [, payload, signature] = token('good').split('.')
  const header = base64url.encode(JSON.stringify({ alg: 'ES256', typ: 'JWT' }))
  expect(await verdict(`${header}.${payload}.${signature}`)).toEqual(['refused', 'assertion_malformed'])
})

describe('remoteKeys()', () => {
  function counted(answer: () => Response) {
    const calls: string[] = []
    const keys = remoteKeys(`${FILE.issuer}/.well-known/jwks.json`, async (url) => {
      calls.push(url)
      return answer()
    })
    return { keys, calls }
  }

  test('fetches once for many assertions', async () => {
    const { keys, calls } = counted(() => Response.json(FILE.jwks))
    for (let i = 0; i < 50; i++) expect((await verdict(token('good'), { keys }))[0]).toBe('user')
    expect(calls).toEqual([`${FILE.issuer}/.well-known/jwks.json`])
  })

  test('asks again at most once a minute for sixty unknown kids', async () => {
    const { keys, calls } = counted(() => Response.json(FILE.jwks))
    const [, payload, signature] = token('good').split('.')
    for (let i = 0; i < 60; i++) {
      const header = base64url.encode(JSON.stringify({ alg: 'ES256', kid: `invented-${i}`, typ: 'JWT' }))
      expect((await verdict(`${header}.${payload}.${signature}`, { keys }))[1]).toBe('assertion_unknown_key')
    }
    expect(calls).toHaveLength(1)
  })

  test('says that the keys are unavailable, not that the caller is wrong, when the gateway answers 500', async () => {
    const { keys } = counted(() => new Response('', { status: 500 }))
    expect(await verdict(token('good'), { keys })).toEqual(['refused', 'keys_unavailable'])
  })

  test('says so when the gateway answers something else', async () => {
    const { keys } = counted(() => new Response('<html>'))
    expect(await verdict(token('good'), { keys })).toEqual(['refused', 'keys_unavailable'])
  })

  test('follows no redirect', async () => {
    const { keys } = counted(() => new Response(null, { status: 302, headers: { location: 'http://127.0.0.1:1/' } }))
    expect(await verdict(token('good'), { keys })).toEqual(['refused', 'keys_unavailable'])
  })
})
