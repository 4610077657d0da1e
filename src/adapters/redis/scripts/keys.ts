import type { Script } from '../driver.ts'
import { type AuditedScript, define, defineAudited } from '../script.ts'

// A key is four fields, each before the kid: `j:` JSON, `r:` when it retires, `p:` its purpose, `n:` its place in order.
// An end once set only comes nearer.
const PUT = `
local function put(purpose, kid, json, retired)
  local place = redis.call('HINCRBY', K.keys, '#', 1)
  redis.call('HSET', K.keys, 'j:' .. kid, json, 'r:' .. kid, retired, 'p:' .. kid, purpose, 'n:' .. kid, place)
end
local function sooner(kid, ends)
  local now = redis.call('HGET', K.keys, 'r:' .. kid)
  if now == '' or tonumber(now) > tonumber(ends) then redis.call('HSET', K.keys, 'r:' .. kid, ends) end
end
`

const OPEN = `
local function open(purpose, time)
  local all, found = redis.call('HGETALL', K.keys), {}
  local values = {}
  for i = 1, #all, 2 do values[all[i]] = all[i + 1] end
  for name, value in pairs(values) do
    local kid = string.match(name, '^j:(.*)$')
    if kid and values['p:' .. kid] == purpose then
      local retired = values['r:' .. kid] or ''
      if retired == '' or tonumber(retired) > tonumber(time) then
        found[#found + 1] = {value, retired, values['n:' .. kid] or '0'}
      end
    end
  end
  return found
end
`

/** Keys of a purpose that are not retired. */
export const listKeys: Script<'purpose' | 'time'> = define(
  'key-list',
  '0f5519a82795288d3ce67fc77a5cd4da5690b84e',
  ['keys'],
  ['purpose', 'time'],
  `${OPEN}return {'keys', open(purpose, time)}`,
)

/** Keeps a key if its purpose has none; answers the keys there are. */
export const ensureKey: Script<'purpose' | 'time' | 'kid' | 'json' | 'retired'> = define(
  'key-ensure',
  '449e824b30e10e9492e63ad2c43da26cbe5b55a8',
  ['keys'],
  ['purpose', 'time', 'kid', 'json', 'retired'],
  `${PUT}${OPEN}
local found = open(purpose, time)
if #found > 0 then return {'keys', found} end
put(purpose, kid, json, retired)
return {'keys', open(purpose, time)}
`,
)

/** Adds a key and says from when another one retires. */
export const addKey: AuditedScript<'purpose' | 'kid' | 'json' | 'retired' | 'old' | 'oldend'> = defineAudited(
  'key-add',
  '5ebea9a2f9d5d6eefe04f7207d4ddfb04eadba33',
  ['keys'],
  ['purpose', 'kid', 'json', 'retired', 'old', 'oldend'],
  `${PUT}
put(purpose, kid, json, retired)
if old ~= '' and redis.call('HEXISTS', K.keys, 'j:' .. old) == 1 then sooner(old, oldend) end
chronicle()
return {'added'}
`,
)

/** Says from when a key retires. */
export const retireKey: AuditedScript<'kid' | 'oldend'> = defineAudited(
  'key-retire',
  '8c16e9a3d5a82beacee2f90e01ae5621ea37a9e5',
  ['keys'],
  ['kid', 'oldend'],
  `${PUT}
if redis.call('HEXISTS', K.keys, 'j:' .. kid) == 0 then return {'=unknown'} end
sooner(kid, oldend)
chronicle()
return {'retired'}
`,
)
