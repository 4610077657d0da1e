import { expect, test } from 'vitest'
import { discoveryDocument } from '../../src/identity/discovery.ts'
import { ISSUER } from './people.ts'

test('discoveryDocument() says issuer, keys and algorithms', () => {
  expect(discoveryDocument(ISSUER, ['ES256'])).toEqual({
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/.well-known/jwks.json`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  })
})

test('discoveryDocument() names no endpoint that does not exist', () => {
  expect(Object.keys(discoveryDocument(ISSUER, ['ES256'])).filter((name) => name.endsWith('_endpoint'))).toEqual([])
})
