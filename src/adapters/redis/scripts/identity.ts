import type { Script } from '../driver.ts'
import { define } from '../script.ts'

// The index of one identity: whose it is (`tag`, `id`) and how sure that is. `held`: the user's own records say so too,
// or it is stale. `stamp`: number of the record in the user's chain that last made it so; an older release does not
// undo it. `new` and `link`: claimed at `at` by a sign-up or by linking that has not finished yet.

/** Whose an identity is. */
export const lookIdentity: Script<never> = define(
  'identity-look',
  '7bafbc0016aa0eb300b4a6390a5eaa0af84cbdd9',
  ['identity'],
  [],
  `
local found = redis.call('HMGET', K.identity, 'state', 'tag', 'id', 'at', 'stamp')
if not found[1] then return {'none'} end
return {'found', found[1], found[2], found[3], found[4], found[5]}
`,
)

/** Claims an identity that is nobody's; otherwise says whose it is. */
export const claimIdentity: Script<'state' | 'tag' | 'id' | 'at'> = define(
  'identity-claim',
  '4e6082a27306813c59cb365d13696aad7b35387b',
  ['identity'],
  ['state', 'tag', 'id', 'at'],
  `
if redis.call('HSETNX', K.identity, 'state', state) == 1 then
  redis.call('HSET', K.identity, 'tag', tag, 'id', id, 'at', at, 'stamp', '0')
end
local found = redis.call('HMGET', K.identity, 'state', 'tag', 'id', 'at', 'stamp')
return {'found', found[1], found[2], found[3], found[4], found[5]}
`,
)

/** Makes a claim sure, after the user's own records were written. */
export const confirmIdentity: Script<'tag' | 'id' | 'at' | 'stamp'> = define(
  'identity-confirm',
  '0a9b0aa6297c0ff66a03e04ca3cccb3c34658fae',
  ['identity'],
  ['tag', 'id', 'at', 'stamp'],
  `
local found = redis.call('HMGET', K.identity, 'tag', 'id', 'stamp')
if found[1] and (found[1] ~= tag or found[2] ~= id) then return {'lost'} end
local last = math.max(tonumber(found[3] or '0'), tonumber(stamp))
redis.call('HSET', K.identity, 'state', 'held', 'tag', tag, 'id', id, 'at', at, 'stamp', string.format('%.0f', last))
return {'held'}
`,
)

/** Gives an identity up, if it is still this user's and was not confirmed anew since. */
export const releaseIdentity: Script<'tag' | 'id' | 'stamp'> = define(
  'identity-release',
  'cf1d0f39a024ed0a39008f3b176d4ce8912fada1',
  ['identity'],
  ['tag', 'id', 'stamp'],
  `
local found = redis.call('HMGET', K.identity, 'tag', 'id', 'stamp')
if found[1] == tag and found[2] == id and tonumber(found[3]) <= tonumber(stamp) then redis.call('DEL', K.identity) end
return {'released'}
`,
)
