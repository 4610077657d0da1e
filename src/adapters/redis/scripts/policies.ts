import type { Script } from '../driver.ts'
import type { KeyName } from '../names.ts'
import { type AuditedScript, define, defineAudited } from '../script.ts'

const KEYS: readonly KeyName[] = ['bundles', 'pushed', 'active']

/** Hash of the version in force. */
export const activePolicy: Script<never> = define(
  'policy-active',
  'd21ad42f2bf2b9fdbeb46901d66e278767100b76',
  ['active'],
  [],
  `return {'active', redis.call('GET', K.active) or ''}`,
)

/** One version: its fixed part, its bundle, and the hash of the version in force. */
export const readPolicy: Script<'hash'> = define(
  'policy-read',
  '2a899ce6c83a923e4f32e8181fb214443cc9816f',
  KEYS,
  ['hash'],
  `
local json = redis.call('HGET', K.bundles, 'j:' .. hash)
if not json then return {'unknown'} end
return {'found', json, redis.call('HGET', K.bundles, 'b:' .. hash) or '', redis.call('GET', K.active) or ''}
`,
)

/** Keeps a version and, with `main`, puts it in force. */
export const pushPolicy: AuditedScript<'hash' | 'json' | 'bundle' | 'time' | 'main'> = defineAudited(
  'policy-push',
  '9b82bcd8128ad7df4f3ae7ede537b6420f155e20',
  KEYS,
  ['hash', 'json', 'bundle', 'time', 'main'],
  `
redis.call('HSET', K.bundles, 'j:' .. hash, json, 'b:' .. hash, bundle)
redis.call('ZADD', K.pushed, redis.call('HINCRBY', K.bundles, '#', 1), hash)
if main ~= '' then redis.call('SET', K.active, hash) end
chronicle()
return {'pushed'}
`,
)

/** Puts a version in force, or (empty) none. */
export const activatePolicy: AuditedScript<'hash'> = defineAudited(
  'policy-activate',
  '0b32263ad306bf991ae1f03bdad3cbf16ebd6b63',
  KEYS,
  ['hash'],
  `
if hash == '' then
  redis.call('DEL', K.active)
elseif redis.call('HEXISTS', K.bundles, 'j:' .. hash) == 0 then
  return {'=unknown'}
else
  redis.call('SET', K.active, hash)
end
chronicle()
return {'activated'}
`,
)

/** The versions pushed last, the newest first. */
export const listPolicies: Script<'most'> = define(
  'policy-list',
  'c9eee7eab6f01c8cc88e2ee3f5a725e83925db97',
  KEYS,
  ['most'],
  `
local found = {}
if tonumber(most) < 1 then return {'list', '', found} end
for i, hash in ipairs(redis.call('ZREVRANGE', K.pushed, 0, tonumber(most) - 1)) do
  found[i] = {redis.call('HGET', K.bundles, 'j:' .. hash), redis.call('HGET', K.bundles, 'b:' .. hash)}
end
return {'list', redis.call('GET', K.active) or '', found}
`,
)
