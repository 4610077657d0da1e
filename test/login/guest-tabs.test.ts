import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Browser } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

let house: House
let guest: Browser
let id = ''
beforeEach(async () => {
  house = await openHouse({ guests: 'on', session: { absolute: '7d', idle: '8h', remember: '90d' } })
  guest = house.browser()
  await guest.post('/auth/guest', {})
  id = (await guest.session())?.user.id ?? ''
})
afterEach(() => house.close())

async function ownerAt(op: 'guild' | 'tavern', subject: string): Promise<string | null> {
  return (await house.bench.store.directory.find(house.ops[op].url, subject))?.id ?? null
}

describe('a guest who signs in by two providers in two tabs', () => {
  test('keeps the account that the first one made, is told so by the second, and may then go on', async () => {
    const [first, second] = [await guest.start('guild'), await guest.start('tavern')]
    expect((await guest.comeBack(first, 'ada')).status).toBe(303)
    const late = await guest.comeBack(second, 'lovelace')
    expect([late.status, await ownerAt('tavern', 'lovelace')]).toEqual([400, null])
    expect(late.html).toContain('/auth/start/tavern')
    expect(await guest.session()).toMatchObject({ user: { id, guest: false }, provider: 'guild' })
    expect((await guest.signIn('tavern', 'lovelace')).status).toBe(303)
    expect((await guest.session())?.user.id).toBe(await ownerAt('tavern', 'lovelace'))
  })

  test('keeps one account also when both come back at one moment, and is told no other reason', async () => {
    for (const people of [
      ['ada', 'lovelace'],
      ['bea', 'curie'],
    ] as const) {
      const browser = house.browser()
      await browser.post('/auth/guest', {})
      const own = (await browser.session())?.user.id
      const attempts = [await browser.start('guild'), await browser.start('tavern')] as const
      const came = await Promise.all([
        browser.comeBack(attempts[0], people[0]),
        browser.comeBack(attempts[1], people[1]),
      ])
      expect(came.map(({ status }) => status).sort()).toEqual([303, 400])
      expect(await browser.session()).toMatchObject({ user: { id: own, guest: false } })
      const owners = [await ownerAt('guild', people[0]), await ownerAt('tavern', people[1])]
      expect(owners.filter((owner) => owner !== null)).toEqual([own])
    }
  })

  test('arrives in both where both prove the same person, one after another or at one moment', async () => {
    const tabs = [await guest.start('guild'), await guest.start('guild'), await guest.start('guild')] as const
    const came = await Promise.all([guest.comeBack(tabs[0], 'ada'), guest.comeBack(tabs[1], 'ada')])
    expect([...came, await guest.comeBack(tabs[2], 'ada')].map(({ status }) => status)).toEqual([303, 303, 303])
    expect(await guest.session()).toMatchObject({ user: { id, guest: false } })
    expect(await ownerAt('guild', 'ada')).toBe(id)
  })

  test('is remembered as wished', async () => {
    const seen = await guest.signIn('guild', 'ada', 'return_to=%2Fplay%2F1&remember=1')
    const plain = house.browser()
    await plain.post('/auth/guest', {})
    const forgotten = await plain.signIn('guild', 'eve')
    const age = (headers: Headers) =>
      Number(/__Host-postern=[^;]+;.*?Max-Age=(\d+)/.exec(headers.get('set-cookie') ?? '')?.[1] ?? 0)
    expect(age(seen.headers)).toBeGreaterThan(age(forgotten.headers))
  })
})
