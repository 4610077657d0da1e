import type { IncomingMessage } from 'node:http'
import { beforeAll, describe, expect, test } from 'vitest'
import { listHash } from '../../src/identity/claims.ts'
import { receivedIncoming, remoteKeys, verifyAssertion, verifyRequest } from '../../src/verify/index.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { headOf, openRaw } from '../support/raw.ts'
import { openSocket } from '../support/socket-client.ts'
import { asVariables, FORGED, type HeaderLines, type Messenger, ODD_LINES, sawOf, spoof } from '../support/spoof.ts'
import type { Visitor } from '../support/visitor.ts'
import type { SocketPlace } from './sockets.ts'

export const ROBOT = 'robot-token-value-1234567890'
export const SECRET = 'a-shared-secret-of-more-than-32-bytes'

/** What a deployment of `upstreams` is told. */
export function environmentOf(wirePort: number): Readonly<Record<string, string>> {
  return { WIRE_PORT: String(wirePort), ROBOT_TOKEN: ROBOT, MESSAGE_SECRET: SECRET }
}

/** Own maps of the deployment: trusted by one upstream, kept from clients on the routes of all. */
const MAPPED = ['X-Player', 'X-Player-World']

function pairs(raw: readonly string[]): readonly (readonly [string, string])[] {
  return raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? ''] as const] : []))
}

/** What upstreams are told, and what they are not, over real ports: the same on every runtime. */
export function identityTranscript(place: () => SocketPlace): void {
  let player: Visitor
  const seen: IncomingMessage[] = []
  const url = (path: string) => `${place().deployment.gateway}${path}`
  const issuer = () => `${place().deployment.gateway}/auth`
  const keys = () => remoteKeys(`${issuer()}/.well-known/jwks.json`)
  const cookie = () => player.cookie(url('/')) ?? ''

  beforeAll(async () => {
    player = await guestOf(place().deployment.gateway)
    place().wire.answer = (request, response) => {
      seen.push(request)
      request.resume().on('end', () => response.end('seen'))
    }
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

  /** One request as the player; what the service got of it. */
  async function passed(path: string, init: RequestInit = {}): Promise<IncomingMessage> {
    seen.length = 0
    const answer = await ask(url(path), { ...init, headers: { cookie: cookie(), ...(init.headers as object) } })
    const [request] = seen
    if (answer.status !== 200 || request === undefined)
      throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return request
  }

  async function nameOf(visitor: Visitor): Promise<string> {
    const answer = await visitor.send(url('/auth/session'), { headers: { accept: 'application/json' } })
    return ((await answer.json()) as { readonly user: { readonly id: string } }).user.id
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
        const names = await Promise.all(people.map(nameOf))
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

  describe('identity headers', () => {
    const DIALECTS: readonly (readonly [string, readonly string[]])[] = [
      ['/plain/x', ['postern-user', 'postern-session', 'postern-roles', 'postern-guest']],
      ['/proxies/x', ['x-forwarded-user', 'x-forwarded-groups', 'remote-user', 'x-webauth-user', 'x-player']],
      ['/access/x', ['x-goog-iap-jwt-assertion', 'x-goog-authenticated-user-id', 'cf-access-jwt-assertion']],
      ['/edge/x', ['x-pomerium-jwt-assertion', 'x-pomerium-claim-user', 'x-amzn-oidc-data', 'x-amzn-oidc-identity']],
      ['/bearer/x', ['authorization']],
      ['/grafana/x', ['x-webauth-user', 'x-webauth-role']],
      ['/evennia/x', ['remote-user', 'postern-user']],
    ]

    test.each(DIALECTS)('of %s are there, say one user, and have at most 4 KB', async (path, names) => {
      const { headers, rawHeaders } = await passed(path)
      expect(names.filter((name) => headers[name] === undefined)).toEqual([])
      const audience = path.split('/')[1] ?? ''
      const { id } = (await verifyAssertion(headers['postern-assertion'] as string, {
        issuer: issuer(),
        audience,
        keys: keys(),
      })) as { id: string }
      const users = names.filter((name) => /user$|identity$|user-id$|player$/.test(name))
      expect(users.map((name) => [name, String(headers[name]).replace('accounts.google.com:', '')])).toEqual(
        users.map((name) => [name, id]),
      )
      const ours =
        /^(postern-|x-forwarded-(user|email|groups|pref)|remote-|x-webauth-|x-goog-|cf-access-|x-pomerium-|x-amzn-|x-player|authorization)/i
      const bytes = pairs(rawHeaders).reduce((sum, [n, v]) => sum + (ours.test(n) ? n.length + v.length + 4 : 0), 0)
      expect(bytes).toBeLessThanOrEqual(4096)
    })

    test('a name beyond ASCII comes back by one percent-decoding', async () => {
      const { headers } = await passed('/plain/x', { headers: { cookie: '', 'x-api-token': ROBOT } })
      expect(headers['postern-name']).toMatch(/^[\x20-\x7e]+$/)
      expect(decodeURIComponent(String(headers['postern-name']))).toBe('Zoë Żółw')
      expect(headers['x-api-token']).toBeUndefined()
    })

    test('own cookies are cut by the byte, the others stay as they were', async () => {
      const around = `a=1;b= 2 ;  c="x, y";d;=e; ${cookie()}; f=%3B;;  g=h=i`
      const { headers } = await passed('/plain/x', { headers: { cookie: around } })
      expect(headers.cookie).toBe('a=1;b= 2 ;  c="x, y";d;=e; f=%3B;;  g=h=i')
    })

    test('nobody is an assertion for another audience and no plain header', async () => {
      const { headers } = await passed('/maybe/x', { headers: { cookie: '' } })
      const options = { issuer: issuer(), audience: 'plain', keys: keys() }
      const said = await verifyAssertion(headers['postern-assertion'] as string, options)
      expect(said.kind).toBe('anonymous')
      expect(said.claims).toMatchObject({ aud: 'plain#anonymous', anonymous: true })
      expect(Object.keys(headers).filter((name) => name.startsWith('postern-'))).toEqual(['postern-assertion'])
    })
  })

  describe('signed messages', () => {
    const seenNonces = new Set<string>()
    const message = {
      now: () => Date.now() / 1000,
      seen: (nonce: string) => seenNonces.size === seenNonces.add(nonce).size,
    }
    const shared = { keyId: 'shared', bytes: new TextEncoder().encode(SECRET) as Uint8Array<ArrayBuffer> }
    const CASES = ['signed', 'shared'].flatMap((audience) =>
      ["?it's=%27raw&b=%2F&a+b", '?', '', '?a?b=c/d'].map((query) => [audience, query] as const),
    )

    test.each(CASES)('of %s hold for what arrived with query %j, and for nothing else', async (audience, query) => {
      const digest = 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:'
      seen.length = 0
      await headOf(place().deployment.port, [
        `POST /${audience}/a%20b${query} HTTP/1.1`,
        `Host: ${new URL(url('/')).host}`,
        `Cookie: ${cookie()}`,
        `Origin: ${place().deployment.gateway}`,
        'Content-Type: application/json',
        `Content-Digest: ${digest}`,
        'Content-Length: 18',
        '',
        '{"hello": "world"}',
      ])
      const [arrived] = seen
      if (arrived === undefined) throw new Error('nothing arrived')
      const received = receivedIncoming(arrived)
      const options = {
        issuer: issuer(),
        audience,
        keys: keys(),
        message: { ...message, ...(audience === 'shared' ? { secret: shared } : {}) },
      }
      // WHY: `fetch` of workerd writes a quote of a query as %27: what is signed is what is sent.
      const onWire = place().deployment.runtime === 'workerd' ? query.replace("'", '%27') : query
      expect(received.target).toBe(`/${audience}/a%20b${onWire}`)
      expect(await verifyRequest(received, options)).toMatchObject({ kind: 'user' })
      await expect(verifyRequest(received, options)).rejects.toMatchObject({ code: 'signature_replayed' })
      const other = { ...received, target: `/${audience}/a%20b?other` }
      await expect(verifyRequest(other, options)).rejects.toMatchObject({ code: 'signature_mismatch' })
    })

    test('of a socket hold for its upgrade', async () => {
      place().wire.upgrades.length = 0
      const opened = await openSocket(url('/signed/room?x=1'), {
        headers: { cookie: cookie(), origin: place().deployment.gateway },
      })
      if (opened.kind === 'open') opened.socket.raw.terminate()
      const [request] = place().wire.upgrades
      if (request === undefined) throw new Error('no upgrade arrived')
      const options = { issuer: issuer(), audience: 'signed', keys: keys(), message }
      expect(await verifyRequest(receivedIncoming(request), options)).toMatchObject({ kind: 'user' })
    })
  })

  describe('a list that is too long', () => {
    test('is a hash, and an address that gives the list for the assertion', async () => {
      const { headers } = await passed('/plain/x')
      const options = { issuer: issuer(), audience: 'plain', keys: keys() }
      const { claims, permissions } = (await verifyAssertion(
        headers['postern-assertion'] as string,
        options,
      )) as never as {
        claims: Record<string, string>
        permissions: null
      }
      expect(permissions).toBe(null)
      expect(headers['postern-permissions-url']).toBe(`${issuer()}/permissions`)
      const answer = await ask(String(claims['permissions_url']), {
        headers: { authorization: `Bearer ${headers['postern-assertion']}` },
      })
      const list = ((await answer.json()) as { permissions: string[] }).permissions
      expect(list).toHaveLength(61)
      expect(await listHash(list)).toBe(claims['permissions_hash'])
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
