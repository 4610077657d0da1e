import type { Script } from '../driver.ts'
import type { KeyName } from '../names.ts'
import { type AuditedScript, define, defineAudited } from '../script.ts'

const KEYS: readonly KeyName[] = ['user', 'token', 'tokenmeta']

// A token under the hash of its secret: `token` holds what never changes as JSON, `tokenmeta` the end (0: never), the
// last use (0: never), the number of uses, whether it was replaced (1) and only overlaps, and the id. A replaced token
// takes the id of its successor, so that ending one ends both.
const TOKEN = `
local function parse(line)
  local ends, used, uses, past, id = string.match(line, '^(%S*) (%S*) (%S*) (%S*) (.*)$')
  return { ends = tonumber(ends) or 1, used = tonumber(used) or 0, uses = tonumber(uses) or 0,
    past = tonumber(past) or 0, id = id or '' }
end
local function format(t) return string.format('%.0f %.0f %.0f %.0f ', t.ends, t.used, t.uses, t.past) .. t.id end
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
  '47c387ef7fcaffed4baa6288f1e3afa51287a484',
  KEYS,
  ['hash', 'time'],
  `${TOKEN}
local line = redis.call('HGET', K.tokenmeta, hash)
if not line then return {'unknown'} end
local user = redis.call('HGETALL', K.user)
if over(parse(line), tonumber(time)) or #user == 0 then return {'unknown'} end
return {'live', line, redis.call('HGET', K.token, hash) or '', user}
`,
)

/** Adds uses to a token and moves its last use. */
export const touchToken: Script<'hash' | 'time' | 'count'> = define(
  'token-touch',
  '3fcad482ce6b68ed1a27671682a5a1fe5fff4353',
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

/** The tokens of a user but those that were replaced. */
export const listTokens: Script<'userid'> = define(
  'token-list',
  'cdd32728a4d26385cfb5f12e3ac5fc9489d584ff',
  KEYS,
  ['userid'],
  `${TOKEN}
local found = {}
if redis.call('HGET', K.user, 'id') ~= userid then return {'list', found} end
local all = redis.call('HGETALL', K.tokenmeta)
for i = 1, #all, 2 do
  if parse(all[i + 1]).past == 0 then found[#found + 1] = {all[i + 1], redis.call('HGET', K.token, all[i]) or ''} end
end
return {'list', found}
`,
)

/** Replaces a token; the old one goes on until a moment. */
export const rotateToken: AuditedScript<'userid' | 'id' | 'newid' | 'hash' | 'line' | 'json' | 'time' | 'overlapend'> =
  defineAudited(
    'token-rotate',
    '373ef661fab0dcba5b9927bdae436441e974ead0',
    KEYS,
    ['userid', 'id', 'newid', 'hash', 'line', 'json', 'time', 'overlapend'],
    `${TOKEN}
if redis.call('HGET', K.user, 'id') ~= userid then return {'=unknown'} end
local all, found = redis.call('HGETALL', K.tokenmeta), false
for i = 1, #all, 2 do
  local t = parse(all[i + 1])
  if t.id == id and t.past == 0 and not over(t, tonumber(time)) then found = true end
end
if not found then return {'=unknown'} end
for i = 1, #all, 2 do
  local t = parse(all[i + 1])
  if t.id == id then
    if t.past == 0 and (t.ends == 0 or t.ends > tonumber(overlapend)) then t.ends = tonumber(overlapend) end
    if t.ends ~= 0 and t.ends <= tonumber(time) then
      redis.call('HDEL', K.token, all[i])
      redis.call('HDEL', K.tokenmeta, all[i])
    else
      t.past, t.id = 1, newid
      redis.call('HSET', K.tokenmeta, all[i], format(t))
    end
  end
end
redis.call('HSET', K.token, hash, json)
redis.call('HSET', K.tokenmeta, hash, line)
chronicle()
return {'rotated'}
`,
  )

/** Removes a token by its id, also one that only overlaps. */
export const revokeToken: AuditedScript<'userid' | 'id'> = defineAudited(
  'token-revoke',
  '3a0bc2eff40cce1be581cac0cf8cdcd3c2c5a578',
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
