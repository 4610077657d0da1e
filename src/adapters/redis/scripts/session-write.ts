import { ERA } from '../../../core/era.ts'
import type { KeyName } from '../names.ts'
import { type AuditedScript, defineAudited } from '../script.ts'
import { EACH_LIVE, SESSION_LUA } from './session-lua.ts'

const KEYS: readonly KeyName[] = ['user', 'meta', 'sids', 'record', 'character', 'grace', 'ended']

/** Stores a session, enforces the cap and sets the last sign-in. */
export const createSession: AuditedScript<
  | 'time'
  | 'epoch'
  | 'voided'
  | 'userid'
  | 'hash'
  | 'line'
  | 'json'
  | 'played'
  | 'life'
  | 'most'
  | 'excess'
  | 'spare'
  | 'held'
> = defineAudited(
  'session-create',
  '3c5c51e966344ce36ff0b320ef896673176f9ba6',
  KEYS,
  ['time', 'epoch', 'voided', 'userid', 'hash', 'line', 'json', 'played', 'life', 'most', 'excess', 'spare', 'held'],
  `${SESSION_LUA}${EACH_LIVE}
local now = tonumber(time)
if redis.call('HGET', K.user, 'id') ~= userid then return {'=no-user'} end
if redis.call('HEXISTS', K.meta, hash) == 1 then return {'=kept'} end
if redis.call('HEXISTS', K.ended, hash) == 1 then return {'=changed'} end
if held ~= '' and redis.call('HGET', K.user, 'epoch') ~= held then return {'=changed'} end
local gone, evicted = {}, {}
if most ~= '' then
  local live, running = {}, 0
  each(now, tonumber(epoch), tonumber(voided), gone, function(h, s)
    running = running + 1
    if s.sid ~= spare then live[#live + 1] = {h, s} end
  end)
  local over_by = running - math.max(tonumber(most), 1) + 1
  if over_by > 0 and (excess == 'refuse' or #live < over_by) then return {'=refused', gone} end
  table.sort(live, function(a, b)
    if a[2].created ~= b[2].created then return a[2].created < b[2].created end
    return a[2].sid < b[2].sid
  end)
  for i = 1, over_by do
    finish(live[i][1], live[i][2], 'evicted', now)
    evicted[#evicted + 1] = live[i][2].sid
  end
  prune(now)
end
local fresh = parse(line)
fresh.idle = ending(fresh)
store(hash, format(fresh), json, played, tonumber(life))
local last = tonumber(redis.call('HGET', K.user, 'signedin') or '0')
redis.call('HSET', K.user, 'signedin', moment(math.max(last, now)))
chronicle()
return {'created', evicted, gone, moment(fresh.idle)}
`,
)

/** Replaces the key of a session; the old one goes on for reads. What was changed meanwhile, the character, stays. */
export const rotateSession: AuditedScript<
  'time' | 'epoch' | 'userid' | 'hash' | 'fresh' | 'line' | 'json' | 'life' | 'graceend'
> = defineAudited(
  'session-rotate',
  '74d1b9ad820d33622eaa0830bba8be22b36975ce',
  KEYS,
  ['time', 'epoch', 'userid', 'hash', 'fresh', 'line', 'json', 'life', 'graceend'],
  `${SESSION_LUA}
local now = tonumber(time)
local stored = redis.call('HGET', K.meta, hash)
if not stored then return {'=gone'} end
local old = parse(stored)
if over(old, now) or old.epoch < tonumber(epoch) or redis.call('HGET', K.user, 'id') ~= userid then return {'=gone'} end
local renewed = parse(line)
renewed.sid, renewed.created, renewed.version = old.sid, old.created, old.version + 1
renewed.seen = math.max(renewed.seen, old.seen)
renewed.idle = ending(renewed)
local played = redis.call('HGET', K.character, hash) or ''
drop(hash, old)
local grace = redis.call('HGETALL', K.grace)
for i = 1, #grace, 2 do
  local ends, target = string.match(grace[i + 1], '^(%S+) (.*)$')
  if count(ends or '') <= now then
    redis.call('HDEL', K.grace, grace[i])
  elseif target == hash then
    redis.call('HSET', K.grace, grace[i], ends .. ' ' .. fresh)
  end
end
redis.call('HSET', K.grace, hash, graceend .. ' ' .. fresh)
store(fresh, format(renewed), json, played, tonumber(life))
keep(K.grace, tonumber(life))
chronicle()
return {'rotated', format(renewed), json, played}
`,
)

/** Selects or clears the character of a session. */
export const selectCharacter: AuditedScript<'time' | 'epoch' | 'hash' | 'played'> = defineAudited(
  'session-select',
  '9f7c6499296ac7a1a45a00a5beee5ab5fad2bc72',
  KEYS,
  ['time', 'epoch', 'hash', 'played'],
  `${SESSION_LUA}
local stored = redis.call('HGET', K.meta, hash)
if not stored then return {'=gone'} end
local s = parse(stored)
if over(s, tonumber(time)) or s.epoch < tonumber(epoch) then return {'=gone'} end
if (redis.call('HGET', K.character, hash) or '') == played then return {'=same'} end
s.version = s.version + 1
redis.call('HSET', K.meta, hash, format(s))
if played == '' then
  redis.call('HDEL', K.character, hash)
else
  redis.call('HSET', K.character, hash, played)
  keep(K.character, redis.call('TTL', K.meta))
end
chronicle()
return {'selected', format(s), redis.call('HGET', K.record, hash) or '', moment(ending(s))}
`,
)

const PLAYS = `local function plays(h)
  local played = redis.call('HGET', K.character, h)
  if not played then return false end
  local id, where = string.match(played, '^([^\\n]*)\\n([^\\n]*)\\n')
  return id == name and (world == '' or where == world)
end
`

/**
 * Ends sessions of one user: `which` is `key` (by hash, an old key in grace too), `sid`, `all` (but the one named) or
 * `character` (id in `name`, world in `world`, empty: in every world).
 */
export const endSessions: AuditedScript<
  'time' | 'epoch' | 'voided' | 'reason' | 'userid' | 'which' | 'name' | 'world'
> = defineAudited(
  'session-end',
  '5531c9e963a3e42236a834dd600d4b5c1d6966e2',
  KEYS,
  ['time', 'epoch', 'voided', 'reason', 'userid', 'which', 'name', 'world'],
  `${SESSION_LUA}${EACH_LIVE}
local now = tonumber(time)
local gone, ended = {}, {}
if which ~= 'key' and which ~= 'character' and redis.call('HGET', K.user, 'id') ~= userid then return {'=none', gone} end
local wanted = name
if which == 'key' then
  local pointer = redis.call('HGET', K.grace, name)
  if pointer then
    local ends, target = string.match(pointer, '^(%S+) (.*)$')
    if count(ends or '') > now then wanted = target end
  end
end
${PLAYS}local function end_it(h, s)
  finish(h, s, reason, now)
  ended[#ended + 1] = s.sid
end
if which == 'sid' then wanted = redis.call('HGET', K.sids, name) or '' end
if which == 'key' or which == 'sid' then
  local line = redis.call('HGET', K.meta, wanted)
  if line then
    local s = parse(line)
    if s.epoch >= tonumber(epoch) and not over(s, now) then end_it(wanted, s) end
  end
else
  each(now, tonumber(epoch), tonumber(voided), gone, function(h, s)
    if (which == 'all' and s.sid ~= name) or (which == 'character' and plays(h)) then
      end_it(h, s)
    end
  end)
end
prune(now)
if which == 'all' then
  local held = tonumber(redis.call('HGET', K.user, 'epoch')) or 0
  redis.call('HINCRBY', K.user, 'epoch', string.format('%.0f', ${ERA} - held % ${ERA}))
end
if #ended == 0 then return {'=none', gone} end
chronicle()
return {'ended', ended, gone}
`,
)

/** Takes a character that is no more (`name` in `world`, empty: in every world) from the sessions under one tag that play it. */
export const releaseSessions: AuditedScript<'time' | 'epoch' | 'voided' | 'name' | 'world'> = defineAudited(
  'session-release',
  'fc84517791ce6eb8551b0e578c04db76b1ecafbe',
  KEYS,
  ['time', 'epoch', 'voided', 'name', 'world'],
  `${SESSION_LUA}${EACH_LIVE}${PLAYS}
local gone, freed = {}, {}
each(tonumber(time), tonumber(epoch), tonumber(voided), gone, function(h, s)
  if not plays(h) then return end
  s.version = s.version + 1
  redis.call('HSET', K.meta, h, format(s))
  redis.call('HSET', K.character, h, 'gone')
  freed[#freed + 1] = {format(s), redis.call('HGET', K.record, h) or '', 'gone', moment(ending(s))}
end)
prune(tonumber(time))
if #freed == 0 then return {'=none', gone} end
chronicle()
return {'freed', freed, gone}
`,
)
