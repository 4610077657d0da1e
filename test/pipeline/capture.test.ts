import { afterEach, describe, expect, test } from 'vitest'
import { type Given, type Workbench, workbench } from '../support/gateway.ts'

const POLICIES = {
  'roles.yaml': `
users: { defaultRole: player }
permissions: [players.view]
roles:
  player: { level: 1, permissions: [players.view] }
`,
  'game.yaml': `
upstream: game
rules:
  - path: /characters/select
    methods: POST
    onSuccess:
      select: { id: request.character_id, world: request.world_id, name: answer.character_name }
  - path: /worlds/:world/enter/:character
    methods: POST
    onSuccess:
      select: { id: path.character, world: path.world }
  - path: /join
    methods: POST
    tokens: allow
    onSuccess:
      select: { id: answer.id, world: answer.world, name: answer.name }
  - path: /queue
    methods: POST
    timeout: 1s
    onSuccess:
      select: { id: answer.id, world: answer.world }
  - path: /leave
    methods: POST
    onSuccess: { deselect: true }
  - path: /logout
    methods: POST
    onSuccess: { signOut: true }
  - path: /register/finish
    methods: POST
    onSuccess:
      setAttribute: { name: registered, value: true }
  - path: /play
    character: selected
  - path: /plain
`,
}
const PICK = '{"session_id":"s","character_id":9007199254740993,"world_id":"meadow"}'
let bench: Workbench
let answer: () => Response
afterEach(() => bench.close())

const json = (text: string, headers: Record<string, string> = {}, status = 200) => {
  const length = String(new TextEncoder().encode(text).byteLength)
  return new Response(text, {
    status,
    headers: { 'content-type': 'application/json', 'content-length': length, ...headers },
  })
}

const inPieces = (pieces: readonly (string | Promise<string>)[]) =>
  new ReadableStream<Uint8Array>({
    async start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(await piece))
      controller.close()
    },
  })

async function start(given: Given = {}): Promise<{ cookie: string; tag: string; id: string }> {
  answer = () => json('{"character_name":"Mira"}')
  bench = await workbench(
    POLICIES,
    { attributes: { registered: { type: 'boolean' } } },
    { upstream: () => answer(), ...given },
  )
  const { cookie, user } = await bench.signedIn(['player'])
  return { cookie, tag: user.tag, id: user.id }
}

function post(path: string, cookie: string, body: string | null = null): Promise<Response> {
  const headers = { cookie, ...(body === null ? {} : { 'content-type': 'application/json' }) }
  return bench.request(path, { method: 'POST', headers, body })
}

/** The character the very next request is told of. */
async function character(cookie: string): Promise<unknown> {
  await (await bench.request('/plain', { headers: { cookie } })).text()
  const headers = bench.sent.at(-1)?.headers
  const id = headers?.get('postern-character-id')
  return id === null || id === undefined
    ? null
    : [id, headers?.get('postern-world'), headers?.get('postern-character-name') ?? '']
}

const skipped = () => bench.observed.flatMap((one) => (one.kind === 'onsuccess-skipped' ? [one.reason] : []))

describe('a character is selected by the answer of the game', () => {
  test('id and world from the request, name from the answer; numbers as their text (seeds C4, C5)', async () => {
    const { cookie } = await start()
    const response = await post('/characters/select', cookie, PICK)
    expect([response.status, await response.text()]).toEqual([200, '{"character_name":"Mira"}'])
    expect(new TextDecoder().decode(bench.sent.at(-1)?.body as Uint8Array)).toBe(PICK)
    expect(await character(cookie)).toEqual(['9007199254740993', 'meadow', 'Mira'])
    expect(bench.calls.filter((call) => call === 'sessions.select')).toHaveLength(1)
    expect(skipped()).toEqual([])
  })

  test('from the path, decoded; the key and the end of the session stay (seeds C7)', async () => {
    const { cookie } = await start()
    const response = await post('/worlds/m%C3%B6rk/enter/7', cookie)
    expect(response.headers.get('set-cookie')).toBeNull()
    await (await bench.request('/play', { headers: { cookie } })).text()
    expect(bench.sent).toHaveLength(2)
    expect(await character(cookie)).toMatchObject(['7', expect.stringContaining('rk'), ''])
  })

  test('from the answer, which is asked for uncoded and passed on byte for byte', async () => {
    const { cookie } = await start()
    const told = '{ "id":\t7.0, "world":"\\u006deadow", "name" : "Mira" , "more":[{"id":1}]}\n'
    answer = () => json(told, { 'x-game': 'yes' }, 201)
    const headers = { cookie, 'accept-encoding': 'gzip, br' }
    const response = await bench.request('/join', { method: 'POST', headers })
    expect([response.status, await response.text(), response.headers.get('x-game')]).toEqual([201, told, 'yes'])
    expect(bench.sent.at(-1)?.headers.get('accept-encoding')).toBe('identity')
    expect(await character(cookie)).toEqual(['7.0', 'meadow', 'Mira'])
  })

  test('only a 2xx selects', async () => {
    const { cookie } = await start()
    for (const status of [302, 404, 409, 500]) {
      answer = () => json('{"character_name":"Mira"}', {}, status)
      expect((await post('/characters/select', cookie, PICK)).status).toBe(status)
    }
    expect(await character(cookie)).toBeNull()
    expect(skipped()).toEqual([])
  })

  test('what is missing or odd leaves the selection as it was, and the answer unchanged (seeds C5)', async () => {
    const { cookie } = await start()
    await post('/characters/select', cookie, PICK)
    const before = await character(cookie)
    expect(before).not.toBeNull()
    const odd: [string, string][] = [
      ['{"character_id":1}', 'request.world_id missing'],
      ['{"character_id":"","world_id":"m"}', 'request.character_id odd'],
      ['{"character_id":1e3,"world_id":"m"}', 'request.character_id odd'],
      ['{"character_id":null,"world_id":"m"}', 'request.character_id odd'],
      ['{"character_id":1,"character_id":2,"world_id":"m"}', 'request.character_id repeated'],
      [`{"character_id":"${'x'.repeat(129)}","world_id":"m"}`, 'request.character_id odd'],
      ['{"character_id":"a\\u0000b","world_id":"m"}', 'request.character_id odd'],
      ['not json', 'request.character_id not-an-object'],
      [`{"character_id":1,"world_id":"m"${' '.repeat(70_000)}}`, 'request.character_id too-large'],
    ]
    for (const [body, reason] of odd) {
      const response = await post('/characters/select', cookie, body)
      expect([response.status, await response.text()]).toEqual([200, '{"character_name":"Mira"}'])
      expect(skipped().at(-1)).toBe(reason)
      const sent = bench.sent.at(-1)?.body
      expect(await new Response(sent as BodyInit).text()).toBe(body)
    }
    expect(await character(cookie)).toEqual(before)
  })

  test('from an answer that does not say how long it is (ASP.NET writes JSON in chunks)', async () => {
    const { cookie } = await start()
    const pieces = ['{"id":"7","wor', 'ld":"meadow","name":"Mir', 'a"}']
    answer = () => new Response(inPieces(pieces), { headers: { 'content-type': 'application/json; charset=utf-8' } })
    const response = await post('/join', cookie)
    expect([response.status, await response.text()]).toEqual([200, pieces.join('')])
    expect(skipped()).toEqual([])
    expect(await character(cookie)).toEqual(['7', 'meadow', 'Mira'])
  })

  test('an answer that turns out too large passes byte for byte and as it comes, and selects nothing', async () => {
    const { cookie } = await start()
    const first = `{"id":"7","world":"meadow","name":"Mira","more":"${'x'.repeat(70_000)}`
    const rest = Promise.withResolvers<string>()
    answer = () => new Response(inPieces([first, rest.promise]), { headers: { 'content-type': 'application/json' } })
    const response = await post('/join', cookie)
    expect(skipped()).toEqual(['answer.id answer too-large'])
    rest.resolve('"}')
    expect(await response.text()).toBe(`${first}"}`)
    expect(await character(cookie)).toBeNull()
  })

  test('an answer that does not end in the time of its rule passes as it comes, and selects nothing', async () => {
    const { cookie } = await start()
    const rest = Promise.withResolvers<string>()
    const pieces = ['{"id":"7",', rest.promise, '"more":1}']
    answer = () => new Response(inPieces(pieces), { headers: { 'content-type': 'application/json' } })
    const response = await post('/queue', cookie)
    expect(skipped()).toEqual(['answer.id answer too-slow'])
    rest.resolve('"world":"meadow",')
    expect([response.status, await response.text()]).toEqual([200, '{"id":"7","world":"meadow","more":1}'])
    expect(await character(cookie)).toBeNull()
  })

  test('whose client leaves an answer that is too large leaves its service too', async () => {
    const { cookie } = await start()
    let isCancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(40_000).fill(0x20)),
      cancel: () => {
        isCancelled = true
      },
    })
    answer = () => new Response(endless, { headers: { 'content-type': 'application/json' } })
    await (await post('/join', cookie)).body?.cancel()
    expect(isCancelled).toBe(true)
  })

  test('an answer that is coded, empty, too large or no JSON is not read, and passes', async () => {
    const { cookie } = await start()
    const whole = '{"id":"7","world":"meadow","name":"Mira"}'
    const large = `${whole.slice(0, -1)}${' '.repeat(70_000)}}`
    const odd: [() => Response, string][] = [
      [() => json(whole, { 'content-encoding': 'gzip' }), 'encoded'],
      [() => new Response(null, { status: 204, headers: { 'content-type': 'application/json' } }), 'empty'],
      [() => json(large), 'too-large'],
      [() => json(whole, { 'content-type': 'text/html' }), 'not-json'],
    ]
    for (const [next, reason] of odd) {
      answer = next
      const response = await post('/join', cookie)
      expect(await response.text()).toBe(await next().text())
      expect(skipped().at(-1)).toBe(`answer.id answer ${reason}`)
    }
    expect(await character(cookie)).toBeNull()
  })
})

describe('what else a success does (seeds C6)', () => {
  test('leaving clears the selection', async () => {
    const { cookie } = await start()
    await post('/characters/select', cookie, PICK)
    expect(await character(cookie)).not.toBeNull()
    await post('/leave', cookie)
    expect(await character(cookie)).toBeNull()
    expect((await bench.request('/play', { headers: { cookie } })).status).toBe(409)
  })

  test('the sign-out of the game ends this session and deletes what our own deletes, and no cookie beside', async () => {
    const { cookie } = await start()
    const own = await bench.request('/auth/sign-out', { method: 'POST' })
    answer = () => json('{"bye":true}', { 'set-cookie': 'game=; Max-Age=0' })
    const response = await post('/logout', cookie)
    const [game, ...ours] = response.headers.getSetCookie()
    expect(game).toBe('game=; Max-Age=0')
    expect(ours).toEqual(own.headers.getSetCookie())
    expect(ours.map((line) => line.split('=')[0])).toEqual(['__Host-postern', '__Host-pa', '__Host-pt-guest'])
    for (const line of ours) expect(line).toMatch(/^__Host-[^=]+=;.*Max-Age=0/)
    expect(await response.text()).toBe('{"bye":true}')
    const after = await bench.request('/plain', { headers: { cookie } })
    expect(await after.json()).toMatchObject({ status: 401, reason: 'signed-out' })
  })

  test('a failed sign-out ends nothing', async () => {
    const { cookie } = await start()
    answer = () => json('{}', {}, 500)
    expect((await post('/logout', cookie)).headers.getSetCookie()).toEqual([])
    expect((await bench.request('/plain', { headers: { cookie } })).status).toBe(500)
  })

  test('an attribute is set', async () => {
    const { cookie, id } = await start()
    await post('/register/finish', cookie)
    expect((await bench.store.directory.read(id as never))?.attributes).toEqual({ registered: true })
  })

  test('an answer that breaks off while it is read is the failure of the service, and no bug of ours', async () => {
    const broken = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('{"char'))
          controller.error(new Error('other side closed'))
        },
      })
    const headers = { 'content-type': 'application/json', 'content-length': '90' }
    const { cookie } = await start()
    answer = () => new Response(broken(), { headers })
    const told = await post('/characters/select', cookie, PICK)
    expect([told.status, told.headers.get('proxy-status')]).toEqual([502, 'postern; error=http_response_incomplete'])
    expect(bench.observed.filter(({ kind }) => kind === 'bug')).toEqual([])
    expect(bench.observed).toContainEqual(
      expect.objectContaining({ kind: 'upstream-failed', upstream: 'game', reason: 'http_response_incomplete' }),
    )
  })

  test('a success that cannot be written down is not told: 503', async () => {
    const { cookie } = await start()
    const { sessions } = bench.store as unknown as { sessions: Record<string, unknown> }
    const { StoreUnavailable } = await import('../../src/ports/store.ts')
    sessions['select'] = () => Promise.reject(new StoreUnavailable('sessions.select', 'silent'))
    expect((await post('/leave', cookie)).status).toBe(503)
  })
})
