import { afterEach, describe, expect, test } from 'vitest'
import type { ApiToken } from '../../src/ports/token-store.ts'
import { freshApiToken } from '../../src/session/api-token.ts'
import { noteOf } from '../session/scene.ts'
import type { Workbench } from './gateway.ts'

/** Policies that every front is asked under. */
export const HOT_POLICIES: Readonly<Record<string, string>> = {
  'roles.yaml': `
users: { defaultRole: player, guestRole: guest }
permissions: [players.view]
roles:
  guest: { level: 0, permissions: [] }
  player: { level: 1, permissions: [players.view] }
`,
  'game.yaml': `
upstream: game
rules:
  - path: /open
    access: public
  - path: /players
    permission: players.view
    tokens: allow
  - path: /quiet
    activity: false
`,
}

/** A front over a workbench with `HOT_POLICIES`: sends one request, answers its status. */
export interface HotFront {
  readonly bench: Workbench
  ask(path: string, headers: Readonly<Record<string, string>>): Promise<number>
  /** The status of a request that was let through. */
  readonly passed: number
  close(): Promise<void>
}

/** What a request costs the store, asserted by counting: the same for every front (DECISIONS 9). */
export function hotPathContract(name: string, start: () => Promise<HotFront>): void {
  describe(`how often ${name} asks the store`, () => {
    let front: HotFront
    afterEach(() => front.close())

    /** Status and store operations of one request. */
    async function cost(path: string, headers: Readonly<Record<string, string>>): Promise<readonly unknown[]> {
      await front.bench.settle()
      const before = front.bench.calls.length
      const status = await front.ask(path, headers)
      return [status, ...front.bench.calls.slice(before)]
    }

    async function warm() {
      front = await start()
      // The signing key is read once a process, whoever asks first.
      await front.ask('/open', {})
      return front.bench
    }

    test('once when nothing is remembered, never while it is, once again when it is old', async () => {
      const { cookie } = await (await warm()).signedIn(['player'])
      expect(await cost('/players', { cookie })).toEqual([front.passed, 'sessions.read'])
      expect(await cost('/players', { cookie })).toEqual([front.passed])
      front.bench.clock.now += 4
      expect(await cost('/players', { cookie })).toEqual([front.passed])
      front.bench.clock.now += 2
      const later = await cost('/players', { cookie })
      expect(later.filter((call) => call !== 'keys.list')).toEqual([front.passed, 'sessions.read'])
    })

    test('as often for a session presented as a bearer, and from the same memory', async () => {
      const { cookie, accessToken } = await (await warm()).signedIn(['player'])
      const bearer = { authorization: `Bearer ${accessToken}` }
      expect(await cost('/players', bearer)).toEqual([front.passed, 'sessions.read'])
      expect(await cost('/players', bearer)).toEqual([front.passed])
      expect(await cost('/players', { cookie })).toEqual([front.passed])
      front.bench.clock.now += 6
      const later = await cost('/players', bearer)
      expect(later.filter((call) => call !== 'keys.list')).toEqual([front.passed, 'sessions.read'])
    })

    test('never for a bearer with a wrong mac, of a wrong form, or at a public route', async () => {
      const { accessToken } = await (await warm()).signedIn(['player'])
      const wrong = `${accessToken.slice(0, -1)}${accessToken.endsWith('A') ? 'B' : 'A'}`
      expect(await cost('/players', { authorization: `Bearer ${wrong}` })).toEqual([401])
      expect(await cost('/players', { authorization: `Bearer ${accessToken.slice(0, -1)}` })).toEqual([401])
      expect(await cost('/players', { 'x-api-token': accessToken })).toEqual([401])
      expect(await cost('/open', { authorization: `Bearer ${accessToken}` })).toEqual([front.passed])
    })

    test('never for a public route, without a credential, and for a wrong mac', async () => {
      const { cookie } = await (await warm()).signedIn(['player'])
      const wrong = `${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'B' : 'A'}`
      expect(await cost('/open', { cookie })).toEqual([front.passed])
      expect(await cost('/players', {})).toEqual([401])
      expect(await cost('/players', { cookie: wrong })).toEqual([401])
      expect(await cost('/players', { 'x-api-token': `pst_abcdefghij_${'A'.repeat(43)}` })).toEqual([401])
    })

    test('never for an address with a token of ours in it, wherever it leads and whoever asks', async () => {
      const bench = await warm()
      const { cookie, accessToken, user } = await bench.signedIn(['player'])
      const { text } = await freshApiToken(bench.gateway.apiMac, user.tag, bench.gateway.runtime.random)
      expect(await cost(`/open?token=${text}`, {})).toEqual([400])
      expect(await cost(`/players?a=1&t=${text}&b`, { cookie })).toEqual([400])
      expect(await cost(`/players?t=${text}`, { 'x-api-token': text })).toEqual([400])
      expect(await cost(`/open?token=${text.slice(0, -1)}`, {})).toEqual([front.passed])
      expect(await cost(`/open?token=${accessToken}`, {})).toEqual([400])
      expect(await cost(`/players?t=${accessToken}`, { authorization: `Bearer ${accessToken}` })).toEqual([400])
      expect(await cost(`/open?token=${accessToken.slice(0, -1)}`, {})).toEqual([front.passed])
      // What is remembered of a session is no way past.
      expect(await cost('/players', { cookie })).toEqual([front.passed, 'sessions.read'])
      expect(await cost(`/players?t=${text}`, { cookie })).toEqual([400])
    })

    test('once for an API token', async () => {
      const bench = await warm()
      const { user } = await bench.signedIn(['player'])
      const { text, key, id } = await freshApiToken(bench.gateway.apiMac, user.tag, bench.gateway.runtime.random)
      const at = bench.gateway.runtime.now()
      const token: ApiToken = {
        ...{ id, key, owner: user.id, name: 'bot', description: '', scopes: null, createdAt: at },
        ...{ expiresAt: null, lastUsedAt: null, uses: 0, hourlyLimit: null },
      }
      await bench.store.tokens.create(user, token, 50, noteOf(bench, 'token-created'))
      const asked = await cost('/players', { 'x-api-token': text })
      expect(asked.filter((call) => call !== 'tokens.touch')).toEqual([front.passed, 'tokens.read'])
    })
  })
}
