import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const DENO = `${ROOT}node_modules/.bin/deno`
const RUNNER = 'test/runtime/deno-contract.ts'

test('the whole store contract holds with node:sqlite on Deno', () => {
  const rights = ['--allow-read', `--allow-write=${tmpdir()}`, '--allow-env=TMPDIR,TMP,TEMP', '--allow-sys']
  const run = spawnSync(DENO, ['run', '--no-config', '--no-lock', '--cached-only', ...rights, RUNNER], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 120_000,
  })
  const said = `${run.stdout}${run.stderr}`
  expect(said).toMatch(/^\d+ passed, 0 failed$/m)
  const [, passed] = /^(\d+) passed/m.exec(said) ?? []
  // A runner that registers nothing must not pass.
  expect(Number(passed)).toBeGreaterThan(150)
  expect(run.status).toBe(0)
}, 130_000)
