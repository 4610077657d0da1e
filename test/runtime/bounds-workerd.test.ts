import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { mustOpen, openSocket } from '../support/socket-client.ts'
import { startWire, type Wire } from '../support/wire.ts'

// What bounds live sockets on workerd, where nobody can see a queue. Node and Deno: pump.test.ts.

const PER_SESSION = 3
const MAX_MESSAGE = 4096
const ROBOT = 'robot-token-value-1234567890'

let wire: Wire
let deployment: Deployment
beforeAll(async () => {
  wire = await startWire()
  const bounds = { PER_SESSION: String(PER_SESSION), MAX_MESSAGE: String(MAX_MESSAGE) }
  const objects = { SOCKETS_BREAK_AT: '/socket/broken', SOCKETS_RESET_AT: '/socket/reset' }
  const environment = { WIRE_PORT: String(wire.port), ROBOT_TOKEN: ROBOT, ...bounds, ...objects }
  deployment = await startDeployment({ runtime: 'workerd', name: 'wire', environment })
}, 90_000)
afterAll(async () => {
  await deployment?.stop()
  await wire?.stop()
}, 30_000)

const url = (path: string) => `${deployment.gateway}${path}`

async function player(): Promise<{ readonly headers: Readonly<Record<string, string>> }> {
  const visitor = await guestOf(deployment.gateway)
  return { headers: { cookie: visitor.cookie(deployment.gateway) ?? '', origin: deployment.gateway } }
}

/** A counter of this deployment; 0 where there is none yet. */
async function counted(line: RegExp): Promise<number> {
  const answer = await ask(url('/auth/metrics'), { headers: { authorization: `Bearer ${ROBOT}` } })
  expect(answer.status).toBe(200)
  return Number(
    (await answer.text())
      .split('\n')
      .find((text) => line.test(text))
      ?.split(' ')
      .at(-1) ?? 0,
  )
}

test('a session has so many sockets and no more; one that closes makes room; others have their own', async () => {
  const one = await player()
  const mine = await Promise.all([1, 2, 3].map((n) => mustOpen(url(`/socket/mine-${n}`), one)))
  const refused = await openSocket(url('/socket/mine-4'), one)
  expect(refused).toMatchObject({ kind: 'refused', status: 429 })
  expect(refused.kind === 'refused' && JSON.parse(refused.body)).toMatchObject({ code: 'rate_limited' })
  expect(refused.kind === 'refused' && refused.headers['retry-after']).toBe('5')
  expect(wire.live.has('/socket/mine-4')).toBe(false)
  const other = await mustOpen(url('/socket/theirs'), await player())
  mine[0]?.raw.close()
  await mine[0]?.closed
  await expect.poll(async () => (await openSocket(url('/socket/mine-5'), one)).kind, { timeout: 5_000 }).toBe('open')
  for (const socket of [...mine, other]) socket.raw.terminate()
})

test('sockets that are being opened count: a crowd at once is no more than a session may have', async () => {
  const one = await player()
  for (let n = 0; n < PER_SESSION + 1; n++)
    expect(await openSocket(url('/socket/full'), one)).toMatchObject({ kind: 'refused', status: 403 })
  const release = wire.hold('/socket/crowd')
  const crowd = Array.from({ length: 8 }, () => openSocket(url('/socket/crowd'), one))
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect(wire.upgrades.filter(({ url: path }) => path === '/socket/crowd')).toHaveLength(PER_SESSION)
  release()
  const opened = (await Promise.all(crowd)).filter((opening) => opening.kind === 'open')
  expect(opened).toHaveLength(PER_SESSION)
  for (const { socket } of opened) socket.raw.terminate()
})

test('the largest message is a setting: one byte more is 1009, either way', async () => {
  const one = await player()
  const [up, down] = [await mustOpen(url('/socket/up'), one), await mustOpen(url('/socket/down'), one)]
  const fits = 'é'.repeat(MAX_MESSAGE / 2)
  up.raw.send(fits)
  expect(await up.next()).toBe(fits)
  up.raw.send(`${fits}x`)
  expect(await up.closed).toEqual({ code: 1009, reason: 'message too big' })
  wire.live.get('/socket/down')?.send(Buffer.alloc(MAX_MESSAGE))
  expect((await down.next()).length).toBe(MAX_MESSAGE)
  wire.live.get('/socket/down')?.send(Buffer.alloc(MAX_MESSAGE + 1))
  expect(await down.closed).toEqual({ code: 1009, reason: 'message too big' })
})

test('a flood of messages is ended with 1013, and 20,000 in ten seconds are none', async () => {
  const socket = await mustOpen(url('/socket/flood'), await player())
  for (let n = 0; n < 20_000; n++) socket.raw.send('m')
  for (let n = 0; n < 20_000; n++) expect(await socket.next()).toBe('m')
  expect(socket.raw.readyState).toBe(socket.raw.OPEN)
  // WHY: the first window may be over by now, so more than two windows take is sent.
  for (let n = 0; n < 60_000; n++) socket.raw.send('m')
  expect(await socket.closed).toEqual({ code: 1013, reason: 'too much at once' })
  await expect.poll(() => wire.closes.find(({ path }) => path === '/socket/flood')?.code).toBe(1001)
}, 120_000)

test('counters say what is open, was opened, was refused, and how it closed', async () => {
  const one = await player()
  const [opened, ended] = [/^postern_sockets_opened_total\{.*\/socket/, /^postern_sockets_closed_total\{.*4321/]
  const before = [await counted(opened), await counted(ended)]
  const open = await counted(/^postern_sockets_open /)
  const socket = await mustOpen(url('/socket/counted'), one)
  expect([(await counted(opened)) - (before[0] ?? 0), (await counted(/^postern_sockets_open /)) - open]).toEqual([1, 1])
  socket.raw.send('close:4321:over')
  await socket.closed
  await expect.poll(async () => (await counted(ended)) - (before[1] ?? 0)).toBe(1)
  expect(await counted(/^postern_sockets_open /)).toBe(open)
  expect((await openSocket(url('/socket/nobody'))).kind).toBe('refused')
  expect(await counted(/^postern_sockets_refused_total\{.*401/)).toBeGreaterThan(0)
})

/** What the log said since a place in it, of one kind. */
function linesSince(place: number, event: string): readonly string[] {
  const lines = deployment.output().slice(place).split('\n')
  return lines.filter((line) => line.includes(`"event":"${event}"`))
}

test('an object that breaks is a bug, and told as one: 500, and who operates this is woken', async () => {
  const place = deployment.output().length
  const refused = await openSocket(url('/socket/broken'), await player())
  expect(refused).toMatchObject({ kind: 'refused', status: 500 })
  expect(refused.kind === 'refused' && JSON.parse(refused.body)).toMatchObject({ code: 'internal_error' })
  await expect.poll(() => linesSince(place, 'bug')).toHaveLength(1)
  expect(linesSince(place, 'bug')[0]).toContain('nothing is not a function')
  expect(linesSince(place, 'upstream-failed')).toEqual([])
})

test('an object that is replaced is away for a moment: 503, and nobody is woken', async () => {
  const place = deployment.output().length
  const refused = await openSocket(url('/socket/reset'), await player())
  expect(refused).toMatchObject({ kind: 'refused', status: 503, headers: { 'retry-after': '2' } })
  expect(refused.kind === 'refused' && JSON.parse(refused.body)).toMatchObject({ code: 'upstream_unavailable' })
  await expect.poll(() => linesSince(place, 'upstream-failed')).toHaveLength(1)
  expect(linesSince(place, 'bug')).toEqual([])
})
