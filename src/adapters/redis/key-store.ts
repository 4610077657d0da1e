import { seconds } from '../../core/brand.ts'
import type { KeyStore, StoredKey } from '../../ports/keys.ts'
import { type Answer, list, texts, unexpected } from './call.ts'
import { numberOf, parseObject, textOf } from './codec.ts'
import type { Context } from './context.ts'
import { KEYS } from './names.ts'
import { addKey, ensureKey, listKeys, retireKey } from './scripts/keys.ts'

const PURPOSES: readonly StoredKey['purpose'][] = ['root', 'assertion', 'message']

function decode(operation: string, answer: Answer): readonly StoredKey[] {
  const rows = list(operation, answer.parts, 0)
  const keys = rows.map((_, at): readonly [number, StoredKey] => {
    const [json = '', retired = '', place = ''] = texts(operation, rows, at)
    const fields = parseObject(operation, json)
    const purpose = PURPOSES.find((known) => known === fields['purpose'])
    if (purpose === undefined) throw unexpected(operation)
    const key = {
      kid: textOf(operation, fields, 'kid'),
      purpose,
      algorithm: textOf(operation, fields, 'algorithm'),
      sealed: textOf(operation, fields, 'sealed'),
      publicJwk: textOf(operation, fields, 'publicJwk'),
      createdAt: seconds(numberOf(operation, fields, 'createdAt')),
      activeAt: seconds(numberOf(operation, fields, 'activeAt')),
      retiredAt: retired === '' ? null : seconds(Number(retired)),
    }
    return [Number(place), key]
  })
  return keys.toSorted(([m, a], [n, b]) => a.createdAt - b.createdAt || m - n).map(([, key]) => key)
}

function fieldsOf(key: StoredKey): { purpose: string; kid: string; json: string; retired: string | number } {
  const { retiredAt, ...fixed } = key
  return { purpose: key.purpose, kid: key.kid, json: JSON.stringify(fixed), retired: retiredAt ?? '' }
}

/** Signing keys, all in one slot. */
export function keyStore({ calls, mutate }: Context): KeyStore {
  return {
    async list(purpose, now) {
      return decode('key-list', await calls.run(listKeys, KEYS, { purpose, time: now }))
    },
    async ensure(purpose, fresh, now) {
      return decode('key-ensure', await calls.run(ensureKey, KEYS, { ...fieldsOf(fresh), purpose, time: now }))
    },
    async add(key, ends, audit) {
      const args = { ...fieldsOf(key), time: audit.at, active: key.activeAt, old: ends.kid ?? '', oldend: ends.at }
      const answer = await mutate({ script: addKey, tag: KEYS, audit, args: () => args, effects: () => [] })
      return answer.word === 'added' ? null : (decode('key-add', answer)[0] ?? null)
    },
    async retire(kid, at, audit) {
      const args = () => ({ kid, oldend: at })
      const answer = await mutate({ script: retireKey, tag: KEYS, audit, args, effects: () => [] })
      return answer.word === 'retired'
    },
  }
}
