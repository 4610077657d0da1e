import { Pool } from 'undici'
import { expect, test } from 'vitest'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { openSocket } from '../support/socket-client.ts'
import type { HopPlace } from './hop.ts'

const PROGRAM = { accept: 'application/json' }
const PEOPLE = 200
const REQUESTS = 20_000
const AT_ONCE = 100

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

/** What only one real isolate with real Durable Objects can show. */
export function oneIsolate(place: () => HopPlace): void {
  const url = (path: string) => `${place().deployment.gateway}${path}`
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

  async function guest(): Promise<Person> {
    const visitor = await guestOf(place().deployment.gateway)
    const answer = await visitor.send(url('/auth/session'), { headers: PROGRAM })
    const { user } = (await answer.json()) as { readonly user: { readonly id: string } }
    return { id: user.id, cookie: visitor.cookie(url('/')) ?? '' }
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

  /** What an upgrade came to, and what of the store's objects was called for it. */
  async function cost(path: string, cookie: string): Promise<readonly unknown[]> {
    await payForTheLook()
    await pause(150)
    const before = callsIn(place().deployment.output()).length
    const opening = await openSocket(url(path), { headers: { cookie, origin: place().deployment.gateway } })
    await pause(150)
    const calls = callsIn(place().deployment.output()).slice(before)
    if (opening.kind === 'open') {
      opening.socket.raw.terminate()
      await opening.socket.closed
    }
    return [opening.kind === 'open' ? 101 : opening.status, ...calls]
  }

  test('an upgrade calls a store object once when nothing is remembered, never while it is (DECISIONS 9)', async () => {
    const { cookie } = await guest()
    const wrong = cookie.replace(
      /(__Host-postern-\d+=[\w-]+\.[\w-]+\.)(.)/,
      (_, head, one) => head + (one === 'A' ? 'B' : 'A'),
    )
    expect(wrong).not.toBe(cookie)
    // What a new account leaves to do is done by then, and nothing of it is remembered any more.
    await pause(7000)
    expect(await cost('/socket/cost', '')).toEqual([401])
    expect(await cost('/socket/cost', wrong)).toEqual([401])
    expect(await cost('/socket/cost', cookie)).toEqual([101, 'readSession'])
    expect(await cost('/socket/cost', cookie)).toEqual([101])
    expect(await cost('/loose/cost', cookie)).toEqual([101])
    await pause(6000)
    expect(await cost('/loose/cost', cookie)).toEqual([101, 'readSession'])
    expect(await cost('/socket/cost', cookie)).toEqual([101])
  }, 40_000)

  test('20,000 interleaved requests of 200 people never carry the identity of anybody else', async () => {
    place().wire.answer = ({ headers }, response) => {
      const claims = String(headers['postern-assertion'] ?? '').split('.')[1] ?? ''
      const { sub = null, anonymous = false } = JSON.parse(Buffer.from(claims, 'base64url').toString() || '{}')
      response.end(JSON.stringify({ user: headers['postern-user'] ?? null, sub, anonymous }))
    }
    const people: Person[] = []
    for (let made = 0; made < PEOPLE; made += 10)
      people.push(...(await Promise.all(Array.from({ length: 10 }, () => guest()))))
    expect(new Set(people.map(({ id }) => id)).size).toBe(PEOPLE)
    const pool = new Pool(place().deployment.gateway, { connections: AT_ONCE, pipelining: 1 })
    const wrong: string[] = []
    let nobodys = 0
    /** Every tenth request is nobody's: that one must carry no name at all. */
    async function play(turn: number): Promise<void> {
      const person = turn % 10 === 9 ? null : people[(turn * 7919) % PEOPLE]
      const headers = person == null ? PROGRAM : { ...PROGRAM, cookie: person.cookie }
      const path = person === null ? '/open/who' : '/wire/who'
      const { statusCode, body } = await pool.request({ path, method: 'GET', headers })
      const told = (await body.json()) as Told
      if (person === null) nobodys++
      const isRight = told.user === (person?.id ?? null) && told.sub === (person?.id ?? null)
      if (statusCode !== 200 || !isRight || told.anonymous !== (person === null))
        wrong.push(`${turn}: ${statusCode} ${JSON.stringify(told)}`)
    }
    let next = 0
    const player = async () => {
      for (let turn = next++; turn < REQUESTS; turn = next++) await play(turn)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, player))
    await pool.close()
    expect(wrong).toEqual([])
    expect([next - AT_ONCE, nobodys]).toEqual([REQUESTS, REQUESTS / 10])
  }, 120_000)
}
