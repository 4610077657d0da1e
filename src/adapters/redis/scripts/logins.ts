import type { Script } from '../driver.ts'
import { define } from '../script.ts'

/** Keeps a sign-in transaction. */
export const beginLogin: Script<'ends' | 'json' | 'life'> = define(
  'login-begin',
  '79d73cca46711d4b63c2c4f5716b18cbf18d33ad',
  ['login'],
  ['ends', 'json', 'life'],
  `
redis.call('HSET', K.login, 'ends', ends, 'json', json)
redis.call('HDEL', K.login, 'posted')
redis.call('EXPIRE', K.login, life)
return {'begun'}
`,
)

const FIND = `
local found = redis.call('HMGET', K.login, 'ends', 'json', 'posted')
if not found[2] or not ((tonumber(found[1]) or 0) > tonumber(time)) then
  redis.call('DEL', K.login)
  return {'unknown'}
end
`

/** Looks at a transaction. */
export const peekLogin: Script<'time'> = define(
  'login-peek',
  '6c8dc5bfe076d375d167faabba0d1738eeeb7236',
  ['login'],
  ['time'],
  `${FIND}return {'found', found[2], found[3] or ''}`,
)

/** Takes a transaction: the second caller finds nothing. */
export const takeLogin: Script<'time'> = define(
  'login-take',
  '868b007fb87fba334f1a13710712c0c06261a265',
  ['login'],
  ['time'],
  `${FIND}redis.call('DEL', K.login)
return {'found', found[2], found[3] or ''}`,
)

/** Keeps what a form-post provider sent, once. */
export const attachLogin: Script<'time' | 'posted'> = define(
  'login-attach',
  'b39084ca60bf988c49adeb7c0e041addc786d1cb',
  ['login'],
  ['time', 'posted'],
  `${FIND}if found[3] then return {'taken'} end
redis.call('HSET', K.login, 'posted', posted)
return {'attached'}`,
)
