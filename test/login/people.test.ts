import { afterEach, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import type { Browser } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'
import { refusedSignIns } from './support/refused.ts'

let house: House
afterEach(() => house.close())

describe('who gets an account', () => {
  test('anybody a provider proves, with the default role; the second time the same user (seeds P1, P3)', async () => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    const first = await ada.session()
    expect(first?.roles).toEqual(['player'])
    expect(first?.user.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const again = house.browser()
    await again.signIn('guild', 'ada')
    expect((await again.session())?.user.id).toBe(first?.user.id)
  })

  test('two first sign-ins at once make one user (seeds P3)', async () => {
    house = await openHouse()
    const [one, two] = [house.browser(), house.browser()]
    await Promise.all([one.signIn('guild', 'ada'), two.signIn('guild', 'ada')])
    expect((await one.session())?.user.id).toBe((await two.session())?.user.id)
    const { items } = await house.bench.store.directory.search('', { after: null, limit: 10 })
    expect(items).toHaveLength(1)
  })

  test('a new one sees the first-visit page, which knows where they wanted to go; later not (seeds P5)', async () => {
    house = await openHouse({ firstVisitPage: '/play/welcome' })
    const ada = house.browser()
    const first = await ada.signIn('guild', 'ada', 'return_to=%2Fplay%2F7%3Fa%3D1')
    expect(first.location).toBe('/play/welcome?return_to=%2Fplay%2F7%3Fa%3D1')
    expect((await ada.signIn('guild', 'ada', 'return_to=%2Fplay%2F7')).location).toBe('/play/7')
  })

  test('nobody new where sign-up is closed; those who are known go on (seeds G5)', async () => {
    house = await openHouse({
      signup: 'closed',
      people: [{ provider: 'guild', email: 'max@guild.example', roles: ['referee'] }],
    })
    const stranger = house.browser()
    const answer = await stranger.signIn('guild', 'ada')
    expect(answer.status).toBe(403)
    expect(await stranger.session()).toBeNull()
    const closed = { actor: 'system', subject: null, detail: { provider: 'guild', outcome: 'signup-closed', count: 1 } }
    expect(await refusedSignIns(house)).toMatchObject([closed])
    const max = house.browser()
    await max.signIn('guild', 'max')
    expect((await max.session())?.roles).toEqual(['referee'])
  })

  test('an address that the provider did not verify makes nobody a person the configuration names', async () => {
    house = await openHouse({ firstAdmins: [{ provider: 'guild', email: 'ops@guild.example' }] })
    const eve = house.browser()
    await eve.signIn('guild', 'eve', undefined, { email: 'ops@guild.example', email_verified: false })
    expect((await eve.session())?.roles).toEqual(['player'])
    const other = house.browser()
    await other.signIn('tavern', 'mallory', undefined, { email: 'ops@guild.example' })
    expect((await other.session())?.roles).toEqual(['player'])
  })

  test('the first admin by configuration (seeds G7)', async () => {
    house = await openHouse({ firstAdmins: [{ provider: 'guild', subject: 'ops' }] })
    const ops = house.browser()
    await ops.signIn('guild', 'ops')
    expect((await ops.session())?.roles).toEqual(['keeper'])
  })

  test('the first admin gets the role the configuration names, and not the highest', async () => {
    house = await openHouse({ firstAdmins: [{ provider: 'guild', subject: 'ops' }], adminRole: 'referee' })
    const [ops, player] = [house.browser(), house.browser()]
    await ops.signIn('guild', 'ops')
    await player.signIn('guild', 'ada')
    expect([(await ops.session())?.roles, (await player.session())?.roles]).toEqual([['referee'], ['player']])
  })

  test('an account that is suspended is told why, only after the provider proved the person (seeds G9)', async () => {
    house = await openHouse()
    const ada = house.browser()
    await ada.signIn('guild', 'ada')
    const { gateway, store } = house.bench
    const [user] = (await store.directory.search('', { after: null, limit: 1 })).items
    if (user === undefined) throw new Error('no user')
    const now = gateway.runtime.now()
    const note = {
      event: 'standing-changed',
      at: now,
      actor: 'system',
      subject: user.id,
      requestId: 'r',
      policy: '',
      detail: {},
    } as const
    await store.directory.setStanding(user, { kind: 'banned', reason: 'cheating in the arena' }, [], now, note)
    const again = house.browser()
    const start = await again.visit('/auth/sign-in')
    expect(start.html).not.toContain('cheating')
    const answer = await again.signIn('guild', 'ada')
    expect(answer.status).toBe(403)
    expect(answer.html).toContain('cheating in the arena')
    expect(await again.session()).toBeNull()
    const banned = { actor: user.id, subject: user.id, detail: { provider: 'guild', outcome: 'account-suspended' } }
    expect(await refusedSignIns(house)).toMatchObject([banned])
  })

  test('a name from a provider is shown, never a key: two of one name are two (seeds G8)', async () => {
    house = await openHouse()
    const [one, two] = [house.browser(), house.browser()]
    await one.signIn('guild', 'one', undefined, { name: 'X'.repeat(500) })
    await two.signIn('guild', 'two', undefined, { name: 'X'.repeat(500) })
    expect((await one.session())?.user.id).not.toBe((await two.session())?.user.id)
    expect((await one.session())?.user.name).toBe('X'.repeat(128))
  })
})

describe('attributes from what a provider says (seeds P8; SPEC 2)', () => {
  const attributes = {
    level: { type: 'number', public: true, claims: { guild: 'https://guild.example/level' } },
    motto: { type: 'string', public: true, maxLength: 10, claims: { guild: 'motto' } },
    vip: { type: 'boolean', public: true, claims: { tavern: 'vip' } },
    secret: { type: 'string', claims: { guild: 'note' } },
  } as const
  const told = { 'https://guild.example/level': 7, motto: 'onward', vip: true, note: 'inner' }

  async function attributesOf(by: Browser): Promise<unknown> {
    const answer = await by.send('/auth/session', { headers: { accept: 'application/json' } })
    return (JSON.parse(answer.html) as { readonly attributes: unknown }).attributes
  }

  test('are written at each sign-in, from the named claim of the named provider alone', async () => {
    house = await openHouse({ attributes })
    const ada = house.browser()
    await ada.signIn('guild', 'ada', undefined, told)
    expect(await attributesOf(ada)).toEqual({ level: 7, motto: 'onward' })
    await ada.signIn('guild', 'ada', undefined, { ...told, motto: 'back' })
    expect(await attributesOf(ada)).toEqual({ level: 7, motto: 'back' })
  })

  test('stay as they were where a claim is missing, of another type, or too long', async () => {
    house = await openHouse({ attributes })
    const ada = house.browser()
    await ada.signIn('guild', 'ada', undefined, told)
    await ada.signIn('guild', 'ada', undefined, { 'https://guild.example/level': '99', motto: 'x'.repeat(11) })
    await ada.signIn('guild', 'ada')
    expect(await attributesOf(ada)).toEqual({ level: 7, motto: 'onward' })
  })

  test('come to a guest who signs in, too, and each change is written down without its value', async () => {
    house = await openHouse({ attributes })
    const guest = house.browser()
    await guest.post('/auth/guest', {})
    await guest.signIn('guild', 'ada', undefined, told)
    expect(await attributesOf(guest)).toEqual({ level: 7, motto: 'onward' })
    const all = { from: null, to: null, subject: null, event: null }
    const { items } = await house.bench.store.audit.read(all, { after: null, limit: 100 })
    const change = items.find(({ event }) => event === 'attributes-changed')
    expect(change?.detail).toEqual({ names: 'level motto secret', provider: 'guild' })
  })

  test('come to a player whom a guest chose to be, with the profile, and not before', async () => {
    house = await openHouse({ attributes })
    const player = house.browser()
    await player.signIn('guild', 'ada', undefined, { ...told, 'https://guild.example/level': 1 })
    const guest = house.browser()
    await guest.post('/auth/guest', {})
    const page = await guest.signIn('guild', 'ada', undefined, { ...told, name: 'Ada II' })
    expect(await attributesOf(player)).toEqual({ level: 1, motto: 'onward' })
    await guest.press(page, '/existing')
    expect((await guest.session())?.user).toMatchObject({ name: 'Ada II', guest: false })
    expect(await attributesOf(guest)).toEqual({ level: 7, motto: 'onward' })
  })

  test('of a provider that is not configured are a mistake, told at start', async () => {
    const parsed = parseConfig({
      origin: 'https://play.example.com',
      upstreams: { game: { url: 'https://game.example.com' } },
      attributes: { level: { type: 'number', claims: { gild: 'level' } } },
    })
    expect(parsed.ok ? [] : parsed.fault).toContainEqual({
      path: 'attributes.level.claims.gild',
      message: 'is of no configured provider',
    })
    house = await openHouse()
  })
})

describe('the list of providers (seeds P4)', () => {
  test('names id, name and start address, and nothing secret', async () => {
    house = await openHouse()
    const answer = await house.browser().send('/auth/providers', { headers: { accept: 'application/json' } })
    expect(JSON.parse(answer.html)).toEqual({
      version: 1,
      guests: true,
      providers: [
        { id: 'guild', name: 'Guild', start: 'https://play.example.com/auth/start/guild' },
        { id: 'tavern', name: 'Tavern', start: 'https://play.example.com/auth/start/tavern' },
      ],
    })
  })
})

test('no refresh token is asked for, and no token reaches the browser (seeds P7)', async () => {
  house = await openHouse()
  const ada = house.browser()
  const waiting = await ada.start('guild')
  expect(waiting.parameters.get('scope')).not.toContain('offline_access')
  expect(waiting.parameters.get('access_type')).toBeNull()
  const answer = await ada.comeBack(waiting, 'ada')
  expect(JSON.stringify([...answer.headers])).not.toContain('eyJ')
  expect((await ada.visit('/auth/account')).html).not.toContain('eyJ')
})
