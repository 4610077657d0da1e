import type { Script } from '../driver.ts'
import { define } from '../script.ts'

/** The user under a tag. */
export const readUser: Script<never> = define(
  'user-read',
  'aa2789e62ca08e8bda87789dc61be705d6de32c4',
  ['user'],
  [],
  `return {'user', redis.call('HGETALL', K.user)}`,
)

/** Identities of a user in order of linking; the name of the primary one comes first. */
export const readIdentities: Script<'userid'> = define(
  'user-identities',
  '45cfdfcacbd755646937f616aec57b6baeb01ffb',
  ['user', 'identities', 'order'],
  ['userid'],
  `
local found = {}
if redis.call('HGET', K.user, 'id') ~= userid then return {'identities', '', found} end
for i, name in ipairs(redis.call('ZRANGE', K.order, 0, -1)) do
  found[i] = {name, redis.call('HGET', K.identities, name), redis.call('HGET', K.identities, 'p:' .. name) or ''}
end
return {'identities', redis.call('HGET', K.user, 'primary') or '', found}
`,
)

/** Whether a user has an identity. */
export const ownsIdentity: Script<'userid' | 'name'> = define(
  'user-owns',
  '469a4b187648fc8e5a0247305674508eb1a8938d',
  ['user', 'identities'],
  ['userid', 'name'],
  `
if redis.call('HGET', K.user, 'id') ~= userid or redis.call('HEXISTS', K.identities, name) == 0 then return {'no'} end
return {'yes'}
`,
)

/**
 * Takes an identity away again that the index gave to somebody else meanwhile. A user who has no other and was no guest
 * was made for it by the same sign-up, which begins anew, and goes too.
 */
export const dropIdentity: Script<'userid' | 'name'> = define(
  'user-drop',
  '091760b32295b802488fbbd6db95a254349057c8',
  ['user', 'identities', 'order', 'meta'],
  ['userid', 'name'],
  `
if redis.call('HGET', K.user, 'id') ~= userid then return {'dropped'} end
redis.call('HDEL', K.identities, name, 'p:' .. name)
redis.call('ZREM', K.order, name)
local oldest = redis.call('ZRANGE', K.order, 0, 0)[1]
if not oldest and redis.call('HGET', K.user, 'origin') ~= 'guest' and redis.call('HLEN', K.meta) == 0 then
  redis.call('DEL', K.user, K.identities, K.order)
  return {'undone'}
end
if redis.call('HGET', K.user, 'primary') == name then redis.call('HSET', K.user, 'primary', oldest or '') end
return {'dropped'}
`,
)

/** What a removed person left in other slots. */
export const readReleased: Script<never> = define(
  'user-released',
  '078905a176131acf0b56ef893fbbee075348c00a',
  ['released'],
  [],
  `return {'released', redis.call('HGET', K.released, 'id') or '', redis.call('HKEYS', K.released)}`,
)

/** Nothing of a removed person is left elsewhere. */
export const forgetReleased: Script<never> = define(
  'user-forget',
  'c10a00058975ac5e3c08ee7e6fbfb2bf0ca2310b',
  ['released'],
  [],
  `
redis.call('DEL', K.released)
return {'forgotten'}
`,
)
