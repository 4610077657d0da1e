import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { MESSAGE_CASES } from './rfc9421-cases.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

describe('RFC 9421 on Node', () => {
  test.each(MESSAGE_CASES)('%s', async (_, run) => {
    const { got, wanted } = await run()
    expect(got).toEqual(wanted)
  })
})

test('RFC 9421 on Deno: every case', () => {
  const args = [
    'run',
    '--config',
    'deno.json',
    '--no-lock',
    '--cached-only',
    '--allow-read',
    'test/runtime/deno-messages.ts',
  ]
  const run = spawnSync(`${ROOT}node_modules/.bin/deno`, args, { cwd: ROOT, encoding: 'utf8', timeout: 60_000 })
  expect(`${run.stdout}${run.stderr}`).toContain(`${MESSAGE_CASES.length} passed, 0 failed`)
}, 70_000)
