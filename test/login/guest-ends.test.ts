import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RoleName } from '../../src/core/brand.ts'
import { endGuests } from '../../src/login/guest-ends.ts'
import { UpstreamFailed } from '../../src/ports/upstream.ts'
import { endGuestsNow } from '../../src/runtime/guest-clock.ts'
import { identityOf } from '../contract/people.ts'
import { noteOf, POLICIES } from '../session/scene.ts'
import { ORIGIN, type Workbench, workbench } from '../support/gateway.ts'

const DAY = 86_400
/** A day, and the grace for a promotion that is under way. */
const OVER = DAY + 10
let bench: Workbench
let say: () => Response

beforeEach(async () => {
  say = () => new Response(null, { status: 202 })
  const upstreams = { game: { url: 'https://game.example.com', events: '/internal/events' } }
  bench = await workbench(POLICIES, { upstreams }, { upstream: () => say() })
})
afterEach(() => bench.close())

async function guest(): Promise<string> {
  const headers = { accept: 'application/json', origin: ORIGIN }
  expect((await bench.request('/auth/guest', { method: 'POST', headers })).status).toBeLessThan(400)
  const found = await bench.store.directory.search('', { after: null, limit: 500 })
  const [newest] = found.items.filter((user) => user.guest).toSorted((a, b) => b.createdAt - a.createdAt)
  return newest?.id ?? ''
}

interface Event {
  readonly jti: string
  readonly aud: string
  readonly sub?: string
  readonly events: Readonly<Record<string, { readonly users: readonly string[] }>>
}

/** The events that were sent, each checked with the published keys. */
async function events(): Promise<readonly Event[]> {
  const keys = createLocalJWKSet(JSON.parse(JSON.stringify(await bench.gateway.signer.jwks())))
  const sent = bench.sent.filter(({ url }) => url === 'https://game.example.com/internal/events')
  return Promise.all(
    sent.map(async ({ method, headers, body }) => {
      expect([method, headers.get('content-type')]).toEqual(['POST', 'application/secevent+jwt'])
      const token = new TextDecoder().decode(body as Uint8Array<ArrayBuffer>)
      const checks = {
        issuer: `${ORIGIN}/auth`,
        audience: 'game#events',
        currentDate: new Date(bench.clock.now * 1000),
      }
      return (await jwtVerify(token, keys, checks)).payload as unknown as Event
    }),
  )
}

const exists = async (id: string) => (await bench.store.directory.read(id as never)) !== null

describe('endGuests()', () => {
  test('tells the upstream who is over, signed, then removes the accounts; at their end, not before (G1, G2)', async () => {
    const id = await guest()
    bench.clock.now += OVER - 1
    expect(await endGuests(bench.gateway)).toEqual({ ended: 0, left: 'none' })
    bench.clock.now += 1
    expect(await endGuests(bench.gateway)).toEqual({ ended: 1, left: 'none' })
    expect(await events()).toMatchObject([{ events: { [`${ORIGIN}/auth/events/guests-ended`]: { users: [id] } } }])
    expect((await events())[0]?.sub).toBeUndefined()
    expect(await exists(id)).toBe(false)
    expect(await endGuests(bench.gateway)).toEqual({ ended: 0, left: 'none' })
    expect(await events()).toHaveLength(1)
    const any = { from: null, to: null, subject: id as never, event: 'user-removed' as const }
    const trail = await bench.store.audit.read(any, { after: null, limit: 9 })
    expect(trail.items).toMatchObject([{ actor: 'system', detail: { reason: 'guest-over' } }])
  })

  test.each<[string, () => Response]>([
    ['a refusal', () => new Response(null, { status: 500 })],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: '/elsewhere' } })],
    [
      'silence',
      () => {
        throw new UpstreamFailed('timeout', 'slow')
      },
    ],
  ])('%s leaves the account stored and the event comes again with the same name (G2)', async (_, answer) => {
    const id = await guest()
    bench.clock.now += OVER
    say = answer
    expect(await endGuests(bench.gateway)).toEqual({ ended: 0, left: 'untold' })
    expect(await exists(id)).toBe(true)
    expect(bench.observed).toContainEqual(
      expect.objectContaining({ kind: 'event-untaken', upstream: 'game', users: 1 }),
    )
    say = () => new Response(null, { status: 204 })
    expect(await endGuests(bench.gateway)).toEqual({ ended: 1, left: 'none' })
    const [first, second] = await events()
    expect(second?.jti).toBe(first?.jti)
    expect(await exists(id)).toBe(false)
  })

  test('an upstream that never answers does not keep an account for more than a week', async () => {
    const id = await guest()
    say = () => new Response(null, { status: 500 })
    bench.clock.now += 7 * DAY + OVER - 1
    expect((await endGuests(bench.gateway)).ended).toBe(0)
    bench.clock.now += 1
    expect((await endGuests(bench.gateway)).ended).toBe(1)
    expect(await exists(id)).toBe(false)
  })

  test('who was promoted is neither told of nor removed (G3, G6)', async () => {
    const id = await guest()
    const user = await bench.store.directory.read(id as never)
    if (user === null) throw new Error('no guest')
    const note = noteOf(bench, 'guest-promoted')
    await bench.store.directory.promote(user, identityOf(1), 'player' as RoleName, note.at, note)
    bench.clock.now += 30 * DAY
    expect(await endGuests(bench.gateway)).toEqual({ ended: 0, left: 'none' })
    expect([await events(), await exists(id)]).toEqual([[], true])
  })

  test('more than one batch is told of in batches, each guest once', async () => {
    const { directory } = bench.store
    const first = await directory.read((await guest()) as never)
    if (first === null) throw new Error('no guest')
    for (let n = 0; n < 120; n++) {
      const id = `10000000-0000-4000-8000-${String(n).padStart(12, '0')}` as typeof first.id
      await directory.createGuest({ ...first, id }, noteOf(bench, 'guest-created'))
    }
    bench.clock.now += OVER
    expect(await endGuests(bench.gateway)).toEqual({ ended: 100, left: 'more' })
    expect(await endGuests(bench.gateway)).toEqual({ ended: 21, left: 'none' })
    const users = (await events()).flatMap((one) => Object.values(one.events).flatMap((told) => told.users))
    expect([users.length, new Set(users).size]).toEqual([121, 121])
  })

  test('an upstream without an address for events is told nothing', async () => {
    const plain = await workbench(POLICIES)
    try {
      const headers = { accept: 'application/json', origin: ORIGIN }
      await plain.request('/auth/guest', { method: 'POST', headers })
      plain.clock.now += OVER
      expect(await endGuests(plain.gateway)).toEqual({ ended: 1, left: 'none' })
      expect(plain.sent).toEqual([])
    } finally {
      plain.close()
    }
  })

  test('where several share a store, one look a minute is for all of them', async () => {
    const look = async (): Promise<readonly string[]> => {
      const before = bench.calls.length
      await endGuestsNow(bench.gateway, 'claim')
      return bench.calls.slice(before)
    }
    expect(await look()).toEqual(['rates.hit', 'directory.overdueGuests'])
    expect(await look()).toEqual(['rates.hit'])
    bench.clock.now += 60
    expect(await look()).toEqual(['rates.hit', 'directory.overdueGuests'])
  })

  test('a silent store is an outage and tells nobody', async () => {
    await guest()
    bench.clock.now += OVER
    const { overdueGuests } = bench.store.directory
    Object.assign(bench.store.directory, { overdueGuests: () => Promise.reject(new Error('silent')) })
    await expect(endGuests(bench.gateway)).rejects.toThrow('silent')
    Object.assign(bench.store.directory, { overdueGuests })
    expect(bench.sent).toEqual([])
  })
})
