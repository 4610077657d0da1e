import type { Script } from '../driver.ts'
import { type AuditedScript, define, defineAudited } from '../script.ts'

// A key is three fields: `<kid>` (JSON), `<kid>` under `r:` (when it retires) and under `p:` (its purpose).
const OPEN = `
local function open(purpose, time)
  local all, found = redis.call('HGETALL', K.keys), {}
  local values = {}
  for i = 1, #all, 2 do values[all[i]] = all[i + 1] end
  for name, value in pairs(values) do
    local kid = string.match(name, '^j:(.*)$')
    if kid and values['p:' .. kid] == purpose then
      local retired = values['r:' .. kid] or ''
      if retired == '' or tonumber(retired) > tonumber(time) then found[#found + 1] = {value, retired} end
    end
  end
  return found
end
`

/** Keys of a purpose that are not retired. */
export const listKeys: Script<'purpose' | 'time'> = define(
  'key-list',
  'b7d4003b6c932af04e3fba41db9a73684b13dbcd',
  ['keys'],
  ['purpose', 'time'],
  `${OPEN}return {'keys', open(purpose, time)}`,
)

/** Keeps a key if its purpose has none; answers the keys there are. */
export const ensureKey: Script<'purpose' | 'time' | 'kid' | 'json' | 'retired'> = define(
  'key-ensure',
  '6e882d3ea177947b492cfafee595b1c8d3ef5f31',
  ['keys'],
  ['purpose', 'time', 'kid', 'json', 'retired'],
  `${OPEN}
local found = open(purpose, time)
if #found > 0 then return {'keys', found} end
redis.call('HSET', K.keys, 'j:' .. kid, json, 'r:' .. kid, retired, 'p:' .. kid, purpose)
return {'keys', open(purpose, time)}
`,
)

/** Adds a key and says from when another one retires. */
export const addKey: AuditedScript<'purpose' | 'kid' | 'json' | 'retired' | 'old' | 'oldend'> = defineAudited(
  'key-add',
  '13e72a87ac17b1b979728b4bd2356adb6590c964',
  ['keys'],
  ['purpose', 'kid', 'json', 'retired', 'old', 'oldend'],
  `
redis.call('HSET', K.keys, 'j:' .. kid, json, 'r:' .. kid, retired, 'p:' .. kid, purpose)
if old ~= '' and redis.call('HEXISTS', K.keys, 'j:' .. old) == 1 then redis.call('HSET', K.keys, 'r:' .. old, oldend) end
chronicle()
return {'added'}
`,
)

/** Says from when a key retires. */
export const retireKey: AuditedScript<'kid' | 'oldend'> = defineAudited(
  'key-retire',
  '50b6e0acbe8ac42e39ce5f761163e37774615184',
  ['keys'],
  ['kid', 'oldend'],
  `
if redis.call('HEXISTS', K.keys, 'j:' .. kid) == 0 then return {'=unknown'} end
redis.call('HSET', K.keys, 'r:' .. kid, oldend)
chronicle()
return {'retired'}
`,
)
