import { afterEach, expect, test } from 'vitest'
import { isFree } from '../../deploy/demo/ports.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { ask } from '../support/http.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { Visitor } from '../support/visitor.ts'

const WORKERS = 8
const PROGRAM = { accept: 'application/json' }

/** One session as the gateway acknowledged it. */
interface Acknowledged {
  readonly cookie: string
  /** The second in which the last acknowledged heartbeat was sent; 0 before the first. */
  beatAt: number
  /** `unsure`: the answer to the sign-out never came, so both ends are right. */
  end: 'running' | 'signed-out' | 'unsure'
}

let demo: Demo | null = null
let redis: RedisServer | null = null
afterEach(async () => {
  await demo?.stop()
  await redis?.stop()
  demo = null
  redis = null
}, 30_000)

/** Where a gateway runs, what it stores in, and when it is killed: after so many answers of so many writes. */
const PLACES = [
  ['Node over a file', 'node', 'file', 400, 1_000],
  ['Deno over a file', 'deno', 'file', 320, 800],
  ['Node over Redis, killed with it', 'node', 'redis', 320, 800],
] as const

/** What the gateway is told; with Redis, one that acknowledges what is on its disk. */
async function environmentOf(runtime: string, store: 'file' | 'redis'): Promise<Readonly<Record<string, string>>> {
  if (store === 'file') return { DEMO_RUNTIME: runtime }
  redis = await startRedis('append-only-always')
  const root = 'a-root-secret-of-the-durability-test-0123456789'
  return { DEMO_RUNTIME: runtime, POSTERN_STORE: 'redis', REDIS_URL: redis.url, POSTERN_ROOT_SECRET: root }
}

/** Ends gateway, providers, game and the store's server, if there is one, at the same moment and in the middle of it all. */
async function killAll(running: Demo): Promise<void> {
  redis?.signal('SIGKILL')
  await running.kill()
}

function sessionCookie(visitor: Visitor, gateway: string): string {
  const all = (visitor.cookie(gateway) ?? '').split('; ')
  return all.find((pair) => pair.startsWith('__Host-postern')) ?? ''
}

/** What came of one write: null when its answer arrived, else what went wrong. */
async function answered(work: () => Promise<unknown>): Promise<string | null> {
  try {
    await work()
    return null
  } catch (error) {
    return String(error)
  }
}

class Writer {
  readonly sessions: Acknowledged[] = []
  readonly #gateway: string
  constructor(gateway: string) {
    this.#gateway = gateway
  }

  /** The n-th write of this writer: a sign-in, a sign-out or a heartbeat. */
  write(n: number): Promise<string | null> {
    if (this.sessions.length === 0 || n % 12 === 0) return this.#signIn()
    const running = this.sessions.filter(({ end }) => end === 'running')
    const [first] = running
    const session = running[n % running.length]
    if (first === undefined || session === undefined) return this.#signIn()
    return n % 12 === 6 && running.length > 2 ? this.#signOut(first) : this.#beat(session)
  }

  #signIn(): Promise<string | null> {
    return answered(async () => {
      const visitor = new Visitor()
      await visitor.signIn(this.#gateway, 'google', 'ada@players.example')
      const cookie = sessionCookie(visitor, this.#gateway)
      if (cookie === '') throw new Error('no cookie came')
      this.sessions.push({ cookie, beatAt: 0, end: 'running' })
    })
  }

  #beat(session: Acknowledged): Promise<string | null> {
    return answered(async () => {
      const sentAt = Math.floor(Date.now() / 1000)
      await this.#post('/auth/session/touch', session.cookie)
      session.beatAt = sentAt
    })
  }

  #signOut(session: Acknowledged): Promise<string | null> {
    session.end = 'unsure'
    return answered(async () => {
      await this.#post('/auth/sign-out', session.cookie)
      session.end = 'signed-out'
    })
  }

  async #post(path: string, cookie: string): Promise<void> {
    const headers = { ...PROGRAM, cookie, origin: this.#gateway }
    const answer = await ask(`${this.#gateway}${path}`, { method: 'POST', headers })
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`)
  }
}

/** What of an acknowledged session is lost; null when nothing is. */
async function lost(gateway: string, session: Acknowledged): Promise<string | null> {
  const answer = await ask(`${gateway}/auth/session`, { headers: { ...PROGRAM, cookie: session.cookie } })
  const told = (await answer.json()) as { code?: string; last_seen?: string }
  if (session.end === 'signed-out') return told.code === 'session_revoked' ? null : `sign-out: ${answer.status}`
  if (session.end === 'unsure' && told.code === 'session_revoked') return null
  if (answer.status !== 200) return `sign-in: ${answer.status} ${told.code}`
  return Date.parse(told.last_seen ?? '') / 1000 >= session.beatAt ? null : `heartbeat: ${told.last_seen}`
}

test.each(PLACES)(
  'kill -9 of the whole group in the middle of its writes loses nothing acknowledged: %s (S18, DECISIONS 36)',
  async (_, runtime, store, killAfter, writes) => {
    const environment = await environmentOf(runtime, store)
    const first = await startDemo({ environment })
    demo = first
    const waiting = new Visitor()
    await waiting.send(`${first.gateway}/auth/start/google?return_to=%2Fwhoami`, { headers: { accept: 'text/html' } })
    const writers = Array.from({ length: WORKERS }, () => new Writer(first.gateway))
    let [started, acknowledged] = [0, 0]
    let killing: Promise<void> | null = null
    await Promise.all(
      writers.map(async (writer) => {
        for (let n = 0; started < writes && killing === null; n++) {
          started++
          const problem = await writer.write(n)
          // Before the kill nothing may go wrong; from then on an answer that does not come acknowledges nothing.
          if (killing === null) expect(problem).toBeNull()
          if (problem === null) acknowledged++
          if (acknowledged >= killAfter) killing ??= killAll(first)
        }
      }),
    )
    await killing
    expect(await isFree(Number(first.ports['DEMO_GATEWAY_PORT']))).toBe(true)
    expect(acknowledged).toBeGreaterThanOrEqual(killAfter)
    expect(started).toBeLessThan(writes)
    await redis?.restart()
    demo = await startDemo({ again: first, environment })
    const sessions = writers.flatMap((writer) => writer.sessions)
    expect(sessions.filter(({ end }) => end === 'signed-out').length).toBeGreaterThan(3)
    const { gateway } = demo
    const losses: (string | null)[] = []
    for (const session of sessions) losses.push(await lost(gateway, session))
    expect(losses.filter((loss) => loss !== null)).toEqual([])
    // An attempt that began before is finished after: its transaction was on disk when the browser was sent away.
    const finished = await waiting.signIn(gateway, 'google', 'ada@players.example')
    expect(finished.response.status).toBe(200)
  },
  200_000,
)
