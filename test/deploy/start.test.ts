import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addressesFrom } from '../../deploy/demo/addresses.ts'
import { announcement } from '../../deploy/demo/banner.ts'
import { type Child, startChild } from '../../deploy/demo/children.ts'
import { claimPorts, isFree } from '../../deploy/demo/ports.ts'
import { judge } from '../../deploy/demo/preflight.mjs'
import { resetDemo } from '../../deploy/demo/reset.ts'
import { ensureSecrets } from '../../deploy/demo/secrets.ts'
import { freePorts } from '../support/ports.ts'
import { freeAddresses } from './loopback.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-start-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function install(...packages: readonly string[]): void {
  for (const name of packages) {
    mkdirSync(join(folder, 'node_modules', name), { recursive: true })
    writeFileSync(join(folder, 'node_modules', name, 'package.json'), '{}')
  }
}

function installNode(): string {
  const path = join(folder, 'node_modules', '.bin', 'node')
  mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true })
  writeFileSync(path, '#!/bin/sh\n')
  chmodSync(path, 0o755)
  return path
}

async function holdPort(port: number): Promise<() => Promise<void>> {
  const server = createServer().listen(port, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return () => new Promise((resolve) => server.close(() => resolve()))
}

describe('judge()', () => {
  test('a clone without packages is told to install them', () => {
    const message = `the packages are not installed; run "npm ci" in ${folder}`
    expect(judge(folder, '24.0.0', ['wrangler', 'jose'])).toEqual({ kind: 'stop', message })
  })

  test('half an installation is named', () => {
    install('wrangler')
    expect(judge(folder, '24.0.0', ['wrangler', 'jose'])).toMatchObject({
      message: `jose is not installed; run "npm ci" in ${folder}`,
    })
  })

  test('an old Node hands over to the one of the project', () => {
    install('jose')
    const node = installNode()
    expect(judge(folder, '20.19.1', ['jose'])).toEqual({ kind: 'hand-over', node })
  })

  test('an old Node without another says what is needed', () => {
    install('jose')
    expect(judge(folder, '22.17.9', ['jose'])).toMatchObject({ message: expect.stringContaining('22.18 is needed') })
  })

  test('the oldest Node that will do runs the demo', () => {
    install('jose')
    expect(judge(folder, '22.18.0', ['jose'])).toEqual({ kind: 'run' })
  })

  test('Node 23.5 does not strip types and will not do', () => {
    install('jose')
    expect(judge(folder, '23.5.0', ['jose']).kind).toBe('stop')
  })
})

describe('start.mjs', () => {
  test('says one line and ends with 3 when nothing is installed', () => {
    cpSync(join(ROOT, 'deploy/demo'), join(folder, 'deploy/demo'), { recursive: true })
    const done = spawnSync(process.execPath, [join(folder, 'deploy/demo/start.mjs')], { encoding: 'utf8' })
    const line = `postern demo: the packages are not installed; run "npm ci" in ${folder}\n`
    expect([done.status, done.stdout, done.stderr]).toEqual([3, '', line])
  })

  test('names the taken port and ends with 3, leaving nothing behind', async () => {
    const { gatewayPort, upstreamPort, providersPort } = await freeAddresses()
    const release = await holdPort(upstreamPort)
    const env = {
      ...process.env,
      DEMO_GATEWAY_PORT: String(gatewayPort),
      DEMO_UPSTREAM_PORT: String(upstreamPort),
      DEMO_PROVIDERS_PORT: String(providersPort),
      DEMO_STATE: join(folder, 'state'),
      DEMO_SECRETS: join(folder, 'secrets'),
    }
    const done = spawn(process.execPath, [join(ROOT, 'deploy/demo/start.mjs')], { env })
    let said = ''
    done.stderr.on('data', (part) => (said += part))
    const code = await new Promise((resolve) => done.once('close', resolve))
    await release()
    const line = `postern demo: port ${upstreamPort} (the game) is taken; end what listens there, or choose another with DEMO_UPSTREAM_PORT\n`
    expect([code, said]).toEqual([3, line])
  })

  test('a port that is no port is named', () => {
    const env = { ...process.env, DEMO_GATEWAY_PORT: '80 80' }
    const done = spawnSync(process.execPath, [join(ROOT, 'deploy/demo/start.mjs')], { env, encoding: 'utf8' })
    const line = 'postern demo: DEMO_GATEWAY_PORT is "80 80"; it is a port between 1 and 65535\n'
    expect([done.status, done.stderr]).toEqual([3, line])
  })
})

describe('claimPorts()', () => {
  test('free ports pass', async () => {
    await expect(claimPorts(await freeAddresses())).resolves.toBeUndefined()
  })

  test('a taken provider port names the provider', async () => {
    const addresses = await freeAddresses()
    const release = await holdPort(addresses.providersPort + 3)
    await expect(claimPorts(addresses)).rejects.toThrow(
      `port ${addresses.providersPort + 3} (provider github) is taken`,
    )
    await release()
  })
})

describe('ensureSecrets()', () => {
  test('writes every secret once, readable by the owner only', () => {
    const path = join(folder, 'secrets')
    const first = ensureSecrets(path)
    expect(Object.keys(first).sort()).toEqual([
      'APPLE_PRIVATE_KEY',
      'DISCORD_CLIENT_SECRET',
      'GITHUB_CLIENT_SECRET',
      'GOOGLE_CLIENT_SECRET',
      'MICROSOFT_CLIENT_SECRET',
      'POSTERN_OPERATOR_KEY',
      'SLACK_CLIENT_SECRET',
    ])
    expect([ensureSecrets(path), statSync(path).mode & 0o777]).toEqual([first, 0o600])
  })

  test('adds what is missing and leaves the rest as it was', () => {
    const path = join(folder, 'secrets')
    writeFileSync(path, '# mine\nPOSTERN_OPERATOR_KEY=kept\nOTHER=too', { mode: 0o644 })
    const secrets = ensureSecrets(path)
    expect(secrets['POSTERN_OPERATOR_KEY']).toBe('kept')
    expect(readFileSync(path, 'utf8').startsWith('# mine\nPOSTERN_OPERATOR_KEY=kept\nOTHER=too\n')).toBe(true)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })
})

describe('startChild()', () => {
  // A program like wrangler: it starts another one, which holds the port.
  const GRANDPARENT = `
    const { spawn } = require('node:child_process')
    spawn(process.execPath, ['-e', 'require("node:http").createServer().listen(Number(process.argv[1]), "127.0.0.1"); process.on("SIGTERM", () => {})', process.argv[1]])
    setInterval(() => {}, 1000)`

  function start(port: number): Child {
    const args = ['-e', GRANDPARENT, String(port)]
    return startChild(
      { name: 'it', command: process.execPath, args, env: process.env, log: join(folder, 'log') },
      folder,
    )
  }

  async function untilPort(port: number, state: 'held' | 'free'): Promise<void> {
    for (let left = 200; left > 0; left -= 1) {
      if ((await isFree(port)) === (state === 'free')) return
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    throw new Error(`port ${port} is not ${state}`)
  }

  test('stop() ends grandchildren too, also one that ignores SIGTERM', async () => {
    const port = await freePorts(1)
    const child = start(port)
    await untilPort(port, 'held')
    await child.stop()
    expect(await isFree(port)).toBe(true)
  })

  test('ended tells that the program ended by itself, and with what', async () => {
    const program = { name: 'it', command: process.execPath, args: ['-e', 'process.exit(7)'], env: process.env }
    expect(await startChild({ ...program, log: join(folder, 'log') }, folder).ended).toBe(7)
  })

  test('a program whose starter is killed with -9 ends with everything it started', async () => {
    const port = await freePorts(1)
    const starter = join(folder, 'starter.mjs')
    const module = join(ROOT, 'deploy/demo/children.ts')
    writeFileSync(
      starter,
      `import { startChild } from ${JSON.stringify(module)}
       startChild({ name: 'it', command: process.execPath, args: ['-e', ${JSON.stringify(GRANDPARENT)}, '${port}'], env: process.env, log: ${JSON.stringify(join(folder, 'log'))} }, '.')
       setInterval(() => {}, 1000)`,
    )
    const running = spawn(process.execPath, [starter])
    await untilPort(port, 'held')
    running.kill('SIGKILL')
    await untilPort(port, 'free')
  })
})

describe('resetDemo()', () => {
  test('clears the state and leaves the secrets', async () => {
    const { gatewayPort } = await freeAddresses()
    mkdirSync(join(folder, 'state'))
    writeFileSync(join(folder, 'secrets'), '')
    await resetDemo(folder, { DEMO_GATEWAY_PORT: String(gatewayPort), DEMO_STATE: 'state' })
    expect([() => statSync(join(folder, 'state')), statSync(join(folder, 'secrets')).size]).toEqual([
      expect.any(Function),
      0,
    ])
    expect(() => statSync(join(folder, 'state'))).toThrow(/ENOENT/)
  })

  test('refuses while the gateway runs', async () => {
    const port = await freePorts(1)
    const release = await holdPort(port)
    await expect(resetDemo(folder, { DEMO_GATEWAY_PORT: String(port) })).rejects.toThrow(/end the running demo first/)
    await release()
  })
})

test('announcement() names the URL and one person for every role', () => {
  const text = announcement(addressesFrom({}), '.demo/state/logs')
  expect(text).toContain('http://localhost:8787/play')
  const roles = ['guest', 'padawan', 'game_master', 'guild_leader', 'system_admin']
  expect(roles.filter((role) => new RegExp(`^ +${role} `, 'm').test(text))).toEqual(roles)
})
