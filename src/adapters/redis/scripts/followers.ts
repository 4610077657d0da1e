import type { Script } from '../driver.ts'
import { define } from '../script.ts'

// WHY: a list of lines, newest first: the end, the session, and what else belongs to it. It is short, so each change
// writes it anew.
const ENTRIES = `
local function over(entry) return (tonumber(string.match(entry, '^%d+')) or 0) <= tonumber(time) end
local all = redis.call('LRANGE', K.followers, 0, -1)
`

/** Puts a session in front of those that follow one of a provider, until the latest end it ever had; gives the lines that had to go. */
export const followProvider: Script<'time' | 'ends' | 'sid' | 'line' | 'most'> = define(
  'provider-follow',
  'fef365a465c9fb92e63c3b5c8f2748e2b702111f',
  ['followers'],
  ['time', 'ends', 'sid', 'line', 'most'],
  `${ENTRIES}local kept, gone, own, last = {line}, {}, tonumber(ends), 0
for _, entry in ipairs(all) do
  local till, who = string.match(entry, '^(%d+)\\n([^\\n]*)\\n')
  if who == sid then
    own = math.max(own, tonumber(till))
  elseif not over(entry) then
    if #kept < tonumber(most) then
      kept[#kept + 1] = entry
      last = math.max(last, tonumber(till))
    else
      gone[#gone + 1] = entry
    end
  end
end
kept[1] = string.gsub(line, '^%d+', string.format('%.0f', own))
last = math.max(last, own)
redis.call('DEL', K.followers)
redis.call('RPUSH', K.followers, unpack(kept))
redis.call('EXPIRE', K.followers, string.format('%.0f', math.max(last - tonumber(time), 0) + 3600))
return {'following', gone}`,
)

/** Those that follow and are not over. */
export const readFollowers: Script<'time'> = define(
  'provider-followers',
  '7ee511d5f449d9dd48073a3a92e57ffdb4b7d3e1',
  ['followers'],
  ['time'],
  `${ENTRIES}local kept = {}
for _, entry in ipairs(all) do
  if not over(entry) then kept[#kept + 1] = entry end
end
return {'following', kept}`,
)
