import { expect, test } from 'vitest'
import { ask } from '../support/http.ts'
import { Visitor } from '../support/visitor.ts'
import type { Place } from './transcript.ts'

const PROGRAM = { accept: 'application/json' }

/** One provider of the demo: who signs in there, and with which other one they began. */
export interface Journey {
  readonly provider: string
  readonly label: string
  readonly base: readonly [string, string]
}

const NOOR = ['discord', 'noor'] as const

/** Every provider of the demo. */
export const JOURNEYS: readonly Journey[] = [
  { provider: 'google', label: 'ada@players.example', base: NOOR },
  { provider: 'apple', label: 'pip@players.example', base: NOOR },
  { provider: 'slack', label: 'tess', base: NOOR },
  { provider: 'github', label: 'max-marek', base: NOOR },
  { provider: 'microsoft', label: 'mika@players.example', base: NOOR },
  { provider: 'discord', label: 'gruni', base: ['google', 'sol@players.example'] },
]

interface Session {
  readonly provider: string
  readonly user: { readonly id: string; readonly guest: boolean }
}

const AT_ARCADE = ['arcade', 'ada-the-player'] as const

/** Every kind that the demo has not: doubles of their shapes, and the package `oidc-provider`. */
export const MORE_JOURNEYS: readonly Journey[] = [
  { provider: 'guild', label: 'cleo', base: AT_ARCADE },
  { provider: 'arcade', label: 'bo-the-player', base: ['x', 'ada-the-player'] },
  { provider: 'slack', label: 'bo-the-player', base: AT_ARCADE },
  { provider: 'x', label: 'bo-the-player', base: AT_ARCADE },
  { provider: 'facebook', label: 'bo-the-player', base: AT_ARCADE },
  { provider: 'linkedin', label: 'bo-the-player', base: AT_ARCADE },
  { provider: 'twitch', label: 'bo-the-player', base: AT_ARCADE },
]

/** The journeys of players through providers, over HTTP, the same on every runtime. */
export function providerJourneys(place: () => Place, through: readonly Journey[]): void {
  const at = (path: string) => `${place().gateway}${path}`

  async function sessionOf(visitor: Visitor): Promise<Session> {
    return (await (await visitor.send(at('/auth/session'), { headers: PROGRAM })).json()) as Session
  }

  async function providersOf(visitor: Visitor): Promise<readonly string[]> {
    const answer = await visitor.send(at('/auth/account'), { headers: PROGRAM })
    const { identities } = (await answer.json()) as { identities: readonly { provider: string }[] }
    return identities.map(({ provider }) => provider)
  }

  test.each(through)(
    '$provider links, signs in to the same user, unlinks, signs up, signs in again (seeds L1, L3, L5, P1)',
    async ({ provider, label, base }) => {
      const { gateway } = place()
      const player = new Visitor()
      await player.signIn(gateway, base[0], base[1])
      const { user } = await sessionOf(player)
      const away = await player.submit(gateway, `/auth/link/${provider}`)
      const linked = await player.approve(gateway, label, away.onward ?? '')
      expect(new URL(linked.url).pathname).toBe('/auth/account')
      expect(await providersOf(player)).toEqual([base[0], provider])

      const elsewhere = new Visitor()
      await elsewhere.signIn(gateway, provider, label)
      expect(await sessionOf(elsewhere)).toMatchObject({ provider, user: { id: user.id } })

      const unlinked = await player.submit(gateway, `/auth/unlink?provider=${provider}`)
      expect(unlinked.answer.status).toBe(303)
      expect(await providersOf(player)).toEqual([base[0]])

      const first = new Visitor()
      const arrived = await first.signIn(gateway, provider, label, '/whoami?x=%2F')
      expect(arrived.url).toBe(at('/whoami?x=%2F'))
      const own = await sessionOf(first)
      expect(own).toMatchObject({ provider, user: { guest: false } })
      expect(own.user.id).not.toBe(user.id)
      const second = new Visitor()
      await second.signIn(gateway, provider, label)
      expect((await sessionOf(second)).user.id).toBe(own.user.id)
    },
  )
}

/** What else the demo's players meet. */
export function journeys(place: () => Place): void {
  providerJourneys(place, JOURNEYS)
  const at = (path: string) => `${place().gateway}${path}`

  async function sessionOf(visitor: Visitor): Promise<Session> {
    return (await (await visitor.send(at('/auth/session'), { headers: PROGRAM })).json()) as Session
  }

  test('a guest becomes an account with the same user id (seeds G6)', async () => {
    const guest = new Visitor()
    await guest.submit(place().gateway, '/auth/guest?return_to=%2Fplay')
    const { user } = await sessionOf(guest)
    expect(user.guest).toBe(true)
    await guest.signIn(place().gateway, 'github', 'ghost')
    expect(await sessionOf(guest)).toMatchObject({ user: { id: user.id, guest: false } })
  })

  test('a callback that comes twice leads to its own destination (seeds S26)', async () => {
    const player = new Visitor()
    await player.signIn(place().gateway, 'discord', 'noor', '/whoami?own=1')
    const callback = player.steps.map(({ url }) => url).find((url) => url.includes('/auth/callback/')) ?? ''
    const again = await player.send(callback, { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } })
    expect(again.status).toBe(303)
    expect(again.headers.get('location')).toBe('/whoami?own=1')
  })

  test('the provider that can is asked to end its session too', async () => {
    const player = new Visitor()
    await player.signIn(place().gateway, 'microsoft', 'mika@players.example')
    const away = await player.submit(place().gateway, '/auth/sign-out?provider=1')
    expect(new URL(away.onward ?? '').pathname).toContain('logout')
    const after = await ask(at('/auth/session'), { headers: { ...PROGRAM, cookie: player.cookie(at('/')) ?? '' } })
    expect(after.status).toBe(401)
  })
}
