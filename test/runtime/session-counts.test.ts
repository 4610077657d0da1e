import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import { seconds } from '../../src/core/brand.ts'
import type { Observation } from '../../src/ports/observation.ts'
import type { Runtime } from '../../src/ports/runtime.ts'
import { openStore } from '../../src/runtime/process-store.ts'
import { signedIn, T0 } from '../contract/people.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { ask } from '../support/http.ts'

const SETTINGS = { GAME_PORT: '9', GUEST_LIFE: '1h' }

async function guest({ gateway }: Deployment): Promise<void> {
  const headers = { accept: 'application/json', origin: gateway }
  expect((await ask(`${gateway}/auth/guest`, { method: 'POST', headers })).status).toBe(200)
}

/** What the log says about how many sessions there are. */
function counts(deployment: Deployment): readonly unknown[] {
  const lines = deployment.output().split('\n')
  return lines.flatMap((line) => (line.includes('"event":"sessions-counted"') ? [JSON.parse(line)] : []))
}

/** The hour of the sweep is over, as far as the index knows, which is stopped. */
function makeSweepDue({ state }: Deployment): void {
  const folder = join(state, 'objects', 'StoreObject')
  let swept = 0
  for (const name of readdirSync(folder).filter((one) => /^[0-9a-f]{64}\.sqlite$/.test(one))) {
    const file = new DatabaseSync(join(folder, name))
    swept += Number(file.prepare("UPDATE marks SET value = '0' WHERE name = 'swept'").run().changes)
    file.close()
  }
  // The index, and the shards that hold something.
  expect(swept).toBeGreaterThanOrEqual(2)
}

describe('the log tells how many sessions are active and how many there are (S37)', () => {
  test.each(['node', 'deno'] as const)(
    'on %s at the start',
    async (runtime) => {
      const first = await startDeployment({ runtime, name: 'silent', environment: SETTINGS })
      onTestFinished(() => void first.stop())
      await guest(first)
      await guest(first)
      await first.stop('keep')
      expect(counts(first)).toMatchObject([{ level: 'info', active: 0, total: 0, active_within_seconds: 1800 }])
      const second = await startDeployment({ runtime, name: 'silent', environment: SETTINGS, again: first })
      onTestFinished(() => void second.stop())
      await expect.poll(() => counts(second), { timeout: 10_000 }).toMatchObject([{ active: 2, total: 2 }])
    },
    90_000,
  )

  test('on workerd by the alarm of the index, once the sweep is due', async () => {
    const first = await startDeployment({ runtime: 'workerd', name: 'silent', environment: SETTINGS })
    onTestFinished(() => void first.stop())
    await guest(first)
    await first.stop('keep')
    expect(counts(first)).toEqual([])
    makeSweepDue(first)
    // WHY: the alarm is set for the end of a guest account, so that nobody waits for the hour.
    const environment = { ...SETTINGS, GUEST_LIFE: '10s' }
    const second = await startDeployment({ runtime: 'workerd', name: 'silent', environment, again: first })
    onTestFinished(() => void second.stop())
    await guest(second)
    await expect.poll(() => counts(second), { timeout: 60_000, interval: 500 }).toMatchObject([{ active: 1, total: 1 }])
  }, 120_000)
})

describe('openStore()', () => {
  afterEach(() => void vi.useRealTimers())

  test('sweeps at start and every hour, and tells what is left, until it is closed (S9, S37)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-counts-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const definition = {
      origin: 'https://play.example.com',
      upstreams: { game: { url: 'https://game.example.com' } },
      store: { kind: 'embedded', file: join(folder, 'store.sqlite') },
    }
    const config = parseConfig(definition)
    if (!config.ok) throw new Error('no configuration')
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const pending: Promise<unknown>[] = []
    const told: Observation[] = []
    let now = T0
    const runtime: Runtime = {
      now: () => now,
      ticks: () => 0,
      random: (count) => crypto.getRandomValues(new Uint8Array(count)),
      fetch: () => Promise.reject(new Error('no network in this test')),
      background: (work) => void pending.push(work),
      observe: (observation) => void told.push(observation),
    }
    const opened = await openStore(config.value, new Map(), runtime)
    const { session } = await signedIn(opened.store, 1, 'a')
    const swept = async (ms: number) => {
      vi.advanceTimersByTime(ms)
      await Promise.all(pending.splice(0))
      return told.splice(0)
    }
    const count = { kind: 'sessions-counted', activeWithinSeconds: 1800 }
    expect(await swept(0)).toEqual([{ ...count, active: 1, total: 1 }])
    expect(await swept(3_599_999)).toEqual([])
    expect(await swept(1)).toEqual([{ ...count, active: 1, total: 1 }])
    now = seconds(session.endsAt)
    expect(await swept(3_600_000)).toEqual([{ ...count, active: 0, total: 0 }])
    await opened.close()
    expect(await swept(7_200_000)).toEqual([])
  })
})
