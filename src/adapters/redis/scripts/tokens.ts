import type { Script } from '../driver.ts'
import type { KeyName } from '../names.ts'
import { type AuditedScript, define, defineAudited } from '../script.ts'

const KEYS: readonly KeyName[] = ['user', 'token', 'tokenmeta']

// A token under the hash of its secret: `token` holds what never changes as JSON, `tokenmeta` the end (0: never), the
// last use (0: never), the number of uses, and the id.
const TOKEN = `
local function parse(line)
  local ends, used, uses, id = string.match(line, '^(%S*) (%S*) (%S*) (.*)$')
  return { ends = tonumber(ends) or 1, used = tonumber(used) or 0, uses = tonumber(uses) or 0, id = id or '' }
end
local function format(t) return string.format('%.0f %.0f %.0f ', t.ends, t.used, t.uses) .. t.id end
local function over(t, time) return t.ends ~= 0 and not (t.ends > time) end
`

/** Stores a token of a user. */
export const createToken: AuditedScript<'userid' | 'hash' | 'line' | 'json'> = defineAudited(
  'token-create',
  '5e12f22137b5feea71a2415a1c35ee2426889e6d',
  KEYS,
  ['userid', 'hash', 'line', 'json'],
  `
if redis.call('HGET', K.user, 'id') ~= userid then return {'=no-user'} end
redis.call('HSET', K.token, hash, json)
redis.call('HSET', K.tokenmeta, hash, line)
chronicle()
return {'created'}
`,
)

/** Token and owner in one step. */
export const readToken: Script<'hash' | 'time'> = define(
  'token-read',
  'f8ccf8c0c01366d67eff3f3370ba3000f4d9b8a0',
  KEYS,
  ['hash', 'time'],
  `${TOKEN}
local line = redis.call('HGET', K.tokenmeta, hash)
if not line then return {'unknown'} end
local user = redis.call('HGETALL', K.user)
if over(parse(line), tonumber(time)) or #user == 0 then
  redis.call('HDEL', K.token, hash)
  redis.call('HDEL', K.tokenmeta, hash)
  return {'unknown'}
end
return {'live', line, redis.call('HGET', K.token, hash) or '', user}
`,
)

/** Adds uses to a token and moves its last use. */
export const touchToken: Script<'hash' | 'time' | 'count'> = define(
  'token-touch',
  'ef498cbd08cce0a93b4b833decaf08ea3f043f30',
  KEYS,
  ['hash', 'time', 'count'],
  `${TOKEN}
local line = redis.call('HGET', K.tokenmeta, hash)
if not line then return {'unknown'} end
local t = parse(line)
t.used = math.max(t.used, tonumber(time))
t.uses = t.uses + tonumber(count)
redis.call('HSET', K.tokenmeta, hash, format(t))
return {'touched'}
`,
)

/** All tokens of a user. */
export const listTokens: Script<'userid'> = define(
  'token-list',
  '6425528a14be1dc40659576f0bcb11347a7cbe17',
  KEYS,
  ['userid'],
  `
local found = {}
if redis.call('HGET', K.user, 'id') ~= userid then return {'list', found} end
local all = redis.call('HGETALL', K.tokenmeta)
for i = 1, #all, 2 do found[#found + 1] = {all[i + 1], redis.call('HGET', K.token, all[i]) or ''} end
return {'list', found}
`,
)

/** Replaces a token; the old one goes on until a moment. */
export const rotateToken: AuditedScript<'userid' | 'id' | 'hash' | 'line' | 'json' | 'time' | 'overlapend'> =
  defineAudited(
    'token-rotate',
    'ceab4b30ba8983a2ab3657b9fcb46a0d322d7320',
    KEYS,
    ['userid', 'id', 'hash', 'line', 'json', 'time', 'overlapend'],
    `${TOKEN}
if redis.call('HGET', K.user, 'id') ~= userid then return {'=unknown'} end
local all, found = redis.call('HGETALL', K.tokenmeta), false
for i = 1, #all, 2 do
  local t = parse(all[i + 1])
  if t.id == id and not over(t, tonumber(time)) then
    found = true
    if t.ends == 0 or t.ends > tonumber(overlapend) then t.ends = tonumber(overlapend) end
    redis.call('HSET', K.tokenmeta, all[i], format(t))
  end
end
if not found then return {'=unknown'} end
redis.call('HSET', K.token, hash, json)
redis.call('HSET', K.tokenmeta, hash, line)
chronicle()
return {'rotated'}
`,
  )

/** Removes a token by its id, also one that only overlaps. */
export const revokeToken: AuditedScript<'userid' | 'id'> = defineAudited(
  'token-revoke',
  'bba0fa061f750cfb8a43dfab7de44b9c191f6b67',
  KEYS,
  ['userid', 'id'],
  `${TOKEN}
if redis.call('HGET', K.user, 'id') ~= userid then return {'=unknown'} end
local all, found = redis.call('HGETALL', K.tokenmeta), false
for i = 1, #all, 2 do
  if parse(all[i + 1]).id == id then
    found = true
    redis.call('HDEL', K.token, all[i])
    redis.call('HDEL', K.tokenmeta, all[i])
  end
end
if not found then return {'=unknown'} end
chronicle()
return {'revoked'}
`,
)
