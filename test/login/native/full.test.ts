import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RoleName } from '../../../src/core/brand.ts'
import { noteOf } from '../../session/scene.ts'
import { type Arcade, openArcade } from './support/arcade.ts'
import { allowed, codeFor, consentPage, decide, onward, pathOf } from './support/deciding.ts'

// Whoever plays in this house has two sessions at most.
let arcade: Arcade
beforeEach(async () => {
  arcade = await openArcade()
})
afterEach(() => arcade.close())

describe('where a program takes the last place', () => {
  test('the oldest other session makes room, and not the one that lets it in', async () => {
    const laptop = await arcade.signedIn()
    arcade.wait(1)
    const phone = await arcade.signedIn()
    const device = await arcade.device()
    await allowed(device, laptop)
    expect((await arcade.poll(device)).status).toBe(200)
    expect([(await laptop.session()) !== null, await phone.session()]).toEqual([true, null])
    arcade.wait(1)
    expect((await arcade.redeem(await codeFor(laptop))).status).toBe(200)
    expect([(await laptop.session()) !== null, await arcade.sessionsOf('ada')]).toEqual([true, 2])
  })
})

test('where one session is all there may be, a program would end the one that lets it in: the page says so', async () => {
  const laptop = await arcade.signedIn()
  const { store, gateway } = arcade.bench
  const [user] = (await store.directory.search('ada', { after: null, limit: 1 })).items
  if (user === undefined) throw new Error('nobody')
  await store.directory.setRoles(user, ['hermit' as RoleName], null, [], noteOf(arcade.bench))
  gateway.sessions.drop(user.tag)
  const device = await arcade.device()
  const page = await laptop.visit(pathOf(device.verification_uri_complete))
  expect((await decide(laptop, page, 'allow')).status).toBe(409)
  expect(arcade.said(await arcade.poll(device))).toBe('400 authorization_pending')
  expect([(await laptop.session()) !== null, await arcade.sessionsOf('ada')]).toEqual([true, 1])
})

describe('where no session is ended to make room', () => {
  beforeEach(async () => {
    await arcade.close()
    arcade = await openArcade({ session: { excess: 'refuse' } })
  })

  test('a device is not let in, the page says what to do, and the code waits until there is room', async () => {
    const [laptop, phone] = [await arcade.signedIn(), await arcade.signedIn()]
    const device = await arcade.device()
    const page = await laptop.visit(pathOf(device.verification_uri_complete))
    const full = await decide(laptop, page, 'allow')
    expect([full.status, full.html.includes('href="/auth/account"')]).toEqual([409, true])
    expect(full.html).toContain('Sign out on one of the others')
    expect(arcade.said(await arcade.poll(device))).toBe('400 authorization_pending')
    await phone.post('/auth/sign-out')
    await decide(laptop, page, 'allow')
    arcade.wait(5)
    expect((await arcade.poll(device)).status).toBe(200)
  })

  test('nor is a program beside the browser; whoever says no is not asked for room', async () => {
    const [laptop, phone] = [await arcade.signedIn(), await arcade.signedIn()]
    const page = await consentPage(laptop)
    expect((await decide(laptop, page, 'allow')).status).toBe(409)
    await phone.post('/auth/sign-out')
    expect(onward(await decide(laptop, page, 'allow')).searchParams.get('code')).not.toBeNull()
    await arcade.signedIn()
    const refused = onward(await decide(laptop, await consentPage(laptop), 'refuse'))
    expect(refused.searchParams.get('error')).toBe('access_denied')
  })

  test('whoever signs in elsewhere before the program asks has taken its place', async () => {
    const laptop = await arcade.signedIn()
    const device = await arcade.device()
    await allowed(device, laptop)
    await arcade.signedIn()
    expect(arcade.said(await arcade.poll(device))).toBe('400 access_denied')
    expect(await laptop.session()).not.toBeNull()
  })
})
