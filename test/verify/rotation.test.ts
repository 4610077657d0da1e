import { afterEach, expect, test, vi } from 'vitest'
import { joseSigner, OVERLAP } from '../../src/adapters/jose/signer.ts'
import { remoteKeys, verifyAssertion } from '../../src/verify/index.ts'
import { Clock, note, ROOT } from '../adapters/jose/clock.ts'
import { MemoryKeys } from '../adapters/jose/memory-keys.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('100,000 verifications with a rotation in the middle: 0 refused', async () => {
  // The real signer and verifier in one process, EdDSA; a fresh assertion every 200 verifications, each verified anew.
  // Two days pass: before the rotation, the day the next key is only published, the day the previous one still is.
  vi.useFakeTimers({ toFake: ['Date'] })
  const clock = new Clock(1_800_000_000)
  const signer = joseSigner({ keys: new MemoryKeys(), rootSecret: ROOT, algorithm: 'EdDSA', runtime: clock })
  let fetches = 0
  const keys = remoteKeys('https://play.example.com/auth/.well-known/jwks.json', async () => {
    fetches += 1
    return Response.json(await signer.jwks())
  })
  const options = { issuer: 'https://play.example.com/auth', audience: 'rooms', keys, now: clock.now }
  const kids = new Set<string>()
  const refused: unknown[] = []
  const step = (2 * OVERLAP + 7200) / 500
  for (let batch = 0; batch < 500; batch++) {
    vi.setSystemTime(clock.now() * 1000)
    if (batch === 15) await signer.rotate(note('key-rotated', clock.now()))
    const token = await signer.sign({
      iss: options.issuer,
      aud: 'rooms',
      sub: 'u1',
      iat: clock.now() - 5,
      exp: clock.now() + 55,
    })
    kids.add(await signer.currentKid())
    const asked = Array.from({ length: 200 }, () => verifyAssertion(token, options))
    for (const answer of await Promise.allSettled(asked)) if (answer.status === 'rejected') refused.push(answer.reason)
    clock.pass(Math.floor(step))
    await clock.settle()
  }
  expect(refused).toEqual([])
  expect(kids.size).toBe(2)
  expect(fetches).toBeGreaterThan(2)
}, 300_000)

test('an assertion signed just before the change is verified by an upstream that fetched just after it', async () => {
  const clock = new Clock(1_800_000_000)
  const signer = joseSigner({ keys: new MemoryKeys(), rootSecret: ROOT, algorithm: 'EdDSA', runtime: clock })
  await signer.rotate(note('key-rotated', clock.now()))
  clock.pass(OVERLAP - 1)
  const issuer = 'https://play.example.com/auth'
  const token = await signer.sign({ iss: issuer, aud: 'rooms', sub: 'u1', iat: clock.now() - 5, exp: clock.now() + 55 })
  clock.pass(2)
  const keys = remoteKeys(`${issuer}/.well-known/jwks.json`, async () => Response.json(await signer.jwks()))
  await expect(verifyAssertion(token, { issuer, audience: 'rooms', keys, now: clock.now })).resolves.toMatchObject({
    id: 'u1',
  })
})
