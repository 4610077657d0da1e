import type { Script } from '../driver.ts'
import { define } from '../script.ts'

const KEEP = `
redis.call('HSET', K.login, 'ends', ends, 'json', json)
if posted == '' then redis.call('HDEL', K.login, 'posted') else redis.call('HSET', K.login, 'posted', posted) end
redis.call('EXPIRE', K.login, life)
return {'begun'}
`

/** Keeps a sign-in transaction, in the place of one that has its key. */
export const beginLogin: Script<'ends' | 'json' | 'life' | 'posted'> = define(
  'login-begin',
  'a962b752c0560203f1c81e49fca6f8bc17f3db8d',
  ['login'],
  ['ends', 'json', 'life', 'posted'],
  KEEP,
)

/** Keeps a transaction where none is alive under its key. */
export const claimLogin: Script<'ends' | 'json' | 'life' | 'posted' | 'time'> = define(
  'login-claim',
  '0e7e89c069813545ee95d8c90c2fbdfb71619c90',
  ['login'],
  ['ends', 'json', 'life', 'posted', 'time'],
  `if (tonumber(redis.call('HGET', K.login, 'ends')) or 0) > tonumber(time) then return {'taken'} end${KEEP}`,
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
