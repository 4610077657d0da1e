import type { Script } from '../driver.ts'
import type { KeyName } from '../names.ts'
import { define } from '../script.ts'

const KEYS: readonly KeyName[] = [
  'ops',
  'epoch',
  'pending',
  'live',
  'seen',
  'due',
  'dueseen',
  'info',
  'characters',
  'list',
  'worlds',
  'played',
  'dead',
  'people',
  'names',
  'roles',
  'guests',
  'claims',
  'trail',
  'heads',
]

/** Notes in the index that a user's records are about to change; answers the number of the change and the epoch. */
export const openChange: Script<'at' | 'mark'> = define(
  'open-change',
  'f129bfc75f440216ed065ed6eb92c9e23291ed84',
  ['ops', 'epoch', 'pending'],
  ['at', 'mark'],
  `
local op = redis.call('INCR', K.ops)
redis.call('ZADD', K.pending, at, mark .. '\\n' .. string.format('%.0f', op))
local e = redis.call('HMGET', K.epoch, 'number', 'at')
return {'open', string.format('%.0f', op), e[1] or '0', e[2] or '0'}
`,
)

/** The epoch below which every session is over, and since when. */
export const readEpoch: Script<never> = define(
  'read-epoch',
  '011fbe19c01297c2f59ed2a4af472a6563c49dc5',
  ['epoch'],
  [],
  `
local e = redis.call('HMGET', K.epoch, 'number', 'at')
return {'epoch', e[1] or '0', e[2] or '0'}
`,
)

// A chain in `heads`: number and hash of the last record seen, and the number up to which none is missing.
// INVARIANT: effects may arrive in any order and more than once. What is gone never comes back (its name is kept among
// the dead for an hour, and no sid or user id is used twice); of two states of one thing the higher version stays.
const EFFECTS = `
local now = tonumber(at)
local function split(text)
  local parts = {}
  for part in string.gmatch(text .. '\\n', '([^\\n]*)\\n') do parts[#parts + 1] = part end
  return parts
end
local function pad(n) return string.format('%012.0f', n) end
local function unlist(member, known)
  local k = split(known)
  redis.call('ZREM', K.list, pad(tonumber(k[2])) .. '\\n' .. member)
  if k[3] ~= '' then
    redis.call('ZREM', K.worlds, k[3] .. '\\n' .. pad(tonumber(k[2])) .. '\\n' .. member)
    redis.call('ZREM', K.played, k[4] .. '\\n' .. k[3] .. '\\n' .. member)
  end
  redis.call('HDEL', K.characters, member)
end
local function die(name)
  redis.call('ZADD', K.dead, now, name)
  redis.call('ZREMRANGEBYSCORE', K.dead, '-inf', now - 3600)
end
local function forget(member)
  local known = redis.call('HGET', K.info, member)
  if not known then return end
  unlist(member, known)
  redis.call('HDEL', K.info, member)
  for _, key in ipairs({K.live, K.seen, K.due, K.dueseen}) do redis.call('ZREM', key, member) end
end
local function later(member, ends, seen)
  local was = tonumber(redis.call('ZSCORE', K.live, member) or redis.call('ZSCORE', K.due, member) or '0')
  local saw = tonumber(redis.call('ZSCORE', K.seen, member) or redis.call('ZSCORE', K.dueseen, member) or '0')
  redis.call('ZREM', K.due, member)
  redis.call('ZREM', K.dueseen, member)
  redis.call('ZADD', K.live, math.max(was, ends), member)
  redis.call('ZADD', K.seen, math.max(saw, seen), member)
end
local function disown(id, known)
  local k = split(known)
  redis.call('ZREM', K.names, k[3] .. '\\n' .. id)
  redis.call('ZREM', K.guests, id)
  for i = 6, #k do redis.call('ZREM', K.roles, k[i] .. '\\n' .. k[4] .. '\\n' .. k[5] .. '\\n' .. id) end
end
local apply = {}
apply['session'] = {9, function(member, version, ends, seen, created, epoch, world, character, json)
  if redis.call('ZSCORE', K.dead, member) then return end
  if tonumber(epoch) < tonumber(redis.call('HGET', K.epoch, 'number') or '0') then return end
  local known = redis.call('HGET', K.info, member)
  if known and tonumber(split(known)[1]) > tonumber(version) then return end
  if known then unlist(member, known) end
  redis.call('HSET', K.info, member, version .. '\\n' .. created .. '\\n' .. world .. '\\n' .. character)
  redis.call('ZADD', K.list, 0, pad(tonumber(created)) .. '\\n' .. member)
  if json ~= '' then
    redis.call('ZADD', K.worlds, 0, world .. '\\n' .. pad(tonumber(created)) .. '\\n' .. member)
    redis.call('ZADD', K.played, 0, character .. '\\n' .. world .. '\\n' .. member)
    redis.call('HSET', K.characters, member, json)
  end
  if known and tonumber(split(known)[1]) == tonumber(version) then
    later(member, tonumber(ends), tonumber(seen))
  else
    redis.call('ZREM', K.due, member)
    redis.call('ZREM', K.dueseen, member)
    redis.call('ZADD', K.live, ends, member)
    redis.call('ZADD', K.seen, seen, member)
  end
end}
apply['seen'] = {3, function(member, ends, seen)
  if redis.call('HEXISTS', K.info, member) == 1 then later(member, tonumber(ends), tonumber(seen)) end
end}
apply['ended'] = {1, function(member) die(member) forget(member) end}
-- INVARIANT: a claim stands until the last change that holds it lets go. Two may take the same admin away, and the one that comes
-- to nothing may be done first: without a hold of its own the other would have none before the index has heard of it, and the
-- admin who is none any more would count as one who is left.
local function letgo(id, op, upto)
  local prefix, held = id .. '\\n', false
  for _, name in ipairs(redis.call('HKEYS', K.claims)) do
    if string.sub(name, 1, #prefix) == prefix then
      local mine = name == prefix .. op
      if mine or tonumber(redis.call('HGET', K.claims, name)) <= upto then redis.call('HDEL', K.claims, name)
      else held = true end
    end
  end
  if not held then redis.call('HDEL', K.claims, id) end
end
apply['person'] = {7, function(id, tag, epoch, name, guestend, blocked, roles)
  if redis.call('ZSCORE', K.dead, id) then return end
  local known = redis.call('HGET', K.people, id)
  if known then
    if tonumber(split(known)[2]) > tonumber(epoch) then return end
    disown(id, known)
  end
  local entry = tag .. '\\n' .. epoch .. '\\n' .. name .. '\\n' .. blocked .. '\\n' .. guestend
  if roles ~= '' then
    for _, role in ipairs(split(roles)) do redis.call('ZADD', K.roles, 0, role .. '\\n' .. blocked .. '\\n' .. guestend .. '\\n' .. id) end
    entry = entry .. '\\n' .. roles
  end
  redis.call('ZADD', K.names, 0, name .. '\\n' .. id)
  if guestend ~= '' then redis.call('ZADD', K.guests, guestend, id) end
  redis.call('HSET', K.people, id, entry)
end}
apply['removed'] = {1, function(id)
  die(id)
  local known = redis.call('HGET', K.people, id)
  if known then disown(id, known) end
  redis.call('HDEL', K.people, id)
  letgo(id, '', math.huge)
end}
apply['recorded'] = {6, function(chain, seq, when, event, subject, hash)
  redis.call('ZADD', K.trail, 0, pad(tonumber(when)) .. '\\n' .. chain .. '\\n' .. pad(tonumber(seq)) .. '\\n' .. event .. '\\n' .. subject)
  local head = split(redis.call('HGET', K.heads, chain) or '0\\n\\n0')
  if tonumber(head[1]) < tonumber(seq) then head[1], head[2] = seq, hash end
  if tonumber(head[3]) + 1 == tonumber(seq) then head[3] = seq end
  redis.call('HSET', K.heads, chain, table.concat(head, '\\n'))
end}
apply['unclaim'] = {3, function(id, op, upto) letgo(id, op, tonumber(upto)) end}
apply['done'] = {1, function(mark) redis.call('ZREM', K.pending, mark) end}
local i = REST + 1
while i <= #ARGV do
  local op = apply[ARGV[i]]
  op[2](unpack(ARGV, i + 1, i + op[1]))
  i = i + op[1] + 1
end
local e = redis.call('HMGET', K.epoch, 'number', 'at')
return {'applied', e[1] or '0', e[2] or '0'}
`

/** Brings the index up to date with what was done to a user's records. */
export const applyEffects: Script<'at'> = define(
  'apply-effects',
  '195e46fab9bebe8b051aac71ce74e0c9fe8494fe',
  KEYS,
  ['at'],
  EFFECTS,
)
