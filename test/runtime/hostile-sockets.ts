import { beforeAll, expect, test } from 'vitest'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { openRaw, type Raw } from '../support/raw.ts'
import { mustOpen } from '../support/socket-client.ts'
import type { SocketPlace } from './sockets.ts'

/** Frames that no client may send (RFC 6455 section 5): each makes the library raise an error on the socket it reads. */
const BROKEN_FRAMES: Readonly<Record<string, Buffer>> = {
  'reserved bits': Buffer.from('ff8000000000', 'hex'),
  'an unknown opcode': Buffer.from('8b8000000000', 'hex'),
  'no mask': Buffer.from('810161', 'hex'),
  'a continuation of nothing': Buffer.from('808000000000', 'hex'),
  'a ping in fragments': Buffer.from('098000000000', 'hex'),
  'a length of 2^63': Buffer.from('82ffffffffffffffffff00000000', 'hex'),
  'a close with half a code': Buffer.from('88810000000000', 'hex'),
  'text that is no UTF-8': Buffer.from('818100000000ff', 'hex'),
}

/** How a client goes on, or leaves, at a moment of its upgrade. */
const MOVES: Readonly<Record<string, (client: Raw) => void>> = {
  ...Object.fromEntries(
    Object.entries(BROKEN_FRAMES).map(([name, bytes]) => [`sends ${name}`, (client: Raw) => client.write(bytes)]),
  ),
  'sends what is no frame': (client) => client.write('GET / HTTP/1.1\r\n\r\n'),
  'sends broken frames and resets': (client) => {
    for (const bytes of Object.values(BROKEN_FRAMES)) client.write(bytes)
    setImmediate(() => client.socket.resetAndDestroy())
  },
  resets: (client) => void client.socket.resetAndDestroy(),
  'ends its half': (client) => void client.socket.end(),
  leaves: (client) => void client.socket.destroy(),
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Whatever a client does on its connection at any moment of an upgrade, nobody else notices: the same on every runtime. */
export function hostileSocketTranscript(place: () => SocketPlace): void {
  let cookie = ''
  beforeAll(async () => {
    const { gateway } = place().deployment
    cookie = (await guestOf(gateway)).cookie(`${gateway}/`) ?? ''
  })

  /** A client that has asked for an upgrade; `behind` stands right behind its request. */
  const asking = (path: string, who: 'player' | 'nobody', behind: Buffer = Buffer.alloc(0)): Raw => {
    const { port, gateway } = place().deployment
    const client = openRaw(port)
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: localhost:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...(who === 'player' ? [`Cookie: ${cookie}`, `Origin: ${gateway}`] : []),
    ]
    client.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), behind]))
    return client
  }
  /** Nothing that was done ended the process, nor keeps it from answering. */
  const goesOn = async () => {
    await pause(100)
    expect((await ask(`${place().deployment.gateway}/auth/livez`)).status).toBe(200)
    expect(place().deployment.output()).not.toMatch(/"event":"(bug|background-failed)"/)
  }
  const moving = async (act: (name: string, move: (client: Raw) => void) => Promise<Raw>) => {
    const clients = await Promise.all(Object.entries(MOVES).map(([name, move]) => act(name, move)))
    await goesOn()
    for (const client of clients) client.socket.destroy()
  }

  test('a socket accepted only to be closed bears broken frames right behind it (RFC 6455 section 5.2)', async () => {
    await moving(async (name) => {
      const client = asking('/polite/broken', 'nobody', BROKEN_FRAMES[name.replace('sends ', '')])
      await client.until((text) => text.startsWith('HTTP/1.1 101 '))
      return client
    })
  })

  test('a socket that is being closed politely bears whatever its client does then', async () => {
    await moving(async (_name, move) => {
      const client = asking('/polite/moved', 'nobody')
      await client.until((text) => text.includes('sign in'))
      move(client)
      return client
    })
  })

  test('an upgrade that the service thinks about bears whatever its client does meanwhile', async () => {
    const path = '/socket/thinks'
    const release = place().wire.hold(path)
    const asked = () => place().wire.upgrades.filter(({ url }) => url === path).length
    await moving(async (_name, move) => {
      const client = asking(path, 'player')
      for (let tries = 0; asked() < Object.keys(MOVES).length && tries < 200; tries++) await pause(20)
      move(client)
      await pause(50)
      release()
      return client
    })
  })

  test.each([
    ['the service', '/socket/full', 'player'],
    ['the gateway', '/socket/nobody', 'nobody'],
    ['the policy', '/nowhere', 'nobody'],
  ] as const)('a refusal of %s bears whatever its client does before it comes', async (_whose, path, who) => {
    await moving(async (_name, move) => {
      const client = asking(path, who)
      move(client)
      return client
    })
  })

  test('an open socket bears whatever its client does', async () => {
    await moving(async (_name, move) => {
      const client = asking('/socket/moved', 'player')
      await client.until((text) => text.startsWith('HTTP/1.1 101 '))
      move(client)
      return client
    })
  })

  test.each(['broken', 'reset'])('a service that leaves its socket %s right behind the handshake', async (manner) => {
    const { gateway } = place().deployment
    const socket = await mustOpen(`${gateway}/socket/${manner}`, { headers: { cookie, origin: gateway } })
    expect((await socket.closed).code).toBe(1011)
    await goesOn()
  })
}
