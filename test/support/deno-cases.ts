import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What Deno says of a list of cases of test/runtime/deno-cases.ts: failures, then how many passed and failed. */
export function casesOnDeno(list: 'messages' | 'vectors'): string {
  const args = ['run', '--config', 'deno.json', '--no-lock', '--cached-only', '--allow-read']
  const run = spawnSync(`${ROOT}node_modules/.bin/deno`, [...args, 'test/runtime/deno-cases.ts', list], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return `${run.stdout}${run.stderr}`
}
