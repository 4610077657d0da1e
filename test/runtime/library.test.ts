import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PROXY_NAMES } from '../../src/identity/reserved.ts'
import { workerdConfig } from '../support/deployment.ts'
import { bodyOf } from '../support/exchange.ts'
import { ask } from '../support/http.ts'
import { bundleWorker, compileSample, installSample, QUIET, runIn } from '../support/packed.ts'
import { freePorts } from '../support/ports.ts'
import { headOf } from '../support/raw.ts'
import { mustOpen, openSocket } from '../support/socket-client.ts'
import { asVariables, FORGED, type HeaderLines, ODD_LINES, sawOf, spoof } from '../support/spoof.ts'
import { startWire, type Wire } from '../support/wire.ts'

const VISIT = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const PROGRAM = { accept: 'application/json' }
const folder = mkdtempSync(join(tmpdir(), 'postern-library-'))
const run = (command: string, args: readonly string[]) => runIn(folder, command, args)

/** Passes on what it was handed, as a host does that has services of its own. */
const ONWARD = `host.all('/scores/onward', (context) =>
  proxy(\`\${env<{ GAME: string }>(context).GAME}/onward\`, { raw: context.req.raw, headers: context.req.header() }),
)
`

/** A further guarded route of the host, and its rule. */
function addOnward(): void {
  for (const file of ['server.ts', 'worker.ts']) {
    const text = readFileSync(join(folder, file), 'utf8')
    const imports = "import { env } from 'hono/adapter'\nimport { proxy } from 'hono/proxy'\n"
    writeFileSync(join(folder, file), imports + text.replace(/^host\.post\(/m, `${ONWARD}$&`))
  }
  const policy = join(folder, 'policies/site.yaml')
  appendFileSync(policy, '  - { path: /scores/onward, guest: allow, permission: play }\n')
}

/** The same host by the server that Deno has itself, which hands over requests of its own. */
function writeDenoServe(): void {
  const text = readFileSync(join(folder, 'server.ts'), 'utf8').replace(/^import \{ serve \}.*\n/m, '')
  const port = "{ hostname: '127.0.0.1', port: Number(process.env['PORT']) }"
  const served = text.replace(/^serve\(.*\)$/m, `Deno.serve(${port}, host.fetch)`)
  writeFileSync(join(folder, 'deno-serve.ts'), served.replace(/^/, "import process from 'node:process'\n"))
}

beforeAll(() => {
  installSample(folder)
  addOnward()
  writeDenoServe()
  compileSample(folder)
}, 180_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the samples typecheck against the packed types', () => {
  const tsc = resolve('node_modules/typescript/bin/tsc')
  run(process.execPath, [tsc, '-p', 'tsconfig.json'])
  const common = ['--noEmit', '--strict', '--skipLibCheck', '--allowImportingTsExtensions', '--target', 'es2024']
  const kind = ['--module', 'nodenext', '--moduleResolution', 'nodenext', '--types', 'node', '--ignoreConfig']
  run(process.execPath, [tsc, ...common, ...kind, 'server.ts'])
}, 90_000)

type Host = 'workerd' | 'node' | 'deno' | 'deno-serve'

function programOf(host: Host, port: number, game: number): { command: string; args: readonly string[] } {
  if (host === 'node') return { command: process.execPath, args: ['server.ts'] }
  if (host === 'deno' || host === 'deno-serve') {
    const rights = ['--allow-net', '--allow-read', '--allow-write', '--allow-env', '--allow-sys']
    return {
      command: resolve('node_modules/deno/deno'),
      args: ['run', '--node-modules-dir=manual', ...rights, host === 'deno' ? 'server.ts' : 'deno-serve.ts'],
    }
  }
  const toml = readFileSync(join(folder, 'wrangler.toml'), 'utf8')
  writeFileSync(join(folder, 'wrangler.toml'), toml.replace(/\[build\]\ncommand = .*\n/, ''))
  bundleWorker(folder)
  const texts = { ORIGIN: `http://localhost:${port}`, GAME: `http://127.0.0.1:${game}` }
  writeFileSync(join(folder, 'config.capnp'), workerdConfig(port, folder, texts))
  return { command: resolve('node_modules/.bin/workerd'), args: ['serve', 'config.capnp'] }
}

for (const kind of ['workerd', 'node', 'deno', 'deno-serve'] as const) {
  describe(`the sample as an app of its own, on ${kind}`, () => {
    let game: Wire
    let child: ChildProcess
    let origin = ''
    let cookie = ''
    let printed = ''
    const seen: IncomingMessage[] = []

    beforeAll(async () => {
      game = await startWire()
      game.answer = async (request, response) => {
        seen.push(request)
        const body = (await bodyOf(request)).toString()
        response.end(body === '' ? JSON.stringify(request.headers) : body)
      }
      const port = await freePorts(1)
      origin = `http://localhost:${port}`
      const { command, args } = programOf(kind, port, game.port)
      const own = { ORIGIN: origin, GAME: `http://127.0.0.1:${game.port}`, PORT: String(port) }
      child = spawn(command, args, { cwd: folder, env: { ...QUIET, ...own }, stdio: ['ignore', 'pipe', 'pipe'] })
      child.stdout?.on('data', (chunk) => (printed += chunk))
      child.stderr?.on('data', (chunk) => (printed += chunk))
      const end = Date.now() + 30_000
      while (
        !(await ask(`${origin}/auth/readyz`).then(
          ({ status }) => status === 200,
          () => false,
        ))
      ) {
        if (child.exitCode !== null || Date.now() > end) throw new Error(`the host is not ready\n${printed}`)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      const guest = await ask(`${origin}/auth/guest`, {
        method: 'POST',
        body: new URLSearchParams(),
        headers: { origin, 'sec-fetch-site': 'same-origin', accept: 'text/html' },
      })
      cookie =
        guest.headers
          .getSetCookie()
          .find((line) => line.startsWith('__Host-postern'))
          ?.split(';')[0] ?? ''
    }, 120_000)
    afterAll(async () => {
      if (child?.exitCode === null) {
        const gone = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGKILL')
        await gone
      }
      await game?.stop()
    }, 30_000)

    const get = (path: string, headers: Readonly<Record<string, string>> = PROGRAM, method = 'GET') =>
      ask(`${origin}${path}`, { method, headers })

    test('a route of the host stands beside it, past every policy', async () => {
      expect(await (await get('/about')).text()).toBe('a page of the host')
    })

    test('a guarded route is closed to nobody: sign-in for a visit, a problem for a program', async () => {
      const visit = await get('/scores/mine?x=1', VISIT)
      expect([visit.status, visit.headers.get('location')]).toEqual([
        302,
        '/auth/sign-in?return_to=%2Fscores%2Fmine%3Fx%3D1',
      ])
      const program = await get('/scores/mine')
      expect([program.status, program.headers.get('content-type')]).toEqual([401, 'application/problem+json'])
    })

    test('a guarded route is told who asks', async () => {
      expect(cookie).not.toBe('')
      const answer = await get('/scores/mine', { ...PROGRAM, cookie })
      expect(answer.status).toBe(200)
      expect(await answer.json()).toMatchObject({ mayReset: false, rule: 'GET /scores/mine' })
    })

    test('what the policies refuse never runs', async () => {
      const reset = await get('/scores/reset', { ...PROGRAM, cookie, origin }, 'POST')
      expect([reset.status, await reset.text()]).toEqual([403, expect.stringContaining('"code":')])
      expect((await get('/scores/other', { ...PROGRAM, cookie })).status).toBe(403)
    })

    test('everything else is the whole gateway: own endpoints, and the game with identity', async () => {
      expect((await get('/auth/session', { ...PROGRAM, cookie })).status).toBe(200)
      const answer = await get('/play/1', { ...PROGRAM, cookie, 'postern-user': 'admin' })
      expect(answer.status).toBe(200)
      const seen = (await answer.json()) as Readonly<Record<string, string>>
      expect(seen['postern-user']).toMatch(/^[0-9a-f-]{36}$/)
      expect(seen['postern-assertion']?.split('.')).toHaveLength(3)
      expect(seen['cookie'] ?? '').not.toContain('__Host-postern')
      expect((await get('/play/1')).status).toBe(401)
    })

    /** Raw lines to the host; what the game saw of them. */
    const saw = async (path: string, lines: HeaderLines) => {
      seen.length = 0
      game.upgrades.length = 0
      const { host, port } = new URL(origin)
      await headOf(Number(port), [`GET ${path} HTTP/1.1`, `Host: ${host}`, `Cookie: ${cookie}`, ...lines])
      const arrived = seen[0] ?? game.upgrades[0]
      return arrived === undefined ? null : sawOf(arrived)
    }

    test('no header that a client forges arrives at the game', async () => {
      const { sent, arrived, forged } = await spoof((lines) => saw('/play/1', lines))
      expect({ arrived, forged }).toEqual({ arrived: sent, forged: [] })
    }, 60_000)

    test('odd lines are refused or harmless', async () => {
      for (const odd of ODD_LINES) {
        const reads = asVariables((await saw('/play/1', ['Connection: close', ...odd])) ?? []).get('HTTP_POSTERN_USER')
        expect([odd, (reads ?? []).filter((value) => value.includes(FORGED))]).toEqual([odd, []])
      }
    }, 60_000)

    test('no header that a client forges arrives at a guarded route, but what the proxy of a host says itself', async () => {
      const { sent, arrived, forged } = await spoof((lines) => saw('/scores/onward', lines))
      expect(arrived).toBe(sent)
      expect(forged.filter((name) => !PROXY_NAMES.has(name.toLowerCase()))).toEqual([])
    }, 60_000)

    test('a guarded route has the whole body of a request that forged a header', async () => {
      const body = 'x'.repeat(200_000)
      const headers = { origin, cookie, 'postern-user': 'admin', 'content-type': 'text/plain' }
      const answer = await ask(`${origin}/scores/onward`, { method: 'POST', headers, body })
      expect([answer.status, (await answer.text()) === body]).toEqual([200, true])
    })

    if (kind === 'workerd') {
      test('no header that a client forges arrives with the upgrade of a socket', async () => {
        const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
        const lines = [`Origin: ${origin}`, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', ...upgrade]
        const { sent, arrived, forged } = await spoof((forging) => saw('/room/full', [...lines, ...forging]))
        expect({ arrived, forged }).toEqual({ arrived: sent, forged: [] })
      }, 60_000)

      test('a socket opens through the object the host exports again, and only for who may', async () => {
        const socket = await mustOpen(`${origin}/room/1`, { headers: { cookie, origin } })
        socket.raw.send('hello')
        expect(await socket.next()).toBe('hello')
        socket.raw.close()
        expect(await openSocket(`${origin}/room/1`, { headers: { origin } })).toMatchObject({ status: 401 })
      })
    }
  })
}
