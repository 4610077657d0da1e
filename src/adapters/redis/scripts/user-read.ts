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
  '7355e51fcb5c487e1187d26e28be4d81cfb1c9bd',
  ['user', 'identities', 'order'],
  ['userid'],
  `
local found = {}
if redis.call('HGET', K.user, 'id') ~= userid then return {'identities', '', found} end
for i, name in ipairs(redis.call('ZRANGE', K.order, 0, -1)) do
  found[i] = {name, redis.call('HGET', K.identities, name)}
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

/** Takes an identity away again that turned out to be somebody else's; only the sweep does this. */
export const dropIdentity: Script<'name'> = define(
  'user-drop',
  'b0a3f69c89161237bdc74626fa0fefe88ccb597d',
  ['user', 'identities', 'order'],
  ['name'],
  `
redis.call('HDEL', K.identities, name, 'p:' .. name)
redis.call('ZREM', K.order, name)
if redis.call('HGET', K.user, 'primary') == name then
  redis.call('HSET', K.user, 'primary', redis.call('ZRANGE', K.order, 0, 0)[1] or '')
end
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
