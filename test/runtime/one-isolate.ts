import { Pool } from 'undici'
import { beforeAll, expect, test } from 'vitest'
import type { Tag } from '../../src/core/brand.ts'
import { sha256, utf8 } from '../../src/core/bytes.ts'
import { apiTokenMac, freshApiToken } from '../../src/session/api-token.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { openSocket } from '../support/socket-client.ts'
import type { Wire } from '../support/wire.ts'
import type { HopPlace } from './hop.ts'

const PROGRAM = { accept: 'application/json' }
const PEOPLE = 200
const REQUESTS = 20_000
const AT_ONCE = 100
const TOGETHER = 50

const ROOT_SECRET = 'a-root-secret-of-one-isolate-0123456789'
const PROXY_SECRET = 'caddy-secret-of-one-isolate-0123456789'
/** What the service is asked for by each call of a store object, which waits for the answer. */
const STORE_WAITS = '/store-waits'

/** What the deployment is told: a test makes tokens of its own, asks as a proxy does, and says how long the store takes. */
export function toldToOneIsolate({ port }: Wire): Readonly<Record<string, string>> {
  const storeWaits = `http://127.0.0.1:${port}${STORE_WAITS}`
  return { POSTERN_ROOT_SECRET: ROOT_SECRET, CADDY_SECRET: PROXY_SECRET, STORE_WAITS_FOR: storeWaits }
}

interface Person {
  readonly id: string
  readonly cookie: string
}

interface Told {
  readonly user: string | null
  readonly sub: string | null
  readonly anonymous: boolean
}

/** What `TELL_STORE_CALLS` of a deployment makes its objects print for each call, in order. */
function callsIn(printed: string): readonly string[] {
  return [...printed.matchAll(/^store-call (\w+)/gm)].map(([, operation = '']) => operation)
}

/**
 * What only one real isolate with real Durable Objects can show.
 *
 * @param crowded - where the store waits for nobody: one that asks the busy process of a test would be late for its sake
 */
export function oneIsolate(place: () => HopPlace, crowded: () => HopPlace): void {
  const url = (path: string) => `${place().deployment.gateway}${path}`
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

  async function guest(at = place): Promise<Person> {
    const { gateway } = at().deployment
    const visitor = await guestOf(gateway)
    const answer = await visitor.send(`${gateway}/auth/session`, { headers: PROGRAM })
    const { user } = (await answer.json()) as { readonly user: { readonly id: string } }
    return { id: user.id, cookie: visitor.cookie(gateway) ?? '' }
  }

  /** The version of the policy is looked at every 4 s, whoever asks: asks until that has just been paid for. */
  let paidAt = Number.NEGATIVE_INFINITY
  async function payForTheLook(): Promise<void> {
    if (performance.now() - paidAt < 2000) return
    const looks = () => callsIn(place().deployment.output()).filter((call) => call === 'activePolicy').length
    const before = looks()
    for (let tries = 0; looks() === before; tries++) {
      expect(tries, 'nobody looked at the version of the policy').toBeLessThan(60)
      await ask(url('/open/x'))
      await pause(100)
    }
    paidAt = performance.now()
  }

  /** What some work came to, and what of the store's objects was called for it. */
  async function costOf<T>(work: () => Promise<T>): Promise<readonly [T, ...string[]]> {
    await payForTheLook()
    await pause(150)
    const before = callsIn(place().deployment.output()).length
    const came = await work()
    await pause(150)
    const calls = callsIn(place().deployment.output()).slice(before)
    // The ring of keys is read every five seconds, whoever asks: it is nobody's cost.
    return [came, ...calls.filter((call) => call !== 'listKeys')]
  }

  /** The same of an upgrade. */
  async function cost(path: string, cookie: string): Promise<readonly unknown[]> {
    const headers = { cookie, origin: place().deployment.gateway }
    const [opening, ...calls] = await costOf(() => openSocket(url(path), { headers }))
    if (opening.kind === 'open') {
      opening.socket.raw.terminate()
      await opening.socket.closed
    }
    return [opening.kind === 'open' ? 101 : opening.status, ...calls]
  }

  /** The same of a plain request. */
  const plain = (path: string, headers: Readonly<Record<string, string>>) =>
    costOf(async () => (await ask(url(path), { headers: { ...PROGRAM, ...headers } })).status)

  /** The same of the question of a proxy about a request. */
  const asked = (path: string, headers: Readonly<Record<string, string>>) =>
    plain('/auth/verify', {
      'postern-proxy-secret': PROXY_SECRET,
      'x-forwarded-method': 'GET',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': new URL(place().deployment.gateway).host,
      'x-forwarded-uri': path,
      'x-forwarded-for': '203.0.113.9',
      ...headers,
    })

  /** Session cookies of guests who are remembered nowhere, and with whom nothing is left to do. */
  const cold: string[] = []
  beforeAll(async () => {
    const guests = await Promise.all(Array.from({ length: 8 }, () => guest()))
    cold.push(...guests.map(({ cookie }) => cookie))
    await pause(7000)
  }, 60_000)

  const wrongMac = (cookie: string) =>
    cookie.replace(/(__Host-postern-\d+=[\w-]+\.[\w-]+\.)(.)/, (_, head, one) => head + (one === 'A' ? 'B' : 'A'))

  /** Fronts that answer a request: how each is asked, an open route and one behind a session. */
  const FRONTS = [
    ['a plain request', plain, '/open/x', '/wire/x'],
    ['a question of a proxy', asked, '/second/x', '/asked/x'],
  ] as const

  test('every front calls a store object once when nothing is remembered, never while it is (DECISIONS 9)', async () => {
    const [player = '', ...others] = cold.splice(0, 1 + FRONTS.length)
    const wrong = wrongMac(player)
    expect(wrong).not.toBe(player)
    expect(await cost('/socket/cost', '')).toEqual([401])
    expect(await cost('/socket/cost', wrong)).toEqual([401])
    expect(await cost('/socket/cost', player)).toEqual([101, 'readSession'])
    expect(await cost('/socket/cost', player)).toEqual([101])
    expect(await cost('/loose/cost', player)).toEqual([101])
    for (const [i, [name, send, open, own]] of FRONTS.entries()) {
      const cookie = others[i] ?? ''
      expect([name, await send(open, { cookie })]).toEqual([name, [200]])
      expect([name, await send(own, {})]).toEqual([name, [401]])
      expect([name, await send(own, { cookie: wrong })]).toEqual([name, [401]])
      expect([name, await send(own, { cookie })]).toEqual([name, [200, 'readSession']])
      expect([name, await send(own, { cookie })]).toEqual([name, [200]])
    }
    await pause(6000)
    expect(await cost('/loose/cost', player)).toEqual([101, 'readSession'])
    expect(await cost('/socket/cost', player)).toEqual([101])
    for (const [i, [name, send, , own]] of FRONTS.entries())
      expect([name, await send(own, { cookie: others[i] ?? '' })]).toEqual([name, [200, 'readSession']])
  }, 60_000)

  test.each(FRONTS)(
    '%s with an API token calls one once; with a wrong mac, or with one in the address, never',
    async (_, send, open, own) => {
      const mac = await apiTokenMac(await sha256(utf8(ROOT_SECRET)))
      const { text } = await freshApiToken(mac, 'abcdefghij' as Tag, (n) => crypto.getRandomValues(new Uint8Array(n)))
      const wrong = `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`
      // Nobody's, which only the store knows: the same one read as of somebody's.
      expect(await send(own, { 'x-api-token': text })).toEqual([401, 'readToken'])
      expect(await send(own, { 'x-api-token': wrong })).toEqual([401])
      expect(await send(open, { 'x-api-token': text })).toEqual([200])
      expect(await send(`${open}?t=${text}`, {})).toEqual([400])
    },
    30_000,
  )

  /** What fifty requests at once come to with a session that nothing remembers, where the store takes so long to answer. */
  async function together(cookie: string, storeMs: number): Promise<readonly unknown[]> {
    const pool = new Pool(place().deployment.gateway, { connections: TOGETHER, pipelining: 1 })
    const all = (path: string) =>
      Promise.all(
        Array.from({ length: TOGETHER }, async () => {
          const headers = { ...PROGRAM, cookie }
          const { statusCode, body } = await pool.request({ path, method: 'GET', headers })
          await body.dump()
          return statusCode
        }),
      )
    await all('/open/x')
    place().wire.answer = ({ url }, response) => {
      if (url === STORE_WAITS) setTimeout(() => response.end(), storeMs)
      else response.end('played')
    }
    const [statuses, ...calls] = await costOf(() => all('/wire/x'))
    place().wire.answer = (_, response) => void response.end('played')
    await pool.close()
    return [...new Set(statuses), ...calls]
  }

  test('fifty at once on a session that nothing remembers read it once, each for itself where the store is slow (seeds S25)', async () => {
    const [slow = '', ...fast] = cold.splice(0)
    expect(fast.length).toBeGreaterThan(2)
    // A late-comer waits 25 ms and then reads itself: where the machine stood still for longer, the next session tells.
    let told: readonly unknown[] = []
    for (const cookie of fast) {
      told = await together(cookie, 10)
      if (told.length === 2) break
    }
    expect(told).toEqual([200, 'readSession'])
    const [status, ...reads] = await together(slow, 200)
    expect([status, new Set(reads)]).toEqual([200, new Set(['readSession'])])
    expect(reads.length).toBeGreaterThan(1)
    expect(reads.length).toBeLessThanOrEqual(TOGETHER)
  }, 60_000)

  test('20,000 interleaved requests of 200 people never carry the identity of anybody else', async () => {
    crowded().wire.answer = ({ headers }, response) => {
      const claims = String(headers['postern-assertion'] ?? '').split('.')[1] ?? ''
      const { sub = null, anonymous = false } = JSON.parse(Buffer.from(claims, 'base64url').toString() || '{}')
      response.end(JSON.stringify({ user: headers['postern-user'] ?? null, sub, anonymous }))
    }
    const people: Person[] = []
    for (let made = 0; made < PEOPLE; made += 10)
      people.push(...(await Promise.all(Array.from({ length: 10 }, () => guest(crowded)))))
    expect(new Set(people.map(({ id }) => id)).size).toBe(PEOPLE)
    const pool = new Pool(crowded().deployment.gateway, { connections: AT_ONCE, pipelining: 1 })
    // Requests that came with a name that is not theirs, or without one; and those that did not come to the service at all.
    const [mistaken, refused]: [string[], string[]] = [[], []]
    const whose = (id: string | null) => (id === null ? 'nobody' : `person ${people.findIndex((one) => one.id === id)}`)
    let nobodys = 0
    /**
     * What a request that is let through is told. WHY: a machine too busy for the store to answer in 400 ms is an outage, told as
     * one; who comes again, as its Retry-After says, is let in.
     */
    async function answerTo(
      turn: number,
      path: string,
      headers: Readonly<Record<string, string>>,
    ): Promise<Told | null> {
      for (let tries = 1; ; tries++) {
        const { statusCode, headers: told, body } = await pool.request({ path, method: 'GET', headers })
        const text = await body.text()
        if (statusCode === 200) return JSON.parse(text) as Told
        const isOutage = statusCode === 503 && text.includes('"store_unavailable"') && told['retry-after'] === '2'
        if (!isOutage || told['set-cookie'] !== undefined || tries === 5) {
          refused.push(`${turn}: ${statusCode} ${text}`)
          return null
        }
        await pause(2000)
      }
    }
    /** Every tenth request is nobody's: that one must carry no name at all. */
    async function play(turn: number): Promise<void> {
      const person = turn % 10 === 9 ? null : people[(turn * 7919) % PEOPLE]
      const headers = person == null ? PROGRAM : { ...PROGRAM, cookie: person.cookie }
      const told = await answerTo(turn, person === null ? '/open/who' : '/wire/who', headers)
      if (person === null) nobodys++
      if (told === null) return
      const { user, sub, anonymous } = told
      const id = person?.id ?? null
      if (user !== id || sub !== id || anonymous !== (person === null))
        mistaken.push(
          `${turn}: ${whose(id)} was ${whose(user)}, in the assertion ${whose(sub)}, anonymous: ${anonymous}`,
        )
    }
    let next = 0
    const player = async () => {
      for (let turn = next++; turn < REQUESTS; turn = next++) await play(turn)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, player))
    await pool.close()
    expect(mistaken, 'the identity of somebody else').toEqual([])
    expect(refused, 'requests that were not let through').toEqual([])
    expect([next - AT_ONCE, nobodys]).toEqual([REQUESTS, REQUESTS / 10])
  }, 120_000)
}
