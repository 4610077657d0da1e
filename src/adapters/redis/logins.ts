import { type Seconds, seconds } from '../../core/brand.ts'
import type { LoginStore, LoginTransaction } from '../../ports/login-store.ts'
import { type Answer, text, unexpected } from './call.ts'
import { flagOf, numberOf, parseObject, textOf, textOrNull } from './codec.ts'
import { type Context, lifeOf } from './context.ts'
import { field } from './names.ts'
import { attachLogin, beginLogin, peekLogin, takeLogin } from './scripts/logins.ts'

const PURPOSES: readonly LoginTransaction['purpose'][] = ['sign-in', 'link', 'reauthenticate', 'promote']

function decodePosted(operation: string, json: string): LoginTransaction['posted'] {
  if (json === '') return null
  const fields = parseObject(operation, json)
  return { code: textOf(operation, fields, 'code'), extra: textOrNull(operation, fields, 'extra') }
}

function decode(operation: string, answer: Answer): LoginTransaction | null {
  if (answer.word === 'unknown') return null
  if (answer.word !== 'found') throw unexpected(operation)
  const fields = parseObject(operation, text(operation, answer.parts, 0))
  const purpose = PURPOSES.find((known) => known === fields['purpose'])
  if (purpose === undefined) throw unexpected(operation)
  return {
    key: textOf(operation, fields, 'key'),
    provider: textOf(operation, fields, 'provider'),
    purpose,
    codeVerifier: textOf(operation, fields, 'codeVerifier'),
    nonce: textOf(operation, fields, 'nonce'),
    returnTo: textOf(operation, fields, 'returnTo'),
    sid: textOrNull(operation, fields, 'sid'),
    browser: textOf(operation, fields, 'browser'),
    remember: flagOf(operation, fields, 'remember'),
    createdAt: seconds(numberOf(operation, fields, 'createdAt')),
    expiresAt: seconds(numberOf(operation, fields, 'expiresAt')),
    posted: decodePosted(operation, text(operation, answer.parts, 1)),
  }
}

const slot = (key: string): string => `l.${field(key)}`

/** Sign-in transactions, one key each. */
export function loginStore({ calls }: Context): LoginStore {
  return {
    async begin(transaction: LoginTransaction): Promise<void> {
      const { posted, ...fixed } = transaction
      const life = lifeOf(transaction.expiresAt, transaction.createdAt)
      const json = JSON.stringify(fixed)
      await calls.run(beginLogin, slot(transaction.key), { ends: transaction.expiresAt, json, life })
      if (posted !== null) await this.attach(transaction.key, posted, transaction.createdAt)
    },
    async attach(key: string, posted, now: Seconds): Promise<boolean> {
      const { code, extra } = posted
      const args = { time: now, posted: JSON.stringify({ code, extra }) }
      return (await calls.run(attachLogin, slot(key), args)).word === 'attached'
    },
    async peek(key: string, now: Seconds): Promise<LoginTransaction | null> {
      return decode('login-peek', await calls.run(peekLogin, slot(key), { time: now }))
    },
    async take(key: string, now: Seconds): Promise<LoginTransaction | null> {
      return decode('login-take', await calls.run(takeLogin, slot(key), { time: now }))
    },
  }
}
