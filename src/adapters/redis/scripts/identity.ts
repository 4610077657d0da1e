import type { Script } from '../driver.ts'
import { define } from '../script.ts'

// The index of one identity: whose it is (`tag`, `id`) and how sure that is. `held`: the user's own records say so too,
// or it is stale. `new` and `link`: claimed at `at` by a sign-up or by linking that has not finished yet.

/** Whose an identity is. */
export const lookIdentity: Script<never> = define(
  'identity-look',
  '4efa4b098e72a1487a5f0a18f2a49c5691953a07',
  ['identity'],
  [],
  `
local found = redis.call('HMGET', K.identity, 'state', 'tag', 'id', 'at')
if not found[1] then return {'none'} end
return {'found', found[1], found[2], found[3], found[4]}
`,
)

/** Claims an identity that is nobody's; otherwise says whose it is. */
export const claimIdentity: Script<'state' | 'tag' | 'id' | 'at'> = define(
  'identity-claim',
  '768ffbadf28cf1acc285fc1385ae6b41a2500581',
  ['identity'],
  ['state', 'tag', 'id', 'at'],
  `
if redis.call('HSETNX', K.identity, 'state', state) == 1 then
  redis.call('HSET', K.identity, 'tag', tag, 'id', id, 'at', at)
end
local found = redis.call('HMGET', K.identity, 'state', 'tag', 'id', 'at')
return {'found', found[1], found[2], found[3], found[4]}
`,
)

/** Makes a claim sure, after the user's own records were written. */
export const confirmIdentity: Script<'tag' | 'id' | 'at'> = define(
  'identity-confirm',
  '14bba399792163dfc8885683fb4a00807d06a347',
  ['identity'],
  ['tag', 'id', 'at'],
  `
local found = redis.call('HMGET', K.identity, 'tag', 'id')
if found[1] and (found[1] ~= tag or found[2] ~= id) then return {'lost'} end
redis.call('HSET', K.identity, 'state', 'held', 'tag', tag, 'id', id, 'at', at)
return {'held'}
`,
)

/** Gives an identity up, if it is still this user's. */
export const releaseIdentity: Script<'tag' | 'id'> = define(
  'identity-release',
  '2c04ccc3c3ba368e47e84bd59e5fb678f8e23b05',
  ['identity'],
  ['tag', 'id'],
  `
local found = redis.call('HMGET', K.identity, 'tag', 'id')
if found[1] == tag and found[2] == id then redis.call('DEL', K.identity) end
return {'released'}
`,
)
