import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { GatewayInput } from '../../src/config/define.ts'
import { leaseBook } from '../../src/runtime/lease-book.ts'
import { heartbeat } from '../../src/runtime/node-heartbeat.ts'
import type { PumpRoom } from '../../src/runtime/node-pump.ts'
import { nodeSockets, type SocketFront } from '../../src/runtime/node-sockets.ts'
import { nodeUpstreams } from '../../src/runtime/node-upstreams.ts'
import { requestId } from '../../src/runtime/request-id.ts'
import { ORIGIN, type Workbench, workbench } from './gateway.ts'
import { mustOpen, type Opening, type OpenSocket, openSocket } from './socket-client.ts'
import { startWire, type Wire } from './wire.ts'

/** The socket front of Node in this process, between real sockets: its store calls are counted, its clock is a test's. */
export interface SocketRoom {
  readonly bench: Workbench
  readonly wire: Wire
  readonly room: PumpRoom
  readonly front: SocketFront
  readonly server: Server
  readonly port: number
  /** Headers of a signed-in player. */
  player(): Promise<Readonly<Record<string, string>>>
  open(path: string, headers: Readonly<Record<string, string>>): Promise<OpenSocket>
  ask(path: string, headers: Readonly<Record<string, string>>): Promise<Opening>
  stop(): Promise<void>
}

const POLICIES = {
  'game.yaml': `
upstream: game
users: { defaultRole: player }
permissions: [play]
roles:
  player: { level: 1, permissions: [play] }
rules:
  - path: /room/*
    permission: play
  - path: /quiet/*
    permission: play
    activity: false
  - path: /hasty/*
    permission: play
    timeout: 1s
  - path: /open/*
    access: public
`,
}

/** Starts one over a service of its own. */
export async function socketRoom(
  sockets: GatewayInput['sockets'] = {},
  compression: 'off' | 'on' = 'off',
): Promise<SocketRoom> {
  const wire = await startWire(compression)
  const upstreams = { game: { url: `http://127.0.0.1:${wire.port}`, connectTimeout: 1, responseTimeout: 2 } } as const
  const bench = await workbench(POLICIES, { upstreams, sockets })
  const { gateway } = bench
  const beats = heartbeat(gateway.config.sockets.pingSeconds * 1000)
  const room: PumpRoom = { gateway, leases: leaseBook(gateway), open: new Set(), beats }
  const lines = nodeUpstreams(gateway.config)
  const front = nodeSockets(room, lines)
  const server = createServer()
  server.on('upgrade', (incoming, socket, head) => {
    const arrival = { requestId: requestId(), rawTarget: incoming.url ?? '', address: null, country: null }
    void front.upgrade(incoming, socket, head, arrival)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = (path: string) => `http://127.0.0.1:${port}${path}`
  const host = new URL(ORIGIN).host
  return {
    bench,
    wire,
    room,
    front,
    server,
    port,
    async player() {
      return { cookie: (await bench.signedIn(['player'])).cookie, origin: ORIGIN, host }
    },
    open: (path, headers) => mustOpen(url(path), { headers: { host, ...headers } }),
    ask: (path, headers) => openSocket(url(path), { headers: { host, ...headers } }),
    async stop() {
      for (const end of room.open) end({ code: 1012, reason: 'restarting' })
      room.leases.stop()
      server.closeAllConnections()
      server.close()
      await wire.stop()
      await lines.close()
      bench.close()
    },
  }
}
