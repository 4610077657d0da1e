import type { Script } from '../driver.ts'
import { define } from '../script.ts'
import { EACH_LIVE, SESSION_LUA } from './session-lua.ts'

/** Session and user in one step; ends a session that is over. */
export const readSession: Script<'hash' | 'time'> = define(
  'session-read',
  '0a7ec3b64c1d80a60d8d12528fdad25e3d21c530',
  ['user', 'meta', 'sids', 'record', 'character', 'grace', 'ended'],
  ['hash', 'time'],
  `${SESSION_LUA}
local now = tonumber(time)
local target, grace = hash, 0
local line = redis.call('HGET', K.meta, hash)
if not line then
  local pointer = redis.call('HGET', K.grace, hash)
  if pointer then
    local ends, fresh = string.match(pointer, '^(%S+) (.*)$')
    if count(ends or '') > now then
      target, grace = fresh, 1
      line = redis.call('HGET', K.meta, fresh)
    end
  end
end
if line then
  local s = parse(line)
  local user = redis.call('HGETALL', K.user)
  if #user == 0 then
    drop(target, s)
    return {'homeless', s.sid}
  end
  if over(s, now) then
    finish(target, s, 'expired', ending(s))
    prune(now)
    return {'expired', moment(ending(s)), s.sid}
  end
  return {'live', line, redis.call('HGET', K.record, target) or '', redis.call('HGET', K.character, target) or '', grace, user}
end
local stone = redis.call('HGET', K.ended, hash)
if stone then
  local reason, when = string.match(stone, '^(%S+) (%S+)')
  if count(when or '') + 86400 > now then return {'ended', reason, when} end
end
return {'unknown'}
`,
)

/** Moves last-seen and idle end, never beyond the absolute end. */
export const extendSession: Script<'hash' | 'version' | 'epoch' | 'seenat' | 'idleend'> = define(
  'session-extend',
  '165b92cb0510c192a0ba435b81a512b143c8cf57',
  ['user', 'meta'],
  ['hash', 'version', 'epoch', 'seenat', 'idleend'],
  `${SESSION_LUA}
local line = redis.call('HGET', K.meta, hash)
if not line then return {'gone'} end
local s = parse(line)
if over(s, tonumber(seenat)) or s.epoch < tonumber(epoch) then return {'gone'} end
if s.version ~= tonumber(version) then return {'stale'} end
if tonumber(seenat) < s.seen then return {'extended', s.sid, moment(ending(s)), moment(s.seen)} end
s.seen, s.idle = tonumber(seenat), tonumber(idleend)
s.idle = ending(s)
redis.call('HSET', K.meta, hash, format(s))
return {'extended', s.sid, moment(ending(s)), moment(s.seen)}
`,
)

/** The live sessions of a user, or those of them whose sids follow. */
export const listSessions: Script<'time' | 'epoch'> = define(
  'session-list',
  'caeba3b298f6c3270c391b5903667d35999f0a00',
  ['user', 'meta', 'sids', 'record', 'character'],
  ['time', 'epoch'],
  `${SESSION_LUA}
local found = {}
if redis.call('EXISTS', K.user) == 0 then return {'list', '', '', found} end
local function tell(hash, line)
  local s = line and parse(line)
  if s and s.epoch >= tonumber(epoch) and not over(s, tonumber(time)) then
    found[#found + 1] = {line, redis.call('HGET', K.record, hash) or '', redis.call('HGET', K.character, hash) or ''}
  end
end
if #ARGV > REST then
  for i = REST + 1, #ARGV do
    local hash = redis.call('HGET', K.sids, ARGV[i]) or ''
    tell(hash, redis.call('HGET', K.meta, hash))
  end
else
  local all = redis.call('HGETALL', K.meta)
  for i = 1, #all, 2 do tell(all[i], all[i + 1]) end
end
return {'list', redis.call('HGET', K.user, 'id') or '', redis.call('HGET', K.user, 'profile') or '', found}
`,
)

/** Ends what is over under one tag; answers what is left and what ended in the last day, so that the index can be mended. */
export const settleSessions: Script<'time' | 'epoch' | 'voided'> = define(
  'session-settle',
  '7eff69c34619a21323c289138aabb49a42204f85',
  ['user', 'meta', 'sids', 'record', 'character', 'grace', 'ended'],
  ['time', 'epoch', 'voided'],
  `${SESSION_LUA}${EACH_LIVE}
local now = tonumber(time)
local gone, left, stones = {}, {}, {}
each(now, tonumber(epoch), tonumber(voided), gone, function(h, s)
  left[#left + 1] = {format(s), redis.call('HGET', K.record, h) or '', redis.call('HGET', K.character, h) or '', moment(ending(s))}
end)
local ended = redis.call('HVALS', K.ended)
for i = 1, #ended do stones[i] = string.match(ended[i], '^%S+ %S+ (.*)$') or '' end
prune(now)
return {'settled', gone, left, stones, redis.call('HGETALL', K.user)}
`,
)
