import type { Script } from '../driver.ts'
import { type AuditedScript, define, defineAudited } from '../script.ts'

// An identity of a user: `identities` holds when it was linked and JSON, and under `p:` its profile; `order` the order of
// linking; the user's field `primary` the name of the primary one, whose profile is the one shown. A profile is four
// lines of JSON (name, mail, whether it is verified, picture): what a provider leaves out this time stays.
const IDENTITY = `
local function lines(text)
  local parts = {}
  for part in string.gmatch((text or 'null\\nnull\\nfalse\\nnull') .. '\\n', '([^\\n]*)\\n') do parts[#parts + 1] = part end
  return parts
end
local function renewed(known, told)
  local k, t = lines(known), lines(told)
  if t[1] == 'null' then t[1] = k[1] end
  if t[2] == 'null' then t[2], t[3] = k[2], k[3] end
  if t[4] == 'null' then t[4] = k[4] end
  return table.concat(t, '\\n')
end
local function owned(name) return redis.call('HEXISTS', K.identities, name) == 1 end
local function add(name, time, json, profile)
  redis.call('ZADD', K.order, redis.call('HINCRBY', K.user, 'links', 1), name)
  redis.call('HSET', K.identities, name, time .. ' ' .. json, 'p:' .. name, profile)
end
local function show(name)
  local known = redis.call('HGET', K.user, 'profile')
  redis.call('HSET', K.user, 'profile', renewed(known, redis.call('HGET', K.identities, 'p:' .. name)))
end
local function prime(name)
  redis.call('HSET', K.user, 'primary', name)
  show(name)
  redis.call('HINCRBY', K.user, 'epoch', 1)
end
`

/**
 * A person comes back: the profile of the identity is renewed, and the user's where it is the primary one. What the index
 * has to learn of is not done before it was announced there (`marked`).
 */
export const returnUser: Script<'state' | 'userid' | 'name' | 'json' | 'profile' | 'time' | 'marked'> = define(
  'user-return',
  '3c163c1b89b4d3aa8cd0832702f876ec7d6d9836',
  ['user', 'identities', 'order', 'head'],
  ['state', 'userid', 'name', 'json', 'profile', 'time', 'marked'],
  `${IDENTITY}
if redis.call('HGET', K.user, 'id') ~= userid then return {'gone'} end
if not owned(name) then
  if state == 'held' then return {'gone'} end
  return {'unfinished'}
end
local shown = redis.call('HGET', K.user, 'profile')
local after = shown
if redis.call('HGET', K.user, 'primary') == name then
  after = renewed(shown, renewed(redis.call('HGET', K.identities, 'p:' .. name), profile))
end
if marked == '' and (state ~= 'held' or after ~= shown) then return {'mark'} end
local since = string.match(redis.call('HGET', K.identities, name), '^(%S+) ')
local told = renewed(redis.call('HGET', K.identities, 'p:' .. name), profile)
redis.call('HSET', K.identities, name, since .. ' ' .. json, 'p:' .. name, told)
if after ~= shown then
  redis.call('HSET', K.user, 'profile', after)
  redis.call('HINCRBY', K.user, 'epoch', 1)
end
return {'known', redis.call('HGETALL', K.user), redis.call('HGET', K.head, 'seq') or '0'}
`,
)

/** Makes a user from the fields that follow, with an identity where `name` is not empty. */
export const makeUser: AuditedScript<'userid' | 'name' | 'json' | 'profile' | 'time'> = defineAudited(
  'user-make',
  '82b663a7c587b9861032a1e55e64500888602ebb',
  ['user', 'identities', 'order', 'grave'],
  ['userid', 'name', 'json', 'profile', 'time'],
  `${IDENTITY}
local id = redis.call('HGET', K.user, 'id')
if id == userid then return {'=exists'} end
if id then return {'=taken'} end
if redis.call('GET', K.grave) == userid then return {'=buried'} end
for i = REST + 1, #ARGV, 2 do redis.call('HSET', K.user, ARGV[i], ARGV[i + 1]) end
if name ~= '' then
  redis.call('HSET', K.user, 'primary', name)
  add(name, time, json, profile)
end
chronicle()
return {'created', redis.call('HGETALL', K.user)}
`,
)

/** Adds an identity; `role` (empty: no change) makes a guest a full account in the same step. */
export const linkUser: AuditedScript<'time' | 'userid' | 'name' | 'json' | 'profile' | 'primary' | 'role'> =
  defineAudited(
    'user-link',
    '5d0b502139d85375f98b3a844f0d41b14a7ce6ca',
    ['user', 'identities', 'order'],
    ['time', 'userid', 'name', 'json', 'profile', 'primary', 'role'],
    `${IDENTITY}
if redis.call('HGET', K.user, 'id') ~= userid then return {'=no-user'} end
local guest = redis.call('HMGET', K.user, 'guest', 'ends', 'created')
local ends = tonumber(guest[2]) or (tonumber(guest[3]) + 86400)
if role == '' or guest[1] ~= '1' or ends <= tonumber(time) then
  if owned(name) then return {'=already-yours', seq} end
  if role ~= '' then return {'=no-user'} end
end
local first = redis.call('ZCARD', K.order) == 0
if not owned(name) then add(name, time, json, profile) end
if primary == 'primary' or first then prime(name) end
if role ~= '' then redis.call('HSET', K.user, 'guest', '0', 'ends', '', 'roles', role, 'primaryrole', '') end
chronicle()
return {'linked', redis.call('HGETALL', K.user)}
`,
  )

/** Removes an identity, never the last; the oldest one left becomes primary where the primary goes. */
export const unlinkUser: AuditedScript<'userid' | 'name'> = defineAudited(
  'user-unlink',
  '4ef9aba9c81da15e02816aaefa3b5db8fab610e1',
  ['user', 'identities', 'order'],
  ['userid', 'name'],
  `${IDENTITY}
if redis.call('HGET', K.user, 'id') ~= userid or not owned(name) then return {'=unknown'} end
if redis.call('ZCARD', K.order) < 2 then return {'=last'} end
redis.call('HDEL', K.identities, name, 'p:' .. name)
redis.call('ZREM', K.order, name)
if redis.call('HGET', K.user, 'primary') == name then prime(redis.call('ZRANGE', K.order, 0, 0)[1]) end
chronicle()
return {'unlinked', redis.call('HGETALL', K.user)}
`,
)

/** Makes an identity the primary one. */
export const primaryUser: AuditedScript<'userid' | 'name'> = defineAudited(
  'user-primary',
  '4a55116193ece163305123b74a29e59f683c2cd8',
  ['user', 'identities', 'order'],
  ['userid', 'name'],
  `${IDENTITY}
if redis.call('HGET', K.user, 'id') ~= userid or not owned(name) then return {'=unknown'} end
prime(name)
chronicle()
return {'primary', redis.call('HGETALL', K.user)}
`,
)
