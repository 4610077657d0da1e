import { type AuditedScript, defineAudited } from '../script.ts'

// An identity of a user: `identities` holds when it was linked and JSON, `order` the order of linking, the user's field
// `primary` the name of the primary one. The profile shown is the primary's.
const IDENTITY = `
local function adopt(name, time, json)
  local known = redis.call('HGET', K.identities, name)
  local since = known and string.match(known, '^(%S+) ') or time
  if not known then redis.call('ZADD', K.order, redis.call('HINCRBY', K.user, 'links', 1), name) end
  redis.call('HSET', K.identities, name, since .. ' ' .. json)
  return not known
end
local function show(profile)
  if redis.call('HGET', K.user, 'profile') == profile then return end
  redis.call('HSET', K.user, 'profile', profile)
  redis.call('HINCRBY', K.user, 'epoch', 1)
end
local function renamed(name)
  return redis.call('HGET', K.identities, 'p:' .. name)
end
local function put(name, time, json, profile)
  local fresh = adopt(name, time, json)
  redis.call('HSET', K.identities, 'p:' .. name, profile)
  return fresh
end
`

/** Signs a person in: renews the profile of the identity, or makes the user from the fields that follow. */
export const signInUser: AuditedScript<'time' | 'state' | 'userid' | 'name' | 'json' | 'profile'> = defineAudited(
  'user-sign-in',
  'fc8be582c8458d77b2ede1d81053904d32ae7021',
  ['user', 'identities', 'order'],
  ['time', 'state', 'userid', 'name', 'json', 'profile'],
  `${IDENTITY}
local id = redis.call('HGET', K.user, 'id')
local word = 'known'
if not id then
  if state ~= 'new' or #ARGV == REST then return {'=stale'} end
  for i = REST + 1, #ARGV, 2 do redis.call('HSET', K.user, ARGV[i], ARGV[i + 1]) end
  redis.call('HSET', K.user, 'primary', name)
  word = 'created'
elseif id ~= userid then
  return {'=stale'}
elseif state == 'held' and redis.call('HEXISTS', K.identities, name) == 0 then
  return {'=stale'}
end
put(name, time, json, profile)
if word == 'known' and redis.call('HGET', K.user, 'primary') == name then show(profile) end
chronicle()
if word == 'created' then return {'created', redis.call('HGETALL', K.user)} end
return {'known', redis.call('HGETALL', K.user)}
`,
)

/** Makes a user without identity from the fields that follow. */
export const createUser: AuditedScript<never> = defineAudited(
  'user-create',
  '335d7ef7b70e200d6c3f18f4e48b676c31477e08',
  ['user'],
  [],
  `
if redis.call('EXISTS', K.user) == 1 then return {'=taken'} end
for i = REST + 1, #ARGV, 2 do redis.call('HSET', K.user, ARGV[i], ARGV[i + 1]) end
chronicle()
return {'created'}
`,
)

/** Adds an identity; `role` (empty: no change) makes a guest a full account in the same step. */
export const linkUser: AuditedScript<'time' | 'userid' | 'name' | 'json' | 'profile' | 'primary' | 'role'> =
  defineAudited(
    'user-link',
    'e6443646542dc244c4bfb855a1bc3324e681e75f',
    ['user', 'identities', 'order'],
    ['time', 'userid', 'name', 'json', 'profile', 'primary', 'role'],
    `${IDENTITY}
if redis.call('HGET', K.user, 'id') ~= userid then return {'=no-user'} end
local guest = redis.call('HGET', K.user, 'guest') == '1'
if role ~= '' and not guest then return {'=no-user'} end
if redis.call('HEXISTS', K.identities, name) == 1 and role == '' then return {'=already-yours'} end
put(name, time, json, profile)
if primary == 'primary' or redis.call('ZCARD', K.order) == 1 then
  redis.call('HSET', K.user, 'primary', name)
  show(profile)
end
if role ~= '' then
  redis.call('HSET', K.user, 'guest', '0', 'ends', '', 'roles', role, 'primaryrole', '')
  redis.call('HINCRBY', K.user, 'epoch', 1)
end
chronicle()
return {'linked', redis.call('HGETALL', K.user)}
`,
  )

/** Removes an identity, never the last; the oldest one left becomes primary where the primary goes. */
export const unlinkUser: AuditedScript<'userid' | 'name'> = defineAudited(
  'user-unlink',
  'c379cf5e5de70f93547287971c659e4b03b57b10',
  ['user', 'identities', 'order'],
  ['userid', 'name'],
  `${IDENTITY}
if redis.call('HGET', K.user, 'id') ~= userid or redis.call('HEXISTS', K.identities, name) == 0 then return {'=unknown'} end
if redis.call('ZCARD', K.order) < 2 then return {'=last'} end
redis.call('HDEL', K.identities, name, 'p:' .. name)
redis.call('ZREM', K.order, name)
if redis.call('HGET', K.user, 'primary') == name then
  local oldest = redis.call('ZRANGE', K.order, 0, 0)[1]
  redis.call('HSET', K.user, 'primary', oldest)
  show(renamed(oldest))
end
chronicle()
return {'unlinked', redis.call('HGETALL', K.user)}
`,
)

/** Makes an identity the primary one. */
export const primaryUser: AuditedScript<'userid' | 'name'> = defineAudited(
  'user-primary',
  '2b2f9ee715670512cdbb4e503847e5b256d7939a',
  ['user', 'identities', 'order'],
  ['userid', 'name'],
  `${IDENTITY}
if redis.call('HGET', K.user, 'id') ~= userid or redis.call('HEXISTS', K.identities, name) == 0 then return {'=unknown'} end
redis.call('HSET', K.user, 'primary', name)
show(renamed(name))
chronicle()
return {'primary', redis.call('HGETALL', K.user)}
`,
)

// ATTACK: two admins who remove each other at once, or one whose last admin's role is taken while another is banned.
// Whoever stops being an admin needs a claim in the index first; see `claimAdmin`.
const GUARD = `
local function set(text)
  local words = {}
  for word in string.gmatch(text, '[^\\n]+') do words[word] = true end
  return words
end
local function admin(roles, standing, names)
  if standing ~= '{"kind":"active"}' then return false end
  local wanted = set(names)
  for word in string.gmatch(roles, '[^\\n]+') do
    if wanted[word] then return true end
  end
  return false
end
local function same(a, b)
  local left, right = set(a), set(b)
  for word in pairs(left) do if not right[word] then return false end end
  for word in pairs(right) do if not left[word] then return false end end
  return true
end
if redis.call('HGET', K.user, 'id') ~= userid then return {'=no-user'} end
local now = redis.call('HMGET', K.user, 'roles', 'standing', 'primaryrole', 'guest', 'ends', 'created')
`

/** Replaces the roles. */
export const setUserRoles: AuditedScript<'userid' | 'roles' | 'main' | 'admins' | 'claimed'> = defineAudited(
  'user-roles',
  '5c2418cc5854c1ddc1004b0838d3f36f6a74f75b',
  ['user'],
  ['userid', 'roles', 'main', 'admins', 'claimed'],
  `${GUARD}
if same(now[1], roles) and now[3] == main then return {'=unchanged'} end
if admin(now[1], now[2], admins) and not admin(roles, now[2], admins) and claimed == '' then return {'=guard'} end
redis.call('HSET', K.user, 'roles', roles, 'primaryrole', main)
redis.call('HINCRBY', K.user, 'epoch', 1)
chronicle()
return {'changed', redis.call('HGETALL', K.user)}
`,
)

/** Sets whether the account may be used. */
export const setUserStanding: AuditedScript<'userid' | 'standing' | 'admins' | 'claimed'> = defineAudited(
  'user-standing',
  'a9e6a4c6514d8848bcaa3a493596856831a635da',
  ['user'],
  ['userid', 'standing', 'admins', 'claimed'],
  `${GUARD}
if now[2] == standing then return {'=unchanged'} end
if admin(now[1], now[2], admins) and not admin(now[1], standing, admins) and claimed == '' then return {'=guard'} end
redis.call('HSET', K.user, 'standing', standing)
redis.call('HINCRBY', K.user, 'epoch', 1)
chronicle()
return {'changed', redis.call('HGETALL', K.user)}
`,
)

/** Sets (name, JSON) and removes (name, empty) attributes, as they follow. */
export const setUserAttributes: AuditedScript<'userid'> = defineAudited(
  'user-attributes',
  '9ca880335f0ebafd10a1bd3b95483419de4a840a',
  ['user'],
  ['userid'],
  `
if redis.call('HGET', K.user, 'id') ~= userid then return {'=no-user'} end
for i = REST + 1, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', K.user, 'a:' .. ARGV[i])
  else
    redis.call('HSET', K.user, 'a:' .. ARGV[i], ARGV[i + 1])
  end
end
redis.call('HINCRBY', K.user, 'epoch', 1)
chronicle()
return {'changed', redis.call('HGETALL', K.user)}
`,
)

/**
 * Removes a person with everything that is theirs; with `guestsat` only a guest account that is over by then. What other
 * slots still say about them stays in `released` until it is undone there.
 */
export const removeUser: AuditedScript<'userid' | 'admins' | 'claimed' | 'guestsat'> = defineAudited(
  'user-remove',
  '970d4b9b371aa0fcf0596c87cfc62d9e7fd0f819',
  [
    ...(['user', 'identities', 'order', 'meta', 'sids', 'record', 'character', 'grace', 'ended'] as const),
    ...(['token', 'tokenmeta', 'used', 'held', 'released'] as const),
  ],
  ['userid', 'admins', 'claimed', 'guestsat'],
  `${GUARD}
if guestsat ~= '' then
  local ends = tonumber(now[5]) or (tonumber(now[6]) + 86400)
  if now[4] ~= '1' or ends > tonumber(guestsat) then return {'=spared'} end
end
if admin(now[1], now[2], admins) and claimed == '' then return {'=guard'} end
redis.call('HSET', K.released, 'id', userid)
local names = redis.call('ZRANGE', K.order, 0, -1)
for _, name in ipairs(names) do redis.call('HSET', K.released, 'i:' .. name, '') end
local sids = {}
for _, line in ipairs(redis.call('HVALS', K.meta)) do
  sids[#sids + 1] = string.match(line, '^%S* %S* %S* %S* %S* %S* (.*)$') or ''
  redis.call('HSET', K.released, 's:' .. sids[#sids], '')
end
redis.call('DEL', K.user, K.identities, K.order, K.meta, K.sids, K.record, K.character, K.grace, K.ended, K.token, K.tokenmeta, K.used, K.held)
chronicle()
return {'removed', names, sids}
`,
)
