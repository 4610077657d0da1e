import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFree } from '../../deploy/demo/ports.ts'

/** Below those that the system gives to connections it opens. */
const [LEAST, MOST] = [20_000, 32_000]
const CLAIMS = join(tmpdir(), 'postern-ports')
const mine = new Set<string>()
process.once('exit', () => {
  for (const path of mine) rmSync(path, { force: true })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Removes what a process left behind that was killed; whoever looks next finds the port. */
function forget(path: string): void {
  try {
    const owner = Number(readFileSync(path, 'utf8'))
    if (owner > 0 && !isAlive(owner)) rmSync(path, { force: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** Takes a port for this process as long as it lives, so that no other test that looks for one finds it too. */
function claim(port: number): boolean {
  const path = join(CLAIMS, String(port))
  try {
    const file = openSync(path, 'wx')
    writeSync(file, String(process.pid))
    closeSync(file)
    mine.add(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    forget(path)
    return false
  }
}

function release(port: number): void {
  const path = join(CLAIMS, String(port))
  if (mine.delete(path)) rmSync(path, { force: true })
}

/** The first of `count` ports in a row that are free now, and claimed by this process. */
export async function freePorts(count: number): Promise<number> {
  mkdirSync(CLAIMS, { recursive: true })
  for (let attempt = 0; attempt < 500; attempt++) {
    const first = LEAST + Math.floor(Math.random() * (MOST - LEAST - count))
    const row = Array.from({ length: count }, (_, i) => first + i)
    const claimed: number[] = []
    for (const port of row) if (claim(port)) claimed.push(port)
    const free = claimed.length === count && (await Promise.all(row.map(isFree))).every(Boolean)
    if (free) return first
    for (const port of claimed) release(port)
  }
  throw new Error(`no ${count} free ports in a row from ${LEAST} to ${MOST}`)
}
