import { type AuditedScript, defineAudited } from '../script.ts'

// ATTACK: two admins who remove each other at once, or one whose last admin's role is taken while another is banned.
// Whoever stops being an admin needs a claim in the index first; see `claimAdmin`.
const GUARD = `
local function set(text)
  local words = {}
  for word in string.gmatch(text, '[^\\n]+') do words[word] = true end
  return words
end
local function admin(roles, standing, names)
  if standing ~= '{"kind":"active"}' then
    local ends = string.match(standing, '^{"kind":"suspended","until":(%d+)')
    if not ends or tonumber(ends) > tonumber(time) then return false end
  end
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

/** Replaces the roles; with `compare`, only where those of `held` stand there and `heldmain` is the primary one. */
export const setUserRoles: AuditedScript<
  'time' | 'userid' | 'roles' | 'main' | 'admins' | 'claimed' | 'compare' | 'held' | 'heldmain'
> = defineAudited(
  'user-roles',
  '2d806830eff5d3e4ea931ac6c943b0a1afced198',
  ['user'],
  ['time', 'userid', 'roles', 'main', 'admins', 'claimed', 'compare', 'held', 'heldmain'],
  `${GUARD}
if compare ~= '' and not (same(now[1], held) and now[3] == heldmain) then return {'=stale'} end
if same(now[1], roles) and now[3] == main then return {'=unchanged'} end
if admin(now[1], now[2], admins) and not admin(roles, now[2], admins) and claimed == '' then return {'=guard'} end
redis.call('HSET', K.user, 'roles', roles, 'primaryrole', main)
redis.call('HINCRBY', K.user, 'epoch', 1)
chronicle()
return {'changed', redis.call('HGETALL', K.user)}
`,
)

/** Sets whether the account may be used. */
export const setUserStanding: AuditedScript<'time' | 'userid' | 'standing' | 'admins' | 'claimed'> = defineAudited(
  'user-standing',
  'dbf2495ca7723514612c73191355d17c80c309a7',
  ['user'],
  ['time', 'userid', 'standing', 'admins', 'claimed'],
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
  '0f15d1e054a028ce597836dcc4c3f053ecc081e6',
  ['user'],
  ['userid'],
  `
if redis.call('HGET', K.user, 'id') ~= userid then return {'=no-user'} end
local changed = false
for i = REST + 1, #ARGV, 2 do
  local name, value = 'a:' .. ARGV[i], ARGV[i + 1]
  if (redis.call('HGET', K.user, name) or '') ~= value then
    changed = true
    if value == '' then redis.call('HDEL', K.user, name) else redis.call('HSET', K.user, name, value) end
  end
end
if not changed then return {'=same', redis.call('HGETALL', K.user)} end
redis.call('HINCRBY', K.user, 'epoch', 1)
chronicle()
return {'changed', redis.call('HGETALL', K.user)}
`,
)

/**
 * Removes a person with everything that is theirs; with `guestsat` only a guest account that is over by then. What other
 * slots still say about them stays in `released` until it is undone there.
 */
export const removeUser: AuditedScript<'time' | 'userid' | 'admins' | 'claimed' | 'guestsat'> = defineAudited(
  'user-remove',
  'f3cd2548a05765f9dfe861fe3ac5c76bf2845a10',
  [
    ...(['user', 'identities', 'order', 'meta', 'sids', 'record', 'character', 'grace', 'ended'] as const),
    ...(['token', 'tokenmeta', 'used', 'held', 'released', 'grave'] as const),
  ],
  ['time', 'userid', 'admins', 'claimed', 'guestsat'],
  `${GUARD}
if guestsat ~= '' then
  local ends = tonumber(now[5]) or (tonumber(now[6]) + 86400)
  if now[4] ~= '1' or ends > tonumber(guestsat) then return {'=spared'} end
end
if admin(now[1], now[2], admins) and claimed == '' then return {'=guard'} end
redis.call('HSET', K.released, 'id', userid)
redis.call('SET', K.grave, userid, 'EX', 604800)
local names = redis.call('ZRANGE', K.order, 0, -1)
for _, name in ipairs(names) do redis.call('HSET', K.released, 'i:' .. name, '') end
local sids = {}
for _, line in ipairs(redis.call('HVALS', K.meta)) do
  sids[#sids + 1] = string.match(line, '^%S* %S* %S* %S* %S* %S* (.*)$') or ''
end
for _, stone in ipairs(redis.call('HVALS', K.ended)) do sids[#sids + 1] = string.match(stone, '^%S+ %S+ (.*)$') or '' end
for _, sid in ipairs(sids) do redis.call('HSET', K.released, 's:' .. sid, '') end
redis.call('DEL', K.user, K.identities, K.order, K.meta, K.sids, K.record, K.character, K.grace, K.ended, K.token, K.tokenmeta, K.used, K.held)
chronicle()
return {'removed', names, sids}
`,
)
