import type { Script } from '../driver.ts'
import type { KeyName } from '../names.ts'
import { type AuditedScript, define, defineAudited } from '../script.ts'

// WHY: a session leaves `live` for `due` when it is over and `due` when the sweep has ended it in its own slot. So
// nothing is counted twice, nothing is scanned, and a clock that is a little behind still gets its own right answer.
const SETTLE = `
local now = tonumber(time)
local function settle(most)
  local over = redis.call('ZRANGEBYSCORE', K.live, '-inf', now, 'WITHSCORES', 'LIMIT', 0, most)
  for i = 1, #over, 2 do
    redis.call('ZADD', K.due, over[i + 1], over[i])
    redis.call('ZADD', K.dueseen, redis.call('ZSCORE', K.seen, over[i]) or '0', over[i])
    redis.call('ZREM', K.live, over[i])
    redis.call('ZREM', K.seen, over[i])
  end
  return #over / 2
end
local function total()
  return redis.call('ZCARD', K.live) + redis.call('ZCOUNT', K.due, '(' .. time, '+inf')
end
`

const ALIVE = `
local function alive(member)
  local ends = redis.call('ZSCORE', K.live, member) or redis.call('ZSCORE', K.due, member)
  return ends and tonumber(ends) > tonumber(time)
end
`

const CLOCKS: readonly KeyName[] = ['live', 'seen', 'due', 'dueseen']

/** How many sessions live, and how many of them were used since a moment (empty: all); `more` asks to be called again. */
export const countSessions: Script<'time' | 'since'> = define(
  'session-count',
  '7f8925f28251fe0b5859dff5b32cf1dc727285f2',
  CLOCKS,
  ['time', 'since'],
  `${SETTLE}
if settle(5000) == 5000 then return {'more'} end
local all = total()
if since == '' then return {'count', all, all} end
local active = redis.call('ZCOUNT', K.seen, since, '+inf')
local late = redis.call('ZRANGEBYSCORE', K.due, '(' .. time, '+inf')
for _, member in ipairs(late) do
  if tonumber(redis.call('ZSCORE', K.dueseen, member) or '0') >= tonumber(since) then active = active + 1 end
end
return {'count', active, all}
`,
)

/** Sessions that are over but not yet ended in their own slot. */
export const dueSessions: Script<'time' | 'most'> = define(
  'session-due',
  'ffd420110bfda8b084cee1fe7e2c2651b27a4ace',
  CLOCKS,
  ['time', 'most'],
  `${SETTLE}
settle(tonumber(most))
return {'due', redis.call('ZRANGEBYSCORE', K.due, '-inf', now, 'LIMIT', 0, tonumber(most))}
`,
)

/** A page of session names, the oldest first, of one world or of all. */
export const pageSessions: Script<'time' | 'world' | 'after' | 'most'> = define(
  'session-page',
  '32906609413049f308a34d3c4abc9367665b4e5b',
  ['live', 'due', 'list', 'worlds'],
  ['time', 'world', 'after', 'most'],
  `${ALIVE}
local key, from, to = K.list, '-', '+'
if world ~= '' then key, from, to = K.worlds, '[' .. world .. '\\n', '(' .. world .. '\\n\\255' end
if after ~= '' then from = '(' .. after end
local entries = redis.call('ZRANGEBYLEX', key, from, to, 'LIMIT', 0, tonumber(most))
local found = {}
for i, entry in ipairs(entries) do
  local member = string.match(entry, '([^\\n]*)$')
  found[i] = {entry, alive(member) and member or ''}
end
return {'page', found}
`,
)

/** Characters played in a world, a page at a time. */
export const pageCharacters: Script<'time' | 'world' | 'after' | 'most'> = define(
  'character-page',
  '0f5e30fdc881caf53896ff437117dceca8d05d1f',
  ['live', 'due', 'worlds', 'characters'],
  ['time', 'world', 'after', 'most'],
  `${ALIVE}
local from = after == '' and '[' .. world .. '\\n' or '(' .. after
local entries = redis.call('ZRANGEBYLEX', K.worlds, from, '(' .. world .. '\\n\\255', 'LIMIT', 0, tonumber(most))
local found = {}
for i, entry in ipairs(entries) do
  local member = string.match(entry, '([^\\n]*)$')
  found[i] = {entry, alive(member) and redis.call('HGET', K.characters, member) or ''}
end
return {'page', found}
`,
)

/** Sessions that play a character, in one world or (empty) in any. */
export const playedBy: Script<'name' | 'world'> = define(
  'session-played-by',
  '21cbabdc5c7624d4352100b04ec181a4e001e8ff',
  ['played'],
  ['name', 'world'],
  `
local prefix = name .. '\\n' .. (world == '' and '' or world .. '\\n')
local entries = redis.call('ZRANGEBYLEX', K.played, '[' .. prefix, '(' .. prefix .. '\\255')
local members = {}
for i, entry in ipairs(entries) do members[i] = string.match(entry, '([^\\n]*)$') end
return {'members', members}
`,
)

/** Raises the epoch below which every session is over, and empties the lists. */
export const voidSessions: AuditedScript<'time'> = defineAudited(
  'session-void',
  '4dd2a08ad13cfbc66d2de691484c82b62931fa1a',
  ['epoch', 'live', 'seen', 'due', 'dueseen', 'info', 'characters', 'list', 'worlds', 'played'],
  ['time'],
  `${SETTLE}
local count = redis.call('ZCOUNT', K.live, '(' .. time, '+inf') + redis.call('ZCOUNT', K.due, '(' .. time, '+inf')
local number = redis.call('HINCRBY', K.epoch, 'number', 1)
redis.call('HSET', K.epoch, 'at', time)
for _, name in ipairs({'live', 'seen', 'due', 'dueseen', 'info', 'characters', 'list', 'worlds', 'played'}) do
  redis.call('UNLINK', K[name])
end
chronicle()
return {'voided', count, string.format('%.0f', number)}
`,
)

/** Changes that were announced and not closed, up to a moment. */
export const pendingChanges: Script<'upto' | 'most'> = define(
  'change-pending',
  'a584205399a7fec4b82f6d2c3284a648041b91fe',
  ['pending'],
  ['upto', 'most'],
  `return {'pending', redis.call('ZRANGEBYSCORE', K.pending, '-inf', upto, 'LIMIT', 0, tonumber(most))}`,
)

/** Up to where the index knows every record of a chain. */
export const knownHead: Script<'chain'> = define(
  'chain-known',
  '5e8195056eb1d17005d94a39c687c9ec8f767da0',
  ['heads'],
  ['chain'],
  `
local head = redis.call('HGET', K.heads, chain)
return {'head', head and string.match(head, '[^\\n]*$') or '0'}
`,
)
