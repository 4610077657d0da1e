import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Pool } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KEYS, keyName } from '../../src/adapters/redis/names.ts'
import { run } from '../../src/cli/main.ts'
import { remoteKeys, verifyAssertion } from '../../src/verify/index.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { guestOf } from '../support/guest.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { startWire, type Wire } from '../support/wire.ts'
import { go, lacks, type Program, python } from '../vectors/languages/run.ts'
import { environmentOf } from './identity.ts'

const FOLDER = fileURLToPath(new URL('../support/deployments/upstreams/', import.meta.url))
const OPERATOR = 'b3BlcmF0b3Iga2V5IG9mIHRoaXJ0eS10d28gYnl0ZXM'
const ROOT = 'a root secret of at least thirty-two characters'
const REQUESTS = 100_000
const PLAYERS = 25
const AT_ONCE = 32
const DAY = 86_400
/** Seconds for which the verifiers of docs/upstreams do not ask again for an unknown key. */
const COOLDOWN = 60

/** A verifier in a process of its own, that judges one assertion a line. */
interface Judge {
  readonly child: ChildProcess
  said: string
}

let redis: RedisServer
let wire: Wire
let gateway: Deployment
const judges = new Map<string, Judge>()

beforeAll(async () => {
  redis = await startRedis()
  wire = await startWire()
  const secrets = { REDIS_URL: redis.url, POSTERN_ROOT_SECRET: ROOT, POSTERN_OPERATOR_KEY: OPERATOR }
  const environment = { ...environmentOf(wire.port), ...secrets }
  gateway = await startDeployment({ runtime: 'node', name: 'upstreams', environment })
}, 90_000)
afterAll(async () => {
  for (const { child } of judges.values()) child.kill()
  await gateway?.stop()
  await wire?.stop()
  await redis?.stop()
}, 30_000)

function judge(name: string, { command, args, env }: Program): void {
  const issuer = `${gateway.gateway}/auth`
  const settings = {
    POSTERN_ISSUER: issuer,
    POSTERN_AUDIENCE: 'plain',
    POSTERN_JWKS: `${issuer}/.well-known/jwks.json`,
  }
  const child = spawn(command, [...args, '-'], { env: { ...process.env, ...env, ...settings } })
  const one: Judge = { child, said: '' }
  child.stdout.on('data', (chunk) => (one.said += chunk))
  child.stderr.on('data', (chunk) => (one.said += chunk))
  judges.set(name, one)
}

async function postern(line: string): Promise<Record<string, unknown>> {
  const out: string[] = []
  const env = {
    ...environmentOf(wire.port),
    REDIS_URL: redis.url,
    POSTERN_ROOT_SECRET: ROOT,
    PORT: String(gateway.port),
  }
  const io = { cwd: FOLDER, env: { ...env, POSTERN_OPERATOR_KEY: OPERATOR }, reader: 'program' as const }
  const say = (text: string) => void out.push(text)
  const code = await run([...line.split(' '), '--json'], { ...io, out: say, err: say })
  if (code !== 0) throw new Error(`${line}: ${code}\n${out.join('\n')}`)
  return JSON.parse(out.join('\n')) as Record<string, unknown>
}

async function states(): Promise<readonly (readonly [string, string])[]> {
  const { keys } = (await postern('keys list')) as { keys: readonly { kid: string; state: string }[] }
  return keys.map(({ kid, state }) => [state, kid])
}

/** Lets a day pass for one key in the store: it signs from now on. */
async function dayPasses(kid: string): Promise<void> {
  const key = keyName('postern', KEYS, 'keys')
  const answer = await redis.command('HGET', key, `j:${kid}`)
  const stored = JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1))
  await redis.command('HSET', key, `j:${kid}`, JSON.stringify({ ...stored, activeAt: stored.activeAt - DAY }))
}

test('100,000 requests through a running gateway, keys rotated in the middle: 0 refused', async ({ skip }) => {
  const missing = await lacks(['go', 'version'], ['python3', '-m', 'venv', '--help'])
  if (missing !== null && process.env['CI'] !== 'true') skip(`NOT TESTED HERE: ${missing} does not run on this machine`)
  judge('python', await python())
  judge('go', await go())
  const issuer = `${gateway.gateway}/auth`
  process.env['POSTERN_ISSUER'] = issuer
  process.env['POSTERN_AUDIENCE'] = 'plain'
  const { verify } = (await import('../../docs/upstreams/node/postern-verify.mjs' as string)) as {
    verify(assertion: string): Promise<{ sub: string }>
  }
  const ours = { issuer, audience: 'plain', keys: remoteKeys(`${issuer}/.well-known/jwks.json`) }
  const refused: string[] = []
  const kids = new Set<string>()
  const met = new Set<string>()
  wire.answer = async (request, response) => {
    const assertion = String(request.headers['postern-assertion'])
    await verify(assertion).catch((problem: unknown) => refused.push(`jose: ${problem}`))
    if (!met.has(assertion) || Math.random() < 0.05) {
      await verifyAssertion(assertion, ours).catch((problem: unknown) => refused.push(`postern/verify: ${problem}`))
      for (const { child } of judges.values()) child.stdin?.write(`${assertion}\n`)
    }
    met.add(assertion)
    kids.add(JSON.parse(Buffer.from(assertion.split('.')[0] ?? '', 'base64url').toString()).kid)
    response.end('ok')
  }
  const players = await Promise.all(Array.from({ length: PLAYERS }, () => guestOf(gateway.gateway)))
  const cookies = players.map((player) => player.cookie(gateway.gateway) ?? '')
  const pool = new Pool(gateway.gateway.replace('localhost', '127.0.0.1'), { connections: AT_ONCE })
  const host = new URL(gateway.gateway).host
  let made = 0
  const failed: number[] = []
  async function load(until: number): Promise<void> {
    const one = async () => {
      while (made < until) {
        made += 1
        const cookie = cookies[made % PLAYERS] ?? ''
        const { statusCode, body } = await pool.request({ path: '/plain/x', method: 'GET', headers: { cookie, host } })
        await body.dump()
        if (statusCode !== 200) failed.push(statusCode)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, one))
  }

  await load(PLAYERS * 4)
  const fetchedAt = Date.now()
  const [[first = '', old = ''] = []] = await states()
  expect([first, kids]).toEqual(['current', new Set([old])])
  await load(REQUESTS * 0.3)
  expect(await postern('keys rotate')).toMatchObject({ kind: 'added', retires: old })
  const fresh = (await states()).find(([state]) => state === 'next')?.[1] ?? ''
  await load(REQUESTS * 0.5)
  // WHY: a verifier that asked a moment ago may not ask again; of the 24 h that a key is published, this much has to pass.
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, COOLDOWN * 1000 + 2000 - (Date.now() - fetchedAt))))
  await dayPasses(fresh)
  await load(REQUESTS * 0.9)
  for (let tries = 0; tries < 100 && !kids.has(fresh); tries++) {
    await load(made + 1)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await load(REQUESTS)
  await pool.close()
  expect(await states()).toEqual(
    expect.arrayContaining([
      ['current', fresh],
      ['previous', old],
    ]),
  )
  expect({ failed, refused, kids }).toEqual({ failed: [], refused: [], kids: new Set([old, fresh]) })
  for (const [name, one] of judges) {
    const closed = once(one.child, 'close')
    one.child.stdin?.end()
    await closed
    expect([name, one.said]).toEqual([name, expect.stringMatching(/^judged \d{4,}\n$/)])
  }

  // Revoking acts at once: neither listed nor published.
  await postern(`keys revoke ${old}`)
  expect(await states()).toEqual([['current', fresh]])
}, 600_000)
