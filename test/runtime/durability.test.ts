import { afterAll, expect, test } from 'vitest'
import { isFree } from '../../deploy/demo/ports.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { ask } from '../support/http.ts'
import { Visitor } from '../support/visitor.ts'

const WRITES = 1_000
const KILL_AFTER = 400
const WORKERS = 8
const NODE = { DEMO_RUNTIME: 'node' }
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
afterAll(() => demo?.stop(), 30_000)

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

test('kill -9 of the whole group in the middle of 1,000 writes loses nothing acknowledged (S18, DECISIONS 36)', async () => {
  const first = await startDemo({ environment: NODE })
  demo = first
  const waiting = new Visitor()
  await waiting.send(`${first.gateway}/auth/start/google?return_to=%2Fwhoami`, { headers: { accept: 'text/html' } })
  const writers = Array.from({ length: WORKERS }, () => new Writer(first.gateway))
  let [started, acknowledged] = [0, 0]
  let killing: Promise<void> | null = null
  await Promise.all(
    writers.map(async (writer) => {
      for (let n = 0; started < WRITES && killing === null; n++) {
        started++
        const problem = await writer.write(n)
        // Before the kill nothing may go wrong; from then on an answer that does not come acknowledges nothing.
        if (killing === null) expect(problem).toBeNull()
        if (problem === null) acknowledged++
        if (acknowledged >= KILL_AFTER) killing ??= first.kill()
      }
    }),
  )
  await killing
  expect(await isFree(Number(first.ports['DEMO_GATEWAY_PORT']))).toBe(true)
  expect(acknowledged).toBeGreaterThanOrEqual(KILL_AFTER)
  expect(started).toBeLessThan(WRITES)
  demo = await startDemo({ again: first, environment: NODE })
  const sessions = writers.flatMap((writer) => writer.sessions)
  expect(sessions.filter(({ end }) => end === 'signed-out').length).toBeGreaterThan(3)
  const { gateway } = demo
  const losses: (string | null)[] = []
  for (const session of sessions) losses.push(await lost(gateway, session))
  expect(losses.filter((loss) => loss !== null)).toEqual([])
  // An attempt that began before is finished after: its transaction was on disk when the browser was sent away.
  const finished = await waiting.signIn(gateway, 'google', 'ada@players.example')
  expect(finished.response.status).toBe(200)
}, 200_000)
