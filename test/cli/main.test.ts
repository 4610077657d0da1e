import { expect, test } from 'vitest'
import { deployment } from './support/deployment.ts'

test('run() suggests the nearest command', async () => {
  const { code, err } = await deployment({}).postern('chekc')
  expect({ code, err }).toEqual({ code: 2, err: "error: unknown command 'chekc'\n(Did you mean check?)" })
})

test('run() suggests the nearest option', async () => {
  const { code, err } = await deployment({}).postern('check --jsno')
  expect({ code, err }).toEqual({ code: 2, err: "error: unknown option '--jsno'\n(Did you mean --json?)" })
})

test('run() names an argument that is missing', async () => {
  const { code, err } = await deployment({}).postern('explain GET')
  expect({ code, err }).toEqual({ code: 2, err: "error: missing required argument 'url'" })
})

test('run() prints help and ends well when asked', async () => {
  const { code, out } = await deployment({}).postern('--help')
  expect(code).toBe(0)
  expect(out).toContain('Usage: postern [options] [command]')
})

test('run() prints the version', async () => {
  const { code, out } = await deployment({}).postern('--version')
  expect(code).toBe(0)
  expect(out).toMatch(/^\d+\.\d+\.\d+$/)
})
