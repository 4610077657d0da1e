import type { Way } from './node-hop.ts'

/** Milliseconds after which a check that has not been answered is missed. */
const PATIENCE_MS = 5_000

/**
 * Asks an upstream for its health path every so often, whoever else asks it for something: below 500 is well, everything
 * else counts towards its breaker, and the first that is well closes it. Nothing of a player is in such a request.
 *
 * @param host - the public host, where the upstream wants to see that one
 * @returns how to stop
 */
export function startChecks({ upstream, pool, line, tlsName: servername }: Way, host: string): () => void {
  const path = upstream.healthPath
  if (path === null) return () => undefined
  let isAsking = false
  const check = async () => {
    if (isAsking) return
    isAsking = true
    try {
      const { statusCode, body } = await pool.request({
        path,
        method: 'GET',
        headers: { 'user-agent': 'postern-health', ...(upstream.preserveHost ? { host } : {}) },
        ...(servername === undefined ? {} : { servername }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      })
      await body.dump()
      if (statusCode < 500) line.answered()
      else line.missed()
    } catch {
      // WHY: whatever went wrong, it is one more check that was missed, and counted.
      line.missed()
    } finally {
      isAsking = false
    }
  }
  const timer = setInterval(() => void check(), upstream.healthEveryMs)
  timer.unref?.()
  void check()
  return () => clearInterval(timer)
}
