import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Workbench } from '../support/gateway.ts'
import { arrived, gameBench } from './support/bench.ts'

// Tickets for sockets: DECISIONS 27, ASVS 4.4.3 and 4.4.4, users.md row 30.

let bench: Workbench
beforeEach(async () => {
  bench = await gameBench()
})
afterEach(() => bench.close())

interface Given {
  readonly ticket: string
  readonly protocol: string
}

function want(path: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  const body = new URLSearchParams({ path })
  const length = String(body.toString().length)
  return bench.request('/auth/ticket', {
    method: 'POST',
    body,
    headers: {
      origin: bench.gateway.config.origin,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': length,
      ...headers,
    },
  })
}

async function ticketFor(path: string, cookie: string): Promise<Given> {
  const answer = await want(path, { cookie })
  if (answer.status !== 200) throw new Error(`no ticket: ${await answer.text()}`)
  return (await answer.json()) as Given
}

const upgrade = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  bench.request(path, { headers: { upgrade: 'websocket', connection: 'Upgrade', ...headers } })

async function codeOf(response: Response): Promise<unknown> {
  return [response.status, ((await response.json()) as { code?: unknown }).code]
}

test('a ticket opens its path once, without cookie and Origin', async () => {
  const { cookie, user } = await bench.signedIn(['player'], 'Ada')
  const { ticket } = await ticketFor('/play', cookie)
  expect((await upgrade(`/play?room=1&postern_ticket=${ticket}&x`)).status).toBe(101)
  expect(bench.sent.map(({ url }) => url)).toEqual(['https://game.example.com/play?room=1&x'])
  expect(bench.sent[0]?.headers.get('postern-user')).toBe(user.id)
})

test('a ticket shown twice opens nothing the second time', async () => {
  const { cookie } = await bench.signedIn(['player'])
  const { ticket } = await ticketFor('/play', cookie)
  await upgrade(`/play?postern_ticket=${ticket}`)
  expect(await codeOf(await upgrade(`/play?postern_ticket=${ticket}`))).toEqual([401, 'ticket_invalid'])
  expect(bench.sent).toHaveLength(1)
})

test('of ten who show one ticket at once, one gets in', async () => {
  const { cookie } = await bench.signedIn(['player'])
  const { ticket } = await ticketFor('/play', cookie)
  const answers = await Promise.all(Array.from({ length: 10 }, () => upgrade(`/play?postern_ticket=${ticket}`)))
  expect(answers.filter(({ status }) => status === 101)).toHaveLength(1)
})

test('a ticket shown at another path opens nothing, and is spent', async () => {
  const { cookie } = await bench.signedIn(['admin'])
  const { ticket } = await ticketFor('/play', cookie)
  expect((await upgrade(`/admin/reports?postern_ticket=${ticket}`)).status).toBe(401)
  expect((await upgrade(`/play?postern_ticket=${ticket}`)).status).toBe(401)
})

test('a ticket opens for 29 seconds and not for 30', async () => {
  const { cookie } = await bench.signedIn(['player'])
  const early = await ticketFor('/play', cookie)
  bench.clock.now += 29
  expect((await upgrade(`/play?postern_ticket=${early.ticket}`)).status).toBe(101)
  const late = await ticketFor('/play', cookie)
  bench.clock.now += 30
  expect((await upgrade(`/play?postern_ticket=${late.ticket}`)).status).toBe(401)
})

test('a ticket carries what its session may do and no more', async () => {
  const { cookie } = await bench.signedIn(['player'])
  const { ticket } = await ticketFor('/admin/reports', cookie)
  expect(await codeOf(await upgrade(`/admin/reports?postern_ticket=${ticket}`))).toEqual([403, 'permission_denied'])
})

test('a ticket of a session that ended meanwhile opens nothing', async () => {
  const { cookie } = await bench.signedIn(['player'])
  const { ticket } = await ticketFor('/play', cookie)
  const headers = { cookie, origin: bench.gateway.config.origin, accept: 'application/json' }
  await bench.request('/auth/sign-out', { method: 'POST', headers })
  expect((await upgrade(`/play?postern_ticket=${ticket}`)).status).toBe(401)
})

test('a ticket decides alone: the cookie of somebody else beside it is not read', async () => {
  const ada = await bench.signedIn(['player'], 'Ada')
  const mallory = await bench.signedIn(['player'], 'Mallory')
  const { ticket } = await ticketFor('/play', ada.cookie)
  await upgrade(`/play?postern_ticket=${ticket}`, { cookie: mallory.cookie, origin: bench.gateway.config.origin })
  expect(bench.sent[0]?.headers.get('postern-user')).toBe(ada.user.id)
  const bad = await upgrade(`/play?postern_ticket=${ticket}`, {
    cookie: mallory.cookie,
    origin: bench.gateway.config.origin,
  })
  expect(bad.status).toBe(401)
})

test('two tickets are two people: neither is believed, and both may be used where they belong', async () => {
  const ada = await bench.signedIn(['player'])
  const eve = await bench.signedIn(['player'])
  const [one, two] = [await ticketFor('/play', ada.cookie), await ticketFor('/play', eve.cookie)]
  expect((await upgrade(`/play?postern_ticket=${one.ticket}&postern_ticket=${two.ticket}`)).status).toBe(401)
  const header = { 'sec-websocket-protocol': two.protocol }
  expect((await upgrade(`/play?postern_ticket=${one.ticket}`, header)).status).toBe(401)
  expect((await upgrade(`/play?postern_ticket=${one.ticket}`)).status).toBe(101)
})

test('a ticket among the subprotocols reaches neither upstream nor log; the other offers do', async () => {
  const { cookie } = await bench.signedIn(['player'])
  const { ticket, protocol } = await ticketFor('/play', cookie)
  expect((await upgrade('/play', { 'sec-websocket-protocol': `v1, ${protocol}, v2` })).status).toBe(101)
  expect(bench.sent[0]?.headers.get('sec-websocket-protocol')).toBe('v1, v2')
  await upgrade('/play', { 'sec-websocket-protocol': protocol })
  await upgrade('/open', { 'sec-websocket-protocol': protocol })
  await bench.request(`/open?postern_ticket=${ticket}`)
  expect(bench.sent).toHaveLength(3)
  expect(`${arrived(bench)}${bench.sent.map(({ url }) => url)}`).not.toContain('ptk_')
  expect(JSON.stringify(bench.observed)).not.toContain('ptk_')
})

test('invented tickets cost no store call', async () => {
  bench.calls.length = 0
  for (const invented of ['', 'ptk_', `ptk_${'a'.repeat(43)}`, 'x'.repeat(4000)])
    expect((await upgrade(`/play?postern_ticket=${invented}`)).status).toBe(401)
  expect(bench.calls).toEqual([])
})

test('a ticket is no session: it opens no page and no endpoint', async () => {
  const { cookie } = await bench.signedIn(['player'])
  const { ticket } = await ticketFor('/play', cookie)
  expect((await bench.request(`/play?postern_ticket=${ticket}`)).status).toBe(401)
  expect((await bench.request(`/auth/session?postern_ticket=${ticket}`)).status).toBe(401)
})

test('a ticket is given to nobody, to no foreign page, and for no path that is none', async () => {
  const { cookie } = await bench.signedIn(['player'])
  expect((await want('/play', {})).status).toBe(401)
  expect((await want('/play', { cookie, origin: 'https://evil.example' })).status).toBe(403)
  expect((await bench.request('/auth/ticket?path=/play', { headers: { cookie } })).status).toBe(405)
  for (const path of ['', 'play', '//evil.example', '/play?x=1', '/a/../play', '/auth/session'])
    expect(await codeOf(await want(path, { cookie }))).toEqual([400, 'bad_body'])
})

test('a session that asks for tickets in a loop is slowed', async () => {
  const { cookie } = await bench.signedIn(['player'])
  for (let i = 0; i < 60; i++) await ticketFor('/play', cookie)
  const slowed = await want('/play', { cookie })
  expect([slowed.status, slowed.headers.get('retry-after')]).toEqual([429, '60'])
})
