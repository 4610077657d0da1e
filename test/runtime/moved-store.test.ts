import { copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Deployment, type RuntimeName, startDeployment } from '../support/deployment.ts'
import { ask } from '../support/http.ts'

const PROGRAM = { accept: 'application/json' }
const game = createServer((_, response) => response.end('played'))
let environment = {}
beforeAll(async () => {
  await new Promise<void>((resolve) => game.listen(0, '127.0.0.1', resolve))
  environment = { GAME_PORT: String((game.address() as AddressInfo).port) }
})
afterAll(() => void game.close())

/** Ways in which the file of a store is no longer what the gateway has open, and back. */
const LOSSES: readonly (readonly [string, (file: string) => void, ((file: string) => void) | null])[] = [
  ['removed', (file) => rmSync(file), null],
  ['moved away', (file) => renameSync(file, `${file}.old`), (file) => renameSync(`${file}.old`, file)],
  [
    'replaced by a copy',
    (file) => {
      copyFileSync(file, `${file}.copy`)
      renameSync(file, `${file}.old`)
      renameSync(`${file}.copy`, file)
    },
    (file) => renameSync(`${file}.old`, file),
  ],
  [
    'without its log',
    (file) => renameSync(`${file}-wal`, `${file}.log`),
    (file) => renameSync(`${file}.log`, `${file}-wal`),
  ],
  [
    'in a folder that was moved',
    (file) => {
      renameSync(dirname(file), `${dirname(file)}.old`)
      mkdirSync(dirname(file))
    },
    (file) => {
      rmSync(dirname(file), { recursive: true })
      renameSync(`${dirname(file)}.old`, dirname(file))
    },
  ],
]

describe.each<RuntimeName>(['node', 'deno'])('%s whose store is no longer where it was', (runtime) => {
  let deployment: Deployment
  beforeEach(async () => {
    // The second start: that of a file that has no steps to take.
    const first = await startDeployment({ runtime, name: 'silent', environment })
    await first.stop('keep')
    deployment = await startDeployment({ runtime, name: 'silent', environment, again: first })
  }, 60_000)
  afterEach(async () => {
    await deployment?.stop()
    rmSync(`${deployment?.state}.old`, { recursive: true, force: true })
  }, 30_000)

  const asked = (path: string, method = 'GET', cookie = '') =>
    ask(`${deployment.gateway}${path}`, { method, headers: { ...PROGRAM, cookie, origin: deployment.gateway } })

  test.each(LOSSES)(
    '%s: nothing is acknowledged that would be lost, and it is told',
    async (_, lose, restore) => {
      const made = await asked('/auth/guest', 'POST')
      expect(made.status).toBe(200)
      const cookie = made.headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; ')
      // The first one makes the key that signs what services are told.
      expect((await asked('/play', 'GET', cookie)).status).toBe(200)
      lose(deployment.storeFile)
      for (const path of ['/auth/sign-out', '/auth/session/touch', '/auth/guest']) {
        const answer = await asked(path, 'POST', path === '/auth/guest' ? '' : cookie)
        expect([path, answer.status, answer.headers.get('retry-after')]).toEqual([
          path,
          503,
          expect.stringMatching(/^\d+$/),
        ])
        expect(answer.headers.getSetCookie()).toEqual([])
      }
      await expect
        .poll(() => deployment.output(), { timeout: 10_000 })
        .toMatch(/"event":"store-unavailable".*(?:is gone|is another file) while the store is open/)
      expect((await asked('/play', 'GET', cookie)).status).toBe(200)
      if (restore === null) return
      restore(deployment.storeFile)
      expect((await asked('/auth/sign-out', 'POST', cookie)).status).toBeLessThan(400)
      expect((await asked('/play', 'GET', cookie)).status).toBe(401)
      await deployment.kill()
      deployment = await startDeployment({ runtime, name: 'silent', environment, again: deployment })
      expect((await asked('/play', 'GET', cookie)).status).toBe(401)
    },
    60_000,
  )

  test('a link to its file: the log lies beside the file', async () => {
    await deployment.stop('keep')
    const file = deployment.storeFile
    renameSync(file, `${file}.real`)
    symlinkSync(`${file}.real`, file)
    deployment = await startDeployment({ runtime, name: 'silent', environment, again: deployment })
    expect((await asked('/auth/guest', 'POST')).status).toBe(200)
    renameSync(`${file}.real-wal`, `${file}.log`)
    expect((await asked('/auth/guest', 'POST')).status).toBe(503)
    renameSync(`${file}.log`, `${file}.real-wal`)
    expect((await asked('/auth/guest', 'POST')).status).toBe(200)
  }, 60_000)
})
