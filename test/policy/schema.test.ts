import { expect, test } from 'vitest'
import { jsonSchema } from '../../src/policy/schema.ts'
import { fileText } from './support.ts'

test('policies/postern.schema.json is what jsonSchema() gives', () => {
  expect(JSON.parse(fileText('policies/postern.schema.json'))).toEqual(jsonSchema())
})

test('jsonSchema() refuses unknown keys, so editors mark them', () => {
  const schema = JSON.stringify(jsonSchema())
  expect(schema).toContain('"additionalProperties":false')
  expect(jsonSchema()).toMatchObject({ type: 'object', additionalProperties: false })
})
