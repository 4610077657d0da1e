import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { seconds } from '../../../src/core/brand.ts'
import { StoreUnavailable } from '../../../src/ports/store.ts'
import type { Browser } from '../support/browser.ts'
import { type Arcade, openArcade, type Told, type WaitingDevice } from './support/arcade.ts'
import { allowed, codeFor } from './support/deciding.ts'

let arcade: Arcade
let ada: Browser
beforeEach(async () => {
  arcade = await openArcade()
  ada = await arcade.signedIn()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await arcade.close()
})

/** A store that falls silent in one operation, before it does its work or after: nobody is told that it did. */
function silent(room: 'sessions' | 'logins', operation: string, when: 'before' | 'after', wanted = ''): void {
  const rooms = arcade.bench.store[room] as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  const run = rooms[operation]
  if (run === undefined) throw new Error(`no operation ${operation}`)
  let left = 1
  vi.spyOn(rooms, operation).mockImplementation(async (...args) => {
    if (left === 0 || !String(args[0]).startsWith(wanted)) return run(...args)
    left--
    if (when === 'after') await run(...args)
    throw new StoreUnavailable(operation, 'silent')
  })
}

async function statusOf({ body }: Told): Promise<number> {
  const headers = { authorization: `Bearer ${body['access_token']}` }
  return (await arcade.bench.request('/play/1', { headers })).status
}

test('a game that writes attributes meanwhile, again and again, takes no session away', async () => {
  const device = await arcade.device()
  await allowed(device, ada)
  const { directory, sessions } = arcade.bench.store
  const [user] = (await directory.search('ada', { after: null, limit: 1 })).items
  if (user === undefined) throw new Error('no ada')
  const create = sessions.create.bind(sessions)
  const at = seconds(arcade.bench.clock.now)
  const note = { event: 'attributes-changed', actor: 'game', subject: user.id, requestId: 'test', policy: '' } as const
  let level = 0
  vi.spyOn(sessions, 'create').mockImplementation(async (...args) => {
    if (level < 4) await directory.setAttributes(user, { level: ++level }, { ...note, at, detail: {} })
    return create(...args)
  })
  const told = await arcade.poll(device)
  expect([told.status, await statusOf(told), await arcade.sessionsOf('ada')]).toEqual([200, 200, 2])
})

describe('a store that falls silent in the moment of handing out', () => {
  let device: WaitingDevice
  beforeEach(async () => {
    device = await arcade.device()
    await allowed(device, ada)
  })

  test.each(['before', 'after'] as const)(
    '%s it makes the session: the device asks again and has one',
    async (when) => {
      silent('sessions', 'create', when)
      expect((await arcade.poll(device)).status).toBe(503)
      arcade.wait(5)
      const told = await arcade.poll(device)
      expect([told.status, await statusOf(told), await arcade.sessionsOf('ada')]).toEqual([200, 200, 2])
      const whole = 604_800
      expect(told.body['expires_in']).toBe(when === 'before' ? whole : whole - 5)
      const { items } = await arcade.bench.store.audit.read(
        { from: null, to: null, subject: null, event: 'sign-in' },
        { after: null, limit: 10 },
      )
      expect(items.filter(({ detail }) => detail['client'] === 'lantern-tv').length).toBe(1)
    },
  )

  test.each([
    ['before', 'device-answer'],
    ['after', 'device-answer'],
    ['before', 'device.'],
    ['after', 'device.'],
  ] as const)('%s it forgets %s: the device has its session, and only one', async (when, record) => {
    silent('logins', 'take', when, record)
    const told = await arcade.poll(device)
    expect([told.status, await statusOf(told)]).toEqual([200, 200])
    arcade.wait(5)
    const again = await arcade.poll(device)
    if (again.status === 200) expect(again.body['access_token']).toBe(told.body['access_token'])
    expect(await arcade.sessionsOf('ada')).toBe(2)
  })

  test('what was ended meanwhile is not made again', async () => {
    silent('sessions', 'create', 'after')
    await arcade.poll(device)
    await ada.post('/auth/devices/end-others')
    arcade.wait(5)
    expect(arcade.said(await arcade.poll(device))).toBe('400 access_denied')
    expect(await arcade.sessionsOf('ada')).toBe(1)
  })
})

test('a code that was spent on a session nobody was told of ends it when it comes again', async () => {
  const code = await codeFor(ada)
  silent('sessions', 'create', 'after')
  expect((await arcade.redeem(code)).status).toBe(503)
  expect(arcade.said(await arcade.redeem(code))).toBe('400 invalid_grant')
  expect(await arcade.sessionsOf('ada')).toBe(1)
})
