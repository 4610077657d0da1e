import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import process from 'node:process'
import { getRequestListener } from '@hono/node-server'
import { createApp } from '../app.ts'
import type { SecretSource } from '../config/secrets.ts'
import type { UserId } from '../core/brand.ts'
import { mayBeOwn } from '../core/target.ts'
import type { Arrival } from '../pipeline/intake.ts'
import { sharedFlights } from '../session/flights.ts'
import { buildGateway, prepare, StartRefused } from './build.ts'
import { compileFolder, FolderProblem, importDefinition } from './folder.ts'
import { guestClock } from './guest-clock.ts'
import { type LeaseBook, leaseBook } from './lease-book.ts'
import { lineWriter } from './line-writer.ts'
import { hasBody, invite } from './node-answer.ts'
import { bodyDeadline, HEAD_LOOK_MS, HEAD_MS } from './node-deadline.ts'
import { nodeFront } from './node-front.ts'
import { heartbeat } from './node-heartbeat.ts'
import { addressOf, isCertified, peerOf } from './node-intake.ts'
import { answersInOrder } from './node-order.ts'
import type { PumpRoom } from './node-pump.ts'
import { nodeSockets } from './node-sockets.ts'
import { StoreFileProblem } from './node-sqlite.ts'
import { nodeTokenReader } from './node-token.ts'
import { nodeUpstreams } from './node-upstreams.ts'
import { watchPolicies } from './policy-watch.ts'
import { processRuntime } from './process.ts'
import { actOnChanges } from './process-changes.ts'
import { DRAIN_MS, drainServer } from './process-drain.ts'
import { linesLost, standardOutput } from './process-output.ts'
import { openStore } from './process-store.ts'
import { requestId } from './request-id.ts'
import { type Tell, tellingStore } from './telling-store.ts'

/** Looks up a setting or secret: the environment, or the file that `<NAME>_FILE` names. */
const environment: SecretSource = (name) => {
  const file = process.env[`${name}_FILE`]
  if (process.env[name] !== undefined || file === undefined || !existsSync(file)) return process.env[name]
  return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
}

const FIRST_ADMIN_HINT = 'where nobody administers this yet, `postern admin invite` prints a link for whoever shall'
/** How often a pushed policy is looked for: it serves within 10 s everywhere. */
const LOOK_EVERY_MS = 4_000

/** What is served in the place of what `hono.config.ts` exports. */
type Adjust = (definition: unknown) => unknown

async function serve(name: 'node' | 'deno', adjust: Adjust): Promise<void> {
  const log = lineWriter(standardOutput(), linesLost)
  process.once('exit', log.flush)
  const runtime = processRuntime(log.report)
  const folder = process.cwd()
  const definition = adjust(await importDefinition(folder))
  const bundle = await compileFolder(folder, definition, environment)
  const prepared = prepare(definition, bundle, environment)
  const { config } = prepared
  const opened = await openStore(config, prepared.secrets, runtime)
  const upstreams = nodeUpstreams(config)
  let tell: Tell = () => undefined
  let openSockets: LeaseBook['heldByUser'] = () => 0
  const store = tellingStore(opened.store, runtime.now, (change) => tell(change))
  const backup = opened.backup === undefined ? {} : { backup: opened.backup }
  const crypto = name === 'node' ? { tokenReader: nodeTokenReader } : {}
  const drivers = {
    store,
    runtime,
    upstream: upstreams,
    flights: sharedFlights(),
    ...backup,
    ...crypto,
    openSockets: (user: UserId) => openSockets(user),
  }
  const { gateway, policies } = await buildGateway(prepared, drivers)
  const watching = watchPolicies(folder, gateway, policies)
  const looking = setInterval(() => runtime.background(policies.look()), LOOK_EVERY_MS)
  const guests = guestClock(gateway)
  const app = createApp(config)
  const leases = leaseBook(gateway)
  openSockets = leases.heldByUser
  tell = actOnChanges({ gateway, policies, leases, news: opened.news })
  const room: PumpRoom = { gateway, leases, open: new Set(), beats: heartbeat(config.sockets.pingSeconds * 1000) }
  const sockets = nodeSockets(room, upstreams)
  const { clientCertificate: certificate } = config
  const arrivalOf = (incoming: IncomingMessage): Arrival => {
    const peer = peerOf(incoming)
    const address = addressOf(incoming, config, peer)
    const began = gateway.runtime.ticks()
    const certified = certificate !== null && isCertified(incoming.headers[certificate.header], peer, config)
    return { requestId: requestId(), rawTarget: incoming.url ?? '', address, peer, country: null, certified, began }
  }
  const order = answersInOrder()
  const listen = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    order.asked(incoming, outgoing)
    const arrival = arrivalOf(incoming)
    // WHY: whoever still comes over a kept-alive connection is answered, and told that it is the last time here.
    if (!server.listening) outgoing.shouldKeepAlive = false
    if (!mayBeOwn(arrival.rawTarget, config.prefix))
      return void nodeFront(incoming, outgoing, arrival, gateway, upstreams, room)
    invite(incoming, outgoing)
    if (hasBody(incoming)) bodyDeadline(incoming, outgoing)
    return void getRequestListener((request) => app.fetch(request, { gateway, arrival }))(incoming, outgoing)
  }
  // WHY: how long an upload may take is its upstream's idle time, piece by piece; the whole of one has no limit. Without a time
  // of its own for the head, the limit that is not there would be that of heads, too.
  const times = { keepAliveTimeout: 65_000, requestTimeout: 0, headersTimeout: HEAD_MS }
  const bounds = { ...times, connectionsCheckingInterval: HEAD_LOOK_MS, maxHeaderSize: 64 * 1024 }
  // WHY: a request without a body needs no stream of one; to end an empty stream costs Node 5 % of a request.
  const server = createServer({ ...bounds, optimizeEmptyRequests: name === 'node' }, listen)
  server.on('checkContinue', listen)
  server.on('upgrade', (incoming, socket, head) => {
    order.whenAnswered(socket, () => void sockets.upgrade(incoming, socket, head, arrivalOf(incoming)))
  })
  const port = Number(process.env['PORT'] ?? new URL(config.origin).port) || 8787
  const host = process.env['HOST'] ?? '127.0.0.1'
  // INVARIANT: fails closed: a gateway that cannot listen ends, and says which address that was.
  const refused = ({ code = 'unknown' }: NodeJS.ErrnoException) => {
    const remedy = code === 'EADDRINUSE' ? 'stop the program that has it' : 'choose another HOST'
    process.stderr.write(`${host}:${port} cannot be listened at (${code}): ${remedy}, or set PORT to a free port\n`)
    process.exit(3)
  }
  server.once('error', refused)
  server.listen(port, host, () => {
    server.off('error', refused)
    runtime.observe({ kind: 'started', runtime: name, origin: config.origin, policy: gateway.policy().hash })
    if (config.firstAdmins.length === 0) runtime.observe({ kind: 'first-admin-unnamed', hint: FIRST_ADMIN_HINT })
  })
  const stop = async () => {
    sockets.refuseNew()
    await drainServer(server, room)
    await runtime.drain(DRAIN_MS)
    leases.stop()
    watching.close()
    clearInterval(looking)
    guests.stop()
    await upstreams.close()
    await opened.close()
    runtime.observe({ kind: 'stopped', runtime: name })
    process.exit(0)
  }
  process.once('SIGTERM', () => void stop())
  process.once('SIGINT', () => void stop())
}

/** Serves the deployment of the working folder until it is told to stop; a problem ends it with status 3 and every reason. */
export async function run(name: 'node' | 'deno', adjust: Adjust = (definition) => definition): Promise<void> {
  try {
    await serve(name, adjust)
  } catch (error) {
    if (!(error instanceof StartRefused || error instanceof FolderProblem || error instanceof StoreFileProblem))
      throw error
    // INVARIANT: fails closed: a deployment with a problem does not listen.
    process.stderr.write(`${error.message}\n`)
    process.exit(3)
  }
}
