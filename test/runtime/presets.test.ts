import { readFileSync } from 'node:fs'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AuthContext, type Client, Room, Server } from '@colyseus/core'
import { Client as ColyseusClient } from '@colyseus/sdk'
import { WebSocketTransport } from '@colyseus/ws-transport'
import { type Socket, Server as SocketIo } from 'socket.io'
import { io as connectIo } from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { guestOf } from '../support/guest.ts'
import { freePorts } from '../support/ports.ts'
import type { Visitor } from '../support/visitor.ts'

const DOCS = '../../docs/upstreams/presets/'

interface Player {
  readonly id: string
  readonly name: string
}

let gateway: Deployment
let visitor: Visitor
let game: Server
let gamePort = 0
let http: HttpServer
let rooms: SocketIo
const roomsPort = () => (http.address() as AddressInfo).port

beforeAll(async () => {
  gamePort = await freePorts(1)
  const port = await freePorts(1)
  process.env['POSTERN_ISSUER'] = `http://localhost:${port}/auth`
  process.env['POSTERN_AUDIENCE'] = 'presets'
  const colyseus = (await import(`${DOCS}colyseus.mjs`)) as {
    whoPlays(token: string, options: unknown, context: AuthContext): Promise<Player>
  }
  class Table extends Room<{ client: Client<{ auth: Player }> }> {
    override messages = { who: (client: Client<{ auth: Player }>) => client.send('you', client.auth ?? null) }
    static override onAuth = colyseus.whoPlays
  }
  game = new Server({ greet: false, transport: new WebSocketTransport() })
  game.define('table', Table)
  await game.listen(gamePort, '127.0.0.1')

  const socketIo = (await import(`${DOCS}socket.io.mjs`)) as {
    whoPlays(socket: Socket, next: (error?: Error) => void): Promise<void>
  }
  http = createServer()
  rooms = new SocketIo(http, { serveClient: false })
  rooms.use((socket, next) => void socketIo.whoPlays(socket, next))
  rooms.on('connection', (socket) => socket.on('who', (answer: (player: Player) => void) => answer(socket.data.player)))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))

  const environment = { COLYSEUS_PORT: String(gamePort), SOCKET_IO_PORT: String(roomsPort()) }
  gateway = await startDeployment({ runtime: 'node', name: 'presets', environment, port })
  visitor = await guestOf(gateway.gateway)
}, 90_000)
afterAll(async () => {
  await rooms?.close()
  await game?.gracefullyShutdown(false)
  await gateway?.stop()
}, 30_000)

const asPlayer = () => ({ cookie: visitor.cookie(gateway.gateway) ?? '', origin: gateway.gateway })

async function me(): Promise<Player> {
  const answer = await visitor.send(`${gateway.gateway}/auth/session`, { headers: { accept: 'application/json' } })
  return ((await answer.json()) as { user: Player }).user
}

function connected(url: string, extraHeaders: Readonly<Record<string, string>>) {
  const client = connectIo(url, { extraHeaders, reconnection: false, forceNew: true })
  const outcome = new Promise<string>((resolve) => {
    client.once('connect', () => resolve('connected'))
    client.once('connect_error', ({ message }) => resolve(message))
  })
  return { client, outcome }
}

describe('preset colyseus', () => {
  test('a room of Colyseus learns who plays from the assertion', async () => {
    const room = await new ColyseusClient(gateway.gateway, { headers: asPlayer() }).joinOrCreate('table')
    room.reconnection.maxRetries = 0
    const said = new Promise((resolve) => room.onMessage('you', resolve))
    room.send('who')
    const { id, name } = await me()
    expect(await said).toEqual({ id, name })
    await room.leave()
  })

  test('who comes past the gateway gets no seat, whatever headers say', async () => {
    const forged = { 'postern-user': 'forged', 'postern-assertion': 'e30.e30.x' }
    const past = new ColyseusClient(`http://127.0.0.1:${gamePort}`, { headers: forged })
    await expect(past.joinOrCreate('table')).rejects.toThrow()
  })
})

describe('preset socket.io', () => {
  test('a server of Socket.IO learns who plays from the assertion', async () => {
    const { client, outcome } = connected(gateway.gateway, asPlayer())
    expect(await outcome).toBe('connected')
    const { id, name } = await me()
    expect(await client.emitWithAck('who')).toEqual({ id, name })
    client.close()
  })

  test('who comes past the gateway is not connected, whatever headers say', async () => {
    const forged = { 'postern-user': 'forged', 'postern-assertion': 'e30.e30.x' }
    const { client, outcome } = connected(`http://127.0.0.1:${roomsPort()}`, forged)
    expect(await outcome).toBe('not a player')
    client.close()
  })
})

test.each(['colyseus.mjs', 'socket.io.mjs'])('presets.md shows %s as it is', (name) => {
  const page = readFileSync('docs/upstreams/presets.md', 'utf8')
  expect(page).toContain(`\n${readFileSync(`docs/upstreams/presets/${name}`, 'utf8')}\`\`\`\n`)
})
