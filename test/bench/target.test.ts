import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { missingPrograms } from './speed/load.ts'

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A bench that starts one target, tells its process and waits for ever. */
const BENCH = `
const { startTarget } = await import(process.env.TARGET)
const program = { name: 'idle', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'], cwd: process.cwd() }
const { pid } = startTarget({ ...program, env: {}, core: '0-255', log: process.env.LOG })
console.log(pid)
setInterval(() => {}, 1000)
`

test.each(['SIGKILL', 'SIGTERM'] as const)('startTarget() ends with a bench that ends by %s', async (signal) => {
  expect(missingPrograms(['setpriv', 'taskset'])).toEqual([])
  const folder = mkdtempSync(join(tmpdir(), 'postern-target-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const env = { ...process.env, TARGET: new URL('./speed/target.ts', import.meta.url).href, LOG: join(folder, 'log') }
  const bench = spawn(process.execPath, ['--input-type=module', '-e', BENCH], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = (await once(bench.stdout, 'data')) as [Buffer]
  const target = Number(said.toString())
  onTestFinished(() => {
    if (isRunning(target)) process.kill(target, 'SIGKILL')
  })
  expect([target > 1, isRunning(target)]).toEqual([true, true])
  bench.kill(signal)
  await expect.poll(() => isRunning(target), { timeout: 5_000 }).toBe(false)
})
