import type { Script } from '../driver.ts'
import { type AuditedScript, define, defineAudited } from '../script.ts'

/** Writes a record that goes with no change. */
export const appendRecord: AuditedScript<never> = defineAudited(
  'chain-append',
  '3bde982fe71760f875f044d9b84706eac843fdeb',
  [],
  [],
  `
chronicle()
return {'appended'}
`,
)

/** Records of a chain after a sequence number, oldest first. */
export const readTail: Script<'after' | 'most'> = define(
  'chain-tail',
  'd73f42f9a0bd8519b950c5cd448c29cacee96771',
  ['log', 'head'],
  ['after', 'most'],
  `
local base = tonumber(redis.call('HGET', K.head, 'base') or '0')
local from = math.max(tonumber(after) - base, 0)
return {'tail', redis.call('LRANGE', K.log, from, from + tonumber(most) - 1)}
`,
)

/** Single records of a chain by their sequence numbers, which follow; empty where retention has removed one. */
export const readRecords: Script<never> = define(
  'chain-records',
  '574f3a61d9e626c8aa631d76040fc431d2ba5f0b',
  ['log', 'head'],
  [],
  `
local base = tonumber(redis.call('HGET', K.head, 'base') or '0')
local found = {}
for i = REST + 1, #ARGV do
  local at = tonumber(ARGV[i]) - base - 1
  found[#found + 1] = at >= 0 and redis.call('LINDEX', K.log, at) or ''
end
return {'records', found}
`,
)

/** Where a chain begins (after retention, and what was signed for that) and ends. */
export const readEnds: Script<never> = define(
  'chain-ends',
  'aefdeb5ed2c22a4df251b1406ba5eeab26acafa7',
  ['log', 'head'],
  [],
  `
local head = redis.call('HMGET', K.head, 'seq', 'hash', 'base', 'basehash', 'basesign')
return {'ends', head[1] or '0', head[2] or '', head[3] or '0', head[4] or '', head[5] or ''}
`,
)

/**
 * Removes records from the front of a chain up to one that has a known hash, from which the rest goes on, and keeps what
 * was signed for that.
 */
export const trimChain: Script<'upto' | 'hash' | 'sign'> = define(
  'chain-trim',
  '527e3ba67ad9cdb5fe9986f5738c999f4df8fd79',
  ['log', 'head'],
  ['upto', 'hash', 'sign'],
  `
local base = tonumber(redis.call('HGET', K.head, 'base') or '0')
local count = tonumber(upto) - base
if count < 1 then return {'trimmed', 0} end
local last = redis.call('LINDEX', K.log, count - 1)
if not last or string.sub(last, 1, 64) ~= hash then return {'trimmed', 0} end
redis.call('LTRIM', K.log, count, -1)
redis.call('HSET', K.head, 'base', upto, 'basehash', hash, 'basesign', sign)
return {'trimmed', count}
`,
)

/** A page of the trail, oldest or newest first, between two moments; entries that do not fit the filter are left out. */
export const pageTrail: Script<'order' | 'from' | 'upto' | 'subject' | 'event' | 'most'> = define(
  'trail-page',
  '3b55c0fc7dff0016efd7eca3a129e12ac2a145cc',
  ['trail'],
  ['order', 'from', 'upto', 'subject', 'event', 'most'],
  `
if from == '' then from = '-' end
if upto == '' then upto = '+' end
local entries
if order == 'newest' then
  entries = redis.call('ZREVRANGEBYLEX', K.trail, upto, from, 'LIMIT', 0, 2000)
else
  entries = redis.call('ZRANGEBYLEX', K.trail, from, upto, 'LIMIT', 0, 2000)
end
local found, last = {}, ''
for _, entry in ipairs(entries) do
  last = entry
  local _, chain, seq, what, whom = string.match(entry, '^([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n(.*)$')
  if (event == '' or what == event) and (subject == '' or whom == subject) then
    found[#found + 1] = {entry, chain, seq}
    if #found == tonumber(most) then return {'page', 'more', last, found} end
  end
end
return {'page', #entries < 2000 and 'end' or 'more', last, found}
`,
)

/** Removes entries of the trail before a moment. */
export const trimTrail: Script<'before'> = define(
  'trail-trim',
  '66a1967891f06f653918499ac650aac1655b9e01',
  ['trail'],
  ['before'],
  `return {'trimmed', redis.call('ZREMRANGEBYLEX', K.trail, '-', '(' .. before)}`,
)

/** Every chain the index knows, with the number and hash it has seen last. */
export const listChains: Script<'cursor'> = define(
  'chain-list',
  'dd418f6cc9d904ffdb5ed7fba7deb810c4d914f5',
  ['heads'],
  ['cursor'],
  `
local page = redis.call('HSCAN', K.heads, cursor, 'COUNT', 500)
return {'chains', page[1], page[2]}
`,
)
