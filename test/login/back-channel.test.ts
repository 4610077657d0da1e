import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { StoreUnavailable } from '../../src/ports/store.ts'
import type { Browser, Seen } from './support/browser.ts'
import { type House, openHouse } from './support/house.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

let house: House
let ada: Browser
beforeEach(async () => {
  house = await openHouse()
  ada = house.browser()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await house.close()
})

describe('back-channel logout', () => {
  let count = 0

  function order(claims: Readonly<Record<string, unknown>>): Promise<string> {
    const now = house.bench.clock.now
    const { guild } = house.ops
    const standard = {
      iss: guild.url,
      aud: 'client',
      iat: now,
      exp: now + 120,
      jti: `order-${++count}`,
      events: { [EVENT]: {} },
    }
    return guild.sign({ ...standard, ...claims }, { typ: 'logout+jwt' })
  }

  function send(token: string): Promise<Seen> {
    const body = new URLSearchParams({ logout_token: token }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': `${body.length}` }
    return house.browser().send('/auth/backchannel/guild', { method: 'POST', headers, body })
  }

  test('with sid ends the sessions of that session of the provider, and no other', async () => {
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-1' })
    const phone = house.browser()
    await phone.signIn('guild', 'ada', undefined, { sid: 'op-2' })
    expect((await send(await order({ sid: 'op-1' }))).status).toBe(200)
    expect(await ada.session()).toBeNull()
    expect(await phone.session()).not.toBeNull()
  })

  test('with sub ends what the person began there before, and nothing begun elsewhere or later', async () => {
    await ada.signIn('guild', 'ada')
    const token = await order({ sub: 'ada' })
    house.wait(100)
    const later = house.browser()
    await later.signIn('guild', 'ada')
    const eve = house.browser()
    await eve.signIn('guild', 'eve')
    expect((await send(token)).status).toBe(200)
    expect(await ada.session()).toBeNull()
    expect(await later.session()).not.toBeNull()
    expect(await eve.session()).not.toBeNull()
  })

  test('is obeyed once: the same order again is refused (section 2.6 rule 8)', async () => {
    await ada.signIn('guild', 'ada')
    const token = await order({ sub: 'ada' })
    expect((await send(token)).status).toBe(200)
    house.wait(1)
    await ada.signIn('guild', 'ada')
    const again = await send(token)
    expect(again.status).toBe(400)
    expect(JSON.parse(again.html)).toMatchObject({ error: 'invalid_request' })
    expect(await ada.session()).not.toBeNull()
  })

  test('a session that moved to another one of the provider stays', async () => {
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-1' })
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-2' })
    await send(await order({ sid: 'op-1' }))
    expect(await ada.session()).not.toBeNull()
    await send(await order({ sid: 'op-2' }))
    expect(await ada.session()).toBeNull()
  })

  test('finds a session that was confirmed on the way to a link, by the session of the provider that confirmed it', async () => {
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-1' })
    house.wait(301)
    const again = ada.waitingAt('guild', await ada.post('/auth/link/tavern'))
    const onward = await ada.comeBack(again, 'ada', { sid: 'op-2', auth_time: house.bench.clock.now })
    expect(onward.location).toContain(house.ops.tavern.url)
    expect((await send(await order({ sid: 'op-2' }))).html).toBe('{"ended":1}')
    expect(await ada.session()).toBeNull()
  })

  test('is not taken from whoever cannot sign it, or from an ID token', async () => {
    await ada.signIn('guild', 'ada')
    const now = house.bench.clock.now
    const idToken = await house.ops.guild.sign({ ...house.ops.guild.honestClaims(), iat: now, exp: now + 60, jti: 'a' })
    const foreign = await house.ops.tavern.sign({
      iss: house.ops.guild.url,
      aud: 'client',
      sub: 'ada',
      iat: now,
      exp: now + 60,
      jti: 'b',
      events: { [EVENT]: {} },
    })
    for (const token of [idToken, foreign, 'x.y.z', '']) expect((await send(token)).status).toBe(400)
    expect(await ada.session()).not.toBeNull()
  })

  test('is obeyed once also when it comes many times at the same moment (section 2.6 rule 8)', async () => {
    await ada.signIn('guild', 'ada')
    const token = await order({ sub: 'ada' })
    const revoke = vi.spyOn(house.bench.store.sessions, 'revokeSid')
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(token)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(400)])
    expect(answers.find(({ status }) => status === 200)?.html).toBe('{"ended":1}')
    expect(revoke).toHaveBeenCalledTimes(1)
    expect(await ada.session()).toBeNull()
  })

  test('is no replay when it comes again after an outage of ours', async () => {
    await ada.signIn('guild', 'ada')
    const token = await order({ sub: 'ada' })
    vi.spyOn(house.bench.store.sessions, 'revokeSid').mockRejectedValueOnce(new StoreUnavailable('revoke', 'gone'))
    expect((await send(token)).status).toBe(503)
    expect((await send(token)).html).toBe('{"ended":1}')
    expect((await send(token)).status).toBe(400)
  })

  test('is no replay half a minute after whoever took it died over it', async () => {
    await ada.signIn('guild', 'ada')
    const token = await order({ sub: 'ada' })
    const { logins, sessions } = house.bench.store
    vi.spyOn(sessions, 'revokeSid').mockRejectedValueOnce(new StoreUnavailable('revoke', 'gone'))
    vi.spyOn(logins, 'take').mockRejectedValueOnce(new StoreUnavailable('take', 'gone'))
    expect((await send(token)).status).toBe(503)
    house.wait(29)
    expect((await send(token)).status).toBe(400)
    house.wait(1)
    expect((await send(token)).html).toBe('{"ended":1}')
  })

  test('finds every sign-in of a session of the provider, however many end at the same moment', async () => {
    const people = ['ada', 'bea', 'cleo', 'dora', 'eve', 'fay', 'gil', 'hal']
    const browsers = people.map(() => house.browser())
    await Promise.all(browsers.map((one, n) => one.signIn('guild', people[n] ?? '', undefined, { sid: 'op-1' })))
    expect((await send(await order({ sid: 'op-1' }))).html).toBe('{"ended":8}')
    expect(await Promise.all(browsers.map((one) => one.session()))).toEqual(people.map(() => null))
  })

  test('a sign-in of which the store cannot say whom it follows hands out no session', async () => {
    vi.spyOn(house.bench.store.logins, 'follow').mockRejectedValueOnce(new StoreUnavailable('follow', 'gone'))
    const refused = await ada.signIn('guild', 'ada', undefined, { sid: 'op-1' })
    expect(refused.status).toBe(503)
    expect(await ada.session()).toBeNull()
  })

  test('of sixteen sessions of one of the provider the first is let go for the next, and the log says so', async () => {
    const first = house.browser()
    await first.signIn('guild', 'first', undefined, { sid: 'op-1' })
    for (let n = 2; n <= 16; n++) await house.browser().signIn('guild', `p${n}`, undefined, { sid: 'op-1' })
    const letGo = () => house.bench.observed.filter((one) => 'outcome' in one && one.outcome === 'follower-let-go')
    expect(letGo()).toEqual([])
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-1' })
    expect(letGo()).toMatchObject([{ kind: 'sign-in', provider: 'guild' }])
    expect((await send(await order({ sid: 'op-1' }))).html).toBe('{"ended":16}')
    expect(await ada.session()).toBeNull()
    expect(await first.session()).not.toBeNull()
  })

  test('finds the player that a guest chose to be', async () => {
    await ada.signIn('guild', 'ada')
    const guest = house.browser()
    await guest.post('/auth/guest', {})
    const page = await guest.signIn('guild', 'ada', undefined, { sid: 'op-2' })
    await guest.press(page, '/existing')
    expect(await guest.session()).toMatchObject({ user: { guest: false } })
    expect((await send(await order({ sid: 'op-2' }))).html).toBe('{"ended":1}')
    expect(await guest.session()).toBeNull()
    expect(await ada.session()).not.toBeNull()
  })

  test('with the sid of one person and the sub of another ends nothing (section 2.6 rules 10 and 11)', async () => {
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-1' })
    const eve = house.browser()
    await eve.signIn('guild', 'eve', undefined, { sid: 'op-2' })
    for (const sub of ['eve', 'nobody-here']) {
      const refused = await send(await order({ sid: 'op-1', sub }))
      expect([refused.status, JSON.parse(refused.html)]).toMatchObject([400, { error: 'invalid_request' }])
      expect(house.bench.observed).toContainEqual(expect.objectContaining({ outcome: 'logout-refused:sub' }))
    }
    expect([await ada.session(), await eve.session()]).not.toContain(null)
    // Nor does it leave word for a sign-in that is on its way.
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-1' })
    expect(await ada.session()).not.toBeNull()
    expect((await send(await order({ sid: 'op-1', sub: 'ada' }))).html).toBe('{"ended":1}')
    expect(await ada.session()).toBeNull()
  })

  test('with a sub ends, of those that follow one session of the provider, that person alone', async () => {
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-1' })
    const eve = house.browser()
    await eve.signIn('guild', 'eve', undefined, { sid: 'op-1' })
    expect((await send(await order({ sid: 'op-1', sub: 'ada' }))).html).toBe('{"ended":1}')
    expect([await ada.session(), await eve.session()]).toMatchObject([null, { user: { name: 'eve' } }])
  })

  test('without exp is obeyed while its iat is young, and once: ending is the safe side (security.md row 133)', async () => {
    await ada.signIn('guild', 'ada')
    const token = await order({ sub: 'ada', exp: undefined })
    expect((await send(token)).html).toBe('{"ended":1}')
    expect(await ada.session()).toBeNull()
    house.wait(1)
    await ada.signIn('guild', 'ada')
    expect((await send(token)).status).toBe(400)
    const old = await order({ sub: 'ada', exp: undefined, iat: house.bench.clock.now - 361 })
    expect((await send(old)).status).toBe(400)
    expect(await ada.session()).not.toBeNull()
  })

  test.each(['GET', 'PUT', 'DELETE'])('%s is 405 and says what would be right (section 2.5)', async (method) => {
    await ada.signIn('guild', 'ada')
    const query = new URLSearchParams({ logout_token: await order({ sub: 'ada' }) })
    const answer = await house.browser().send(`/auth/backchannel/guild?${query}`, { method })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
    expect(await ada.session()).not.toBeNull()
  })

  test('a body of a megabyte is 413 and not read', async () => {
    await ada.signIn('guild', 'ada')
    const body = `logout_token=${await order({ sub: 'ada' })}&more=${'x'.repeat(1024 * 1024)}`
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': `${body.length}` }
    const answer = await house.browser().send('/auth/backchannel/guild', { method: 'POST', headers, body })
    expect([answer.status, JSON.parse(answer.html)]).toMatchObject([413, { code: 'body_too_large' }])
    expect(await ada.session()).not.toBeNull()
  })
})
