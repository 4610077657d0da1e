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
local function drop(hash)
  redis.call('HDEL', K.token, hash)
  redis.call('HDEL', K.tokenmeta, hash)
end
`

/** Stores a token of a user who has fewer than `most` that live; what is over makes room for it. */
export const createToken: AuditedScript<'userid' | 'hash' | 'line' | 'json' | 'time' | 'most'> = defineAudited(
  'token-create',
  '27f558445837f5166a5086788c1eac1c3e15df88',
  KEYS,
  ['userid', 'hash', 'line', 'json', 'time', 'most'],
  `${TOKEN}
if redis.call('HGET', K.user, 'id') ~= userid then return {'=no-user'} end
local all, live, past = redis.call('HGETALL', K.tokenmeta), 0, {}
for i = 1, #all, 2 do
  local t = parse(all[i + 1])
  if over(t, tonumber(time)) then
    past[#past + 1] = { hash = all[i], ends = t.past == 0 and t.ends or 0 }
  elseif t.past == 0 then
    live = live + 1
  end
end
if live >= tonumber(most) then return {'=full'} end
table.sort(past, function(a, b) return a.ends > b.ends or (a.ends == b.ends and a.hash < b.hash) end)
for i = tonumber(most) - live, #past do drop(past[i].hash) end
redis.call('HSET', K.token, hash, json)
redis.call('HSET', K.tokenmeta, hash, line)
chronicle()
return {'created'}
`,
)

/** Token and owner in one step. */
export const readToken: Script<'hash' | 'time'> = define(
  'token-read',
  '9d3a97ac3599645ec2fef4fe06d60d7f3dea7f97',
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
  '4216a6af5a50c2a2d7e0e01bef5d944c78c80e76',
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

/** The tokens of a user but those that were replaced; what was over by then goes. */
export const listTokens: Script<'userid' | 'time'> = define(
  'token-list',
  'e69e289f1b982d4688035e2b0688f12dffd74bdb',
  KEYS,
  ['userid', 'time'],
  `${TOKEN}
local found = {}
if redis.call('HGET', K.user, 'id') ~= userid then return {'list', found} end
local all = redis.call('HGETALL', K.tokenmeta)
for i = 1, #all, 2 do
  local t = parse(all[i + 1])
  if over(t, tonumber(time)) then
    drop(all[i])
  elseif t.past == 0 then
    found[#found + 1] = {all[i + 1], redis.call('HGET', K.token, all[i]) or ''}
  end
end
return {'list', found}
`,
)

/** Replaces a token; the old one goes on until a moment. */
export const rotateToken: AuditedScript<'userid' | 'id' | 'newid' | 'hash' | 'line' | 'json' | 'time' | 'overlapend'> =
  defineAudited(
    'token-rotate',
    '738803a4f1a1c0a17b1a700323fa02284776e23f',
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
      drop(all[i])
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
  'e66e97c5c7837f5762020ebd635f44c2328e3447',
  KEYS,
  ['userid', 'id'],
  `${TOKEN}
if redis.call('HGET', K.user, 'id') ~= userid then return {'=unknown'} end
local all, found = redis.call('HGETALL', K.tokenmeta), false
for i = 1, #all, 2 do
  if parse(all[i + 1]).id == id then
    found = true
    drop(all[i])
  end
end
if not found then return {'=unknown'} end
chronicle()
return {'revoked'}
`,
)
