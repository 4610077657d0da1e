/**
 * Lua shared by the scripts that touch sessions. A session is three hash fields under the SHA-256 of its secret: a line
 * of numbers that changes with use (`meta`), JSON that never changes (`record`), and the character. Nothing a person
 * wrote is ever decoded here, so nothing can be changed by being decoded. No session outlives the account of a guest.
 *
 * INVARIANT: a number is up to fifteen digits and nothing else: Lua would read "inf" and "1e99" too, and a session with such
 * an end would live for ever. An end that cannot be read is 0, which is over (seeds S16).
 */
export const SESSION_LUA = `
local function count(text) return #text <= 15 and string.match(text, '^%d+$') and tonumber(text) or 0 end
local function parse(line)
  local seen, idle, ends, version, created, born, sid = string.match(line, '^(%S*) (%S*) (%S*) (%S*) (%S*) (%S*) (.*)$')
  return { seen = count(seen or ''), idle = count(idle or ''), ends = count(ends or ''),
    version = count(version or ''), created = count(created or ''), epoch = count(born or ''), sid = sid or '' }
end
local function format(s)
  return string.format('%.0f %.0f %.0f %.0f %.0f %.0f ', s.seen, s.idle, s.ends, s.version, s.created, s.epoch) .. s.sid
end
local owner = redis.call('HMGET', K.user, 'guest', 'ends', 'created')
local limit = owner[1] == '1' and count(owner[3] or '') + 86400 or math.huge
if owner[2] and owner[2] ~= '' then limit = count(owner[2]) end
local function ending(s) return math.min(s.idle, s.ends, limit) end
local function over(s, time) return not (s.idle > time and s.ends > time and limit > time) end
local function moment(n) return string.format('%.0f', n) end
local function keep(key, duration)
  if redis.call('TTL', key) < duration then redis.call('EXPIRE', key, moment(duration)) end
end
local function drop(hash, s)
  for _, key in ipairs({K.meta, K.record, K.character}) do redis.call('HDEL', key, hash) end
  if redis.call('HGET', K.sids, s.sid) == hash then redis.call('HDEL', K.sids, s.sid) end
end
local function store(hash, line, json, played, duration)
  redis.call('HSET', K.meta, hash, line)
  redis.call('HSET', K.record, hash, json)
  redis.call('HSET', K.sids, parse(line).sid, hash)
  if played ~= '' then redis.call('HSET', K.character, hash, played) end
  for _, key in ipairs({K.meta, K.record, K.character, K.sids}) do keep(key, duration) end
end
local function finish(hash, s, reason, time)
  drop(hash, s)
  local stone = reason .. ' ' .. moment(time) .. ' ' .. s.sid
  redis.call('HSET', K.ended, hash, stone)
  local grace = redis.call('HGETALL', K.grace)
  for i = 1, #grace, 2 do
    if string.match(grace[i + 1], '^%S+ (.*)$') == hash then
      redis.call('HDEL', K.grace, grace[i])
      redis.call('HSET', K.ended, grace[i], stone)
    end
  end
  redis.call('EXPIRE', K.ended, 90000)
end
local function prune(time)
  if redis.call('HLEN', K.ended) < 64 then return end
  local stones = redis.call('HGETALL', K.ended)
  for i = 1, #stones, 2 do
    local when = count(string.match(stones[i + 1], '^%S+ (%S+)') or '')
    if when + 86400 <= time then redis.call('HDEL', K.ended, stones[i]) end
  end
end
`

/** Ends what is over and what a higher epoch has ended; calls `visit(hash, session)` for each that lives on. */
export const EACH_LIVE = `
local function each(time, epoch, voided, gone, visit)
  local all = redis.call('HGETALL', K.meta)
  for i = 1, #all, 2 do
    local s = parse(all[i + 1])
    if s.epoch < epoch then
      finish(all[i], s, 'kicked', voided)
      gone[#gone + 1] = s.sid
    elseif over(s, time) then
      finish(all[i], s, 'expired', ending(s))
      gone[#gone + 1] = s.sid
    else
      visit(all[i], s)
    end
  end
end
`
