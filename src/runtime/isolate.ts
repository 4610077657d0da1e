import { waitUntil } from 'cloudflare:workers'
import { redisStore } from '../adapters/redis/store.ts'
import { upstashDriver } from '../adapters/redis/upstash.ts'
import { answerRequest, createApp } from '../app.ts'
import { seconds } from '../core/brand.ts'
import { rawTargetOf } from '../pipeline/intake.ts'
import type { PolicyBundle } from '../policy/model.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { Observation } from '../ports/observation.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { Store } from '../ports/store.ts'
import { type Built, buildGateway, type Prepared, prepare } from './build.ts'
import { ANSWER_LIMIT_MS, durableStore } from './durable-store.ts'
import { fetchUpstream } from './fetch-upstream.ts'
import { endGuestsNow } from './guest-clock.ts'
import { isolateLines } from './isolate-lines.ts'
import type { Ready } from './library.ts'
import { isCertifiedByPlatform } from './platform-certificate.ts'
import { logLine } from './report.ts'
import { requestClock } from './request-clock.ts'
import { requestId } from './request-id.ts'
import { tellSessions } from './session-counts.ts'
import type { SocketHolder } from './socket-object.ts'
import type { StoreObject } from './store-object.ts'
import { type Change, tellingStore } from './telling-store.ts'

/** Bindings of wrangler.toml; secrets are looked up by name. */
export interface Env {
  readonly STORE: DurableObjectNamespace<StoreObject>
  /** Absent: leased sockets are refused, `lease: off` is all there is. */
  readonly SOCKETS?: DurableObjectNamespace<SocketHolder>
  readonly [name: string]: unknown
}

/** What an isolate serves with. */
export interface Isolate {
  built(env: Env): Promise<Built>
  /** Ends guest accounts that are over: by the alarm of the index, which is alone in doing so. */
  endGuests(env: Env): Promise<void>
  /** Tells the log how many sessions there are: by the alarm of the index too. */
  tellSessions(env: Env): Promise<void>
  /** What a request is judged with; a Response when nothing can be served. */
  ready(request: Request, env: Env): Promise<Ready | Response>
  fetch(request: Request, env: Env): Promise<Response>
}

const lines = isolateLines({
  write: (text) => console.log(text),
  later: (ms, then) => waitUntil(new Promise<void>((resolve) => setTimeout(resolve, ms)).then(then)),
})

// WHY: Cloudflare reads fields out of a call with one JSON object, and keeps it with its request (docs/adr/0033).
let isJoined = false

/** Milliseconds since the epoch. WHY: the same clock as `Date.now` on Workers, at a fifth of what asking that costs there. */
function milliseconds(): number {
  return Math.floor(performance.timeOrigin + performance.now())
}

function observe(observation: Observation): void {
  if (isJoined && observation.kind === 'request') lines(observation, milliseconds())
  else console.log(logLine(observation, milliseconds()))
}

const runtime: Runtime = {
  now: () => seconds(Math.floor(milliseconds() / 1000)),
  ticks: () => performance.now(),
  random: (count) => crypto.getRandomValues(new Uint8Array(count)),
  fetch: (url, init) => fetch(url, { ...init, redirect: 'manual' }),
  background: (work) =>
    waitUntil(
      work.catch((error: unknown) => observe({ kind: 'background-failed', task: 'request', reason: String(error) })),
    ),
  observe,
}

function storeOf({ config, secrets }: Prepared, env: Env): Store {
  const { store } = config
  if (store.kind === 'embedded') return durableStore(env.STORE, store.shards)
  if (store.kind === 'redis')
    throw new Error('hono.config.ts: PST501 store.kind redis speaks TCP, which Workers cannot: use upstash or embedded')
  const [url, token] = [secrets.get(store.url.secret) ?? '', secrets.get(store.token.secret) ?? '']
  return redisStore(upstashDriver({ url, token, timeoutMs: ANSWER_LIMIT_MS }), { prefix: store.prefix, turns: 'none' })
}

/** Socket objects told of one write; the others find out by themselves within 5 s. */
const MOST_TOLD = 32

/** Tells the socket objects of the sessions concerned, beside the request that made the change. */
function tellObjects({ SOCKETS }: Env): (change: Change) => void {
  return (change) => {
    if (SOCKETS === undefined || !('sids' in change)) return
    for (const sid of change.sids.slice(0, MOST_TOLD))
      runtime.background(SOCKETS.get(SOCKETS.idFromName(sid)).recheck())
  }
}

function starting(error: unknown): Response {
  observe({ kind: 'not-ready', reason: error instanceof Error ? error.message : String(error) })
  const body = JSON.stringify({
    title: 'Short interruption',
    status: 503,
    code: 'not_ready',
    detail: 'The gateway cannot serve yet; its log says why.',
  })
  return new Response(body, {
    status: 503,
    headers: { 'content-type': 'application/problem+json', 'retry-after': '2', 'cache-control': 'no-store' },
  })
}

/** A deployment on Workers: a gateway that is made once an isolate, and the app every request goes to. */
export function isolate(definition: unknown, bundle: PolicyBundle): Isolate {
  // WHY: values of the isolate, never a request's: what one request awaits is never another's promise (DECISIONS).
  let kept: Built | null = null
  let app: ReturnType<typeof createApp> | null = null
  // WHY: Cloudflare tells each request where it came in, and workerd by itself never: a wrong `platform` must not turn
  // its cache on.
  let isEdge: boolean | null = null
  const built = async (env: Env): Promise<Built> => {
    if (kept !== null) return kept
    const prepared = prepare(
      definition,
      bundle,
      (name) => (typeof env[name] === 'string' ? env[name] : undefined),
      'workers',
    )
    const fresh = await buildGateway(prepared, {
      store: tellingStore(storeOf(prepared, env), runtime.now, tellObjects(env)),
      runtime,
      upstream: fetchUpstream(prepared.config, env, {
        clock: runtime.ticks,
        prepare: async () => {
          await kept?.policies.keepFresh()
        },
        keeps: () => prepared.config.platform === 'cloudflare' || isEdge !== false,
        failed: (error) => observe({ kind: 'background-failed', task: 'stream', reason: String(error) }),
      }),
    })
    kept ??= fresh
    isJoined = prepared.config.platform === 'self'
    app ??= createApp(prepared.config)
    return kept
  }
  // WHY: where no Durable Object has an alarm, requests are the only clock there is.
  const tick = requestClock(Date.now)
  const arrived = (request: Request, gateway: Gateway): Ready => {
    isEdge ??= 'cf' in request && request.cf !== undefined
    const isCloudflare = gateway.config.platform === 'cloudflare'
    const address = isCloudflare ? request.headers.get('cf-connecting-ip') : null
    const country = isCloudflare ? request.headers.get('cf-ipcountry') : null
    const rawTarget = rawTargetOf(request.url)
    const began = gateway.runtime.ticks()
    const certified = isCloudflare && isCertifiedByPlatform(request)
    const arrival = { requestId: requestId(), rawTarget, address, peer: address, country, certified, began }
    return { gateway, arrival, app: app ?? createApp(gateway.config) }
  }
  const ready = async (request: Request, env: Env): Promise<Ready | Response> => {
    let gateway: Gateway
    try {
      const { gateway: made, policies } = await built(env)
      await policies.keepFresh()
      gateway = made
      tick(gateway)
    } catch (error) {
      // INVARIANT: fails closed: without a checked configuration nothing is forwarded.
      return starting(error)
    }
    return arrived(request, gateway)
  }
  const answered = async (request: Request, env: Env): Promise<Response> => {
    const judge = await ready(request, env)
    return judge instanceof Response ? judge : answerRequest(judge.app, request, judge)
  }
  return {
    built,
    endGuests: async (env) => endGuestsNow((await built(env)).gateway, 'alone'),
    tellSessions: async (env) => tellSessions((await built(env)).gateway),
    ready,
    fetch(request, env) {
      // WHY: most requests meet a gateway that is made and a policy that is fresh: they need to wait for neither.
      if (kept === null || !kept.policies.isFresh) return answered(request, env)
      const { gateway } = kept
      tick(gateway)
      const judge = arrived(request, gateway)
      return answerRequest(judge.app, request, judge)
    },
  }
}
