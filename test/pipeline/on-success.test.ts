import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import type { Session, User } from '../../src/core/person.ts'
import { freshApiToken } from '../../src/session/api-token.ts'
import { rotateSession } from '../../src/session/open.ts'
import { noteOf } from '../session/scene.ts'
import { askOf } from '../support/ask.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

const POLICIES = {
  'roles.yaml': `
users: { defaultRole: player }
permissions: [players.view]
roles:
  player: { level: 1, permissions: [players.view] }
`,
  'game.yaml': `
upstream: game
rules:
  - path: /worlds/:world/enter/:character
    tokens: allow
    onSuccess:
      select: { id: path.character, world: path.world }
  - path: /choose
    methods: POST
    onSuccess:
      select: { id: request.id, world: request.world }
  - path: /logout
    tokens: allow
    onSuccess: { signOut: true }
  - path: /register/finish
    methods: POST
    tokens: allow
    onSuccess:
      setAttribute: { name: registered, value: true }
  - path: /clan/join
    methods: POST
    onSuccess:
      setAttribute: { name: clan, value: foxes }
  - path: /first-steps
    when: "!has(user.attributes.registered)"
  - path: /plain
`,
}
const ATTRIBUTES = { registered: { type: 'boolean' }, clan: { type: 'string', maxLength: 5 } } as const

let bench: Workbench
let user: User
let cookie: string
let meanwhile: () => Promise<unknown>
beforeEach(async () => {
  meanwhile = () => Promise.resolve()
  const upstream = async () => {
    await meanwhile()
    return new Response('{}', { headers: { 'content-type': 'application/json' } })
  }
  bench = await workbench(POLICIES, { attributes: ATTRIBUTES }, { upstream })
  ;({ user, cookie } = await bench.signedIn(['player']))
})
afterEach(() => bench.close())

async function sessions(): Promise<readonly Session[]> {
  return bench.store.sessions.list(user, seconds(bench.clock.now))
}

/** What a request comes to: its status, the cookies it sets, and why nothing was done besides. */
async function come(path: string, method: string, headers: Readonly<Record<string, string>>, body?: string) {
  const before = bench.observed.length
  const sent = body === undefined ? {} : { body }
  const answer = await bench.request(path, { method, headers, ...sent })
  const reasons = bench.observed.slice(before).flatMap((one) => (one.kind === 'onsuccess-skipped' ? [one.reason] : []))
  return [answer.status, answer.headers.getSetCookie().length, ...reasons]
}

async function apiToken(): Promise<{ readonly id: string; readonly headers: Readonly<Record<string, string>> }> {
  const { text, key, id } = await freshApiToken(bench.gateway.apiMac, user.tag, bench.gateway.runtime.random)
  const named = { id, key, owner: user.id, name: 'bot', description: '', scopes: null }
  const life = { createdAt: seconds(bench.clock.now), expiresAt: null, lastUsedAt: null, uses: 0, hourlyLimit: null }
  await bench.store.tokens.create(user, { ...named, ...life }, 50, noteOf(bench, 'token-created'))
  return { id, headers: { 'x-api-token': text } }
}

describe('a session that a success would change', () => {
  test('is not changed by a replaced key, which reads and nothing else (DECISIONS 5)', async () => {
    const [session] = await sessions()
    if (session === undefined) throw new Error('no session')
    await rotateSession(askOf({}), bench.gateway, user, session)
    bench.gateway.sessions.clear()
    expect(await come('/plain', 'GET', { cookie })).toEqual([200, 0])
    expect(await come('/worlds/meadow/enter/7', 'GET', { cookie })).toEqual([200, 0, 'replaced-key'])
    expect(await come('/logout', 'GET', { cookie })).toEqual([200, 0, 'replaced-key'])
    expect((await sessions()).map(({ character }) => character)).toEqual([null])
  })

  test('is none where an API token asks: the answer goes on as it came', async () => {
    const { headers } = await apiToken()
    expect(await come('/worlds/meadow/enter/7', 'GET', headers)).toEqual([200, 0, 'no-session'])
    expect(await come('/logout', 'GET', headers)).toEqual([200, 0, 'no-session'])
    expect((await sessions()).map(({ character }) => character)).toEqual([null])
  })

  test('and ends while its service answers is said to be gone', async () => {
    meanwhile = () => bench.store.sessions.revokeUser(user, 'kicked', seconds(bench.clock.now), noteOf(bench))
    expect(await come('/worlds/meadow/enter/7', 'GET', { cookie })).toEqual([200, 0, 'session-gone'])
  })

  test('takes names of a path decoded, and none that are blank', async () => {
    await come('/worlds/m%C3%B6rk/enter/7', 'GET', { cookie })
    const [chosen] = await sessions()
    expect(chosen?.character).toEqual({ id: '7', world: 'mörk', name: '' })
    const json = { cookie, 'content-type': 'application/json' }
    expect(await come('/choose', 'POST', json, '{"id":"  ","world":"m"}')).toEqual([200, 0, 'request.id odd'])
    expect((await sessions())[0]?.character).toEqual(chosen?.character)
  })
})

describe('an attribute that a success sets', () => {
  test('counts from the very next request: what memory allowed before it does not go through', async () => {
    expect(await come('/first-steps', 'GET', { cookie })).toEqual([200, 0])
    expect(await come('/register/finish', 'POST', { cookie })).toEqual([200, 0])
    expect(await come('/first-steps', 'GET', { cookie })).toEqual([403, 0])
  })

  test('is in the record as done by the token that did it', async () => {
    const { id, headers } = await apiToken()
    expect(await come('/register/finish', 'POST', headers)).toEqual([200, 0])
    const filter = { from: null, to: null, subject: null, event: 'attributes-changed' } as const
    const { items } = await bench.store.audit.read(filter, { after: null, limit: 10 })
    expect(items).toMatchObject([{ actor: `token:${id}`, subject: user.id }])
  })

  test('is set of nobody who was removed meanwhile', async () => {
    meanwhile = () => bench.store.directory.remove(user, [], seconds(bench.clock.now), noteOf(bench))
    expect(await come('/register/finish', 'POST', { cookie })).toEqual([200, 0, 'no-user'])
  })

  test.each([
    ['longer than its declaration takes', { type: 'string', maxLength: 4 }],
    ['of another type', { type: 'number', maxLength: 5 }],
  ] as const)('is left out when it is %s by now', async (_, clan) => {
    await under({ clan: { ...bench.gateway.config.attributes['clan'], ...clan } })
  })

  test('is left out when it is declared no more', () => under({}))

  test('may be as long as its declaration takes', async () => {
    expect(await come('/clan/join', 'POST', { cookie })).toEqual([200, 0])
    expect((await bench.store.directory.read(user.id))?.attributes).toEqual({ clan: 'foxes' })
  })
})

/** A policy can be older than the configuration it runs under. */
async function under(attributes: object): Promise<void> {
  Object.assign(bench.gateway.config, { attributes })
  expect(await come('/clan/join', 'POST', { cookie })).toEqual([200, 0, 'attribute-not-declared'])
  expect((await bench.store.directory.read(user.id))?.attributes).toEqual({})
}
