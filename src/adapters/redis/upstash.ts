import { Redis } from '@upstash/redis/cloudflare'
import { StoreUnavailable } from '../../ports/store.ts'
import { asReply, isUnknownScript, messageOf, type RedisDriver, type Reply, type Script, scrubbed } from './driver.ts'

/** How to reach Upstash Redis over REST. */
export interface UpstashOptions {
  readonly url: string
  readonly token: string
  /** Longest wait for one answer. */
  readonly timeoutMs: number
}

function failure(operation: string, thrown: unknown): StoreUnavailable {
  if (thrown instanceof StoreUnavailable) return thrown
  if (!(thrown instanceof Error)) return new StoreUnavailable(operation, 'failed')
  if (thrown.name === 'TimeoutError' || thrown.name === 'AbortError') {
    return new StoreUnavailable(operation, 'no answer in time')
  }
  // ATTACK: the client puts the whole command, session hashes and records included, into its message.
  if (thrown.name === 'UpstashError') return new StoreUnavailable(operation, scrubbed(thrown.message))
  return new StoreUnavailable(operation, 'no connection')
}

/**
 * The driver over Upstash's REST protocol; runs on every runtime.
 *
 * @see research: users.md U1, U2, U5 for each setting
 */
export function upstashDriver(options: UpstashOptions): RedisDriver {
  const client = new Redis({
    url: options.url,
    token: options.token,
    retry: { retries: 0 },
    // WHY: as a function it is made anew for each call and makes the client throw; a plain signal makes it invent a success.
    signal: () => AbortSignal.timeout(options.timeoutMs),
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    latencyLogging: false,
  })
  async function evaluate(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    try {
      return await client.evalsha<string[], unknown>(script.sha, [...keys], [...args])
    } catch (thrown) {
      if (!isUnknownScript(messageOf(thrown))) throw thrown
      return await client.eval<string[], unknown>(script.source, [...keys], [...args])
    }
  }
  return {
    async run(script: Script, keys: readonly string[], args: readonly string[]): Promise<Reply> {
      try {
        return asReply(script.name, await evaluate(script, keys, args))
      } catch (thrown) {
        throw failure(script.name, thrown)
      }
    },
  }
}
