import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import type { User } from '../../src/core/person.ts'
import { freshApiToken } from '../../src/session/api-token.ts'
import { another, noteOf } from '../session/scene.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

// Whose count a request is on, and how long it stays there.

const POLICIES = {
  'roles.yaml': `
users: { defaultRole: player }
permissions: [npcs.create]
roles:
  player: { level: 1, permissions: [npcs.create] }
`,
  'game.yaml': `
upstream: game
rules:
  - path: /npcs
    methods: POST
    quota: { name: npcs, limits: { player: 1 } }
  - path: /by-user
    tokens: allow
    rateLimit: { limit: 1, window: 1m, per: user }
  - path: /by-session
    tokens: allow
    permission: npcs.create
    rateLimit: { limit: 1, window: 1m, per: session }
  - path: /by-address
    rateLimit: { limit: 1, window: 1m, per: address }
  - path: /open
    access: public
    rateLimit: { limit: 1, window: 1m, per: address }
  - path: /upload
    methods: POST
    maxBody: 1KiB
`,
}
const STATIC = { ONE_TOKEN: 'a-first-token-of-a-machine-that-asks', TWO_TOKEN: 'a-second-token-of-a-machine-that-asks' }

let bench: Workbench
let during: () => Promise<unknown>
beforeEach(async () => {
  during = () => Promise.resolve()
  const staticTokens = Object.keys(STATIC).map((name) => ({
    name: name.toLowerCase().replace('_', '-'),
    secret: { secret: name },
    permissions: ['npcs.create'],
  }))
  const upstream = async () => {
    await during()
    return new Response('{}', { status: 201 })
  }
  bench = await workbench(POLICIES, { staticTokens }, { secrets: STATIC, upstream })
})
afterEach(() => bench.close())

async function status(path: string, headers: Readonly<Record<string, string>>, init: RequestInit = {}) {
  return (await bench.request(path, { ...init, headers: { ...headers, ...init.headers } })).status
}

async function apiToken(user: User): Promise<string> {
  const { text, key, id } = await freshApiToken(bench.gateway.apiMac, user.tag, bench.gateway.runtime.random)
  const named = { id, key, owner: user.id, name: 'bot', description: '', scopes: null }
  const life = { createdAt: seconds(bench.clock.now), expiresAt: null, lastUsedAt: null, uses: 0, hourlyLimit: null }
  await bench.store.tokens.create(user, { ...named, ...life }, 50, noteOf(bench, 'token-created'))
  return text
}

/** Two devices and two API tokens of one person, as headers. */
async function waysOf(): Promise<readonly Readonly<Record<string, string>>[]> {
  const { cookie, user } = await bench.signedIn(['player'])
  const second = await another(bench, user)
  if (typeof second === 'string') throw new Error(second)
  const tokens = [await apiToken(user), await apiToken(user)]
  return [{ cookie }, { cookie: second.cookie }, ...tokens.map((token) => ({ 'x-api-token': token }))]
}

async function statuses(path: string, ways: readonly Readonly<Record<string, string>>[]): Promise<readonly number[]> {
  const told: number[] = []
  for (const way of ways) told.push(await status(path, way))
  return told
}

describe('a rate limit', () => {
  test('per user is one for all devices and tokens of somebody', async () => {
    expect(await statuses('/by-user', await waysOf())).toEqual([201, 429, 429, 429])
  })

  test('per session is one for each device and each token', async () => {
    const ways = await waysOf()
    expect(await statuses('/by-session', ways)).toEqual([201, 201, 201, 201])
    expect(await statuses('/by-session', ways)).toEqual([429, 429, 429, 429])
  })

  test('holds each static token for itself', async () => {
    const ways = Object.values(STATIC).map((token) => ({ 'x-api-token': token }))
    expect(await statuses('/by-session', ways)).toEqual([201, 201])
    expect(await statuses('/by-session', ways)).toEqual([429, 429])
  })

  test('per address is one for everybody there, also for who is signed in', async () => {
    const [ada, sol] = [await bench.signedIn(['player']), await bench.signedIn(['player'])]
    expect(await statuses('/by-address', [{ cookie: ada.cookie }, { cookie: sol.cookie }])).toEqual([201, 429])
  })

  test('that cannot be counted for another reason than a silent store lets nobody through', async () => {
    Object.assign(bench.store.rates, { hit: () => Promise.reject(new TypeError('broken in this test')) })
    expect(await status('/open', {})).toBe(500)
    expect(bench.sent).toEqual([])
  })
})

test('a body of exactly the largest size goes through', async () => {
  const { cookie } = await bench.signedIn(['player'])
  const init = (size: number) => ({
    method: 'POST',
    body: 'x'.repeat(size),
    headers: { 'content-length': String(size) },
  })
  expect(await status('/upload', { cookie }, init(1024))).toBe(201)
  expect(await status('/upload', { cookie }, init(1025))).toBe(413)
})

test('what is being made holds its place as long as its service may take', async () => {
  const { cookie } = await bench.signedIn(['player'])
  const make = () => status('/npcs', { cookie }, { method: 'POST' })
  let second = 0
  during = async () => {
    during = () => Promise.resolve()
    bench.clock.now += 29
    second = await make()
  }
  expect([await make(), second]).toEqual([201, 403])
})
