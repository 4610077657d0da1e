import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Hono } from 'hono'
import { WebSocket, WebSocketServer } from 'ws'
import { createApp } from '../../src/app.ts'
import { secret } from '../../src/config/define.ts'
import { leaseBook } from '../../src/runtime/lease-book.ts'
import { libraryOf } from '../../src/runtime/library.ts'
import { nodeFront } from '../../src/runtime/node-front.ts'
import { heartbeat } from '../../src/runtime/node-heartbeat.ts'
import { nodeSockets } from '../../src/runtime/node-sockets.ts'
import { nodeUpstreams } from '../../src/runtime/node-upstreams.ts'
import { workbench } from '../support/gateway.ts'
import { HOT_POLICIES, type HotFront, hotPathContract } from '../support/store-calls.ts'

const HOST = { host: 'play.example.com', origin: 'https://play.example.com' }

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}

function ended(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

/** The fronts of Node and Deno before a real upstream, over a store whose calls are counted. */
async function fronts() {
  const upstream = createServer((_, response) => response.end('played'))
  const sockets = new WebSocketServer({ server: upstream })
  const game = { url: `http://127.0.0.1:${await listening(upstream)}` }
  const bench = await workbench(HOT_POLICIES, { upstreams: { game } })
  const { gateway } = bench
  const upstreams = nodeUpstreams(gateway.config)
  const leases = leaseBook(gateway)
  const arrivalOf = ({ url = '' }: IncomingMessage) => {
    return { requestId: 'request', rawTarget: url, address: null, country: null }
  }
  const room = { gateway, leases, open: new Set<never>(), beats: heartbeat(25_000) }
  const server = createServer((incoming, outgoing) => {
    void nodeFront(incoming, outgoing, arrivalOf(incoming), gateway, upstreams, room)
  })
  const front = nodeSockets(room, upstreams)
  server.on('upgrade', (incoming, socket, head) => void front.upgrade(incoming, socket, head, arrivalOf(incoming)))
  const port = await listening(server)
  const close = async () => {
    leases.stop()
    for (const socket of sockets.clients) socket.terminate()
    await Promise.all([ended(server), ended(upstream)])
    await upstreams.close()
    bench.close()
  }
  return { bench, port, close }
}

hotPathContract('the web front', async (): Promise<HotFront> => {
  const bench = await workbench(HOT_POLICIES)
  const ask: HotFront['ask'] = async (path, headers) => (await bench.request(path, { headers })).status
  return { bench, ask, passed: 200, close: async () => bench.close() }
})

hotPathContract('the raw front of Node and Deno', async (): Promise<HotFront> => {
  const { bench, port, close } = await fronts()
  const ask: HotFront['ask'] = (path, headers) =>
    new Promise((resolve, reject) => {
      const asked = request({ port, path, headers: { ...HOST, ...headers } }, (answer) => {
        answer.resume()
        answer.once('end', () => resolve(answer.statusCode ?? 0))
      })
      asked.once('error', reject).end()
    })
  return { bench, ask, passed: 200, close }
})

hotPathContract('an upgrade to a socket', async (): Promise<HotFront> => {
  const { bench, port, close } = await fronts()
  const ask: HotFront['ask'] = (path, headers) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { ...HOST, ...headers } })
      socket.once('open', () => {
        socket.terminate()
        resolve(101)
      })
      socket.once('unexpected-response', (_, answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      })
      socket.once('error', reject)
    })
  return { bench, ask, passed: 101, close }
})

hotPathContract('the guard of the library', async (): Promise<HotFront> => {
  const bench = await workbench(HOT_POLICIES)
  const { gateway } = bench
  const app = createApp(gateway.config)
  const { guard } = libraryOf(async ({ url }) => {
    const rawTarget = url.slice(HOST.origin.length)
    return { gateway, app, arrival: { requestId: 'request', rawTarget, address: null, country: null } }
  })
  const host = new Hono().use(guard).get('*', (context) => context.text('a page of the host'))
  const ask: HotFront['ask'] = async (path, headers) =>
    (await host.request(`${HOST.origin}${path}`, { headers: { ...HOST, ...headers } })).status
  return { bench, ask, passed: 200, close: async () => bench.close() }
})

hotPathContract('a proxy that asks by forward-auth', async (): Promise<HotFront> => {
  const forwardAuth = { caddy: { secret: secret('CADDY_SECRET') } }
  const secrets = { CADDY_SECRET: 'c'.repeat(32) }
  const bench = await workbench(HOT_POLICIES, { trustedProxies: ['10.0.0.0/8'], forwardAuth }, { secrets })
  const proven = { 'postern-proxy-secret': secrets.CADDY_SECRET, 'x-forwarded-proto': 'https' }
  const ask: HotFront['ask'] = async (path, headers) => {
    const original = { 'x-forwarded-method': 'GET', 'x-forwarded-uri': path, 'x-forwarded-host': HOST.host }
    const from = { ...proven, ...original, 'x-forwarded-for': '203.0.113.9' }
    return (await bench.request('/auth/verify', { headers: { ...from, ...headers } })).status
  }
  return { bench, ask, passed: 200, close: async () => bench.close() }
})
