import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileFolder, importDefinition } from '../../src/runtime/folder.ts'
import type { Deployment } from '../support/deployment.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { head, openRaw, type Raw } from '../support/raw.ts'
import { mustOpen, type OpenSocket } from '../support/socket-client.ts'
import type { Visitor } from '../support/visitor.ts'
import type { Wire } from '../support/wire.ts'

/** Where sockets are held, and where what ends them is done: two processes over one store, or one. */
export interface ClosingsPlace {
  readonly wire: Wire
  readonly holds: Deployment
  readonly acts: Deployment
  readonly operatorKey: string
  /** Milliseconds within which what is done reaches the sockets: where the store pushes, and where they are looked at. */
  readonly pushed: number
}

/** Seconds within which every loss is acted on, whatever the runtime and the store (SPEC 6). */
const WITHIN_MS = 10_000
const FOLDER = fileURLToPath(new URL('../support/deployments/closings/', import.meta.url))

const BYSTANDING = ['/room/on/bystander', '/open/on/bystander']

interface Ended {
  readonly code: number
  readonly reason: string
  readonly after: number
}

/** A socket, and when it ended on the clock of this process. */
interface Watched extends OpenSocket {
  readonly endedAt: Promise<number>
}

function watched(socket: OpenSocket): Watched {
  return { ...socket, endedAt: socket.closed.then(() => Date.now()) }
}

/** An event stream, and when it ended on the clock of this process. */
interface Listening {
  readonly client: Raw
  readonly endedAt: Promise<number>
}

/** How a socket ended, and how long after that for which it did. */
async function endOf(socket: Watched, since: number): Promise<Ended> {
  return { ...(await socket.closed), after: (await socket.endedAt) - since }
}

/** The session of a `Cookie` header as a client without cookies presents it (RFC 6750). */
function bearerOf(cookie: string): string {
  return `Bearer pss_${/__Host-postern[^=;]*=([^;]+)/.exec(cookie)?.[1]}`
}

/** A guest with a socket in a room of their own. */
interface Guest {
  readonly visitor: Visitor
  readonly user: string
  readonly sid: string
  open(path: string): Promise<Watched>
  /** The same session as a bearer: no cookie, and no Origin. */
  openAsBearer(path: string): Promise<Watched>
  /** Opens an event stream whose service says one thing and is silent from then on. */
  listen(path: string): Promise<Listening>
}

/** Everything that may end a live socket, side by side, and the sockets of everybody else. */
export function closingsTranscript(place: () => ClosingsPlace): void {
  const held = (path: string) => `${place().holds.gateway}${path}`
  const bystanders: OpenSocket[] = []
  const listeners: Raw[] = []
  const services = new Map<string, (event: string) => void>()

  /** A service of event streams below `/room/on/`, `/arena/on/` and `/open/on/`. */
  function serveStreams(): void {
    place().wire.answer = (request, response) => {
      const { url = '' } = request
      if (!url.includes('/on/')) return void response.end('wire')
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: hello\n\n')
      services.set(url, (event) => void response.write(`data: ${event}\n\n`))
    }
  }

  async function listening(path: string, cookie: string): Promise<Listening> {
    const { port } = place().holds
    const client = openRaw(port)
    client.write(head(`GET ${path}`, port, `Cookie: ${cookie}`))
    await client.until((text) => text.includes('data: hello'))
    return { client, endedAt: client.closed.then(() => Date.now()) }
  }

  /** A stream cannot say why it ended: whoever comes back is told. Isolates find out by asking. */
  async function expectCut({ endedAt }: Listening, since: number): Promise<void> {
    expect((await endedAt) - since).toBeLessThan(place().holds.runtime === 'workerd' ? WITHIN_MS : place().pushed)
  }

  /** That an event still passes, and nothing has ended. */
  async function expectOpen({ client }: { readonly client: Raw }, path: string): Promise<void> {
    services.get(path)?.('still here')
    await client.until((text) => text.includes('still here'))
  }

  async function guest(): Promise<Guest> {
    const { gateway } = place().holds
    const visitor = await guestOf(gateway)
    const told = await visitor.send(`${gateway}/auth/session`, { headers: { accept: 'application/json' } })
    const { user, sid } = (await told.json()) as { user: { id: string }; sid: string }
    const headers = { cookie: visitor.cookie(gateway) ?? '', origin: gateway }
    const authorization = bearerOf(headers.cookie)
    return {
      visitor,
      user: user.id,
      sid,
      open: async (path) => watched(await mustOpen(held(path), { headers })),
      openAsBearer: async (path) => watched(await mustOpen(held(path), { headers: { authorization } })),
      listen: (path) => listening(path, headers.cookie),
    }
  }

  async function operate(operation: string, input: Readonly<Record<string, unknown>>): Promise<void> {
    const answer = await ask(`${place().acts.gateway}/auth/operator/v1/${operation}`, {
      method: 'POST',
      body: JSON.stringify(input),
      headers: { authorization: `Bearer ${place().operatorKey}`, 'content-type': 'application/json' },
    })
    if (answer.status !== 200) throw new Error(`${operation}: ${answer.status} ${await answer.text()}`)
  }

  /** A second session of the same guest, from the same browser. */
  async function again({ visitor }: Guest): Promise<void> {
    const { gateway } = place().holds
    visitor.forget(gateway, '__Host-postern')
    const answer = await visitor.send(`${place().acts.gateway}/auth/guest`, {
      method: 'POST',
      headers: { origin: gateway, accept: 'application/json' },
    })
    if (answer.status !== 200) throw new Error(`no second session: ${answer.status} ${await answer.text()}`)
  }

  beforeAll(async () => {
    serveStreams()
    const stranger = await guest()
    await operate('roles.assign', { user: stranger.user, role: 'player' })
    for (const path of ['/room/bystander', '/open/bystander']) bystanders.push(await stranger.open(path))
    for (const path of BYSTANDING) listeners.push((await stranger.listen(path)).client)
  }, 30_000)

  describe.concurrent('a live socket ends, and an event stream with it,', () => {
    test.concurrent('with 4401 when its player signs out', async () => {
      const player = await guest()
      const sockets = [await player.open('/room/out-1'), await player.open('/room/out-2')]
      sockets.push(await player.openAsBearer('/room/out-3'))
      const stream = await player.listen('/room/on/out')
      const answer = await player.visitor.send(`${place().acts.gateway}/auth/sign-out`, {
        method: 'POST',
        headers: { origin: place().holds.gateway, accept: 'application/json' },
      })
      const since = Date.now()
      expect(answer.status).toBe(200)
      for (const socket of sockets) {
        const ended = await endOf(socket, since)
        expect(ended).toMatchObject({ code: 4401, reason: 'signed out' })
        expect(ended.after).toBeLessThan(place().pushed)
      }
      await expectCut(stream, since)
    })

    test.concurrent('with 4401 when its player is kicked, one session or all', async () => {
      const [one, all] = [await guest(), await guest()]
      const sockets = [await one.open('/room/kicked-1'), await all.open('/room/kicked-2')]
      sockets.push(await one.openAsBearer('/room/kicked-3'), await all.openAsBearer('/room/kicked-4'))
      const streams = [await one.listen('/room/on/kicked-1'), await all.listen('/room/on/kicked-2')]
      await operate('sessions.revoke', { session: one.sid, user: one.user })
      await operate('users.kick', { user: all.user })
      const since = Date.now()
      for (const socket of sockets) {
        const ended = await endOf(socket, since)
        expect(ended).toMatchObject({ code: 4401, reason: 'kicked' })
        expect(ended.after).toBeLessThan(place().pushed)
      }
      for (const stream of streams) await expectCut(stream, since)
    })

    test.concurrent('with 4423 when its player is banned or suspended', async () => {
      const [banned, suspended] = [await guest(), await guest()]
      const sockets = [await banned.open('/room/banned'), await suspended.open('/room/suspended')]
      sockets.push(await banned.openAsBearer('/room/banned-2'), await suspended.openAsBearer('/room/suspended-2'))
      const streams = [await banned.listen('/room/on/banned'), await suspended.listen('/room/on/suspended')]
      const until = new Date(Date.now() + 3_600_000).toISOString()
      await operate('users.ban', { user: banned.user, reason: 'cheating' })
      await operate('users.suspend', { user: suspended.user, reason: 'language', until })
      const since = Date.now()
      for (const socket of sockets) {
        const ended = await endOf(socket, since)
        expect(ended).toMatchObject({ code: 4423, reason: 'account suspended' })
        expect(ended.after).toBeLessThan(place().pushed)
      }
      for (const stream of streams) await expectCut(stream, since)
    })

    test.concurrent('with 4403 when its player loses the permission, and only where it is needed', async () => {
      const player = await guest()
      await operate('roles.assign', { user: player.user, role: 'gladiator' })
      await settled(player, '/arena/lost')
      const [arena, room] = [await player.open('/arena/lost'), await player.open('/room/kept')]
      const [lost, kept] = [await player.listen('/arena/on/lost'), await player.listen('/room/on/kept')]
      await operate('roles.remove', { user: player.user, role: 'gladiator' })
      const since = Date.now()
      const ended = await endOf(arena, since)
      expect(ended).toMatchObject({ code: 4403, reason: 'permission lost' })
      expect(ended.after).toBeLessThan(place().pushed)
      await expectCut(lost, since)
      await expectOpen(kept, '/room/on/kept')
      kept.client.socket.destroy()
      room.raw.send('still here')
      expect(await room.next()).toBe('still here')
      room.raw.close()
    })

    test.concurrent('with 4409 when its player signs in elsewhere beyond the cap', async () => {
      const player = await guest()
      const [socket, stream] = [await player.open('/room/evicted'), await player.listen('/room/on/evicted')]
      await again(player)
      const since = Date.now()
      const ended = await endOf(socket, since)
      expect(ended).toMatchObject({ code: 4409, reason: 'signed in elsewhere' })
      expect(ended.after).toBeLessThan(place().pushed)
      await expectCut(stream, since)
    })

    test.concurrent('with 4401 when its session expires', async () => {
      const player = await guest()
      await operate('roles.assign', { user: player.user, role: 'brief' })
      await again(player)
      const since = Date.now()
      const headers = { cookie: player.visitor.cookie(held('/')) ?? '', origin: place().holds.gateway }
      const socket = watched(await mustOpen(held('/room/expired'), { headers }))
      const authorization = bearerOf(headers.cookie)
      const bearer = watched(await mustOpen(held('/room/expired-2'), { headers: { authorization } }))
      const stream = await listening('/room/on/expired', headers.cookie)
      const ended = await endOf(socket, since)
      expect(ended).toMatchObject({ code: 4401, reason: 'session expired' })
      expect(ended.after).toBeGreaterThan(3_000)
      expect(ended.after).toBeLessThan(6_000 + WITHIN_MS)
      expect(await bearer.closed).toEqual({ code: 4401, reason: 'session expired' })
      const cut = (await stream.endedAt) - since
      expect(cut).toBeGreaterThan(3_000)
      expect(cut).toBeLessThan(6_000 + WITHIN_MS)
    }, 30_000)

    test.concurrent('with 4403 when a changed policy no longer gives the permission', async () => {
      const player = await guest()
      await operate('roles.assign', { user: player.user, role: 'gladiator' })
      await settled(player, '/arena/changed')
      // WHY: the other cases of this file need the old policy first.
      await new Promise((resolve) => setTimeout(resolve, 8_000))
      const [arena, room] = [await player.open('/arena/changed'), await player.open('/room/unchanged')]
      const [changed, unchanged] = [await player.listen('/arena/on/changed'), await player.listen('/room/on/unchanged')]
      const settings = { CLOSINGS_POLICIES: 'policies-later', POSTERN_ORIGIN: place().holds.gateway }
      const bundle = await compileFolder(FOLDER, await importDefinition(FOLDER), (name) => settings[name as never])
      await operate('policies.push', { bundle })
      const since = Date.now()
      const ended = await endOf(arena, since)
      expect(ended).toMatchObject({ code: 4403, reason: 'permission lost' })
      expect(ended.after).toBeLessThan(place().holds.runtime === 'workerd' ? WITHIN_MS : place().pushed)
      await expectCut(changed, since)
      await expectOpen(unchanged, '/room/on/unchanged')
      unchanged.client.socket.destroy()
      room.raw.send('still here')
      expect(await room.next()).toBe('still here')
      room.raw.close()
    }, 40_000)
  })

  test('where a rule accepts and closes, the code says what became of the session: 4401, 4409, 4423', async () => {
    const [kicked, banned, evicted] = [await guest(), await guest(), await guest()]
    const cookies = [kicked, banned, evicted].map(({ visitor }) => visitor.cookie(place().holds.gateway) ?? '')
    await operate('users.kick', { user: kicked.user })
    await operate('users.ban', { user: banned.user, reason: 'cheating' })
    await again(evicted)
    const closings = cookies.map(async (cookie) => {
      const headers = { cookie, origin: place().holds.gateway }
      // WHY: a process that did not hear of the end remembers the session for five seconds at most.
      for (let tries = 0; ; tries++) {
        const socket = await mustOpen(held('/polite/again'), { headers })
        const early = new Promise<null>((resolve) => setTimeout(resolve, 500, null))
        const closed = await Promise.race([socket.closed, early])
        if (closed !== null) return closed
        socket.raw.terminate()
        if (tries > 12) throw new Error('never closed')
      }
    })
    expect(await Promise.all(closings)).toEqual([
      { code: 4401, reason: 'kicked' },
      { code: 4423, reason: 'account suspended' },
      { code: 4409, reason: 'signed in elsewhere' },
    ])
  }, 20_000)

  test('nobody else’s socket or stream ended', async () => {
    for (const [index, client] of listeners.entries()) await expectOpen({ client }, BYSTANDING[index] ?? '')
    for (const socket of bystanders) {
      socket.raw.send('hello')
      expect(await socket.next()).toBe('hello')
    }
  })

  afterAll(() => {
    for (const socket of bystanders) socket.raw.close()
    for (const { socket } of listeners) socket.destroy()
  })

  /** Waits until a role given a moment ago is known where the socket is opened: at most the cache's five seconds. */
  async function settled({ visitor }: Guest, path: string): Promise<void> {
    for (let tries = 0; (await visitor.send(held(path))).status === 403; tries++) {
      if (tries > 60) throw new Error(`never allowed: ${path}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
