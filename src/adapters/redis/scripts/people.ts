import type { Script } from '../driver.ts'
import { define } from '../script.ts'

/** The tag of a user. */
export const personTag: Script<'id'> = define(
  'person-tag',
  '7059e7404b743d7cbbe0ec179ea0cc51382a3a16',
  ['people'],
  ['id'],
  `
local known = redis.call('HGET', K.people, id)
return {'tag', known and string.match(known, '^[^\\n]*') or ''}
`,
)

/**
 * A page of people in order of their names: those after a cursor whose name contains a text. Looks at no more than 2,000
 * names a call; the first part says whether that was the end.
 */
export const pagePeople: Script<'part' | 'after' | 'most'> = define(
  'person-page',
  'c1de2d465faad905938af2f97201397d45fc1345',
  ['names', 'people'],
  ['part', 'after', 'most'],
  `
local entries = redis.call('ZRANGEBYLEX', K.names, after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, 2000)
local found, last = {}, after
for _, entry in ipairs(entries) do
  last = entry
  local name, id = string.match(entry, '^([^\\n]*)\\n(.*)$')
  if string.find(name, part, 1, true) then
    local known = redis.call('HGET', K.people, id)
    if known then found[#found + 1] = {entry, string.match(known, '^[^\\n]*'), id} end
    if #found == tonumber(most) then return {'page', 'more', last, found} end
  end
end
return {'page', #entries < 2000 and 'end' or 'more', last, found}
`,
)

/** Guest accounts that are over by a moment: id and tag. */
export const dueGuests: Script<'upto' | 'most'> = define(
  'guest-due',
  '60f0201cb9657d37d87370f77a627b3c3c973f8f',
  ['guests', 'people'],
  ['upto', 'most'],
  `
local found = {}
for i, id in ipairs(redis.call('ZRANGEBYSCORE', K.guests, '-inf', upto, 'LIMIT', 0, tonumber(most))) do
  found[i] = {id, string.match(redis.call('HGET', K.people, id) or '', '^[^\\n]*')}
end
return {'guests', found}
`,
)

/**
 * Lets a user stop being an admin, if an active admin is left whom nobody else is about to remove. The claim is held by
 * the change `op`; several changes may hold one. The roles that count follow.
 */
export const claimAdmin: Script<'id' | 'at' | 'op'> = define(
  'admin-claim',
  'f5e67e73bc9578a9194d619c6f671e229d6d0b51',
  ['roles', 'claims', 'dead'],
  ['id', 'at', 'op'],
  `
if redis.call('ZSCORE', K.dead, id) then return {'claimed'} end
for i = REST + 1, #ARGV do
  local from = '[' .. ARGV[i] .. '\\n'
  repeat
    local entries = redis.call('ZRANGEBYLEX', K.roles, from, '(' .. ARGV[i] .. '\\n\\255', 'LIMIT', 0, 100)
    for _, entry in ipairs(entries) do
      local blocked, guestend, other = string.match(entry, '\\n([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)$')
      local able = tonumber(blocked) <= tonumber(at) and (guestend == '' or tonumber(guestend) > tonumber(at))
      if able and other ~= id and redis.call('HEXISTS', K.claims, other) == 0 then
        redis.call('HSET', K.claims, id, at, id .. '\\n' .. op, at)
        return {'claimed'}
      end
      from = '(' .. entry
    end
  until #entries < 100
end
return {'last'}
`,
)
