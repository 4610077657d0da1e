import type { IncomingMessage } from 'node:http'
import process from 'node:process'
import { clearInterval, setInterval } from 'node:timers'
import { createApp } from '../app.ts'
import type { SecretSource } from '../config/secrets.ts'
import { type Arrival, rawTargetOf } from '../pipeline/intake.ts'
import type { PolicyBundle } from '../policy/model.ts'
import type { Config } from '../ports/config.ts'
import { sharedFlights } from '../session/flights.ts'
import { type Built, buildGateway, prepare } from './build.ts'
import { GUESTS_EVERY_MS, guestLook } from './guest-clock.ts'
import { type Library, libraryOf } from './library.ts'
import { addressOf, isCertified, peerOf } from './node-intake.ts'
import { nodeUpstreams } from './node-upstreams.ts'
import { processRuntime } from './process.ts'
import { openStore } from './process-store.ts'
import { logLine } from './report.ts'
import { requestId } from './request-id.ts'
import { tellingStore } from './telling-store.ts'

export { defineGateway, secret } from '../config/define.ts'
export type { Admitted, Caller, Library, PosternVariables } from './library.ts'

/** What a host may set. */
export interface PosternOptions {
  /** Looks up settings and secrets; the environment of the process unless given. */
  readonly environment?: SecretSource
  /** Takes one line of the log; standard output unless given. */
  readonly log?: (line: string) => void
}

/** Postern inside a program of Node or Deno. */
export interface ProcessLibrary extends Library {
  /** Lets store and connections go, after background work. */
  close(): Promise<void>
}

interface Opened extends Built {
  readonly app: ReturnType<typeof createApp>
  close(): Promise<void>
}

const DRAIN_MS = 10_000

/**
 * Postern in somebody's own Hono app on Node or Deno: HTTP and streams. Live sockets need the full proxy there.
 *
 * @param definition - what `hono.config.ts` exports by default
 * @param bundle - `.postern/policies.json`, as `postern compile` writes it
 * @throws StartRefused at once, with every problem of the configuration
 */
export function postern(definition: unknown, bundle: unknown, options: PosternOptions = {}): ProcessLibrary {
  const environment = options.environment ?? ((name) => process.env[name])
  const log = options.log ?? ((line: string) => void process.stdout.write(`${line}\n`))
  const runtime = processRuntime((observation, at) => log(logLine(observation, at)))
  // WHY: JSON has no literal types; `loadPolicy` refuses a format it does not know.
  const prepared = prepare(definition, bundle as PolicyBundle, environment)
  const open = async (): Promise<Opened> => {
    const opened = await openStore(prepared.config, prepared.secrets, runtime)
    // WHY: nothing here looks for a pushed policy by a clock: a stream that outlives all other traffic has to ask for it.
    const upstreams = nodeUpstreams(prepared.config, () => built.policies.keepFresh())
    const store = tellingStore(opened.store, runtime.now, () => undefined)
    const built = await buildGateway(prepared, { store, runtime, upstream: upstreams, flights: sharedFlights() })
    const look = guestLook(built.gateway)
    look()
    // WHY: lets go of the process: when the host has nothing else to do, a clock of ours keeps it no longer.
    const clock = setInterval(look, GUESTS_EVERY_MS).unref()
    const close = async () => {
      clearInterval(clock)
      await runtime.drain(DRAIN_MS)
      await upstreams.close()
      await opened.close()
    }
    return { ...built, app: createApp(prepared.config), close }
  }
  // INVARIANT: everything is this instance's own: two of them in one process share no store, key or memory.
  let opening: Promise<Opened> | null = null
  const opened = () => {
    opening ??= open().catch((error: unknown) => {
      opening = null
      throw error
    })
    return opening
  }
  const library = libraryOf(async (request, env) => {
    const { gateway, policies, app } = await opened()
    await policies.keepFresh()
    return { gateway, app, arrival: arrivalOf(request, env, gateway.config) }
  })
  return {
    ...library,
    async close() {
      if (opening !== null) await (await opening).close()
    },
  }
}

/** What only the server of the host knows: `@hono/node-server` hands its raw request over, `Deno.serve` the peer. */
function arrivalOf(request: Request, env: unknown, config: Config): Arrival {
  const given = (typeof env === 'object' && env !== null ? env : {}) as {
    readonly incoming?: IncomingMessage
    readonly remoteAddr?: { readonly hostname?: string }
  }
  const { incoming } = given
  const peer = incoming === undefined ? (given.remoteAddr?.hostname ?? null) : peerOf(incoming)
  const address = incoming === undefined ? peer : addressOf(incoming, config)
  const { clientCertificate } = config
  const said = clientCertificate === null ? null : request.headers.get(clientCertificate.header)
  const certified = isCertified(said, peer, config)
  const rawTarget = incoming?.url ?? rawTargetOf(request.url)
  return { requestId: requestId(), rawTarget, address, peer, country: null, certified }
}
