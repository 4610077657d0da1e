import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { guildEnds } from '../support/orders.ts'
import { type Arcade, openArcade, type Told } from './support/arcade.ts'
import { allowed, codeFor } from './support/deciding.ts'

let arcade: Arcade
beforeEach(async () => {
  arcade = await openArcade()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await arcade.close()
})

/** What the token of a program is worth. */
async function isLive({ body }: Told): Promise<boolean> {
  const headers = { authorization: `Bearer ${body['access_token']}`, accept: 'application/json' }
  return (await arcade.bench.request('/auth/session', { headers })).status === 200
}

async function signedInAt(sid: string, person = 'ada') {
  const browser = arcade.browser()
  await browser.signIn('guild', person, undefined, { sid })
  return browser
}

type Player = Awaited<ReturnType<typeof signedInAt>>

const WAYS: [string, (player: Player) => Promise<Told>][] = [
  [
    'device',
    async (player) => {
      const device = await arcade.device()
      await allowed(device, player)
      return arcade.poll(device)
    },
  ],
  ['loopback', async (player) => arcade.redeem(await codeFor(player))],
]

describe.each(WAYS)('a program let in by %s', (_, letIn) => {
  test('ends with the session of the provider in which it was let in, and with no other', async () => {
    const program = await letIn(await signedInAt('op-1'))
    const other = await letIn(await signedInAt('op-2', 'eve'))
    expect(await guildEnds(arcade, { sid: 'op-1' })).toBe(2)
    expect([await isLive(program), await isLive(other)]).toEqual([false, true])
  })

  test('ends with it also when the browser signed out long before, or moved to another one', async () => {
    const ada = await signedInAt('op-1')
    const program = await letIn(ada)
    await ada.post('/auth/sign-out')
    const eve = await signedInAt('op-2', 'eve')
    const hers = await letIn(eve)
    await eve.signIn('guild', 'eve', undefined, { sid: 'op-3' })
    expect(await guildEnds(arcade, { sid: 'op-1' })).toBe(1)
    expect(await guildEnds(arcade, { sid: 'op-2' })).toBe(1)
    expect([await isLive(program), await isLive(hers), (await eve.session()) !== null]).toEqual([false, false, true])
  })

  test('is found as long as it lives, also after the end of the browser’s own session', async () => {
    await arcade.close()
    arcade = await openArcade({ session: { sliding: false } })
    const ada = await signedInAt('op-1')
    arcade.wait(3 * 86_400)
    const program = await letIn(ada)
    arcade.wait(5 * 86_400)
    expect([await ada.session(), await isLive(program)]).toEqual([null, true])
    expect(await guildEnds(arcade, { sid: 'op-1' })).toBe(1)
    expect(await isLive(program)).toBe(false)
  })

  test('is found as long as it lives, also after its browser signed in again for a shorter time', async () => {
    await arcade.close()
    arcade = await openArcade({ session: { sliding: false, remember: '90d' } })
    const ada = arcade.browser()
    await ada.signIn('guild', 'ada', 'return_to=%2Fhall&remember=1', { sid: 'op-1' })
    const program = await letIn(ada)
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-1' })
    arcade.wait(8 * 86_400)
    expect([await ada.session(), await isLive(program)]).toEqual([null, true])
    expect(await guildEnds(arcade, { sid: 'op-1' })).toBe(1)
    expect(await isLive(program)).toBe(false)
  })

  test('ends with all of an identity', async () => {
    const program = await letIn(await signedInAt('op-1'))
    expect(await guildEnds(arcade, { sub: 'ada' })).toBe(2)
    expect(await isLive(program)).toBe(false)
  })

  test.each([{ sid: 'op-1' }, { sub: 'ada' }])(
    'is not let in where the order %o comes in that moment',
    async (claims) => {
      const ada = await signedInAt('op-1')
      const { sessions } = arcade.bench.store
      const create = sessions.create.bind(sessions)
      const spy = vi.spyOn(sessions, 'create').mockImplementationOnce(async (...made) => {
        await guildEnds(arcade, claims)
        return create(...made)
      })
      const told = await letIn(ada)
      expect([told.status, spy.mock.calls.length, await arcade.sessionsOf('ada')]).toEqual([400, 1, 0])
    },
  )

  test('is not let in by a decision of a session of the provider that was ended since, though the browser moved on', async () => {
    const ada = await signedInAt('op-1')
    const device = await arcade.device()
    await allowed(device, ada)
    const code = await codeFor(ada)
    await ada.signIn('guild', 'ada', undefined, { sid: 'op-2' })
    await guildEnds(arcade, { sid: 'op-1' })
    expect(arcade.said(await arcade.poll(device))).toBe('400 access_denied')
    expect(arcade.said(await arcade.redeem(code))).toBe('400 invalid_grant')
    expect(await ada.session()).not.toBeNull()
  })
})
