import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import type { SigningAlgorithm } from '../../../src/adapters/jose/keypair.ts'
import { joseSigner, type KeyedSigner, OVERLAP } from '../../../src/adapters/jose/signer.ts'
import { Clock, note, ROOT } from './clock.ts'
import { MemoryKeys } from './memory-keys.ts'

const T = 1_800_000_000

function make(algorithm: SigningAlgorithm = 'EdDSA', keys = new MemoryKeys(), clock = new Clock(T)) {
  return { signer: joseSigner({ keys, rootSecret: ROOT, algorithm, runtime: clock }), keys, clock }
}

async function check(signer: KeyedSigner, jws: string) {
  const jwks = createLocalJWKSet(JSON.parse(JSON.stringify(await signer.jwks())))
  return jwtVerify(jws, jwks, { currentDate: new Date(T * 1000) })
}

test('sign() gives a JWS that jose verifies with the published ES256 key', async () => {
  const { signer } = make('ES256')
  const jws = await signer.sign({ sub: 'u1', name: 'Zoë 🗡' })
  const { payload, protectedHeader } = await check(signer, jws)
  expect(payload).toEqual({ sub: 'u1', name: 'Zoë 🗡' })
  expect(protectedHeader).toEqual({ alg: 'ES256', kid: await signer.currentKid(), typ: 'JWT' })
})

test('sign() gives a JWS that jose verifies with the published EdDSA key', async () => {
  const { signer } = make('EdDSA')
  expect((await check(signer, await signer.sign({ sub: 'u1' }))).protectedHeader.alg).toBe('EdDSA')
})

test('jwks() publishes no private part', async () => {
  const { signer } = make('ES256')
  const { keys } = await signer.jwks()
  expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
})

test('two signers starting at once on one store sign with the same key', async () => {
  const keys = new MemoryKeys()
  const [a, b] = [make('EdDSA', keys).signer, make('EdDSA', keys).signer]
  expect(await Promise.all([a.currentKid(), b.currentKid()])).toEqual([keys.keys[0]?.kid, keys.keys[0]?.kid])
})

test('the stored private part is sealed: another root secret cannot open it', async () => {
  const { signer, keys, clock } = make()
  await signer.currentKid()
  const other = joseSigner({ keys, rootSecret: new Uint8Array(32).fill(8), algorithm: 'EdDSA', runtime: clock })
  await expect(other.currentKid()).rejects.toThrow()
})

test('a root secret of 31 bytes is refused', async () => {
  const signer = joseSigner({
    keys: new MemoryKeys(),
    rootSecret: new Uint8Array(31),
    algorithm: 'EdDSA',
    runtime: new Clock(T),
  })
  await expect(signer.currentKid()).rejects.toThrow('31 bytes')
})

test('rotate() publishes the next key 24 h before it signs', async () => {
  const { signer, clock } = make()
  const first = await signer.currentKid()
  const rotation = await signer.rotate(note('key-rotated', clock.now()))
  expect(rotation).toMatchObject({ kind: 'added', activeAt: T + OVERLAP, retires: first })
  expect((await signer.jwks()).keys).toHaveLength(2)
  clock.pass(OVERLAP - 1)
  // Twice: the first time reads the keys, the second knows them, and what it says is remembered for this second alone.
  expect([await signer.currentKid(), await signer.currentKid()]).toEqual([first, first])
  clock.pass(1)
  expect(await signer.currentKid()).toBe(rotation.kid)
})

test('the previous key stays published for 24 h after the change, and no second longer', async () => {
  const { signer, clock } = make()
  const first = await signer.currentKid()
  await signer.rotate(note('key-rotated', clock.now()))
  clock.pass(2 * OVERLAP - 1)
  expect((await signer.jwks()).keys.map((key) => key['kid'])).toContain(first)
  clock.pass(1)
  expect((await signer.jwks()).keys.map((key) => key['kid'])).not.toContain(first)
})

test('rotate() twice in a day adds one key', async () => {
  const { signer, clock, keys } = make()
  const one = await signer.rotate(note('key-rotated', clock.now()))
  const two = await signer.rotate(note('key-rotated', clock.now()))
  expect(two).toEqual({ kind: 'pending', kid: one.kid, activeAt: T + OVERLAP })
  expect(keys.keys).toHaveLength(2)
})

test('rotate() of two signers at once adds one key, so that none stays published for ever', async () => {
  const { signer, keys, clock } = make()
  const other = make('EdDSA', keys, clock).signer
  await signer.currentKid()
  const got = await Promise.all([signer, other].map((one) => one.rotate(note('key-rotated', clock.now()))))
  expect(got.map(({ kind }) => kind).sort()).toEqual(['added', 'pending'])
  expect(got[0]?.kid).toBe(got[1]?.kid)
  expect(keys.keys).toHaveLength(2)
})

test('rotate() gives every open key an end, also one that two rotations at once left without', async () => {
  const { signer, keys, clock } = make()
  await signer.rotate(note('key-rotated', clock.now()))
  clock.pass(OVERLAP)
  const { signer: elsewhere, keys: made } = make('EdDSA')
  await elsewhere.currentKid()
  keys.keys.push(...made.keys)
  await signer.rotate(note('key-rotated', clock.now()))
  const added = keys.keys.at(-1)?.kid
  expect(keys.keys.filter(({ retiredAt }) => retiredAt === null).map(({ kid }) => kid)).toEqual([added])
  clock.pass(2 * OVERLAP)
  expect((await signer.jwks()).keys.map(({ kid }) => kid)).toEqual([added])
})

test('rotate() makes a key of the configured algorithm', async () => {
  const { signer, keys, clock } = make('ES256')
  await signer.currentKid()
  const moved = make('EdDSA', keys, clock).signer
  await moved.rotate(note('key-rotated', clock.now()))
  clock.pass(OVERLAP)
  expect(decodeProtectedHeader(await moved.sign({})).alg).toBe('EdDSA')
})

test('revoke() of the only key replaces it at once', async () => {
  const { signer, clock, keys } = make()
  const first = await signer.currentKid()
  const done = await signer.revoke(first, note('key-revoked', clock.now()))
  expect(done).toEqual({ kind: 'revoked', signs: await signer.currentKid() })
  expect((await signer.jwks()).keys.map((key) => key['kid'])).toEqual([await signer.currentKid()])
  expect(await signer.currentKid()).not.toBe(first)
  expect(keys.notes.map((one) => one.event)).toEqual(['key-revoked'])
})

test('revoke() of the current key lets the waiting one sign at once', async () => {
  const { signer, clock } = make()
  const first = await signer.currentKid()
  const next = await signer.rotate(note('key-rotated', clock.now()))
  expect(await signer.revoke(first, note('key-revoked', clock.now()))).toEqual({ kind: 'revoked', signs: next.kid })
})

test('revoke() of the next key publishes another next one, so that the current one may end', async () => {
  const { signer, clock } = make()
  const first = await signer.currentKid()
  const next = await signer.rotate(note('key-rotated', clock.now()))
  await signer.revoke(next.kid, note('key-revoked', clock.now()))
  expect((await signer.list()).map((key) => key.state)).toEqual(['current', 'next'])
  expect(await signer.currentKid()).toBe(first)
})

test('revoke() of the current key after a change does not go back to the previous one', async () => {
  const { signer, clock } = make()
  const first = await signer.currentKid()
  const next = await signer.rotate(note('key-rotated', clock.now()))
  clock.pass(OVERLAP)
  const done = await signer.revoke(next.kid, note('key-revoked', clock.now()))
  expect(done).toMatchObject({ kind: 'revoked' })
  expect([first, next.kid]).not.toContain(await signer.currentKid())
})

test('revoke() of the next key by two operators at once leaves one next key', async () => {
  const { signer, keys, clock } = make()
  const other = make('EdDSA', keys, clock).signer
  const next = await signer.rotate(note('key-rotated', clock.now()))
  const both = [signer, other].map((one) => one.revoke(next.kid, note('key-revoked', clock.now())))
  expect((await Promise.all(both)).map(({ kind }) => kind)).toEqual(['revoked', 'revoked'])
  expect((await signer.list()).map((key) => key.state)).toEqual(['current', 'next'])
})

test('revoke() of an unknown key says so and writes nothing', async () => {
  const { signer, clock, keys } = make()
  expect(await signer.revoke('nobody', note('key-revoked', clock.now()))).toEqual({ kind: 'unknown' })
  expect(keys.notes).toEqual([])
})

test('a revocation made elsewhere is seen after one refresh beside a request', async () => {
  const { signer, keys, clock } = make()
  const first = await signer.currentKid()
  await make('EdDSA', keys, clock).signer.revoke(first, note('key-revoked', clock.now()))
  clock.pass(5)
  await signer.currentKid()
  await clock.settle()
  expect(await signer.currentKid()).not.toBe(first)
})

test('a revocation made elsewhere is seen after one refresh when the clock was put back too', async () => {
  const keys = new MemoryKeys()
  const clock = new Clock(T + 86_400)
  const here = joseSigner({ keys, rootSecret: ROOT, algorithm: 'EdDSA', runtime: clock })
  const elsewhere = make('EdDSA', keys).signer
  const first = await here.currentKid()
  clock.pass(-86_400)
  await elsewhere.revoke(first, note('key-revoked', clock.now()))
  await here.currentKid()
  await clock.settle()
  expect(await here.currentKid()).not.toBe(first)
  const { reads } = keys
  await here.currentKid()
  expect(keys.reads).toBe(reads)
})

test('a store that is down is asked every five seconds, also when the clock was put back', async () => {
  const { signer, keys, clock } = make()
  await signer.currentKid()
  clock.pass(-86_400)
  keys.down = true
  const { reads } = keys
  for (let n = 0; n < 10; n++) await signer.currentKid()
  expect(keys.reads).toBe(reads + 1)
})

test('attest() signs with no key that was revoked elsewhere a second ago', async () => {
  const { signer, keys, clock } = make()
  const first = await signer.currentKid()
  clock.pass(1)
  const { signer: elsewhere } = make('EdDSA', keys, clock)
  await elsewhere.revoke(first, note('key-revoked', clock.now()))
  clock.pass(1)
  const jws = await signer.attest({ kind: 'audit-checkpoint', sequence: 3 })
  expect(decodeProtectedHeader(jws).kid).not.toBe(first)
  expect(await elsewhere.attested(jws, { kind: 'audit-checkpoint', sequence: 3 })).toBe(true)
})

test('a signer that slept for a minute reads before it signs', async () => {
  const { signer, keys, clock } = make()
  const first = await signer.currentKid()
  await make('EdDSA', keys, clock).signer.revoke(first, note('key-revoked', clock.now()))
  clock.pass(60)
  expect(await signer.currentKid()).not.toBe(first)
})

test('a store that is down stops nothing once keys are known, and the failure is reported', async () => {
  const { signer, keys, clock } = make()
  const first = await signer.currentKid()
  keys.down = true
  clock.pass(3600)
  expect(await signer.currentKid()).toBe(first)
  await clock.settle()
  expect(clock.failures).toHaveLength(1)
})

test('a store that is down at the start refuses, and the failure is not remembered', async () => {
  const { signer, keys } = make()
  keys.down = true
  await expect(signer.currentKid()).rejects.toThrow('down')
  keys.down = false
  expect(await signer.currentKid()).toBe(keys.keys[0]?.kid)
})

test('sign() reads the store once for a thousand signatures in the same second', async () => {
  const { signer, keys } = make()
  await signer.currentKid()
  const before = keys.reads
  for (let i = 0; i < 1000; i++) await signer.sign({ i })
  expect(keys.reads).toBe(before)
})
