import { expect, test } from 'vitest'
import { jsonSchema, policyFile } from '../../src/policy/schema.ts'
import { fileText } from './support.ts'

test('policies/postern.schema.json is what jsonSchema() gives', () => {
  expect(JSON.parse(fileText('policies/postern.schema.json'))).toEqual(jsonSchema())
})

test('jsonSchema() refuses unknown keys, so editors mark them', () => {
  const schema = JSON.stringify(jsonSchema())
  expect(schema).toContain('"additionalProperties":false')
  expect(jsonSchema()).toMatchObject({ type: 'object', additionalProperties: false })
})

function takes(keys: Record<string, unknown>): boolean {
  return policyFile.safeParse({ rules: [{ path: '/x', ...keys }] }).success
}

test.each([
  [{ timeout: '1h' }, { timeout: '61m' }],
  [{ timeout: 3_600 }, { timeout: 3_601 }],
  [{ websocket: { maxAge: '24d' } }, { websocket: { maxAge: '25d' } }],
  [{ websocket: { maxAge: 2_073_600 } }, { websocket: { maxAge: 2_073_601 } }],
  [{ freshWithin: '365d' }, { freshWithin: '366d' }],
])('policyFile takes %j and refuses %j: a longer timer would fire at once, or never', (longest, beyond) => {
  expect([takes(longest), takes(beyond)]).toEqual([true, false])
})
