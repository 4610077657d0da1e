import type { Script } from '../driver.ts'
import type { KeyName } from '../names.ts'
import { type AuditedScript, define, defineAudited } from '../script.ts'

/** Keeps a ticket. */
export const issueTicket: Script<'ends' | 'json'> = define(
  'ticket-issue',
  '1bc1fd35dfe4f22fa5c74487bb4f0972422e6743',
  ['ticket'],
  ['ends', 'json'],
  `
redis.call('HSET', K.ticket, 'ends', ends, 'json', json)
redis.call('EXPIRE', K.ticket, 3600)
return {'issued'}
`,
)

/** Takes a ticket: the second caller finds nothing. */
export const takeTicket: Script<'time'> = define(
  'ticket-take',
  'ffe90d0988a194d2bac71ddc10efe64b852f99a6',
  ['ticket'],
  ['time'],
  `
local found = redis.call('HMGET', K.ticket, 'ends', 'json')
redis.call('DEL', K.ticket)
if not found[2] or not ((tonumber(found[1]) or 0) > tonumber(time)) then return {'unknown'} end
return {'found', found[2]}
`,
)

/** Counts a hit in the window that begins with the first one. */
export const hitRate: Script<'time' | 'window' | 'most'> = define(
  'rate-hit',
  '68ff5a3a03f32aec3e04d394d5944fe787d0ae24',
  ['rate'],
  ['time', 'window', 'most'],
  `
local now = tonumber(time)
local state = redis.call('HMGET', K.rate, 'ends', 'count')
local ends, count = tonumber(state[1] or '') or 0, tonumber(state[2] or '') or 0
if not (ends > now) then
  ends, count = now + tonumber(window), 0
elseif ends > now + tonumber(window) then
  ends = now + tonumber(window)
  redis.call('HSET', K.rate, 'ends', string.format('%.0f', ends))
end
if count >= tonumber(most) then return {'refused', string.format('%.0f', ends - now)} end
redis.call('HSET', K.rate, 'ends', string.format('%.0f', ends), 'count', string.format('%.0f', count + 1))
redis.call('EXPIRE', K.rate, string.format('%.0f', math.max(tonumber(window), 1) + 60))
return {'allowed', '0'}
`,
)

const QUOTA_KEYS: readonly KeyName[] = ['used', 'held']

// `used` counts what is confirmed, by name. `held` has one field per reservation, by number: its end, then the name. It
// stays for a day after its end: an upstream that answers late still counts.
const QUOTA = `
local function holding(name, time)
  local all, count = redis.call('HGETALL', K.held), 0
  for i = 1, #all, 2 do
    local ends, of = string.match(all[i + 1], '^(%S+) (.*)$')
    if ends then
      if tonumber(ends) + 86400 <= tonumber(time) then
        redis.call('HDEL', K.held, all[i])
      elseif of == name and tonumber(ends) > tonumber(time) then
        count = count + 1
      end
    end
  end
  return count
end
local function confirmed(name) return tonumber(redis.call('HGET', K.used, name) or '0') end
`

/** Reserves one, if what is used and what is reserved leave room. */
export const reserveQuota: Script<'name' | 'most' | 'time' | 'hold'> = define(
  'quota-reserve',
  'f6838b00a3693d74982cbc8f1533e6bf290f8367',
  QUOTA_KEYS,
  ['name', 'most', 'time', 'hold'],
  `${QUOTA}
local count = confirmed(name) + holding(name, time)
if count >= tonumber(most) then return {'exceeded', string.format('%.0f', count)} end
local id = string.format('%.0f', redis.call('HINCRBY', K.used, '\\n', 1))
redis.call('HSET', K.held, id, string.format('%.0f', tonumber(time) + tonumber(hold)) .. ' ' .. name)
return {'reserved', id}
`,
)

/** Turns a reservation into use, also one whose time has run out. */
export const confirmQuota: Script<'id'> = define(
  'quota-confirm',
  'de657722b20a6419d0d645a27ec3544a1e0dc4bf',
  QUOTA_KEYS,
  ['id'],
  `
local held = redis.call('HGET', K.held, id)
if not held then return {'gone'} end
redis.call('HDEL', K.held, id)
redis.call('HINCRBY', K.used, string.match(held, '^%S+ (.*)$'), 1)
return {'confirmed'}
`,
)

/** Gives a reservation back. */
export const releaseQuota: Script<'id'> = define(
  'quota-release',
  'b8ea2988603a66bcf1384f83d557de558ce00b3b',
  QUOTA_KEYS,
  ['id'],
  `
redis.call('HDEL', K.held, id)
return {'released'}
`,
)

/** Takes one away, never below zero. */
export const lowerQuota: Script<'name'> = define(
  'quota-lower',
  '7c19e2c58c6697bb2401a6a642786f9fa99313d5',
  QUOTA_KEYS,
  ['name'],
  `${QUOTA}
local left = math.max(confirmed(name) - 1, 0)
redis.call('HSET', K.used, name, string.format('%.0f', left))
return {'lowered', string.format('%.0f', left)}
`,
)

/** Sets what is used. */
export const setQuota: AuditedScript<'name' | 'count'> = defineAudited(
  'quota-set',
  '69139e42bb3ef9d5ad139fb0e65435b33085f9b4',
  QUOTA_KEYS,
  ['name', 'count'],
  `
redis.call('HSET', K.used, name, count)
chronicle()
return {'set'}
`,
)

/** What is used and reserved. */
export const usedQuota: Script<'name' | 'time'> = define(
  'quota-used',
  '38d8e7f5797bed827b3b334c211819edc09180e3',
  QUOTA_KEYS,
  ['name', 'time'],
  `${QUOTA}return {'used', string.format('%.0f', confirmed(name) + holding(name, time))}`,
)
