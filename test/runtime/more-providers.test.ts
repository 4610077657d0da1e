import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Trouble } from '../../deploy/demo/trouble.ts'
import { type RealOp, realOp } from '../adapters/oauth/support/real-op.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { DOUBLE_SECRET, type Doubles, startDoubles } from '../support/doubles.ts'
import { freePorts } from '../support/ports.ts'
import { Visitor } from '../support/visitor.ts'
import { MORE_JOURNEYS, providerJourneys } from './journeys.ts'
import { moreTroubles } from './more-troubles.ts'
import { providerLogout } from './provider-logout.ts'
import { tokensStay } from './tokens-stay.ts'

/** A code, an access token and a refresh token; an ID token where there is one. */
const ISSUES = { guild: 4, arcade: 3, slack: 3, x: 3, facebook: 3, linkedin: 3, twitch: 3 }
const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }

for (const runtime of ['node', 'deno', 'workerd'] as const) {
  describe(`the providers that the demo has not, on ${runtime}`, () => {
    let doubles: Doubles
    let op: RealOp
    let deployment: Deployment
    let environment: Readonly<Record<string, string>>

    beforeAll(async () => {
      const port = await freePorts(1)
      const gateway = `http://localhost:${port}`
      doubles = await startDoubles(gateway)
      op = await realOp(`${gateway}/auth/callback/guild`, DOUBLE_SECRET, `${gateway}/auth/backchannel/guild`)
      environment = { DOUBLES_URL: doubles.url, OP_URL: op.url, DOUBLE_SECRET }
      deployment = await startDeployment({ runtime, name: 'doors', environment, port })
    }, 90_000)
    afterAll(async () => {
      await deployment?.stop()
      await Promise.all([doubles?.close(), op?.close()])
    }, 30_000)

    providerJourneys(() => deployment, MORE_JOURNEYS)
    tokensStay(
      () => ({
        deployment,
        issued: () => [...op.issued, ...doubles.issued],
        reached: () => doubles.reached,
        clientSecrets: [DOUBLE_SECRET],
      }),
      MORE_JOURNEYS.map(({ provider, label }) => [provider, label] as const),
      { issues: ISSUES, signsOut: 'guild', offline: ['arcade'] },
    )

    providerLogout(() => ({ deployment, op }))

    const start = (query: string) => `${deployment.gateway}/auth/start/guild?return_to=%2Fvault${query}`
    const visit = async (visitor: Visitor) =>
      (await visitor.send(`${deployment.gateway}/vault`, { headers: PAGE })).status

    test('a rule with freshWithin opens after a real provider asked the person again (RFC 9470)', async () => {
      const player = new Visitor()
      await player.approve(deployment.gateway, 'dora', start(''))
      expect(await visit(player)).toBe(302)
      const confirmed = await player.approve(deployment.gateway, 'dora', start('&fresh=1'))
      expect(confirmed.url).toBe(`${deployment.gateway}/vault`)
      expect(await visit(player)).toBe(200)
    })

    test('the question cut out of the address on the way opens nothing: the provider re-uses its session', async () => {
      const player = new Visitor()
      await player.approve(deployment.gateway, 'dora', start(''))
      const leaving = await player.send(start('&fresh=1'), { headers: PAGE })
      const question = new URL(leaving.headers.get('location') ?? '')
      expect([question.searchParams.get('prompt'), question.searchParams.get('max_age')]).toEqual(['login', '0'])
      question.searchParams.delete('prompt')
      question.searchParams.delete('max_age')
      const silent = await player.approve(deployment.gateway, 'dora', question.href)
      expect([silent.response.status, new URL(silent.url).pathname]).toEqual([403, '/auth/callback/guild'])
      expect(await visit(player)).toBe(302)
    })

    test('a guild list lets members in and shows everybody else a page, also when they link (SPEC 3)', async () => {
      const { gateway } = deployment
      const [member, stranger] = [new Visitor(), new Visitor()]
      const status = async (visitor: Visitor) => (await visitor.send(`${gateway}/auth/session`)).status
      expect((await member.signIn(gateway, 'discord', 'ada-the-player')).url).toBe(`${gateway}/whoami`)
      expect(await status(member)).toBe(200)
      const refused = await stranger.signIn(gateway, 'discord', 'bo-the-player')
      expect([refused.response.status, new URL(refused.url).pathname]).toEqual([403, '/auth/callback/discord'])
      expect(await refused.response.text()).toContain('open to certain accounts only, and this one is not among them')
      expect(await status(stranger)).toBe(401)
      await stranger.signIn(gateway, 'arcade', 'bo-the-player')
      const away = await stranger.submit(gateway, '/auth/link/discord')
      const linked = await stranger.approve(gateway, 'bo-the-player', away.onward ?? '')
      expect([linked.response.status, await status(stranger)]).toEqual([403, 200])
      const account = await stranger.send(`${gateway}/auth/account`, { headers: { accept: 'application/json' } })
      expect(await account.json()).toMatchObject({ identities: [{ provider: 'arcade' }] })
    })

    if (runtime !== 'workerd') {
      test('the start says how the first administrator is made, where none is named (seeds G7)', () => {
        expect(deployment.output()).toContain('`postern admin invite` prints a link')
      })
    }

    describe('in trouble', () => {
      async function trouble(provider: string, kind: Trouble, left: number, retryAfter: number): Promise<void> {
        const state = { kind, left, retryAfter }
        if (provider === 'guild') Object.assign(op.trouble, state)
        else doubles.trouble(provider, state)
      }
      const offered = MORE_JOURNEYS.map(({ provider }) => provider)
      // WHY: every kind takes the same way through a runtime's own parts, so that one of each family shows the others.
      moreTroubles(
        () => ({ gateway: deployment.gateway, offered, trouble, log: deployment.output }),
        runtime === 'node' ? 'all' : 'families',
      )
    })

    test('a provider that goes away between consent and code is a page, and the others still sign in', async () => {
      class Unlucky extends Visitor {
        override async send(url: string, init?: RequestInit): Promise<Response> {
          if (url.startsWith(`${deployment.gateway}/auth/callback/`)) await op.close()
          return super.send(url, init)
        }
      }
      const player = new Unlucky()
      const { response, url } = await player.approve(deployment.gateway, 'dora', start(''))
      expect([response.status, new URL(url).pathname]).toEqual([503, '/auth/callback/guild'])
      expect(await response.text()).toContain('/auth/sign-in?return_to=%2Fvault')
      const [offered, other] = [
        await player.send(`${deployment.gateway}/auth/sign-in`, { headers: PAGE }),
        new Visitor(),
      ]
      expect(await offered.text()).toContain('/auth/start/arcade?')
      expect((await other.signIn(deployment.gateway, 'arcade', 'cy-the-player')).url).toBe(
        `${deployment.gateway}/whoami`,
      )
    })

    test('no code, token or secret of any of these sign-ins is printed', () => {
      const printed = deployment.output()
      expect(printed).toContain('"provider":"facebook"')
      for (const word of [DOUBLE_SECRET, 'code=', 'state=', 'access_token', '@players.example'])
        expect(printed).not.toContain(word)
    })

    test('with sign-up closed whoever has an account signs in, and nobody else gets one', async () => {
      await new Visitor().signIn(deployment.gateway, 'arcade', 'cy-the-player')
      await deployment.stop('keep')
      const shut = { ...environment, SIGNUP: 'closed' }
      deployment = await startDeployment({ runtime, name: 'doors', environment: shut, again: deployment })
      const known = new Visitor()
      expect((await known.signIn(deployment.gateway, 'arcade', 'cy-the-player')).url).toBe(
        `${deployment.gateway}/whoami`,
      )
      const stranger = new Visitor()
      const { response, url } = await stranger.signIn(deployment.gateway, 'facebook', 'cy-the-player')
      expect([response.status, new URL(url).pathname]).toEqual([403, '/auth/callback/facebook'])
      expect(await response.text()).toContain('is not taking new players at the moment')
      const program = { headers: { accept: 'application/json' } }
      expect((await stranger.send(`${deployment.gateway}/auth/session`, program)).status).toBe(401)
    }, 60_000)
  })
}
