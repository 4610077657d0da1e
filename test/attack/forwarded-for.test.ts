import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { addressOf } from '../../src/runtime/node-intake.ts'
import { gameBench } from './support/bench.ts'

async function seen(peer: string, forwarded: string): Promise<string | null> {
  const bench = await gameBench({ trustedProxies: ['10.0.0.1'] })
  bench.close()
  const incoming = { socket: { remoteAddress: peer }, headers: { 'x-forwarded-for': forwarded } }
  return addressOf(incoming as unknown as IncomingMessage, bench.gateway.config)
}

test('a client cannot speak for its address (CVE-2024-21494, CVE-2026-27700)', async () => {
  expect(await seen('203.0.113.7', '127.0.0.1')).toBe('203.0.113.7')
})

test('what stands left of the first stranger is a claim (CVE-2026-57210)', async () => {
  expect(await seen('10.0.0.1', '127.0.0.1, 203.0.113.9, 10.0.0.1')).toBe('203.0.113.9')
})

test('what is no address is not an address (CVE-2024-47070, CVE-2026-24398)', async () => {
  expect(await seen('10.0.0.1', '<script>, 10.0.0.1')).toBe('10.0.0.1')
  expect(await seen('10.0.0.1', '1.2.3.400')).toBe('10.0.0.1')
})

test('a mapped address is the address it maps (GHSA-7jmw-8259-q9jx)', async () => {
  expect(await seen('::ffff:10.0.0.1', '::ffff:203.0.113.9')).toBe('203.0.113.9')
})

test('a trusted network is every address in it, and no other', async () => {
  const bench = await gameBench({ trustedProxies: ['10.0.0.0/8'] })
  bench.close()
  const seenFrom = (remoteAddress: string) => {
    const incoming = { socket: { remoteAddress }, headers: { 'x-forwarded-for': '203.0.113.9, 10.9.9.9' } }
    return addressOf(incoming as unknown as IncomingMessage, bench.gateway.config)
  }
  expect(seenFrom('10.1.2.3')).toBe('203.0.113.9')
  expect(seenFrom('11.1.2.3')).toBe('11.1.2.3')
})
