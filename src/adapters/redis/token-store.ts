import { type Permission, type Seconds, seconds, type UserId } from '../../core/brand.ts'
import { type ApiToken, type FoundToken, SHOWN_SECONDS, type TokenStore } from '../../ports/token-store.ts'
import { list, text, texts, unexpected } from './call.ts'
import { decodeUser, numberOf, numberOrNull, parseObject, textOf } from './codec.ts'
import type { Context } from './context.ts'
import { splitKey } from './names.ts'
import { createToken, listTokens, readToken, revokeToken, rotateToken, touchToken } from './scripts/tokens.ts'

function encode(token: ApiToken): { readonly line: string; readonly json: string } {
  const { id, key, owner, name, description, scopes, createdAt, hourlyLimit } = token
  return {
    line: `${token.expiresAt ?? 0} ${token.lastUsedAt ?? 0} ${token.uses} 0 ${id}`,
    json: JSON.stringify({ key, owner, name, description, scopes, createdAt, hourlyLimit }),
  }
}

function decodeScopes(operation: string, value: unknown): readonly Permission[] | null {
  if (value === null) return null
  if (!Array.isArray(value)) throw unexpected(operation)
  return value.map((name: unknown) => {
    if (typeof name !== 'string') throw unexpected(operation)
    return name as Permission
  })
}

function decode(operation: string, line: string, json: string): ApiToken {
  const match = /^(\d+) (\d+) (\d+) \d ([\s\S]*)$/.exec(line)
  if (match === null) throw unexpected(operation)
  const [ends = 0, used = 0, uses = 0] = match.slice(1, 4).map(Number)
  const fields = parseObject(operation, json)
  return {
    id: match[4] ?? '',
    key: textOf(operation, fields, 'key'),
    owner: textOf(operation, fields, 'owner') as UserId,
    name: textOf(operation, fields, 'name'),
    description: textOf(operation, fields, 'description'),
    scopes: decodeScopes(operation, fields['scopes']),
    createdAt: seconds(numberOf(operation, fields, 'createdAt')),
    expiresAt: ends === 0 ? null : seconds(ends),
    lastUsedAt: used === 0 ? null : seconds(used),
    uses,
    hourlyLimit: numberOrNull(operation, fields, 'hourlyLimit'),
  }
}

function hashOf(token: ApiToken, tag: string): string {
  const key = splitKey(token.key)
  if (key === null || key.tag !== tag) throw new TypeError('a token key starts with the tag of its owner')
  return key.hash
}

async function read(context: Context, key: string, now: Seconds): Promise<FoundToken> {
  const operation = 'token-read'
  const place = splitKey(key)
  if (place === null) return { kind: 'unknown' }
  const { word, parts } = await context.calls.run(readToken, place.tag, { hash: place.hash, time: now })
  if (word === 'unknown') return { kind: 'unknown' }
  if (word !== 'live') throw unexpected(operation)
  const token = decode(operation, text(operation, parts, 0), text(operation, parts, 1))
  const owner = decodeUser(operation, place.tag, list(operation, parts, 2))
  return owner.id === token.owner ? { kind: 'live', token, owner } : { kind: 'unknown' }
}

/** API tokens in the slot of their owner. */
export function tokenStore(context: Context): TokenStore {
  const { calls, mutate } = context
  return {
    async create(owner, token, most, audit) {
      const args = { userid: owner.id, hash: hashOf(token, owner.tag), ...encode(token), time: audit.at, most }
      const { word } = await mutate({ script: createToken, tag: owner.tag, audit, args: () => args, effects: () => [] })
      return word === 'created' ? 'created' : word === '=full' ? 'full' : 'no-user'
    },
    read: (key, now) => read(context, key, now),
    async touch(key, now, uses) {
      const place = splitKey(key)
      if (place !== null) await calls.run(touchToken, place.tag, { hash: place.hash, time: now, count: uses })
    },
    async list(owner, now) {
      const operation = 'token-list'
      const { parts } = await calls.run(listTokens, owner.tag, { userid: owner.id, time: now - SHOWN_SECONDS })
      const rows = list(operation, parts, 0)
      const tokens = rows.map((_, at) => {
        const [line = '', json = ''] = texts(operation, rows, at)
        return decode(operation, line, json)
      })
      return tokens.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
    },
    async rotate(owner, id, fresh, overlapUntil, audit) {
      const hash = hashOf(fresh, owner.tag)
      const args = {
        userid: owner.id,
        id,
        newid: fresh.id,
        hash,
        ...encode(fresh),
        time: audit.at,
        overlapend: overlapUntil,
      }
      const said = await mutate({ script: rotateToken, tag: owner.tag, audit, args: () => args, effects: () => [] })
      return said.word === 'rotated' ? 'rotated' : 'unknown'
    },
    async revoke(owner, id, audit) {
      const args = { userid: owner.id, id }
      const said = await mutate({ script: revokeToken, tag: owner.tag, audit, args: () => args, effects: () => [] })
      return said.word === 'revoked'
    },
  }
}
