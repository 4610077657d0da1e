import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import type { SigningAlgorithm } from '../../../src/adapters/jose/keypair.ts'
import { joseSigner, OVERLAP } from '../../../src/adapters/jose/signer.ts'
import { Clock, note, ROOT } from './clock.ts'
import { MemoryKeys } from './memory-keys.ts'

const T = 1_800_000_000
const FACTS = { kind: 'audit-checkpoint', chain: 'shard-3', sequence: 17, hash: 'ab' }

function make(algorithm: SigningAlgorithm = 'ES256') {
  const [keys, clock] = [new MemoryKeys(), new Clock(T)]
  const open = (rootSecret = ROOT) => joseSigner({ keys, rootSecret, algorithm, runtime: clock })
  return { signer: open(), keys, clock, open }
}

describe('attest() and attested()', () => {
  test.each<SigningAlgorithm>(['ES256', 'EdDSA'])('%s: these very facts, and no others', async (algorithm) => {
    const { signer } = make(algorithm)
    const signed = await signer.attest(FACTS)
    expect(await signer.attested(signed, FACTS)).toBe(true)
    expect(await signer.attested(signed, { ...FACTS, sequence: 18 })).toBe(false)
    expect(await signer.attested(signed, { ...FACTS, hash: 'ac' })).toBe(false)
    expect(await signer.attested(`${signed.slice(0, -8)}AAAAAAAA`, FACTS)).toBe(false)
    for (const junk of ['', '..', 'a.b.c', 'e30.e30.', `${signed}.x`])
      expect(await signer.attested(junk, FACTS)).toBe(false)
  })

  test('a key that was rotated away still vouches for what it signed; not for what bears a later time', async () => {
    const { signer, clock } = make()
    const signed = await signer.attest(FACTS)
    await signer.rotate(note('key-rotated', clock.now()))
    clock.pass(5 * OVERLAP)
    expect((await signer.jwks()).keys).toHaveLength(1)
    expect(decodeProtectedHeader(await signer.attest(FACTS)).kid).not.toBe(decodeProtectedHeader(signed).kid)
    expect(await signer.attested(signed, FACTS)).toBe(true)
  })

  test('a key that somebody put into the store himself vouches for nothing', async () => {
    const { signer, keys } = make()
    await signer.currentKid()
    const stranger = make()
    const signed = await stranger.signer.attest(FACTS)
    keys.keys.push(...stranger.keys.keys.map((key) => ({ ...key, sealed: keys.keys[0]?.sealed ?? '' })))
    expect(await signer.attested(signed, FACTS)).toBe(false)
  })

  test('nor does a genuine one under the public half of another', async () => {
    const { signer, keys } = make()
    const kid = await signer.currentKid()
    const stranger = make()
    const signed = await stranger.signer.attest(FACTS)
    const [head = '', ...rest] = signed.split('.')
    const header = JSON.parse(atob(head)) as Record<string, string>
    const renamed = [btoa(JSON.stringify({ ...header, kid })).replaceAll('=', ''), ...rest].join('.')
    const [own] = keys.keys
    const publicJwk = stranger.keys.keys[0]?.publicJwk ?? ''
    if (own !== undefined) keys.keys.splice(0, 1, { ...own, publicJwk })
    expect(await signer.attested(renamed, FACTS)).toBe(false)
  })

  test('another root secret recognizes nothing', async () => {
    const { signer, open } = make()
    const signed = await signer.attest(FACTS)
    expect(await open(new Uint8Array(32).fill(9)).attested(signed, FACTS)).toBe(false)
  })

  test('is no assertion to a verifier of assertions', async () => {
    const { signer } = make()
    const jwks = createLocalJWKSet(JSON.parse(JSON.stringify(await signer.jwks())))
    const checks = { typ: 'JWT', audience: 'game', requiredClaims: ['exp'], currentDate: new Date(T * 1000) }
    await expect(jwtVerify(await signer.attest(FACTS), jwks, checks)).rejects.toThrow()
    await expect(jwtVerify(await signer.attest(FACTS), jwks, { ...checks, typ: 'postern-statement' })).rejects.toThrow()
  })
})
