import type { IncomingMessage, ServerResponse } from 'node:http'
import { gunzipSync, gzipSync } from 'node:zlib'
import { beforeEach, expect, test } from 'vitest'
import { receivedIncoming, remoteKeys, type VerifiedUser, verifyRequest } from '../../src/verify/index.ts'
import { guestOf } from '../support/guest.ts'
import { mudAnswer } from '../support/mud.ts'
import type { Visitor } from '../support/visitor.ts'
import type { HopPlace } from './hop.ts'

const PICK = '{"session_id":"s","character_id":7,"world_id":"meadow"}'
const MIRA = ['7', 'meadow', 'Mira']
const WHOLE = '{ "character_name" : "Mira",\t"level": 1.50 }\n'

/** What a success of the game does to the session, against a game with the calls of a MUD server: the same on every runtime. */
export function watchedTranscript(place: () => HopPlace): void {
  const url = (path: string) => `${place().deployment.gateway}${path}`
  let player: Visitor
  beforeEach(async () => {
    place().wire.answer = (request, response) => void mudAnswer(request, response)
    player = await guestOf(url(''))
  })

  const post = (path: string, body: string | null = null, by = player) =>
    by.send(url(path), {
      method: 'POST',
      headers: {
        origin: place().deployment.gateway,
        'accept-encoding': 'gzip, br',
        ...(body === null ? {} : { 'content-type': 'application/json' }),
      },
      body,
    })
  const select = (body: string, query = '') => post(`/characters/select${query}`, body)
  /** What the very next request tells the game of the character: id, world, name. */
  const character = async (by = player) => (await by.send(url('/wire/plain'))).json()

  test.each([
    ['selects a character', '/characters/select', PICK],
    ['selects by its path', '/worlds/meadow/enter/12', null],
    ['deselects', '/characters/leave', null],
    ['sets an attribute', '/register/finish', null],
    ['signs out', '/game/logout', null],
  ])('a request that %s carries the assertion of the one who makes it, like every request', async (_, path, body) => {
    const arrived: IncomingMessage[] = []
    place().wire.answer = (request, response) => {
      arrived.push(request)
      void mudAnswer(request, response)
    }
    const look = await player.send(url('/auth/session'), { headers: { accept: 'application/json' } })
    const { user, sid } = (await look.json()) as { readonly user: { readonly id: string }; readonly sid: string }
    expect((await post(path, body)).status).toBe(200)
    await player.send(url('/wire/plain'))
    const [watched, later] = await Promise.all(
      arrived.map((request) => {
        const issuer = `${place().deployment.gateway}/auth`
        const keys = remoteKeys(`${issuer}/.well-known/jwks.json`)
        return verifyRequest(receivedIncoming(request), { issuer, audience: 'wire', keys }) as Promise<VerifiedUser>
      }),
    )
    expect(watched).toMatchObject({ kind: 'user', id: user.id, session: sid, guest: true, character: null })
    // What the answer of the game changes is told from the next request on; after a sign-out there is none.
    expect(arrived.map(({ url: target }) => target)).toEqual(path === '/game/logout' ? [path] : [path, '/wire/plain'])
    if (path === '/characters/select') expect(later?.character).toEqual({ id: '7', name: 'Mira', world: 'meadow' })
  })

  test('id and world come from the request, the name from the answer, which passes byte for byte (C3, C4, C5)', async () => {
    expect(await character()).toEqual([null, null, null])
    const cookie = player.cookie(url('/'))
    const answer = await select(PICK)
    expect([answer.status, await answer.text(), answer.headers.get('x-game')]).toEqual([200, WHOLE, 'yes'])
    expect(answer.headers.get('x-asked-for')).toBe('identity')
    expect(await character()).toEqual(MIRA)
    // Numbers stay their text, beyond what a double holds.
    await select('{"character_id":9007199254740993,"world_id":"meadow"}')
    expect(await character()).toEqual(['9007199254740993', 'meadow', 'Una'])
    // Nothing is rotated (C7), and the other device of nobody else is told of it.
    expect([answer.headers.getSetCookie(), player.cookie(url('/'))]).toEqual([[], cookie])
    expect(await character(await guestOf(url('')))).toEqual([null, null, null])
  })

  test('a status above 599, which no answer here can have, is a failure of the service and changes nothing', async () => {
    place().wire.answer = (request, response) => {
      if (request.url !== '/characters/select') return void mudAnswer(request, response)
      response.statusCode = 799
      response.end(WHOLE)
    }
    const answer = await select(PICK)
    expect([answer.status, answer.headers.get('proxy-status')]).toEqual([502, 'postern; error=http_protocol_error'])
    expect(await character()).toEqual([null, null, null])
  })

  test('the name also comes from an answer in chunks, which does not say how long it is', async () => {
    const answer = await select(PICK, '?chunked')
    expect([answer.status, await answer.text()]).toEqual([200, WHOLE])
    expect(await character()).toEqual(MIRA)
  })

  test('an answer that does not end in the time of its rule passes as it comes, and selects nothing', async () => {
    const begun = Promise.withResolvers<ServerResponse>()
    place().wire.answer = (request, response) => {
      if (request.url !== '/characters/queue') return void mudAnswer(request, response)
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.write(WHOLE.slice(0, 10))
      begun.resolve(response)
    }
    // Not by `post`, which waits for the end.
    const origin = place().deployment.gateway
    const headers = { origin, 'content-type': 'application/json', cookie: player.cookie(url('/')) ?? '' }
    const answer = await fetch(url('/characters/queue'), { method: 'POST', headers, body: PICK })
    ;(await begun.promise).end(WHOLE.slice(10))
    expect([answer.status, await answer.text()]).toEqual([200, WHOLE])
    expect(await character()).toEqual([null, null, null])
  })

  test('a selection takes the place of the one before, and of its world (C8)', async () => {
    await select(PICK)
    await select('{"character_id":8,"world_id":"mines"}')
    expect(await character()).toEqual(['8', 'mines', 'Orm'])
    expect((await post('/worlds/m%C3%B6rk/enter/12')).status).toBe(200)
    expect(await character()).toEqual(['12', expect.stringMatching(/rk$/), null])
  })

  test('every refusal of the game reaches the client and leaves the selection (C4, C5)', async () => {
    await select(PICK)
    const refused: [string, string, number, string][] = [
      ['{"character_id":99,"world_id":"meadow"}', '', 404, 'Character not found'],
      ['{"character_id":8}', '', 400, 'No world selected'],
      ['{"character_id":8,"world_id":"vault"}', '', 403, 'No access to this world'],
      ['{"character_id":8,"world_id":"meadow"}', '', 409, 'The character lives in another world'],
      ['{"character_id":8,"world_id":"mines"}', '?fails', 500, 'Internal server error'],
    ]
    for (const [body, query, status, detail] of refused) {
      const answer = await select(body, query)
      expect([answer.status, await answer.json()]).toEqual([status, { detail }])
      expect(await character()).toEqual(MIRA)
    }
  })

  test('what is odd in an answer leaves the selection, and the answer passes (C5)', async () => {
    await select(PICK)
    const other = '{"character_id":8,"world_id":"mines"}'
    for (const query of ['large', 'nameless', 'twice', 'list', 'broken', 'number', 'page', 'coded', 'flood']) {
      const answer = await select(other, `?${query}`)
      expect([query, answer.status]).toEqual([query, 200])
      expect([query, await character()]).toEqual([query, MIRA])
      const bytes = await answer.arrayBuffer()
      if (query === 'large' || query === 'flood') expect(bytes.byteLength).toBe(66_034)
      // Coded against our wish: passed on as it came.
      if (query === 'coded')
        expect([answer.headers.get('content-encoding'), new Uint8Array(bytes)[0]]).toEqual(['gzip', 0x1f])
    }
    expect(place().deployment.output()).toMatch(/answer\.character_name answer too-large/)
  })

  test('what is odd in a request leaves the selection, and the request passes (C5)', async () => {
    await select(PICK)
    const long = 'x'.repeat(66_000)
    for (const body of [
      '{"character_id":8,"character_id":8,"world_id":"mines"}',
      `{"character_id":8,"world_id":"mines","note":"${long}"}`,
      '{"Character_Id":8,"character_id":8,"world_id":"mines"}',
    ]) {
      expect((await select(body)).status).toBe(200)
      expect(await character()).toEqual(MIRA)
    }
  })

  test.each([204, 205])('a success without a body (%i) passes: it selects what needs none of it', async (status) => {
    await select(PICK)
    place().wire.answer = (request, response) => {
      if (request.url === '/wire/plain') return void mudAnswer(request, response)
      response.writeHead(status, { 'content-type': 'application/json', 'x-game': 'kept' }).end()
    }
    const answer = await select('{"character_id":8,"world_id":"mines"}')
    expect([answer.status, answer.headers.get('x-game'), await answer.text()]).toEqual([status, 'kept', ''])
    expect(await character()).toEqual(MIRA)
    expect((await post('/worlds/mines/enter/9')).status).toBe(status)
    expect((await character())[0]).toBe('9')
    const out = await post('/game/logout')
    expect([out.status, await out.text(), out.headers.getSetCookie().length]).toEqual([status, '', 3])
    expect((await player.send(url('/auth/session'))).status).toBe(401)
  })

  test('HEAD of a rule for GET is judged as it, does what its success does, and tells the length of what it leaves out', async () => {
    place().wire.answer = (_request, response) => void response.writeHead(200, { 'content-length': '7' }).end()
    const out = await player.send(url('/leaving/hall'), { method: 'HEAD' })
    expect([out.status, await out.text(), out.headers.get('content-length')]).toEqual([200, '', '7'])
    expect((await player.send(url('/auth/session'))).status).toBe(401)
  })

  test('leaving clears the selection, and a leaving that failed does not (C6)', async () => {
    await select(PICK)
    expect((await post('/characters/leave?fails')).status).toBe(500)
    expect(await character()).toEqual(MIRA)
    expect((await post('/characters/leave')).status).toBe(200)
    expect(await character()).toEqual([null, null, null])
  })

  test('an attribute is set (C6)', async () => {
    const attributes = async () =>
      ((await (await player.send(url('/auth/session'), { headers: { accept: 'application/json' } })).json()) as never)[
        'attributes'
      ]
    expect((await post('/register/finish?fails')).status).toBe(500)
    expect(await attributes()).toEqual({})
    expect((await post('/register/finish')).status).toBe(200)
    expect(await attributes()).toEqual({ registered: true })
  })

  test("the game's own sign-out ends this session and no other one (C6)", async () => {
    const other = await guestOf(url(''))
    const cookie = player.cookie(url('/')) ?? ''
    const failed = await post('/game/logout?fails')
    expect([failed.status, failed.headers.getSetCookie()]).toEqual([500, ['game=; Max-Age=0']])
    expect((await player.send(url('/wire/plain'))).status).toBe(200)
    const out = await post('/game/logout')
    const [game, ...ours] = out.headers.getSetCookie()
    expect([out.status, game]).toEqual([200, 'game=; Max-Age=0'])
    // The session, that somebody arrived, and the guest to come back to: all three are over.
    expect(ours.map((line) => /^__Host-([a-z]+)[^=]*=;.*Max-Age=0/.exec(line)?.[1])).toEqual(['postern', 'pa', 'pt'])
    const after = await player.send(url('/wire/plain'), { headers: { cookie, accept: 'application/json' } })
    expect(await after.json()).toMatchObject({ status: 401, reason: 'signed-out' })
    expect((await other.send(url('/wire/plain'))).status).toBe(200)
    await readsCodedEvents(other)
  })

  /** A coded event stream of a watched rule can be read by its client: coded and named so, or neither. */
  async function readsCodedEvents(by: Visitor): Promise<void> {
    const events = 'data: one\n\ndata: two\n\n'
    place().wire.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
      response.end(gzipSync(events))
    }
    const answer = await post('/register/finish', null, by)
    const bytes = Buffer.from(await answer.arrayBuffer())
    const isCoded = answer.headers.get('content-encoding') === 'gzip'
    expect((isCoded ? gunzipSync(bytes) : bytes).toString()).toBe(events)
    // workerd decodes what is looked at, and says so; Node and Deno pass it on as it came.
    expect(isCoded).toBe(place().deployment.runtime !== 'workerd')
  }
}
