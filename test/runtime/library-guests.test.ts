import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defineGateway, type ProcessLibrary, postern } from '../../src/runtime/library-node.ts'
import { workbench } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { freePorts } from '../support/ports.ts'

const POLICY = `
upstream: game
users: { defaultRole: player, guestRole: guest }
permissions: [play]
roles:
  guest: { level: 0, permissions: [play] }
  player: { level: 1, permissions: [play] }
rules:
  - { path: /play, permission: play, guest: allow }
`

const folder = mkdtempSync(join(tmpdir(), 'postern-library-guests-'))
const told: string[] = []
let game: Server
let host: ReturnType<typeof serve>
let gate: ProcessLibrary
let origin = ''

beforeAll(async () => {
  game = createServer(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    if (request.url === '/events') told.push(Buffer.from(body.split('.')[1] ?? '', 'base64url').toString())
    response.end()
  })
  await new Promise<void>((resolve) => game.listen(0, '127.0.0.1', resolve))
  const port = await freePorts(1)
  origin = `http://localhost:${port}`
  const definition = defineGateway(() => ({
    origin,
    upstreams: { game: { url: `http://127.0.0.1:${(game.address() as AddressInfo).port}`, events: '/events' } },
    guests: 'on',
    session: { guest: '20s', cacheSeconds: 0 },
    store: { kind: 'embedded', file: join(folder, 'store.sqlite'), shards: 2 },
  }))
  const bench = await workbench({ 'rules.yaml': POLICY })
  const { bundle } = bench.gateway.policy()
  bench.close()
  gate = postern(definition, bundle, { environment: () => undefined, log: () => {} })
  host = serve({ fetch: new Hono().route('/', gate.app).fetch, hostname: '127.0.0.1', port })
}, 30_000)
afterAll(async () => {
  await new Promise((resolve) => host?.close(resolve))
  await gate?.close()
  game?.closeAllConnections()
  game?.close()
  rmSync(folder, { recursive: true, force: true })
}, 30_000)

test('guests of a host on Node end by themselves, and the game is told', async () => {
  const headers = { origin, accept: 'application/json' }
  const made = await ask(`${origin}/auth/guest`, { method: 'POST', headers })
  const cookie = made.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .join('; ')
  expect((await ask(`${origin}/play`, { headers: { ...headers, cookie } })).status).toBe(200)
  const state = await ask(`${origin}/auth/session`, { headers: { ...headers, cookie } })
  const { id } = ((await state.json()) as { user: { id: string } }).user
  await expect.poll(() => told.join(), { timeout: 120_000, interval: 500 }).toContain(id)
  expect((await ask(`${origin}/play`, { headers: { ...headers, cookie } })).status).toBe(401)
}, 150_000)
