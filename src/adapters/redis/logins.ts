import { type Seconds, type Sid, seconds, type Tag, type UserId } from '../../core/brand.ts'
import type { Follower, LoginStore, LoginTransaction } from '../../ports/login-store.ts'
import { type Answer, text, texts, unexpected } from './call.ts'
import { flagOf, numberOf, parseObject, textOf, textOrNull } from './codec.ts'
import { type Context, lifeOf } from './context.ts'
import { field, unfield } from './names.ts'
import { followProvider, readFollowers } from './scripts/followers.ts'
import { attachLogin, beginLogin, claimLogin, peekLogin, takeLogin } from './scripts/logins.ts'

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

/** What a script keeps of a transaction; it is there for its life by Redis itself. */
function kept({ posted, ...fixed }: LoginTransaction) {
  return {
    ends: fixed.expiresAt,
    json: JSON.stringify(fixed),
    life: lifeOf(fixed.expiresAt, fixed.createdAt),
    posted: posted === null ? '' : JSON.stringify({ code: posted.code, extra: posted.extra }),
  }
}

function lineOf({ endsAt, sid, user, tag }: Follower): string {
  return [endsAt, field(sid), field(user), field(tag)].join('\n')
}

function followersOf(operation: string, answer: Answer): readonly Follower[] {
  return texts(operation, answer.parts, 0).map((line) => {
    const [endsAt = '', ...names] = line.split('\n')
    const [sid, user, tag] = names.map(unfield)
    if (!/^\d{1,15}$/.test(endsAt) || sid === undefined || user === undefined || tag === undefined)
      throw unexpected(operation)
    return { user: user as UserId, tag: tag as Tag, sid: sid as Sid, endsAt: seconds(Number(endsAt)) }
  })
}

/** Sign-in transactions and who follows a provider's session, one key each. */
export function loginStore({ calls }: Context): LoginStore {
  return {
    async begin(transaction: LoginTransaction): Promise<void> {
      await calls.run(beginLogin, slot(transaction.key), kept(transaction))
    },
    async claim(transaction: LoginTransaction, now: Seconds): Promise<boolean> {
      return (await calls.run(claimLogin, slot(transaction.key), { ...kept(transaction), time: now })).word === 'begun'
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
    async follow(key: string, follower: Follower, most: number, now: Seconds): Promise<readonly Follower[]> {
      const line = lineOf(follower)
      const args = { time: now, ends: follower.endsAt, sid: field(follower.sid), line, most }
      return followersOf('provider-follow', await calls.run(followProvider, slot(key), args))
    },
    async followers(key: string, now: Seconds): Promise<readonly Follower[]> {
      return followersOf('provider-followers', await calls.run(readFollowers, slot(key), { time: now }))
    },
  }
}
