import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { bodyOf } from '../support/exchange.ts'
import { type RunningFront, startTlsNginx } from '../support/front-proxy.ts'
import { ask } from '../support/http.ts'
import { freePorts } from '../support/ports.ts'
import { startWire, type Wire } from '../support/wire.ts'

const HOST = 'play.example'
const ROBOT = { ROBOT_TOKEN: 'robot-token-value-1234567890' }

/** A guest, made by asking the gateway itself. */
async function guestOf({ gateway }: Deployment): Promise<string> {
  const headers = { origin: `https://${HOST}`, accept: 'application/json' }
  const became = await ask(`${gateway}/auth/guest`, { method: 'POST', headers })
  const [cookie = ''] = (became.headers.get('set-cookie') ?? '').split(';')
  expect(cookie).toMatch(/^__Host-postern=/)
  return cookie
}

interface Pair {
  readonly cert: Buffer
  readonly key: Buffer
}

/** A certificate for a client, by an authority of its own that is written to `<name>-ca.pem`. */
function certified(folder: string, name: string): Pair {
  const at = (file: string) => join(folder, `${name}-${file}`)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
  const fresh = (who: string) => ['-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${who}`]
  openssl('req', '-x509', ...fresh(`${name} authority`), '-days', '2', '-keyout', at('ca.key'), '-out', at('ca.pem'))
  openssl('req', ...fresh(name), '-keyout', at('key'), '-out', at('csr'))
  const by = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2']
  openssl('x509', '-req', '-in', at('csr'), ...by, '-out', at('pem'))
  return { cert: readFileSync(at('pem')), key: readFileSync(at('key')) }
}

describe.each(['node', 'deno'] as const)('a rule that asks for a certificate of the client, on %s (O8)', (runtime) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-clients-'))
  const good = certified(folder, 'good')
  const stranger = certified(folder, 'stranger')
  let port = 0
  let game: Wire
  let postern: Deployment
  let front: RunningFront
  let cookie = ''
  const seen: IncomingMessage[] = []

  beforeAll(async () => {
    port = await freePorts(1)
    game = await startWire()
    game.answer = (incoming, outgoing) => {
      seen.push(incoming)
      outgoing.end('played')
    }
    const environment = {
      WIRE_PORT: String(game.port),
      WIRE_ORIGIN: `https://${HOST}`,
      WIRE_CERTIFICATES: 'yes',
      ...ROBOT,
    }
    postern = await startDeployment({ runtime, name: 'wire', environment })
    front = await startTlsNginx({ port, postern: postern.port, host: HOST, clients: join(folder, 'good-ca.pem') })
    cookie = await guestOf(postern)
  }, 90_000)
  afterAll(async () => {
    await front?.stop()
    await postern?.stop()
    await game?.stop()
    rmSync(folder, { recursive: true, force: true })
  }, 30_000)

  function answerTo(path: string, pair: Partial<Pair>, headers: Readonly<Record<string, string>> = {}) {
    seen.length = 0
    const at = { host: '127.0.0.1', servername: HOST, rejectUnauthorized: false, port, agent: false } as const
    return new Promise<{ readonly status: number; readonly body: string }>((resolve, reject) => {
      const sent = request({ ...at, ...pair, path, headers: { host: HOST, cookie, ...headers } }, (answer) => {
        bodyOf(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body: String(body) }), reject)
      })
      sent.on('error', reject)
      sent.end()
    })
  }

  async function send(...asked: Parameters<typeof answerTo>): Promise<number> {
    return (await answerTo(...asked)).status
  }

  test('lets through whoever shows one that was verified, and tells the service nothing of it', async () => {
    expect(await send('/certified/a', good)).toBe(200)
    expect(seen).toHaveLength(1)
    expect(Object.keys(seen[0]?.headers ?? {})).not.toContain('x-client-verify')
  })

  test('refuses whoever shows none, or one of another authority, whatever they write', async () => {
    for (const said of [{}, { 'x-client-verify': 'SUCCESS' }, { x_client_verify: 'SUCCESS' }]) {
      expect(await send('/certified/a', {}, said)).toBe(403)
      // nginx answers 400 by itself where a certificate is wrong.
      expect(await send('/certified/a', stranger, said)).toBe(400)
      expect(seen).toEqual([])
    }
  })

  test('a page that asks what its player may do is told the same', async () => {
    const may = async (pair: Partial<Pair>) => {
      const { body } = await answerTo('/auth/can?GET=/certified/a', pair, { 'x-client-verify': 'SUCCESS' })
      return (JSON.parse(body) as { readonly answers: readonly { readonly allowed: boolean }[] }).answers[0]?.allowed
    }
    expect(await may(good)).toBe(true)
    expect(await may({})).toBe(false)
  })

  test('what a client writes reaches no service', async () => {
    expect(await send('/open/a', {}, { 'x-client-verify': 'SUCCESS' })).toBe(200)
    expect(JSON.stringify(seen[0]?.rawHeaders)).not.toContain('SUCCESS')
  })
})

test('nobody but a trusted proxy is believed (O8)', async () => {
  const game = await startWire()
  game.answer = (_, outgoing) => outgoing.end('played')
  const told = { WIRE_PORT: String(game.port), WIRE_ORIGIN: `https://${HOST}`, WIRE_CERTIFICATES: 'yes', ...ROBOT }
  const postern = await startDeployment({
    runtime: 'node',
    name: 'wire',
    environment: { ...told, WIRE_PROXY: '192.0.2.1' },
  })
  try {
    const headers = { 'x-client-verify': 'SUCCESS', cookie: await guestOf(postern) }
    expect((await ask(`${postern.gateway}/certified/a`, { headers })).status).toBe(403)
    expect((await ask(`${postern.gateway}/open/a`, { headers })).status).toBe(200)
  } finally {
    await postern.stop()
    await game.stop()
  }
}, 60_000)
