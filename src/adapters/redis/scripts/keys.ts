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

/** Adds a key and says from when another one, or (empty) every other one, retires; not while another one waits. */
export const addKey: AuditedScript<'purpose' | 'time' | 'kid' | 'json' | 'retired' | 'active' | 'old' | 'oldend'> =
  defineAudited(
    'key-add',
    '906f26e0c8eb6c11fa3ddb9096bec2cf01509df1',
    ['keys'],
    ['purpose', 'time', 'kid', 'json', 'retired', 'active', 'old', 'oldend'],
    `${PUT}${OPEN}
local ending, waiting = {}, {}
for _, found in ipairs(open(purpose, time)) do
  local other = cjson.decode(found[1])
  if old == '' or other.kid == old then ending[#ending + 1] = other.kid end
  if other.kid ~= old and other.activeAt > tonumber(time) then waiting = {found} end
end
if tonumber(active) > tonumber(time) and #waiting > 0 then return {'=pending', waiting} end
put(purpose, kid, json, retired)
for _, other in ipairs(ending) do sooner(other, oldend) end
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
