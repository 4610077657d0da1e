import { describe, expect, test } from 'vitest'
import { type Seconds, type SessionKey, seconds, type Tag } from '../../src/core/brand.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { type Found, StoreUnavailable } from '../../src/ports/store.ts'
import { SessionCache } from '../../src/session/cache.ts'
import { sharedFlights } from '../../src/session/flights.ts'
import { type Identified, type Identifier, identify } from '../../src/session/identify.ts'
import { freshToken, readToken, tokenMac } from '../../src/session/token.ts'
import { noise } from '../support/corpus.ts'
import { sessionOf, TAG, userOf } from '../support/person.ts'

const mac = await tokenMac(utf8('a root secret of exactly 32 byte'))
const source = noise(11)
const random = (count: number) => Uint8Array.from({ length: count }, () => source.next().value)
const { token, key } = await freshToken(mac, TAG, random)
const other = await freshToken(mac, 'zzzzzzzzzz' as Tag, random)
const NAME = '__Host-postern'

/** A store that answers one thing and counts how often it was asked. */
class OneAnswer {
  readonly asked: SessionKey[] = []
  answer: Found | Error

  constructor(answer: Found | Error) {
    this.answer = answer
  }

  async read(asked: SessionKey): Promise<Found> {
    this.asked.push(asked)
    if (this.answer instanceof Error) throw this.answer
    return this.answer
  }
}

function live(facts: Parameters<typeof sessionOf>[0] = {}, user: Parameters<typeof userOf>[0] = {}): Found {
  return { kind: 'live', session: sessionOf(facts), user: userOf(user), grace: false }
}

function byOf(sessions: OneAnswer, now: number = 1500, cache = new SessionCache(8)): Identifier {
  const memory = { cache, tellEnds: true, cacheMs: 5000, flights: sharedFlights(), freshness: 'remembered' } as const
  return {
    cookieName: NAME,
    readToken: (value) => readToken(mac, value),
    sessions,
    ...memory,
    now: seconds(now),
    ticks: 0,
  }
}

function cookies(cookie: string | null) {
  return { cookie, authorization: null, apiToken: null }
}

async function kindAt(found: Found, now: number): Promise<string> {
  const identified = await identify(cookies(`${NAME}=${token}`), byOf(new OneAnswer(found), now))
  return identified.kind === 'ended' ? identified.reason : identified.kind
}

async function asked(cookie: string | null): Promise<{ kind: Identified['kind']; reads: number }> {
  const store = new OneAnswer(live())
  const { kind } = await identify(cookies(cookie), byOf(store))
  return { kind, reads: store.asked.length }
}

describe('identify()', () => {
  test('names the user of a good cookie with one read', async () => {
    const store = new OneAnswer(live())
    const identified = await identify(cookies(`a=1; ${NAME}=${token}`), byOf(store))
    expect(identified).toMatchObject({ kind: 'somebody', cached: 'read', subject: { user: userOf() } })
    expect(store.asked).toEqual([key])
  })

  test('asks no store when there is no cookie', async () => {
    expect(await asked(null)).toEqual({ kind: 'nobody', reads: 0 })
  })

  test('asks no store when the cookie is not ours', async () => {
    expect(await asked(`${NAME}-8787=${token}; x${NAME}=${token}`)).toEqual({ kind: 'nobody', reads: 0 })
  })

  // DECISIONS 3: invented tags would make a store shard each.
  test('asks no store when the mac is wrong', async () => {
    expect(await asked(`${NAME}=${TAG}${token.slice(10, 44)}AAAAAAAAAAA`)).toEqual({ kind: 'invalid', reads: 0 })
  })

  test('asks no store for a cookie of 60 KB', async () => {
    expect(await asked(`${NAME}=${'a'.repeat(60_000)}`)).toEqual({ kind: 'invalid', reads: 0 })
  })

  test('does not believe a value in quotes', async () => {
    expect(await asked(`${NAME}="${token}"`)).toEqual({ kind: 'invalid', reads: 0 })
  })

  // DECISIONS 3: cookie tossing.
  test('believes neither of two cookies with a good mac', async () => {
    expect(await asked(`${NAME}=${token}; ${NAME}=${other.token}`)).toEqual({ kind: 'invalid', reads: 0 })
  })

  test('believes the one of two cookies that verifies, in either order', async () => {
    expect(await asked(`${NAME}=tossed; ${NAME}=${token}`)).toEqual({ kind: 'somebody', reads: 1 })
    expect(await asked(`${NAME}=${token}; ${NAME}=tossed`)).toEqual({ kind: 'somebody', reads: 1 })
  })

  test('takes the same cookie sent twice for one', async () => {
    expect(await asked(`${NAME}=${token}; ${NAME}=${token}`)).toEqual({ kind: 'somebody', reads: 1 })
  })

  test('answers from memory within five seconds', async () => {
    const store = new OneAnswer(live())
    const by = byOf(store)
    await identify(cookies(`${NAME}=${token}`), by)
    const again = await identify(cookies(`${NAME}=${token}`), { ...by, ticks: 4999 })
    expect(again).toMatchObject({ kind: 'somebody', cached: 'cached' })
    expect(store.asked).toHaveLength(1)
  })

  test('reads again when memory is five seconds old', async () => {
    const store = new OneAnswer(live())
    const by = byOf(store)
    await identify(cookies(`${NAME}=${token}`), by)
    await identify(cookies(`${NAME}=${token}`), { ...by, ticks: 5000 })
    expect(store.asked).toHaveLength(2)
  })

  // Seeds S25: a failed load is not remembered. SPEC 10: an outage is not an absence.
  test('throws an outage and remembers nothing of it', async () => {
    const store = new OneAnswer(new StoreUnavailable('read', 'silent'))
    const by = byOf(store)
    await expect(identify(cookies(`${NAME}=${token}`), by)).rejects.toBeInstanceOf(StoreUnavailable)
    store.answer = live()
    expect(await identify(cookies(`${NAME}=${token}`), by)).toMatchObject({ kind: 'somebody', cached: 'read' })
  })

  test('tells how a session ended', async () => {
    expect(await kindAt({ kind: 'ended', reason: 'kicked', at: seconds(1) }, 1500)).toBe('kicked')
  })

  test('calls a session invalid that the store does not know', async () => {
    expect(await kindAt({ kind: 'unknown' }, 1500)).toBe('invalid')
  })
})

describe('the end of a session', () => {
  test('S15: one second before the absolute end it is live', async () => {
    expect(await kindAt(live({ endsAt: seconds(1600), idleUntil: seconds(1600) }), 1599)).toBe('somebody')
  })

  test('S15: at the absolute end it is over', async () => {
    expect(await kindAt(live({ endsAt: seconds(1600), idleUntil: seconds(9999) }), 1600)).toBe('expired')
  })

  test('S15: one second after the absolute end it is over', async () => {
    expect(await kindAt(live({ endsAt: seconds(1600), idleUntil: seconds(9999) }), 1601)).toBe('expired')
  })

  test('S15: at the idle end it is over', async () => {
    expect(await kindAt(live({ idleUntil: seconds(1600) }), 1600)).toBe('expired')
  })

  test('S15: one second before the idle end it is live', async () => {
    expect(await kindAt(live({ idleUntil: seconds(1600) }), 1599)).toBe('somebody')
  })

  test('S14: at the end of the guest account it is over, whatever the session says', async () => {
    expect(await kindAt(live({}, { guest: true, endsAt: seconds(1600) }), 1600)).toBe('expired')
    expect(await kindAt(live({}, { guest: true, endsAt: seconds(1600) }), 1599)).toBe('somebody')
  })

  test.each<[string, unknown]>([
    ['no number', Number.NaN],
    ['missing', undefined],
    ['null', null],
    ['words', 'soon'],
  ])('S16: an end that is %s counts as over', async (_, end) => {
    expect(await kindAt(live({ endsAt: end as Seconds }), 1500)).toBe('expired')
    expect(await kindAt(live({ idleUntil: end as Seconds }), 1500)).toBe('expired')
  })

  test('S16: a guest end that cannot be read counts as over', async () => {
    expect(await kindAt(live({}, { guest: true, endsAt: Number.NaN as Seconds }), 1500)).toBe('expired')
  })

  test('S15: a session that is remembered ends at its end all the same', async () => {
    const by = byOf(new OneAnswer(live({ idleUntil: seconds(1501) })))
    await identify(cookies(`${NAME}=${token}`), by)
    expect(await identify(cookies(`${NAME}=${token}`), { ...by, now: seconds(1501) })).toEqual({
      kind: 'ended',
      reason: 'expired',
    })
  })
})

describe('reading anew', () => {
  // DECISIONS 8: a refusal is never answered from memory alone.
  test('identify() reads past what is remembered when nothing may be remembered', async () => {
    const store = new OneAnswer(live())
    const by = byOf(store)
    await identify(cookies(`${NAME}=${token}`), by)
    store.answer = live({}, { epoch: 1 })
    const anew = await identify(cookies(`${NAME}=${token}`), { ...by, cacheMs: 0 })
    expect(anew).toMatchObject({ subject: { user: { epoch: 1 } } })
    expect(store.asked).toHaveLength(2)
  })

  test('who comes after a local write waits for no read that began before it', async () => {
    const { store, answers, by } = slow(5000)
    const before = identify(cookies(`${NAME}=${token}`), by)
    await answers.began(1)
    by.cache.drop(key.slice(0, 10))
    const after = identify(cookies(`${NAME}=${token}`), by)
    await answers.began(2)
    answers.tell(live(), { kind: 'ended', reason: 'kicked', at: seconds(1) })
    expect([(await before).kind, (await after).kind, store.reads]).toEqual(['somebody', 'ended', 2])
  })

  test('where nothing may be remembered each asks for itself, also at the same time', async () => {
    const { answers, by } = slow(0)
    const both = [identify(cookies(`${NAME}=${token}`), by), identify(cookies(`${NAME}=${token}`), by)]
    await answers.began(2)
    answers.tell(live(), { kind: 'ended', reason: 'kicked', at: seconds(1) })
    // WHY: which of them asks first is up to the threads that hash.
    expect((await Promise.all(both)).map(({ kind }) => kind).toSorted()).toEqual(['ended', 'somebody'])
  })
})

/** A store that answers when it is told to, in the order in which it was asked. */
function slow(cacheMs: number) {
  const waiting: ((found: Found) => void)[] = []
  const store = {
    reads: 0,
    read: () => {
      store.reads++
      return new Promise<Found>((resolve) => void waiting.push(resolve))
    },
  }
  const answers = {
    /** Resolves when so many reads have begun; fails when they do not. */
    async began(count: number) {
      for (let turn = 0; turn < 3_000 && store.reads < count; turn++) await new Promise((go) => setTimeout(go, 1))
      expect(store.reads).toBe(count)
    },
    tell(...found: readonly Found[]) {
      for (const [at, one] of found.entries()) waiting[at]?.(one)
    },
  }
  return { store, answers, by: { ...byOf(new OneAnswer(live())), sessions: store, cacheMs } }
}
