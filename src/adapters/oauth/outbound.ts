import type { Seconds } from '../../core/brand.ts'
import { joined } from '../../core/bytes.ts'
import type { Runtime } from '../../ports/runtime.ts'
import { invalid, ProviderTrouble, unavailable } from './trouble.ts'

/** Limits of all calls that one sign-in step makes together. */
export interface OutboundLimits {
  readonly timeoutMs: number
  readonly maxBytes: number
  /** `dangerouslyAllowHttp` of the provider: test doubles on loopback, nothing else. */
  readonly http: 'refuse' | 'allow'
}

/** Outbound calls of one step: one time budget, answers read whole and bounded, redirects refused. */
export interface Outbound {
  readonly runtime: Runtime
  readonly now: Seconds
  readonly http: 'refuse' | 'allow'
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>
  /** Ends the budget's timer. */
  close(): void
}

/** Largest answer of a provider that is read; discovery documents and key sets stay far below. */
export const MAX_ANSWER_BYTES: number = 512 * 1024

const KEPT_HEADERS = ['content-type', 'www-authenticate', 'date'] as const
const LONGEST_RETRY_SECONDS = 3600

/**
 * Seconds to wait by a `Retry-After` value; null when it says nothing usable.
 *
 * @param value - delay in seconds (Discord sends fractions) or an HTTP date
 * @see RFC 9110 section 10.2.3
 */
export function retryAfterSeconds(value: string | null, now: Seconds): number | null {
  if (value === null) return null
  const delay = /^\d+(\.\d+)?$/.test(value) ? Math.ceil(Number(value)) : Math.ceil(Date.parse(value) / 1000) - now
  if (!Number.isFinite(delay)) return null
  return Math.min(Math.max(delay, 1), LONGEST_RETRY_SECONDS)
}

function checkUrl(url: string, http: 'refuse' | 'allow'): void {
  const parsed = URL.parse(url)
  if (parsed === null) throw invalid('endpoint')
  if (parsed.protocol !== 'https:' && !(parsed.protocol === 'http:' && http === 'allow')) throw invalid('endpoint-http')
  if (parsed.username !== '' || parsed.password !== '') throw invalid('endpoint')
}

function until<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    // WHY: first of all: what fails once the time is over would otherwise fail unheard, and that ends the whole gateway.
    work.then(resolve, reject)
    if (signal.aborted) return reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

async function readBounded(
  response: Response,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const stated = Number(response.headers.get('content-length') ?? '0')
  const reader = response.body?.getReader()
  if (reader === undefined) return new Uint8Array(0)
  const parts: Uint8Array[] = []
  let size = 0
  try {
    if (stated > maxBytes) throw unavailable('too-large')
    for (;;) {
      const { done, value } = await until(reader.read(), signal)
      if (done) break
      size += value.byteLength
      // ATTACK: a provider that answers 50 MB must not fill the isolate; Content-Length may be absent or a lie.
      if (size > maxBytes) throw unavailable('too-large')
      parts.push(value)
    }
  } catch (error) {
    // WHY: a body nobody reads keeps its connection; whether cancelling works does not change the outcome.
    reader.cancel().catch(() => undefined)
    throw error
  }
  return joined(parts, size)
}

function retryInBody(body: Uint8Array, type: string): string | null {
  if (!type.includes('json')) return null
  const found = /"retry_after"\s*:\s*(\d+(?:\.\d+)?)/.exec(new TextDecoder().decode(body.subarray(0, 4096)))
  return found?.[1] ?? null
}

function judge(response: Response, body: Uint8Array, now: Seconds): void {
  const { status } = response
  // WHY: widened, because the types of Workers do not know this word; browsers and Deno answer it.
  const type: string = response.type
  // ATTACK: a redirect on a token or key endpoint carries secrets to, or takes keys from, an address nobody configured.
  if (type === 'opaqueredirect' || (status >= 300 && status < 400)) throw invalid('redirect')
  const contentType = response.headers.get('content-type') ?? ''
  const wait = response.headers.get('retry-after') ?? retryInBody(body, contentType)
  if (status === 429) throw unavailable('rate-limited', retryAfterSeconds(wait, now) ?? 60)
  if (status >= 500) throw unavailable(`status-${status}`, retryAfterSeconds(wait, now))
  if (/^text\/html|^application\/xhtml/i.test(contentType)) throw unavailable('html', retryAfterSeconds(wait, now))
}

async function fetchOnce(
  runtime: Runtime,
  limits: OutboundLimits,
  signal: AbortSignal,
  url: string,
  init: RequestInit,
): Promise<Response> {
  checkUrl(url, limits.http)
  const headers = new Headers(init.headers)
  // WHY: Discord and GitHub refuse calls without one, and Workers send none.
  if (!headers.has('user-agent')) headers.set('user-agent', 'Postern')
  try {
    const response = await until(runtime.fetch(url, { ...init, headers, redirect: 'manual', signal }), signal)
    const body = await readBounded(response, limits.maxBytes, signal)
    judge(response, body, runtime.now())
    const kept = new Headers()
    for (const name of KEPT_HEADERS) {
      const value = response.headers.get(name)
      if (value !== null) kept.set(name, value)
    }
    return new Response(response.status === 204 ? null : body, { status: response.status, headers: kept })
  } catch (error) {
    if (error instanceof ProviderTrouble) throw error
    throw unavailable(signal.aborted ? 'timeout' : 'network')
  }
}

/** Opens the budget of one step; the caller closes it. */
export function openOutbound(runtime: Runtime, limits: OutboundLimits): Outbound {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(unavailable('timeout')), limits.timeoutMs)
  return {
    runtime,
    now: runtime.now(),
    http: limits.http,
    fetch: (url, init = {}) => fetchOnce(runtime, limits, controller.signal, url, init),
    close: () => clearTimeout(timer),
  }
}

/** The JSON object of an answer with status 200; anything else is a fault. */
export async function readObject(response: Response): Promise<Readonly<Record<string, unknown>>> {
  if (response.status !== 200) throw invalid(`status-${response.status}`)
  const value = await readJson(response)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('not-an-object')
  return value as Readonly<Record<string, unknown>>
}

/** The JSON value of an answer whatever its status. */
export async function readJson(response: Response): Promise<unknown> {
  try {
    return JSON.parse(await response.text())
  } catch {
    throw invalid('not-json')
  }
}
