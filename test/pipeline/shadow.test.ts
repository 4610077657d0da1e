import { afterEach, describe, expect, test } from 'vitest'
import { type Workbench, workbench } from '../support/gateway.ts'

const ROLES = `
users: { defaultRole: player }
permissions: [players.view, players.edit]
roles:
  player: { level: 1, permissions: [players.view] }
  editor: { level: 5, permissions: [players.view, players.edit] }
`
const RULES = `
upstream: game
rules:
  - path: /players
    permission: players.view
  - path: /open
    access: public
  - path: /quiet
`
const SHADOWS = `
  - { id: players-soon, path: /players, permission: players.edit, mode: shadow }
  - { id: open-soon, path: /open, mode: shadow }
  - { id: new-soon, path: /new, mode: shadow }
  - id: split-soon
    path: /quiet
    methods: POST
    mode: shadow
    body: { field: action, cases: { look: {} } }
`
let bench: Workbench
afterEach(() => bench.close())

async function start(rules: string): Promise<(path: string, cookie?: string, method?: string) => Promise<unknown>> {
  bench = await workbench({ 'roles.yaml': ROLES, 'game.yaml': rules })
  return async (path, cookie = '', method = 'GET') => {
    const { status } = await bench.request(path, { method, headers: { cookie } })
    await bench.settle()
    const said = bench.observed.flatMap((one) => (one.kind === 'shadow' ? [`${one.rule} ${one.outcome}`] : []))
    bench.observed.length = 0
    return [status, ...said]
  }
}

describe('shadow rules (DECISIONS 22)', () => {
  test('say what they would have said, only where it is something else, and decide nothing', async () => {
    const ask = await start(RULES + SHADOWS)
    const [player, editor] = [await bench.signedIn(['player']), await bench.signedIn(['editor'])]
    expect(await ask('/players', player.cookie)).toEqual([200, 'players-soon refuse:forbid'])
    expect(await ask('/players', editor.cookie)).toEqual([200])
    expect(await ask('/players')).toEqual([401])
    expect(await ask('/new', player.cookie)).toEqual([403, 'new-soon allow'])
  })

  test('say so each time, also of a request that memory alone would let through', async () => {
    const ask = await start(RULES + SHADOWS)
    const { cookie } = await bench.signedIn(['player'])
    for (let time = 0; time < 3; time++)
      expect(await ask('/players', cookie)).toEqual([200, 'players-soon refuse:forbid'])
  })

  test('know the caller also where nobody had to be known', async () => {
    const ask = await start(RULES + SHADOWS)
    const { cookie } = await bench.signedIn(['player'])
    expect(await ask('/open', cookie)).toEqual([200])
    expect(await ask('/open')).toEqual([200, 'open-soon challenge:no-session'])
  })

  test('read no body of their own', async () => {
    const ask = await start(RULES + SHADOWS)
    const { cookie } = await bench.signedIn(['player'])
    expect(await ask('/quiet', cookie, 'POST')).toEqual([200, 'split-soon body-not-read'])
  })

  test('and not where a body is there to be read: it goes to the service as it came', async () => {
    await start(RULES + SHADOWS)
    const { cookie } = await bench.signedIn(['player'])
    const headers = { cookie, 'content-type': 'application/json' }
    await bench.request('/quiet', { method: 'POST', headers, body: '{"action":"look"}' })
    await bench.settle()
    const said = bench.observed.flatMap((one) => (one.kind === 'shadow' ? [`${one.rule} ${one.outcome}`] : []))
    expect(said).toEqual(['split-soon body-not-read'])
    expect(bench.sent.at(-1)?.body).toBeInstanceOf(ReadableStream)
  })

  test('say what they make of a body that is read for the rule in force', async () => {
    await start(`${RULES}  - { path: /split, methods: POST, body: { field: action, cases: { look: {}, leave: {} } } }
  - id: split-later
    path: /split
    methods: POST
    mode: shadow
    body: { field: action, cases: { look: {} } }
`)
    const { cookie } = await bench.signedIn(['player'])
    const headers = { cookie, 'content-type': 'application/json' }
    for (const action of ['look', 'leave'])
      await bench.request('/split', { method: 'POST', headers, body: JSON.stringify({ action }) })
    await bench.settle()
    const said = bench.observed.flatMap((one) => (one.kind === 'shadow' ? [`${one.rule} ${one.outcome}`] : []))
    expect(said).toEqual(['split-later refuse:bad-body'])
  })

  test('cost nothing where there are none', async () => {
    const ask = await start(RULES)
    const { cookie } = await bench.signedIn(['player'])
    expect(bench.gateway.policy().shadowing).toBeNull()
    expect(await ask('/open', cookie)).toEqual([200])
    expect(bench.calls).not.toContain('sessions.read')
  })
})
