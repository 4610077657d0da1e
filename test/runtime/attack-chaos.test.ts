import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RUDE, rudeUpstream } from '../attack/support/rude-upstream.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { freePorts } from '../support/ports.ts'

/** Everything is open here: what is tested is what becomes of it. */
const OPEN = `
upstream: game
rules:
  - path: /*
    access: public
    websocket: { lease: off }
`

function openPolicies(): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-chaos-'))
  copyFileSync('policies/roles.yaml', join(folder, 'roles.yaml'))
  writeFileSync(join(folder, 'game.yaml'), OPEN)
  return folder
}

for (const runtime of ['node', 'deno']) {
  describe(`${runtime} goes on when others break off`, () => {
    const upstream = rudeUpstream()
    const policies = openPolicies()
    let demo: Demo
    let host = ''

    beforeAll(async () => {
      const port = await freePorts(1)
      await new Promise<void>((resolve) => upstream.server.listen(port, '127.0.0.1', resolve))
      demo = await startDemo({
        environment: { DEMO_RUNTIME: runtime, POSTERN_UPSTREAM_PORT: String(port), POSTERN_POLICIES: policies },
      })
      host = new URL(demo.gateway).host
    }, 90_000)
    afterAll(async () => {
      await demo?.stop()
      for (const socket of upstream.open) socket.destroy()
      upstream.server.close()
      rmSync(policies, { recursive: true, force: true })
    }, 30_000)

    /** Everything that came back on one connection, until it was closed or `ms` passed. */
    function exchange(lines: readonly string[], ms: number, then: (socket: Socket) => void = () => undefined) {
      return new Promise<string>((resolve) => {
        const socket = connect(Number(new URL(demo.gateway).port), '127.0.0.1')
        let answer = ''
        const limit = setTimeout(() => socket.destroy(), ms)
        socket.setEncoding('latin1')
        socket.on('data', (chunk) => (answer += chunk))
        socket.on('error', () => undefined)
        socket.on('close', () => {
          clearTimeout(limit)
          resolve(answer)
        })
        socket.write(`${lines.join('\r\n')}\r\n\r\n`, () => then(socket))
      })
    }
    const get = (path: string, ms = 2_000) =>
      exchange([`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close'], ms)
    const resetSoon = (socket: Socket) => void setTimeout(() => socket.resetAndDestroy(), 40)

    test.each(RUDE)('an upstream that shows its manners: %s (CVE-2026-16728 and rows 229 to 232)', async (manners) => {
      for (const folder of ['/assets', '/.well-known/assets']) {
        const answer = await get(`${folder}/${manners}`, 600)
        expect(answer).not.toContain('poisoned')
        expect(answer).not.toMatch(/^HTTP\/1\.1 500/)
        const next = await get(`${folder}/ok`)
        expect(next).toMatch(/^HTTP\/1\.1 200/)
        expect(next.endsWith('ok')).toBe(true)
      }
    })

    test('bytes of a header stay the bytes they were', async () => {
      expect(await get('/assets/name-utf8')).toContain(Buffer.from('filename="名.png"').toString('latin1'))
      expect(await get('/assets/name-latin1')).toContain('x-name: Zo\u00eb')
    })

    test('clients that vanish in the middle of an answer are let go, and so is the upstream', async () => {
      const asked = ['GET /assets/slow HTTP/1.1', `Host: ${host}`]
      await Promise.all(Array.from({ length: 30 }, () => exchange(asked, 2_000, resetSoon)))
      await expect.poll(() => upstream.open.size, { timeout: 5_000 }).toBeLessThan(10)
    })

    test('clients that vanish in the middle of an upload', async () => {
      const asked = (path: string) => [`POST ${path} HTTP/1.1`, `Host: ${host}`, 'Content-Length: 9999', '', 'half']
      const paths = ['/assets/ok', '/.well-known/x', '/auth/guest', '/auth/callback/apple', '/auth/start/google']
      for (const path of paths) await exchange(asked(path), 2_000, resetSoon)
      const form = 'Content-Type: application/x-www-form-urlencoded'
      for (const path of paths.slice(2)) {
        const [line = '', ...rest] = asked(path)
        await exchange([line, form, `Origin: ${demo.gateway}`, ...rest], 2_000, resetSoon)
      }
      expect(await get('/auth/livez')).toMatch(/^HTTP\/1\.1 200/)
    })

    test('clients that vanish in the middle of a handshake', async () => {
      const asked = [
        'GET /assets/silent HTTP/1.1',
        `Host: ${host}`,
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ]
      for (let i = 0; i < 10; i++) await exchange(asked, 2_000, resetSoon)
      await Promise.all(RUDE.map((manners) => exchange([`GET /assets/${manners} HTTP/1.1`, ...asked.slice(1)], 500)))
      expect(await get('/auth/livez')).toMatch(/^HTTP\/1\.1 200/)
    })

    test('a chunked form that is no chunk at all', async () => {
      const form = 'Content-Type: application/x-www-form-urlencoded'
      const asked = ['POST /auth/guest HTTP/1.1', `Host: ${host}`, form, 'Transfer-Encoding: chunked', '', 'ZZ']
      await exchange(asked, 500)
      expect(await get('/auth/livez')).toMatch(/^HTTP\/1\.1 200/)
    })

    test('nothing of this was a bug, and nothing ended the process', () => {
      const log = readFileSync(join(demo.state, 'logs', 'gateway.log'), 'utf8')
      expect(log).toContain('"event":"upstream-failed"')
      const bugs = log
        .split('\n')
        .filter((line) => /"event":"(bug|background-failed)"|Unhandled|Uncaught|^\s+at /i.test(line))
      expect(bugs).toEqual([])
    })
  })
}
