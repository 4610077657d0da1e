import { afterEach, expect, test } from 'vitest'
import { type Workbench, workbench } from '../support/gateway.ts'

const POLICIES = {
  'game.yaml': `
upstream: game
users: { defaultRole: player }
roles:
  player: { level: 1, permissions: [] }
rules:
  - { path: /not-three, when: user.attributes.coins != 3 }
  - { path: /unset, when: '!has(user.attributes.coins)' }
  - { path: /set, when: has(user.attributes.coins) }
  - { path: /either, when: user.attributes.coins != 3 || user.attributes.guild == "north" }
  - { path: /other, when: user.attributes.guild == "north" }
`,
}
const SETTINGS = {
  attributes: { coins: { type: 'number', public: true }, guild: { type: 'string', public: true } },
  upstreams: {
    game: {
      url: 'https://game.example.com',
      dialects: ['postern', 'X-Coins=attribute.coins', 'X-Guild=attribute.guild'],
    },
  },
} as const

let bench: Workbench
afterEach(() => bench.close())

/** What a player gets whose record holds `coins` as given, where the configuration declares a number. */
async function player(coins: string | number): Promise<(path: string) => Promise<Response>> {
  bench = await workbench(POLICIES, SETTINGS)
  const { cookie, user } = await bench.signedIn(['player'])
  const who = { at: bench.gateway.runtime.now(), actor: 'system', subject: user.id, requestId: 'r', policy: '' }
  const note = { ...who, event: 'attributes-changed', detail: {} } as const
  await bench.store.directory.setAttributes(user, { coins, guild: 'north' }, note)
  bench.gateway.sessions.drop(user.tag)
  return (path) => bench.request(path, { headers: { cookie } })
}

async function claimsOf(answer: Response): Promise<unknown> {
  const headers = Object.fromEntries((await answer.json()) as [string, string][])
  const payload = headers['postern-assertion']?.split('.')[1] ?? ''
  const { attributes } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  return [headers['x-coins'], headers['x-guild'], attributes]
}

// WHY: the configuration declared another type once; what it wrote then stays in the store.
test.each(['/not-three', '/unset', '/set'])(
  'a condition about an attribute stored with another type refuses %s',
  async (path) => {
    const visit = await player('5')
    expect((await visit(path)).status).toBe(403)
  },
)

test('a condition that holds without it, and one about another attribute, hold', async () => {
  const visit = await player('5')
  expect((await visit('/other')).status).toBe(200)
  expect((await visit('/either')).status).toBe(200)
})

test('the service is told nothing of an attribute stored with another type, neither by header nor by claim', async () => {
  expect(await claimsOf(await (await player('5'))('/other'))).toEqual([undefined, 'north', { guild: 'north' }])
})

test('nor is the page of the game', async () => {
  const state = await (await (await player('5'))('/auth/session')).json()
  expect(state.attributes).toEqual({ guild: 'north' })
})

test('one of its type is read and told as ever', async () => {
  const visit = await player(5)
  expect((await visit('/not-three')).status).toBe(200)
  expect((await visit('/unset')).status).toBe(403)
  expect((await visit('/set')).status).toBe(200)
  expect(await claimsOf(await visit('/other'))).toEqual(['5', 'north', { coins: 5, guild: 'north' }])
  expect((await (await visit('/auth/session')).json()).attributes).toEqual({ coins: 5, guild: 'north' })
})
