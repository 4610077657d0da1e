import { expect, test } from 'vitest'
import { guestOf } from '../support/guest.ts'
import { head, openRaw } from '../support/raw.ts'
import { openSocket } from '../support/socket-client.ts'
import type { Visitor } from '../support/visitor.ts'
import type { SocketPlace } from './sockets.ts'

/** Upgrades that a service takes no notice of: they get past nothing that holds a plain request; the same on every runtime. */
export function servedTranscript(place: () => SocketPlace): void {
  const url = (path: string) => `${place().deployment.gateway}${path}`
  const headersOf = (visitor: Visitor) => ({
    cookie: visitor.cookie(url('/')) ?? '',
    origin: place().deployment.gateway,
  })
  const player = () => guestOf(place().deployment.gateway)
  const upgrade = (path: string, visitor: Visitor) => openSocket(url(path), { headers: headersOf(visitor) })
  const statusOf = async (path: string, visitor: Visitor) => {
    const opening = await upgrade(path, visitor)
    if (opening.kind === 'refused') return opening.status
    opening.socket.raw.close()
    return 101
  }
  const serves = (path: string) => expect.poll(() => place().wire.serving.has(path), { timeout: 5_000 })

  test('an answer that would go on without a lease is refused, and its service let go (RFC 9110 section 7.8)', async () => {
    const opening = await upgrade('/socket/served', await player())
    expect(opening).toMatchObject({ kind: 'refused', status: 502 })
    expect(opening.kind === 'refused' && JSON.parse(opening.body)).toMatchObject({ code: 'upgrade_refused' })
    await serves('/socket/served').toBe(false)
  })

  test('an upgrade that was served uses its quota up like any other request', async () => {
    const visitor = await player()
    expect(await statusOf('/tries/served', visitor)).toBe(502)
    expect(await statusOf('/tries/served', visitor)).toBe(403)
    expect((await visitor.send(url('/tries/plain'))).status).toBe(403)
  })

  test('a socket that opens, and one that the service refuses, use nothing up', async () => {
    const visitor = await player()
    const next = () => expect.poll(() => statusOf('/tries/room', visitor), { timeout: 5_000 })
    expect(await statusOf('/tries/room', visitor)).toBe(101)
    await next().toBe(101)
    await expect.poll(async () => (await upgrade('/tries/full', visitor)).kind === 'refused').toBe(true)
    await next().toBe(101)
    await expect.poll(async () => (await visitor.send(url('/tries/plain'))).status, { timeout: 5_000 }).toBe(200)
    expect(await statusOf('/tries/room', visitor)).toBe(403)
  })

  test('what a rule does on a success is done where an upgrade was served', async () => {
    const visitor = await player()
    const headers = headersOf(visitor)
    expect(await statusOf('/leaving/room', visitor)).toBe(101)
    expect((await visitor.send(url('/wire/x'), { headers })).status).toBe(200)
    expect(await statusOf('/leaving/served', visitor)).toBe(502)
    expect((await visitor.send(url('/wire/x'), { headers })).status).toBe(401)
  })

  test('a refusal whose client leaves in the middle of it ends at its service', async () => {
    const { port } = place().deployment
    const { cookie, origin } = headersOf(await player())
    const client = openRaw(port)
    const handshake = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
    client.write(head('GET /socket/told', port, `Cookie: ${cookie}`, `Origin: ${origin}`, ...handshake, key))
    expect(await client.until((text) => text.includes('more'))).toMatch(/^HTTP\/1\.1 403 /)
    client.socket.destroy()
    await serves('/socket/told').toBe(false)
  })
}
