import { beforeAll, describe, expect, test } from 'vitest'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { headOf, openRaw } from '../support/raw.ts'
import { asVariables, FORGED, type HeaderLines, type Messenger, ODD_LINES, sawOf, spoof } from '../support/spoof.ts'
import type { Visitor } from '../support/visitor.ts'
import { asking, type IdentityPlace, ROBOT, sessionOf } from './identity-place.ts'

/** Names of the deployment's own: trusted by one upstream, kept from clients on the routes of all. */
const MAPPED = ['X-Player', 'X-Player-World', 'X-Game-Ticket']

/** What clients cannot make upstreams believe, and what caches keep of it, over real ports: the same on every runtime. */
export function identityTranscript(place: () => IdentityPlace): void {
  let player: Visitor
  const { seen, url, listen } = asking(place)
  const cookie = () => player.cookie(url('/')) ?? ''

  beforeAll(async () => {
    player = await guestOf(place().deployment.gateway)
    listen()
  })

  /** Raw lines to the gateway; what the service saw of them. */
  function messenger(path: string, before: HeaderLines): Messenger {
    return async (lines) => {
      seen.length = 0
      place().wire.upgrades.length = 0
      await headOf(place().deployment.port, [
        `GET ${path} HTTP/1.1`,
        `Host: ${new URL(url('/')).host}`,
        ...before,
        ...lines,
      ])
      const arrived = seen[0] ?? place().wire.upgrades[0]
      return arrived === undefined ? null : sawOf(arrived)
    }
  }

  describe('headers a client sends to be believed', () => {
    test.each([
      ['on a public route', '/open/x', () => []],
      ['on an optional route, for nobody', '/maybe/x', () => []],
      ['beside a session', '/plain/x', () => [`Cookie: ${cookie()}`]],
      ['beside a session, where other gateways’ headers are read', '/proxies/x', () => [`Cookie: ${cookie()}`]],
      ['beside a token', '/edge/x', () => [`X-Api-Token: ${ROBOT}`]],
    ])(
      'none arrives %s',
      async (_, path, before) => {
        const { sent, arrived, forged } = await spoof(messenger(path, before()), MAPPED)
        expect({ arrived, forged }).toEqual({ arrived: sent, forged: [] })
      },
      60_000,
    )

    test('none arrives with the upgrade of a socket', async () => {
      const upgrade = [
        `Cookie: ${cookie()}`,
        `Origin: ${place().deployment.gateway}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ]
      const { sent, arrived, forged } = await spoof(messenger('/plain/full', upgrade), MAPPED)
      expect({ arrived, forged }).toEqual({ arrived: sent, forged: [] })
    }, 60_000)

    test.each(['one after the other', 'all at once'])(
      'requests of several people on one connection, %s, carry each its own name and id',
      async (how) => {
        const people = await Promise.all([1, 2].map(() => guestOf(place().deployment.gateway)))
        const names = (await Promise.all(people.map((visitor) => sessionOf(place(), visitor)))).map(({ id }) => id)
        // Neighbours say the same to the letter, or the same but for what they must not be believed.
        const turns = [0, 0, 1, 1, null, null, 0, 1, 0, null, 1, 1].flatMap((who) => [who, who])
        seen.length = 0
        const client = openRaw(place().deployment.port)
        const done = () => seen.length
        const wordOf = (turn: number) => (turn % 4 === 3 ? `word-${turn}` : 'same')
        for (const [turn, who] of turns.entries()) {
          const lines = [`Host: ${new URL(url('/')).host}`, 'User-Agent: several/1', `X-Word: ${wordOf(turn)}`]
          if (who !== null) lines.push(`Cookie: ${people[who]?.cookie(url('/')) ?? ''}`)
          if (turn % 5 === 4) lines.push(`Postern-User: ${FORGED}`, 'X-Request-Id: of-mine')
          client.write([`GET /maybe/turn-${turn} HTTP/1.1`, ...lines, '', ''].join('\r\n'))
          if (how === 'one after the other') await expect.poll(done, { interval: 5, timeout: 5000 }).toBe(turn + 1)
        }
        await expect.poll(done, { timeout: 10_000 }).toBe(turns.length)
        client.socket.destroy()
        const told = new Map(seen.map(({ url: path, headers }) => [path, headers]))
        const user = (turn: number) => told.get(`/maybe/turn-${turn}`)?.['postern-user']
        expect(turns.map((_, turn) => user(turn))).toEqual(turns.map((who) => (who === null ? undefined : names[who])))
        expect(turns.map((_, turn) => told.get(`/maybe/turn-${turn}`)?.['x-word'])).toEqual(
          turns.map((_, turn) => wordOf(turn)),
        )
        const ids = seen.map(({ headers }) => headers['x-request-id'])
        expect(new Set(ids).size).toBe(turns.length)
        expect(ids.filter((id) => !/^[\w-]{16}$/.test(String(id)))).toEqual([])
      },
      30_000,
    )

    test.each(ODD_LINES.map((lines) => [lines]))('%j is refused or harmless', async (lines) => {
      const saw = await messenger('/plain/x', [`Cookie: ${cookie()}`, 'Connection: close'])(lines)
      const reads = asVariables(saw ?? []).get('HTTP_POSTERN_USER')
      expect((reads ?? []).filter((value) => value.includes(FORGED))).toEqual([])
      if (saw !== null) expect(reads).toHaveLength(1)
    })

    test('a service that folds names as CGI and WSGI do reads each of ours once', async () => {
      for (const path of ['/plain/x', '/proxies/x', '/access/x', '/edge/x', '/bearer/x']) {
        const saw = await messenger(path, [
          `Cookie: ${cookie()}`,
          'Connection: close, Postern-User, postern_assertion',
        ])([])
        const variables = asVariables(saw ?? [])
        expect([path, [...variables].filter(([, values]) => values.length > 1)]).toEqual([path, []])
        expect(variables.get('HTTP_POSTERN_ASSERTION')).toHaveLength(1)
      }
    })
  })

  describe('answers', () => {
    const kept = async (path: string, said: string | null, who: string) => {
      const before = place().wire.answer
      place().wire.answer = (_, response) => {
        if (said !== null) response.setHeader('Cache-Control', said)
        response.setHeader('ETag', '"1"')
        response.end('x')
      }
      const answer = await ask(url(path), { headers: who === '' ? {} : { cookie: who } })
      place().wire.answer = before
      return answer.headers.get('cache-control')
    }
    test('to one person are private where the service says nothing', async () => {
      expect(await kept('/plain/x', null, cookie())).toBe('private')
      expect(await kept('/maybe/x', null, cookie())).toBe('private')
      expect(await kept('/plain/x', 'max-age=60', cookie())).toBe('max-age=60, private')
    })
    test('keep what the service says about everybody', async () => {
      expect(await kept('/plain/x', 'public, max-age=60', cookie())).toBe('public, max-age=60')
      expect(await kept('/plain/x', 'no-store', cookie())).toBe('no-store')
    })
    test('to nobody are not touched', async () => {
      expect(await kept('/open/x', null, cookie())).toBe(null)
      expect(await kept('/maybe/x', null, '')).toBe(null)
    })
  })
}
