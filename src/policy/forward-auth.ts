import type { Rule } from './model.ts'

/** What a rule wants that a proxy which only asks cannot do, and what to do instead. */
export interface Unanswerable {
  readonly key: string
  readonly remedy: string
}

/**
 * The keys of a rule that have no meaning under forward-auth, where Postern sees neither body nor answer of a request and
 * its sockets live elsewhere (DECISIONS 23, 28). A `rateLimit` holds there as everywhere.
 */
export function unanswerable(rule: Rule): readonly Unanswerable[] {
  const { websocket } = rule
  const proxy = 'set it in the proxy'
  const seen = 'it needs the full proxy'
  const wanted: readonly (readonly [boolean, string, string])[] = [
    [rule.body !== null, 'body', `a proxy asks without the body: ${seen}`],
    [rule.onSuccess !== null, 'onSuccess', `a proxy does not tell the answer of the upstream: ${seen}`],
    [rule.quota !== null, 'quota', `a proxy does not tell the answer of the upstream: ${seen}`],
    [rule.maxBody !== null, 'maxBody', `a proxy asks without the body: ${proxy}`],
    [rule.timeoutSeconds !== null, 'timeout', `the proxy waits for the upstream: ${proxy}`],
    [websocket.maxAgeSeconds !== null, 'websocket', `maxAge: the proxy holds the socket: ${proxy}`],
    [websocket.unauthenticated !== 'refuse', 'websocket', `accept-then-close: the proxy holds the socket: ${seen}`],
  ]
  return wanted.flatMap(([isWanted, key, remedy]) => (isWanted && rule.mode === 'enforce' ? [{ key, remedy }] : []))
}
