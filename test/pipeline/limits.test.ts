import { afterEach, describe, expect, test } from 'vitest'
import { limitOf } from '../../src/policy/quota.ts'
import { StoreUnavailable } from '../../src/ports/store.ts'
import { UpstreamFailed, type UpstreamRequest } from '../../src/ports/upstream.ts'
import { type Given, type Workbench, workbench } from '../support/gateway.ts'

const POLICIES = {
  'roles.yaml': `
users: { defaultRole: player, roles: many }
permissions: [npcs.create]
roles:
  player: { level: 1, permissions: [npcs.create] }
  builder: { level: 2, permissions: [npcs.create] }
  editor: { level: 5, permissions: [npcs.create] }
  visitor: { level: 0, permissions: [npcs.create] }
`,
  'game.yaml': `
upstream: game
rules:
  - path: /npcs
    methods: POST
    permission: npcs.create
    quota: { name: npcs, limits: { player: 3, builder: 5, editor: unlimited } }
  - path: /npcs/:id
    methods: DELETE
    quota: { name: npcs, effect: lower }
  - path: /often
    rateLimit: { limit: 2, window: 1m, per: user }
  - path: /seldom
    rateLimit: { limit: 1, window: 1m }
  - path: /open
    access: public
    rateLimit: { limit: 1, window: 1m, per: address }
  - path: /upload
    maxBody: 64KiB
  - path: /plain
`,
}
let bench: Workbench
afterEach(() => bench.close())

async function start(upstream?: Given['upstream']): Promise<void> {
  bench = await workbench(POLICIES, {}, upstream === undefined ? {} : { upstream })
}

type Sent = readonly [status: number, problem: Record<string, unknown>, headers: Headers]

async function send(path: string, cookie: string, init: RequestInit = {}): Promise<Sent> {
  const response = await bench.request(path, { ...init, headers: { ...init.headers, cookie } })
  const text = await response.text()
  const isProblem = response.headers.get('content-type') === 'application/problem+json'
  return [response.status, isProblem ? JSON.parse(text) : {}, response.headers]
}

const make = (cookie: string) => send('/npcs', cookie, { method: 'POST' })

describe('quotas (seeds A26)', () => {
  test('ten requests at once make exactly three', async () => {
    let waiting: (() => void)[] = []
    await start(() => new Promise((resolve) => waiting.push(() => resolve(new Response(null, { status: 201 })))))
    const { cookie } = await bench.signedIn(['player'])
    const all = Array.from({ length: 10 }, () => make(cookie))
    while (waiting.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(bench.sent).toHaveLength(3)
    for (const go of waiting) go()
    waiting = []
    const statuses = (await Promise.all(all)).map(([status]) => status).sort()
    expect(statuses).toEqual([201, 201, 201, 403, 403, 403, 403, 403, 403, 403])
    expect((await make(cookie)).slice(0, 2)).toMatchObject([403, { code: 'quota_exceeded', limit: 3, used: 3 }])
  })

  test('whatever is no 2xx counts nothing: a refusal, a failure on the way, a thing that is broken', async () => {
    let say: () => Response = () => new Response(null, { status: 409 })
    await start(() => say())
    const { cookie, user } = await bench.signedIn(['player'])
    for (let i = 0; i < 5; i++) expect((await make(cookie))[0]).toBe(409)
    say = () => {
      throw new UpstreamFailed('timeout', 'slow')
    }
    for (let i = 0; i < 5; i++) expect((await make(cookie))[0]).toBe(504)
    expect(await bench.store.quotas.used(user.id, user.tag, 'npcs', bench.gateway.runtime.now())).toBe(0)
    say = () => new Response('{}', { status: 201 })
    expect((await make(cookie))[0]).toBe(201)
    expect(await bench.store.quotas.used(user.id, user.tag, 'npcs', bench.gateway.runtime.now())).toBe(1)
  })

  test('a 2xx of a lowering rule makes room again; its failure does not', async () => {
    let status = 200
    await start(() => new Response('{}', { status }))
    const { cookie } = await bench.signedIn(['player'])
    for (let i = 0; i < 3; i++) await make(cookie)
    status = 404
    await send('/npcs/1', cookie, { method: 'DELETE' })
    expect((await make(cookie))[0]).toBe(403)
    status = 200
    await send('/npcs/1', cookie, { method: 'DELETE' })
    expect((await make(cookie))[0]).toBe(200)
  })

  test('the most generous role of a user counts; a role that is not named gives nothing', async () => {
    const quota = { name: 'npcs', limits: { player: 3, builder: 5, editor: null }, effect: 'raise' } as const
    expect(limitOf(quota, ['player', 'builder'])).toBe(5)
    expect(limitOf(quota, ['player', 'editor'])).toBeNull()
    expect(limitOf(quota, ['visitor'])).toBe(0)
    expect(limitOf(quota, ['constructor', 'toString'])).toBe(0)
    await start()
    expect((await make((await bench.signedIn(['visitor'])).cookie))[0]).toBe(403)
    const { cookie } = await bench.signedIn(['editor'])
    for (let i = 0; i < 10; i++) expect((await make(cookie))[0]).toBe(200)
  })

  test('what a request left behind when it never came back is free again when its time is over', async () => {
    await start()
    const { cookie, user } = await bench.signedIn(['player'])
    const now = bench.gateway.runtime.now()
    for (let i = 0; i < 3; i++) await bench.store.quotas.reserve(user.id, user.tag, 'npcs', 3, now, 60 as typeof now)
    expect((await make(cookie))[0]).toBe(403)
    bench.clock.now += 61
    expect((await make(cookie))[0]).toBe(200)
  })
})

describe('rate limits', () => {
  test('the next one is 429 with Retry-After, and never reaches the upstream', async () => {
    await start()
    const [ada, sol] = [await bench.signedIn(['player']), await bench.signedIn(['player'])]
    expect((await send('/often', ada.cookie))[0]).toBe(200)
    bench.clock.now += 20
    expect((await send('/often', ada.cookie))[0]).toBe(200)
    const [status, problem, headers] = await send('/often', ada.cookie)
    expect([status, problem['code'], headers.get('retry-after')]).toEqual([429, 'rate_limited', '40'])
    expect((await send('/often', sol.cookie))[0]).toBe(200)
    expect(bench.sent).toHaveLength(3)
    bench.clock.now += 40
    expect((await send('/often', ada.cookie))[0]).toBe(200)
  })

  test('each rule counts for itself, per session unless it says otherwise, per address for nobody', async () => {
    await start()
    const { cookie } = await bench.signedIn(['player'])
    expect((await send('/seldom', cookie))[0]).toBe(200)
    expect((await send('/seldom', cookie))[0]).toBe(429)
    expect((await send('/often', cookie))[0]).toBe(200)
    expect((await send('/open', ''))[0]).toBe(200)
    expect((await send('/open', cookie))[0]).toBe(429)
  })

  /** What `/open`, which takes one a minute and address, answers to each of these. */
  async function openTo(...addresses: readonly (string | null)[]): Promise<readonly number[]> {
    const statuses: number[] = []
    for (const address of addresses) statuses.push((await bench.request('/open', {}, address)).status)
    return statuses
  }

  test('per address: a /64 of IPv6 is one client, however its addresses are spelt (CVE-2026-45364)', async () => {
    await start()
    const within = ['2001:db8::1', '2001:db8::2', '2001:DB8:0:0:ffff::', '2001:db8:0::0:1']
    expect(await openTo(...within, '2001:db8:0:1::1')).toEqual([200, 429, 429, 429, 200])
  })

  test('per address: each IPv4 address is one client, mapped into IPv6 or not', async () => {
    await start()
    const one = ['203.0.113.7', '::ffff:203.0.113.7', '::FFFF:cb00:7107']
    expect(await openTo(...one, '203.0.113.8')).toEqual([200, 429, 429, 200])
  })

  test('per address: clients whose address nobody knows have fifty times the limit together (users.md row 40)', async () => {
    await start()
    expect(await openTo(...Array.from({ length: 51 }, () => null))).toEqual([...Array(50).fill(200), 429])
    expect(await openTo('203.0.113.7')).toEqual([200])
  })

  test('per user or session: who is signed in is counted as who it is, wherever they come from', async () => {
    await start()
    const { cookie } = await bench.signedIn(['player'])
    const statuses = await Promise.all(
      [null, '2001:db8::1', '203.0.113.8'].map((from) => bench.request('/seldom', { headers: { cookie } }, from)),
    )
    expect(statuses.map(({ status }) => status).sort()).toEqual([200, 429, 429])
  })

  test('nobody who is refused is counted', async () => {
    await start()
    for (let i = 0; i < 5; i++) expect((await send('/often', ''))[0]).toBe(401)
    expect(bench.calls).not.toContain('rates.hit')
  })

  test('a silent store stops who must be known, and nobody on a public route (SPEC 10)', async () => {
    await start()
    const { cookie } = await bench.signedIn(['player'])
    const { rates } = bench.store as unknown as { rates: Record<string, unknown> }
    rates['hit'] = () => Promise.reject(new StoreUnavailable('rates.hit', 'silent'))
    expect((await send('/often', cookie))[0]).toBe(503)
    expect((await send('/open', cookie))[0]).toBe(200)
    expect(bench.observed.filter(({ kind }) => kind === 'store-unavailable')).toHaveLength(2)
  })

  test('one atomic operation each, and none where a rule has no limit (DECISIONS 9)', async () => {
    await start()
    const { cookie } = await bench.signedIn(['player'])
    await send('/plain', cookie)
    const before = bench.calls.length
    await send('/plain', cookie)
    expect(bench.calls.slice(before)).toEqual([])
    await send('/often', cookie)
    expect(bench.calls.slice(before)).toEqual(['rates.hit'])
    await make(cookie)
    expect(bench.calls.slice(before)).toEqual(['rates.hit', 'quotas.reserve', 'quotas.confirm'])
  })
})

describe('the largest body', () => {
  /** Reads what it is sent, as long as nobody cuts it off. */
  function drained({ body, signal }: UpstreamRequest): Promise<Response> {
    const cut = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(new UpstreamFailed('unreachable', 'cut')))
    })
    const read = new Response(body as BodyInit).arrayBuffer()
    return Promise.race([cut, read.then(({ byteLength }) => Response.json(byteLength))])
  }

  test('a declared length above it is 413 before anything is sent', async () => {
    await start(drained)
    const { cookie } = await bench.signedIn(['player'])
    const headers = { 'content-length': String(64 * 1024 + 1) }
    const refused = await send('/upload', cookie, { method: 'POST', body: 'x'.repeat(64 * 1024 + 1), headers })
    expect(refused.slice(0, 2)).toMatchObject([413, { code: 'body_too_large', limit: 64 * 1024 }])
    expect(bench.sent).toEqual([])
  })

  test('a player whose form is above it is told that it is too large, and what to do', async () => {
    await start(drained)
    const { cookie } = await bench.signedIn(['player'])
    const body = 'x'.repeat(64 * 1024 + 1)
    const browser = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const headers = { ...browser, cookie, 'sec-fetch-site': 'same-origin', 'content-length': String(body.length) }
    const page = await bench.request('/upload', { method: 'POST', body, headers })
    expect(page.status).toBe(413)
    expect(await page.text()).toContain('make it smaller and send it again')
  })

  test('a length nobody declared is counted on the way', async () => {
    await start(drained)
    const { cookie } = await bench.signedIn(['player'])
    const upload = (chunks: number) => {
      let left = chunks
      const body = new ReadableStream({
        pull: (c) => (left-- > 0 ? c.enqueue(new Uint8Array(1024)) : c.close()),
      })
      return send('/upload', cookie, { method: 'POST', body, duplex: 'half' } as RequestInit)
    }
    expect((await upload(64))[0]).toBe(200)
    expect((await upload(65)).slice(0, 2)).toMatchObject([413, { code: 'body_too_large' }])
  })
})

const SHARED = {
  'roles.yaml': 'users: { defaultRole: player }\nroles: { player: { level: 1, permissions: [] } }\n',
  'game.yaml': `
upstream: game
rateLimit: { limit: 30, window: 1s }
rules:
  - path: /look
  - path: /say
  - path: /own
    rateLimit: { limit: 1, window: 1m }
  - path: /front
    access: public
`,
  'admin.yaml': `
upstream: game
rules:
  - path: /kick
    rateLimit: { name: both, limit: 2, window: 1m }
  - path: /mute
    rateLimit: { name: both, limit: 2, window: 1m }
`,
}

describe('a rate limit that rules share', () => {
  const statuses = async (paths: readonly string[], cookie: string) => {
    const all: number[] = []
    for (const path of paths) all.push((await bench.request(path, { headers: { cookie } })).status)
    return all
  }

  test('30 requests a second and session over every rule of the file that has none of its own (O3)', async () => {
    bench = await workbench(SHARED)
    const { cookie } = await bench.signedIn(['player'])
    const paths = Array.from({ length: 30 }, (_, n) => (n % 2 === 0 ? '/look' : '/say'))
    expect(new Set(await statuses(paths, cookie))).toEqual(new Set([200]))
    const over = await bench.request('/look', { headers: { cookie } })
    expect([over.status, over.headers.get('retry-after')]).toEqual([429, '1'])
    expect(await statuses(['/say', '/own', '/own', '/front', '/kick'], cookie)).toEqual([429, 200, 429, 200, 200])
    const other = await bench.signedIn(['player'])
    expect(await statuses(['/look'], other.cookie)).toEqual([200])
    bench.clock.now += 2
    expect(await statuses(['/look'], cookie)).toEqual([200])
  })

  test('rules that name the same one are counted together', async () => {
    bench = await workbench(SHARED)
    const { cookie } = await bench.signedIn(['player'])
    expect(await statuses(['/kick', '/mute', '/kick', '/look'], cookie)).toEqual([200, 200, 429, 200])
  })
})
