import { waitUntil } from 'cloudflare:workers'
import json from '../../.postern/policies.json' with { type: 'json' }
import definition from '../../hono.config.ts'
import { createApp } from '../app.ts'
import { seconds } from '../core/brand.ts'
import { base64url } from '../core/bytes.ts'
import { rawTargetOf } from '../pipeline/intake.ts'
import type { PolicyBundle } from '../policy/model.ts'
import type { Gateway } from '../ports/gateway.ts'
import type { Observation } from '../ports/observation.ts'
import type { Runtime } from '../ports/runtime.ts'
import { buildGateway, prepare } from './build.ts'
import { durableStore } from './durable-store.ts'
import { fetchUpstream } from './fetch-upstream.ts'
import { logLine } from './report.ts'
import type { StoreObject } from './store-object.ts'

export { StoreObject } from './store-object.ts'

/** Bindings of wrangler.toml; secrets are looked up by name. */
export interface Env {
  readonly STORE: DurableObjectNamespace<StoreObject>
  readonly [name: string]: unknown
}

function observe(observation: Observation): void {
  console.log(logLine(observation, new Date()))
}

const runtime: Runtime = {
  now: () => seconds(Math.floor(Date.now() / 1000)),
  ticks: () => performance.now(),
  random: (count) => crypto.getRandomValues(new Uint8Array(count)),
  fetch: (url, init) => fetch(url, { ...init, redirect: 'manual' }),
  background: (work) =>
    waitUntil(
      work.catch((error: unknown) => observe({ kind: 'background-failed', task: 'request', reason: String(error) })),
    ),
  observe,
}

// WHY: JSON has no literal types; `compile` wrote it, and `loadPolicy` refuses a format it does not know.
const bundle = json as unknown as PolicyBundle

// WHY: values of the isolate, never a request's: what one request awaits is never another's promise (DECISIONS).
let gateway: Gateway | null = null
let app: ReturnType<typeof createApp> | null = null

async function gatewayOf(env: Env): Promise<Gateway> {
  if (gateway !== null) return gateway
  const prepared = prepare(definition, bundle, (name) => (typeof env[name] === 'string' ? env[name] : undefined))
  const shards = prepared.config.store.kind === 'embedded' ? prepared.config.store.shards : 1
  const built = await buildGateway(prepared, {
    store: durableStore(env.STORE, shards),
    runtime,
    upstream: fetchUpstream(prepared.config, env),
  })
  gateway ??= built
  app ??= createApp(prepared.config)
  return gateway
}

function starting(error: unknown): Response {
  observe({ kind: 'bug', requestId: '-', message: error instanceof Error ? error.message : String(error), stack: '' })
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

/** The Worker: every request goes to the app of a gateway that is made once an isolate. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    let ready: Gateway
    try {
      ready = await gatewayOf(env)
    } catch (error) {
      // INVARIANT: fails closed: without a checked configuration nothing is forwarded.
      return starting(error)
    }
    const address = ready.config.platform === 'cloudflare' ? request.headers.get('cf-connecting-ip') : null
    const country = ready.config.platform === 'cloudflare' ? request.headers.get('cf-ipcountry') : null
    const arrival = { requestId: base64url(runtime.random(12)), rawTarget: rawTargetOf(request.url), address, country }
    return (app ?? createApp(ready.config)).fetch(request, { gateway: ready, arrival })
  },
}
