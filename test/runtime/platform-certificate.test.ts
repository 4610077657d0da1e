import { expect, test } from 'vitest'
import { isCertifiedByPlatform } from '../../src/runtime/platform-certificate.ts'

const shown = (tlsClientAuth: unknown) => isCertifiedByPlatform({ cf: { tlsClientAuth } })

test('a certificate counts that Cloudflare verified and that is not revoked (O8)', () => {
  expect(shown({ certPresented: '1', certVerified: 'SUCCESS', certRevoked: '0' })).toBe(true)
  expect(shown({ certPresented: '1', certVerified: 'SUCCESS', certRevoked: '1' })).toBe(false)
})

test.each([
  ['none', { certPresented: '0', certVerified: 'NONE', certRevoked: '0' }],
  ['one that failed', { certPresented: '1', certVerified: 'FAILED:unable to verify the first certificate' }],
  ['nothing that is told', {}],
  ['no word about it', undefined],
  ['null', null],
])('%s does not', (_, auth) => {
  expect(shown(auth)).toBe(false)
})

test('where the platform says nothing there is none', () => {
  expect(isCertifiedByPlatform({})).toBe(false)
  expect(isCertifiedByPlatform({ cf: undefined })).toBe(false)
})
