import type { Script } from './driver.ts'
import type { KeyName } from './names.ts'

/** Arguments of every script that writes an audit record: where the chain is believed to stand, and the next link. */
export type ChainArgument = 'seq' | 'prev' | 'entry' | 'next'

/** A script that writes one audit record in the same step as its change. */
export type AuditedScript<A extends string> = Script<A | ChainArgument>

function header(keys: readonly KeyName[], args: readonly string[]): string {
  const names = keys.map((key, at) => `${key}=KEYS[${at + 1}]`).join(',')
  const values = args.map((_, at) => `ARGV[${at + 1}]`).join(',')
  const locals = args.length === 0 ? '' : `local ${args.join(',')}=${values}\n`
  return `local K={${names}}\n${locals}local REST=${args.length}\n`
}

/** A script with its keys and arguments under their names; what follows the named arguments starts at ARGV[REST+1]. */
export function define<A extends string>(
  name: string,
  sha: string,
  keys: readonly KeyName[],
  args: readonly A[],
  body: string,
): Script<A> {
  return { name, sha, keys, args, source: header(keys, args) + body.trim() }
}

// INVARIANT: a record is linked to the one before it inside the step that makes the change. The link is computed
// outside, because Redis has no SHA-256; when the chain has moved meanwhile nothing is changed and the caller links anew.
const CHAIN = `
local function moved()
  local at = redis.call('HMGET', K.head, 'seq', 'hash')
  local s, h = at[1] or '0', at[2] or ''
  if s == seq and h == prev then return nil end
  return {'moved', s, h}
end
local function chronicle()
  redis.call('RPUSH', K.log, next .. entry)
  redis.call('HSET', K.head, 'seq', string.format('%.0f', tonumber(seq) + 1), 'hash', next)
end
local stop = moved()
if stop then return stop end
`

/** Like `define`, for a change that writes an audit record: the body calls `chronicle()` where the change is made. */
export function defineAudited<A extends string>(
  name: string,
  sha: string,
  keys: readonly KeyName[],
  args: readonly A[],
  body: string,
): AuditedScript<A> {
  const chained: readonly (A | ChainArgument)[] = ['seq', 'prev', 'entry', 'next', ...args]
  return define(name, sha, ['log', 'head', ...keys], chained, CHAIN.trim() + body)
}
