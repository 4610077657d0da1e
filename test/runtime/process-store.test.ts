import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Seconds, seconds } from '../../src/core/brand.ts'
import { openSqliteStore } from '../../src/runtime/node-sqlite.ts'
import { processRuntime } from '../../src/runtime/process.ts'
import { openStore } from '../../src/runtime/process-store.ts'
import { device, note, person, proof } from '../adapters/redis/scene.ts'
import { startDeployment } from '../support/deployment.ts'
import { workbench } from '../support/gateway.ts'
import { freePorts } from '../support/ports.ts'
import { HOT_POLICIES } from '../support/store-calls.ts'

const HOUR = 3600
const DAY = 86_400
let folder = ''
let file = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-swept-'))
  file = join(folder, 'store.sqlite')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A store file with two sessions of one person, which end at these times; nobody ever asks for either. */
async function fileWith(...ends: readonly Seconds[]): Promise<void> {
  const { store, close } = openSqliteStore(file)
  const user = person(1)
  const createdAt = seconds(Math.min(...ends) - HOUR)
  await store.directory.signIn(proof('ada'), user, createdAt, { ...note('sign-up', user), at: createdAt })
  for (const [n, endsAt] of ends.entries()) {
    const session = device(user, `device-${n}`, { createdAt, lastSeenAt: createdAt, idleUntil: endsAt, endsAt })
    await store.sessions.create(session, null, { ...note('sign-in', user), at: createdAt })
  }
  close()
}

/** What the file has of sessions and of why they ended, while nobody serves it. */
function left(): { readonly sessions: number; readonly ended: number } {
  const database = new DatabaseSync(file, { readOnly: true })
  const [sessions, ended] = ['sessions', 'ended'].map(
    (table) => database.prepare(`SELECT * FROM ${table}`).all().length,
  )
  database.close()
  return { sessions: sessions ?? -1, ended: ended ?? -1 }
}

/** What a gateway said of one kind, in its log. */
function linesOf(output: string, kind: string): readonly unknown[] {
  return output
    .split('\n')
    .filter((line) => line.includes(`"${kind}"`))
    .map((line) => JSON.parse(line))
}

describe('openStore() (seeds S9)', () => {
  test('ends what is over at start and every hour, and no more once it is closed', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const bench = await workbench(HOT_POLICIES)
    onTestFinished(() => bench.close())
    let now = 2_000_000_000
    await fileWith(seconds(now), seconds(now + HOUR), seconds(now + 2 * HOUR))
    const config = { ...bench.gateway.config, store: { kind: 'embedded', file, shards: 1 } as const }
    const told: string[] = []
    const runtime = { ...processRuntime(({ kind }) => void told.push(kind)), now: () => seconds(now) }
    const opened = await openStore(config, new Map(), runtime)
    // As of a time when none of them was over: what is counted is what is stored.
    const stored = async () => (await opened.store.sessions.count(seconds(2_000_000_000 - 1), 0)).total
    // What is over is ended by the count for the log, too: it reads the clock.
    // WHY: not `expect.poll`, which moves a turned clock on each time it looks.
    for (let looks = 0; looks < 100 && told.length === 0; looks++) await new Promise((next) => setTimeout(next, 20))
    expect(told).toEqual(['sessions-counted'])
    expect(await stored()).toBe(2)
    now += HOUR
    vi.advanceTimersByTime(HOUR * 1000 - 1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await stored()).toBe(2)
    vi.advanceTimersByTime(1)
    await expect.poll(stored).toBe(1)
    await opened.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe.each(['node', 'deno'] as const)('on %s', (runtime) => {
  // WHY: a file whose rights a gateway cannot change is somebody else's, and only root can give one away.
  test.runIf(process.getuid?.() === 0)(
    'a store file that others can read is told at start, and is served',
    async () => {
      const nobody = 65_534
      writeFileSync(file, '')
      chmodSync(file, 0o666)
      chownSync(file, nobody, nobody)
      const environment = { ROBOT_TOKEN: 'robot-token-value-1234567890' }
      const again = { port: await freePorts(1), state: folder }
      const owns = 'its own files alone'
      const exposed = await startDeployment({ runtime, name: 'wire', environment, again, owns })
      await exposed.stop('keep')
      const lines = linesOf(exposed.output(), 'store-exposed')
      expect(lines).toMatchObject([{ level: 'warn', file, hint: expect.stringContaining('others on this machine') }])
      // Given to the user of the gateway, as the line says, it is taken from all others, and nothing is left to tell.
      for (const part of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(part)) chownSync(part, 0, 0)
      const own = await startDeployment({ runtime, name: 'wire', environment, again, owns })
      await own.stop('keep')
      expect(linesOf(own.output(), 'store-exposed')).toEqual([])
      expect(statSync(file).mode & 0o777).toBe(0o600)
    },
    60_000,
  )

  test('a start ends what went over while nothing ran (seeds S9)', async () => {
    const now = Math.floor(Date.now() / 1000)
    // Readiness counts sessions, which ends those that are over; why they ended goes after a day, and only a sweep does that.
    await fileWith(seconds(now - 2 * DAY), seconds(now + HOUR))
    expect(left()).toEqual({ sessions: 2, ended: 0 })
    const environment = { ROBOT_TOKEN: 'robot-token-value-1234567890' }
    const again = { port: await freePorts(1), state: folder }
    const gateway = await startDeployment({ runtime, name: 'wire', environment, again })
    // The file is locked while it serves; what it began at start it finishes before it ends.
    expect(await gateway.stop('keep')).toBe(0)
    expect(left()).toEqual({ sessions: 1, ended: 0 })
  }, 60_000)
})
