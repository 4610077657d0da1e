import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Arcade, openArcade } from './support/arcade.ts'

let arcade: Arcade
beforeEach(async () => {
  arcade = await openArcade()
})
afterEach(() => arcade.close())

/** A device that was let in. */
async function letIn(): Promise<string> {
  const ada = arcade.browser()
  await ada.signIn('guild', 'ada')
  const device = await arcade.device()
  await ada.post('/auth/device', { user_code: device.user_code, decision: 'allow' })
  return String((await arcade.poll(device)).body['access_token'])
}

async function sessions(): Promise<number> {
  const { store, gateway } = arcade.bench
  return (await store.sessions.count(gateway.runtime.now(), 0)).total
}

describe('POST /auth/revoke (RFC 7009)', () => {
  test('ends the session of the token, and says the same the second time', async () => {
    const token = await letIn()
    expect(await sessions()).toBe(2)
    for (const _ of [1, 2]) {
      const told = await arcade.tell('/auth/revoke', {
        client_id: 'lantern-tv',
        token,
        token_type_hint: 'access_token',
      })
      expect([told.status, told.body]).toEqual([200, {}])
      expect(told.headers.get('cache-control')).toBe('no-store')
      expect(await sessions()).toBe(1)
    }
    const filter = { from: null, to: null, subject: null, event: 'sign-out' } as const
    const { items } = await arcade.bench.store.audit.read(filter, { after: null, limit: 9 })
    expect(items.map(({ detail }) => detail['client'])).toEqual(['lantern-tv'])
  })

  test('is the same for a token that never was, which costs no store call', async () => {
    const before = arcade.bench.calls.length
    for (const token of ['x', `pss_${'a'.repeat(10)}.${'A'.repeat(32)}.${'B'.repeat(11)}`, 'pst_x']) {
      expect((await arcade.tell('/auth/revoke', { client_id: 'lantern-tv', token })).status).toBe(200)
    }
    expect(arcade.bench.calls.length).toBe(before)
  })

  test('takes the cookie form of a secret for nothing', async () => {
    const ada = arcade.browser()
    await ada.signIn('guild', 'ada')
    const value = [...ada.jar.values()].find((one) => /^[a-z2-7]{10}\./.test(one)) ?? ''
    expect((await arcade.tell('/auth/revoke', { client_id: 'lantern-tv', token: value })).status).toBe(200)
    expect(await ada.session()).not.toBeNull()
  })

  test('ends no session of a browser that says in a header to be that client', async () => {
    const ada = arcade.browser()
    ada.headers = { 'x-client-type': 'lantern-tv' }
    await ada.signIn('guild', 'ada')
    const value = [...ada.jar.values()].find((one) => /^[a-z2-7]{10}\./.test(one)) ?? ''
    const told = await arcade.tell('/auth/revoke', { client_id: 'lantern-tv', token: `pss_${value}` })
    expect([arcade.said(told), await sessions()]).toEqual(['400 invalid_grant', 1])
  })

  test('refuses the token of another client, and ends nothing', async () => {
    const token = await letIn()
    expect(arcade.said(await arcade.tell('/auth/revoke', { client_id: 'script', token }))).toBe('400 invalid_grant')
    expect(await sessions()).toBe(2)
  })

  test.each([
    ['no token', 'client_id=lantern-tv', '400 invalid_request'],
    ['no client', 'token=x', '400 invalid_request'],
    ['an unknown client', 'client_id=nobody&token=x', '401 invalid_client'],
  ])('refuses %s', async (_, form, error) => {
    expect(arcade.said(await arcade.tell('/auth/revoke', form))).toBe(error)
  })
})
