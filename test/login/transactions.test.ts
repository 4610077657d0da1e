import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { digest } from '../../src/core/bytes.ts'
import { corpus, unquoted } from '../support/corpus.ts'
import type { Browser, Waiting } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

let house: House
beforeEach(async () => {
  house = await openHouse()
})
afterEach(() => {
  vi.restoreAllMocks()
  return house.close()
})

describe('an attempt', () => {
  test('ends at its own destination with a session', async () => {
    const ada = house.browser()
    const answer = await ada.signIn('guild', 'ada', 'return_to=%2Fplay%2F7%3Fa%3D1')
    expect(answer.status).toBe(303)
    expect(answer.location).toBe('/play/7?a=1')
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    expect(await ada.session()).toMatchObject({ provider: 'guild', user: { name: 'ada', guest: false } })
  })

  test('ten at once end at their ten destinations, in any order (users.md row 1)', async () => {
    const ada = house.browser()
    const tabs = await Promise.all(Array.from({ length: 10 }, (_, i) => ada.start('guild', `return_to=%2Fplay%2F${i}`)))
    for (const i of [7, 2, 9, 0, 5, 1, 8, 3, 6, 4]) {
      const tab = tabs[i]
      if (tab === undefined) throw new Error('no tab')
      expect((await ada.comeBack(tab, 'ada')).location).toBe(`/play/${i}`)
    }
  })

  test('a hundred abandoned ones leave less than 1.5 KB of cookies', async () => {
    const ada = house.browser()
    for (let i = 0; i < 100; i++) {
      house.wait(1)
      await ada.start('guild')
    }
    const last = await ada.start('guild')
    expect(ada.jar.size).toBeLessThanOrEqual(16)
    expect((await ada.comeBack(last, 'ada')).status).toBe(303)
    expect(ada.cookie.length).toBeLessThan(1536)
    for (const [name, value] of ada.jar) if (name.includes('pt-')) expect(`${name}=${value}`.length).toBeLessThan(61)
  })

  test('of one second goes when it was the first of too many, not the last but one (DECISIONS 13)', async () => {
    const ada = house.browser()
    const waiting: Waiting[] = []
    for (let count = 0; count < 18; count++) waiting.push(await ada.start('guild', `return_to=%2Fplay%2F${count}`))
    const lost = ada.copy()
    expect((await lost.comeBack(waiting[1] as Waiting, 'ada')).status).toBe(400)
    expect((await ada.comeBack(waiting[16] as Waiting, 'ada')).location).toBe('/play/16')
  })

  test('begun by a program is refused, so that a background request starts none (users.md row 2)', async () => {
    const answer = await house.browser().send('/auth/start/guild', { headers: { accept: 'application/json' } })
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.html)).toMatchObject({ code: 'not_navigation' })
  })

  test('begun by a form goes on by a page: form-action stops a redirect (seeds P6)', async () => {
    const ada = house.browser()
    const answer = await ada.post('/auth/start/guild', { return_to: '/play/3' })
    expect(answer.status).toBe(200)
    expect((await ada.comeBack(ada.waitingAt('guild', answer), 'ada')).location).toBe('/play/3')
  })
})

describe('two attempts of one signed-in browser', () => {
  /** Both come back at once, and both have read the session before either of them gives it a new key. */
  async function crossing(meanwhile: (by: Browser) => Promise<unknown> = async () => null) {
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    const before = await ada.session()
    const one = await ada.start('guild', 'return_to=%2Fplay%2F1')
    const two = await ada.start('guild', 'return_to=%2Fplay%2F2')
    const { sessions } = house.bench.store
    const { rotate } = sessions
    const both: (() => void)[] = []
    vi.spyOn(sessions, 'rotate').mockImplementation(async (...given) => {
      if (both.length < 2) {
        await new Promise<void>((resolve) => {
          both.push(resolve)
          if (both.length === 2) for (const go of both) go()
        })
        await meanwhile(ada.copy())
      }
      return rotate(...given)
    })
    const tabs = [ada.copy(), ada.copy()] as const
    const answers = await Promise.all([tabs[0].comeBack(one, 'ada'), tabs[1].comeBack(two, 'ada')])
    return { before, tabs, answers }
  }
  const counted = () => house.bench.store.sessions.count(house.bench.gateway.runtime.now(), 0)

  test('that end at once keep the one session and its name, and go each its way (DECISIONS 5)', async () => {
    const { before, tabs, answers } = await crossing()
    expect(answers.map(({ location }) => location)).toEqual(['/play/1', '/play/2'])
    expect(await counted()).toMatchObject({ total: 1 })
    for (const tab of tabs) expect((await tab.session())?.sid).toBe(before?.sid)
  })

  test('that end at once leave one key, of the one that was later; the other reads for half a minute', async () => {
    const { before, tabs } = await crossing()
    house.wait(31)
    const sids = await Promise.all(tabs.map(async (tab) => (await tab.session())?.sid ?? null))
    expect(sids.sort()).toEqual([before?.sid, null].sort())
  })

  test('that end at once open a new session when the old one was ended meanwhile', async () => {
    const { before, tabs } = await crossing((by) => by.post('/auth/sign-out'))
    for (const tab of tabs) {
      const session = await tab.session()
      expect(session?.user.id).toBe(before?.user.id)
      expect(session?.sid).not.toBe(before?.sid)
    }
  })
})

describe('an attempt that is gone', () => {
  test('completed twice makes one session and leads to its destination again (seeds S26)', async () => {
    const ada = house.browser()
    const waiting = await ada.start('guild', 'return_to=%2Fplay%2F7')
    await ada.comeBack(waiting, 'ada')
    const again = await ada.comeBack(waiting, 'ada')
    expect(again.status).toBe(303)
    expect(again.location).toBe('/play/7')
    expect(await house.bench.store.sessions.count(house.bench.gateway.runtime.now(), 0)).toMatchObject({ total: 1 })
  })

  test('by age, with a session: on to its own destination', async () => {
    const ada = house.browser()
    const old = await ada.start('guild', 'return_to=%2Fplay%2Fold')
    house.wait(601)
    await ada.signIn('tavern', 'ada')
    const late = await ada.comeBack(old, 'ada')
    expect(late.location).toBe('/play/old')
    expect(await ada.session()).toMatchObject({ provider: 'tavern' })
  })

  test('by age, signed in by nobody: one button that starts again and keeps the destination', async () => {
    const ada = house.browser()
    const old = await ada.start('guild', 'return_to=%2Fplay%2Fold')
    house.wait(600)
    const late = await ada.comeBack(old, 'ada')
    expect(late.status).toBe(400)
    expect(await ada.session()).toBeNull()
    const again = /href="(\/auth\/start\/guild[^"]*)"/.exec(late.html)?.[1] ?? ''
    const started = ada.waitingAt('guild', await ada.visit(again.replaceAll('&amp;', '&'), 'same-origin'))
    expect((await ada.comeBack(started, 'ada')).location).toBe('/play/old')
  })

  test('a second before its end still signs in', async () => {
    const ada = house.browser()
    const waiting = await ada.start('guild')
    house.wait(599)
    expect((await ada.comeBack(waiting, 'ada')).status).toBe(303)
  })

  test('after an hour its destination is forgotten too', async () => {
    const ada = house.browser()
    const old = await ada.start('guild', 'return_to=%2Fplay%2Fold')
    house.wait(3600)
    await ada.signIn('tavern', 'ada')
    expect((await ada.comeBack(old, 'ada')).location).toBe('/')
  })
})

describe('a destination', () => {
  test('is judged at the start: the corpus of bad ones is 400 (users.md row 7)', async () => {
    const ada = house.browser()
    for (const [outcome, wish] of corpus('redirects.txt')) {
      const answer = await ada.visit(`/auth/start/guild?${new URLSearchParams({ return_to: unquoted(wish) })}`)
      expect([wish, answer.status]).toEqual([wish, outcome === 'yes' ? 302 : 400])
    }
  })

  test('is judged again at the callback, before the code is spent', async () => {
    const ada = house.browser()
    const waiting = await ada.start('guild')
    const { logins } = house.bench.store
    const stored = await logins.take(await digest(waiting.state), house.bench.gateway.runtime.now())
    if (stored === null) throw new Error('no attempt')
    await logins.begin({ ...stored, returnTo: '//evil.example/' })
    const answer = await ada.comeBack(waiting, 'ada')
    expect(answer.status).toBe(400)
    expect(house.ops.guild.hits.get('/token')).toBeUndefined()
    expect(await ada.session()).toBeNull()
  })

  test('is never an own route by its address, and some own pages by their name', async () => {
    const ada = house.browser()
    for (const path of ['/auth/account', '/auth/sign-out', '/%61uth/account'])
      expect((await ada.visit(`/auth/start/guild?${new URLSearchParams({ return_to: path })}`)).status).toBe(400)
    expect((await ada.visit('/auth/start/guild?to=callback')).status).toBe(400)
    expect((await ada.signIn('guild', 'ada', 'to=account')).location).toBe('/auth/account')
  })
})
