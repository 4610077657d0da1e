import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { beforeAll, expect, test } from 'vitest'
import { guestOf } from '../support/guest.ts'
import { head, openRaw } from '../support/raw.ts'
import { mustOpen, openSocket } from '../support/socket-client.ts'
import type { SocketPlace } from './sockets.ts'

/** A close frame with any code at all: of a server, and of a client with a mask of zeros. */
function closeFrame(code: number, of: 'client' | 'server'): Buffer {
  const [mask, bit] = of === 'client' ? [[0, 0, 0, 0], 0x80] : [[], 0]
  return Buffer.from([0x88, 2 | bit, ...mask, code >> 8, code & 0xff])
}

/** Codes that mean nothing, or that nobody may send (RFC 6455 section 7.4). */
const ODD_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535]

/** What a service or a client does at the edges of an upgrade ends where it began: the same on every runtime. */
export function oddUpgradeTranscript(place: () => SocketPlace): void {
  let headers: Readonly<Record<string, string>>
  const url = (path: string) => `${place().deployment.gateway}${path}`
  const isLive = (path: string) => place().wire.live.has(path)
  beforeAll(async () => {
    const origin = place().deployment.gateway
    headers = { cookie: (await guestOf(origin)).cookie(`${origin}/`) ?? '', origin }
  })

  /** The head of a player's upgrade as it stands on the wire. */
  const handshake = (path: string, ...more: readonly string[]): string => {
    const { port, gateway } = place().deployment
    const asked = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
    return head(`GET ${path}`, port, ...asked, key, `Cookie: ${headers['cookie'] ?? ''}`, `Origin: ${gateway}`, ...more)
  }

  test('a redirected upgrade is told to its client; nobody follows it with the assertion (SPEC 6)', async () => {
    const came: (string | undefined)[] = []
    const stranger = createServer((request, response) => {
      came.push(request.url)
      response.end('thanks')
    })
    stranger.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      came.push(request.url)
      socket.end('HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n')
    })
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
    const abroad = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}/loot`
    const before = place().wire.upgrades.length
    for (const to of [abroad, '/socket/elsewhere']) {
      const answer = await openSocket(url(`/socket/away?to=${encodeURIComponent(to)}`), { headers })
      expect(answer).toMatchObject({ kind: 'refused', status: 302, headers: { location: to } })
    }
    expect([
      came,
      place()
        .wire.upgrades.slice(before)
        .map((request) => request.url?.split('?')[0]),
    ]).toEqual([[], ['/socket/away', '/socket/away']])
    stranger.closeAllConnections()
    stranger.close()
  })

  test('a subprotocol offered twice, or one that is no token, is the mistake of who offers it (RFC 6455 section 4.1)', async () => {
    const before = place().wire.upgrades.length
    for (const offer of ['v1.game, v1.game', 'v1.game,v2.game,v1.game', 'v1.game, v 2', 'v1/game']) {
      for (const path of ['/socket/offered', '/loose/offered']) {
        const answer = await openSocket(url(path), { headers: { ...headers, 'sec-websocket-protocol': offer } })
        expect([offer, answer]).toMatchObject([offer, { kind: 'refused', status: 400 }])
        expect(answer.kind === 'refused' && JSON.parse(answer.body)).toMatchObject({ code: 'bad_upgrade' })
      }
    }
    expect(place().wire.upgrades.length).toBe(before)
    const socket = await mustOpen(url('/socket/spelled'), { headers, protocols: ['v2.game', 'V2.game'] })
    expect(socket.raw.protocol).toBe('V2.game')
    socket.raw.close()
  })

  test('a service that chooses no subprotocol opens the socket without one: what to make of it is the client’s business', async () => {
    for (const path of ['/socket/unmoved', '/loose/unmoved']) {
      const client = openRaw(place().deployment.port)
      client.write(handshake(path, 'Sec-WebSocket-Protocol: v1.game, v2.game'))
      const answer = await client.until((text) => text.includes('\r\n\r\n'))
      client.socket.destroy()
      expect(answer).toMatch(/^HTTP\/1\.1 101 /)
      expect(answer).not.toMatch(/sec-websocket-protocol/i)
      expect(place().wire.upgrades.at(-1)?.headers['sec-websocket-protocol']).toMatch(/^v1\.game, ?v2\.game$/)
    }
  })

  test('a service sets none of our cookies by opening a socket, with a lease or without', async () => {
    for (const path of ['/socket/baked', '/loose/baked']) {
      const client = openRaw(place().deployment.port)
      client.write(handshake(path))
      const answer = await client.until((text) => text.includes('\r\n\r\n'))
      client.socket.destroy()
      expect([path, answer]).toEqual([path, expect.stringMatching(/^HTTP\/1\.1 101 /)])
      expect([path, answer]).toEqual([path, expect.not.stringMatching(/postern=/)])
      const socket = await mustOpen(url(path), { headers })
      socket.raw.send('still open')
      expect(await socket.next()).toBe('still open')
      socket.raw.close()
    }
  })

  test('a player who closes with a code that cannot be passed on is gone for the service, too', async () => {
    const { port } = place().deployment
    for (const code of ODD_CODES) {
      const path = `/socket/odd-${code}`
      const client = openRaw(port)
      client.write(handshake(path))
      await client.until((text) => text.startsWith('HTTP/1.1 101 '))
      await expect.poll(() => isLive(path)).toBe(true)
      client.write(closeFrame(code, 'client'))
      await expect.poll(() => [code, isLive(path)], { timeout: 5_000 }).toEqual([code, false])
      client.socket.destroy()
    }
  })

  test('a service that closes with such a code ends the socket of its player', async () => {
    for (const code of ODD_CODES) {
      const socket = await mustOpen(url(`/socket/said-${code}`), { headers })
      socket.raw.send(`frame:${closeFrame(code, 'server').toString('hex')}`)
      // To workerd a frame that says "no code" is one without a code.
      const told = code === 1005 && place().deployment.runtime === 'workerd' ? 1005 : 1011
      expect([code, (await socket.closed).code]).toEqual([code, told])
    }
  })

  test('an upgrade behind a request that is still being answered waits for its turn (RFC 9112 section 9.3.2)', async () => {
    const { wire, deployment } = place()
    const before = wire.answer
    const length = 2_000_000
    wire.answer = (_request, response) => void setTimeout(() => response.end('~'.repeat(length)), 300)
    const client = openRaw(deployment.port)
    client.write(`${head('GET /open/first', deployment.port)}${handshake('/socket/early')}`)
    const text = await client.until((came) => came.includes('third'))
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 101'])
    expect(text.slice(0, text.indexOf('HTTP/1.1 101')).replace(/[^~]/g, '').length).toBe(length)
    client.socket.destroy()
    wire.answer = before
  })

  test('headers of an upgrade named as what every object of a program has arrive as they were sent', async () => {
    const path = '/socket/named'
    const client = openRaw(place().deployment.port)
    client.write(handshake(path, 'constructor: one', '__proto__: two', 'toString: three', 'toString: four'))
    await client.until((came) => came.includes('101'))
    const [upgrade] = place().wire.upgrades.filter((request) => request.url === path)
    const came = (name: string) => {
      const raw = upgrade?.rawHeaders ?? []
      return raw.filter((_, at) => raw[at - 1]?.toLowerCase() === name).join(', ')
    }
    expect(['constructor', '__proto__', 'tostring'].map(came)).toEqual(['one', 'two', 'three, four'])
    client.socket.destroy()
  })

  test('a client whose connection breaks while the service thinks leaves no player behind', async () => {
    const { wire, deployment } = place()
    const path = '/socket/broken-off'
    const release = wire.hold(path)
    const client = openRaw(deployment.port)
    client.write(handshake(path))
    await expect.poll(() => wire.upgrades.some(({ url }) => url === path)).toBe(true)
    client.socket.resetAndDestroy()
    await new Promise((resolve) => setTimeout(resolve, 300))
    release()
    await new Promise((resolve) => setTimeout(resolve, 300))
    await expect.poll(() => isLive(path), { timeout: 5_000 }).toBe(false)
  })

  test('an upgrade that the service takes too late is let go: no player of it stays behind', async () => {
    const path = '/hurried/late'
    const release = place().wire.hold(path)
    const answer = await openSocket(url(path), { headers })
    expect(answer).toMatchObject({ kind: 'refused', status: 504 })
    release()
    await expect.poll(() => place().wire.closes.some((close) => close.path === path) || !isLive(path)).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(isLive(path)).toBe(false)
  })
}
