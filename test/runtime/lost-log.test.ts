import { spawn } from 'node:child_process'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { ask } from '../support/http.ts'
import { freePorts } from '../support/ports.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const RIGHTS = ['--allow-net', '--allow-read', '--allow-write', '--allow-env', '--allow-sys']
const PROGRAMS = {
  node: [process.execPath, `${ROOT}src/runtime/node.ts`],
  deno: [
    `${ROOT}node_modules/deno/deno`,
    'run',
    '--config',
    `${ROOT}deno.json`,
    ...RIGHTS,
    `${ROOT}src/runtime/deno.ts`,
  ],
} as const

/** Whoever reads the log goes away, or the disk it is written to is full from the beginning. */
test.each([
  ['node', 'gone'],
  ['node', 'full'],
  ['deno', 'gone'],
  ['deno', 'full'],
] as const)(
  '%s: a gateway whose log cannot be written (%s) says so and serves on',
  async (runtime, how) => {
    const port = await freePorts(1)
    const state = mkdtempSync(join(tmpdir(), 'postern-log-'))
    const [command, ...args] = PROGRAMS[runtime]
    const child = spawn(command, args, {
      cwd: `${ROOT}test/support/deployments/silent`,
      env: { ...process.env, PORT: String(port), POSTERN_STORE_FILE: join(state, 'store.sqlite') },
      stdio: ['ignore', how === 'full' ? openSync('/dev/full', 'w') : 'pipe', 'pipe'],
    })
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    let told = ''
    child.stderr?.on('data', (chunk) => (told += chunk))
    const status = async (path: string) => (await ask(`http://localhost:${port}${path}`).catch(() => null))?.status
    try {
      await expect.poll(() => status('/auth/livez'), { timeout: 15_000 }).toBe(200)
      child.stdout?.destroy()
      // Nothing listens where the service should be: each is a line of its own.
      for (let n = 0; n < 5; n++) {
        expect(await status('/open')).toBeGreaterThanOrEqual(502)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      expect(await status('/auth/livez')).toBe(200)
      expect(told.match(/the log cannot be written: [^\n]*(EPIPE|space left)[^\n]*served on/g)).toHaveLength(1)
    } finally {
      child.kill('SIGTERM')
      expect(await ended).toBe(0)
      rmSync(state, { recursive: true, force: true })
    }
  },
  40_000,
)
