import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, startDemo } from '../support/demo.ts'
import { ask } from '../support/http.ts'

const OPEN = '  - path: /echo/*\n    guest: allow\n'
const FREE = '  - path: /echo/*\n    access: public\n'

async function until(check: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await check()) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('it did not come about within 10 s')
}

for (const runtime of ['node', 'deno']) {
  describe(`policies are reloaded while ${runtime} serves`, () => {
    const base = mkdtempSync(join(tmpdir(), 'postern-policies-'))
    const folder = join(base, 'policies')
    const file = join(folder, 'game.yaml')
    let demo: Demo

    beforeAll(async () => {
      cpSync('policies', folder, { recursive: true })
      demo = await startDemo({ environment: { DEMO_RUNTIME: runtime, POSTERN_POLICIES: folder } })
    }, 90_000)
    afterAll(async () => {
      await demo?.stop()
      rmSync(base, { recursive: true, force: true })
    }, 30_000)

    const echo = async () =>
      (await ask(`${demo.gateway}/echo/status/204`, { headers: { accept: 'application/json' } })).status
    const audited = async (event: string) => {
      const key = readFileSync(demo.ports['DEMO_SECRETS'] ?? '', 'utf8').match(/POSTERN_OPERATOR_KEY="?([^"\n]+)/)?.[1]
      const answer = await ask(`${demo.gateway}/auth/operator/v1/audit.list`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ event }),
      })
      return (await answer.text()).match(/"by":"reload"/g)?.length ?? 0
    }
    const health = async () =>
      (await (await ask(`${demo.gateway}/auth/readyz`)).json()) as { status: string; policy: string }

    test('a change serves without a restart, no request is lost and none sees a mixture', async () => {
      const before = readFileSync(file, 'utf8')
      expect(before).toContain(OPEN)
      expect(await echo()).toBe(401)
      const { policy } = await health()
      const seen: number[] = []
      let running = true
      const load = Promise.all(
        Array.from({ length: 8 }, async () => {
          while (running) seen.push(await echo())
        }),
      )
      writeFileSync(file, before.replace(OPEN, FREE))
      await until(async () => (await health()).policy !== policy)
      expect(await echo()).toBe(204)
      running = false
      await load
      expect([...new Set(seen)].sort()).toEqual([204, 401])
    }, 30_000)

    test('a bad file leaves the old policy serving and readiness degraded; a good one heals it', async () => {
      const good = readFileSync(file, 'utf8')
      writeFileSync(file, good.replace('permission: players.delete', 'permission: players.delte'))
      await until(async () => (await health()).status === 'degraded')
      expect(await echo()).toBe(204)
      writeFileSync(file, good)
      await until(async () => (await health()).status === 'ok')
      await until(async () => (await audited('policy-refused')) === 1)
      expect(await audited('policy-changed')).toBeGreaterThanOrEqual(2)
    }, 30_000)

    test('a folder that takes the place of the old one is followed: its edits serve, and that it is gone is told', async () => {
      const good = readFileSync(file, 'utf8')
      const closed = good.replace(FREE, OPEN)
      cpSync(folder, join(base, 'next'), { recursive: true })
      writeFileSync(join(base, 'next', 'game.yaml'), closed)
      renameSync(folder, join(base, 'old'))
      renameSync(join(base, 'next'), folder)
      await until(async () => (await echo()) === 401)
      writeFileSync(file, good)
      await until(async () => (await echo()) === 204)
      rmSync(folder, { recursive: true })
      await until(async () => (await health()).status === 'degraded')
      expect(await echo()).toBe(204)
      cpSync(join(base, 'old'), folder, { recursive: true })
      writeFileSync(file, closed)
      await until(async () => (await echo()) === 401)
      expect((await health()).status).toBe('ok')
    }, 60_000)
  })
}
