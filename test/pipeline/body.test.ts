import { afterEach, describe, expect, test } from 'vitest'
import { note, roles } from '../contract/people.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

const POLICIES = {
  'roles.yaml': `
users: { defaultRole: player }
permissions: [players.edit]
roles:
  player: { level: 1, permissions: [] }
  editor: { level: 5, permissions: [players.edit] }
`,
  'game.yaml': `
upstream: game
rules:
  - path: /manage
    methods: POST
    body:
      field: action
      cases:
        look: {}
        rename: { permission: players.edit }
        "3": { permission: players.edit }
        "true": { permission: players.edit }
        "null": {}
`,
}
const JSON_TYPE = { 'content-type': 'application/json' }
let bench: Workbench
afterEach(() => bench.close())

type Sending = string | Uint8Array<ArrayBuffer>

async function send(cookie: string, body: Sending, headers: Record<string, string> = JSON_TYPE): Promise<Response> {
  return bench.request('/manage', { method: 'POST', headers: { cookie, ...headers }, body })
}

async function problemOf(cookie: string, body: Sending, headers?: Record<string, string>): Promise<unknown> {
  const response = await send(cookie, body, headers)
  const { code, problem } = (await response.json()) as { code: string; problem: string }
  return response.status === 400 && code === 'bad_body' ? problem : response.status
}

describe('a rule that splits on its body (seeds A16, DECISIONS 23)', () => {
  test('asks of each value what its case asks, and forwards the same bytes', async () => {
    bench = await workbench(POLICIES)
    const [player, editor] = [await bench.signedIn(['player']), await bench.signedIn(['editor'])]
    const written = '{ "action" : "rename",\n "name":"\\u00e4", "big": 9007199254740993 }'
    expect((await send(player.cookie, '{"action":"look"}')).status).toBe(200)
    expect((await send(player.cookie, written)).status).toBe(403)
    expect((await send(editor.cookie, written)).status).toBe(200)
    expect((await send(editor.cookie, '{"action":3}')).status).toBe(200)
    for (const said of ['true', 'null']) {
      const statuses = [player, editor].map(async ({ cookie }) => (await send(cookie, `{"action":${said}}`)).status)
      expect(await Promise.all(statuses)).toEqual([said === 'null' ? 200 : 403, 200])
      bench.sent.splice(3)
    }
    const sent = bench.sent.map(({ body }) => new TextDecoder().decode(body as Uint8Array))
    expect(sent).toEqual(['{"action":"look"}', written, '{"action":3}'])
  })

  test('asks anew who sends a body that took its time', async () => {
    bench = await workbench(POLICIES)
    const { cookie, user } = await bench.signedIn(['editor'])
    const held = (seconds: number) =>
      new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            bench.clock.now += seconds
            // Behind the back of the gateway, as on another machine: what it remembers stays.
            await bench.store.directory.setRoles(user, roles('player'), null, [], note('roles-changed', user))
            controller.enqueue(new TextEncoder().encode('{"action":"rename"}'))
            controller.close()
          },
        },
        { highWaterMark: 0 },
      )
    expect((await send(cookie, '{"action":"rename"}')).status).toBe(200)
    const headers = { cookie, ...JSON_TYPE }
    const sent = { method: 'POST', headers, body: held(2), duplex: 'half' } as RequestInit
    expect((await bench.request('/manage', sent)).status).toBe(403)
    expect(bench.sent).toHaveLength(1)
  })

  test('is 400 for everything that is not one plain value of a known case', async () => {
    bench = await workbench(POLICIES)
    const { cookie } = await bench.signedIn(['editor'])
    const bad: [Sending, string][] = [
      ['{"action":"remove"}', 'no-case'],
      ['{"name":"x"}', 'missing'],
      ['{"Action":"rename"}', 'missing'],
      ['{"action":"look","action":"rename"}', 'repeated'],
      ['{"action":"look","Action":"rename"}', 'repeated'],
      ['{"action":"look","act\\u0069on":"rename"}', 'repeated'],
      ['{"action":"look","action\\u0000":"rename"}', 'repeated'],
      ['{"action\\u0000x":"rename","action":"look"}', 'repeated'],
      ['{"action":"look","action\\ud800":"rename"}', 'repeated'],
      ['{"action\\u0000":"look"}', 'missing'],
      ['{"nested":{"action":"look"}}', 'missing'],
      ['{"action":{"a":"look"}}', 'malformed'],
      ['{"action":3.0}', 'malformed'],
      ['["action"]', 'not-an-object'],
      ['{"action":"look"', 'not-an-object'],
      ['\ufeff{"action":"look"}', 'not-an-object'],
      [new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'not-an-object'],
      ['', 'not-an-object'],
    ]
    for (const [body, problem] of bad) expect([body, await problemOf(cookie, body)]).toEqual([body, problem])
    expect(bench.sent).toEqual([])
  })

  test('takes the long s and the Kelvin sign for the letters some parsers take them for', async () => {
    const rules = POLICIES['game.yaml'].replace('field: action', 'field: sink')
    bench = await workbench({ ...POLICIES, 'game.yaml': rules })
    const { cookie } = await bench.signedIn(['editor'])
    expect(await problemOf(cookie, '{"sink":"look","\u017fink":"rename"}')).toBe('repeated')
    expect(await problemOf(cookie, '{"sink":"look","sin\u212a":"rename"}')).toBe('repeated')
  })

  test('reads JSON in UTF-8 alone, uncoded, of at most 64 KiB', async () => {
    bench = await workbench(POLICIES)
    const { cookie } = await bench.signedIn(['editor'])
    const look = '{"action":"look"}'
    expect((await send(cookie, look, { 'content-type': 'application/json; charset=UTF-8' })).status).toBe(200)
    expect(await problemOf(cookie, look, { 'content-type': 'application/json; charset=utf-16' })).toBe('not-json')
    expect(await problemOf(cookie, look, { 'content-type': 'text/plain' })).toBe('not-json')
    expect(await problemOf(cookie, look, { ...JSON_TYPE, 'content-encoding': 'gzip' })).toBe('encoded')
    const padded = (size: number) => `{"action":"look"${' '.repeat(size - look.length)}}`
    expect((await send(cookie, padded(64 * 1024))).status).toBe(200)
    expect(await problemOf(cookie, padded(64 * 1024 + 1))).toBe('too-large')
    const declared = (size: number) => ({ ...JSON_TYPE, 'content-length': `${size}` })
    expect((await send(cookie, padded(64 * 1024), declared(64 * 1024))).status).toBe(200)
    expect(await problemOf(cookie, padded(64 * 1024 + 1), declared(64 * 1024 + 1))).toBe('too-large')
  })

  test('is held against the largest body by what was read, where nobody declared a length', async () => {
    const rules = POLICIES['game.yaml'].replace('    methods: POST\n', '    methods: POST\n    maxBody: 32\n')
    bench = await workbench({ ...POLICIES, 'game.yaml': rules })
    const { cookie } = await bench.signedIn(['player'])
    const chunked = async (size: number) => {
      const text = `{"action":"look"${' '.repeat(size - 17)}}`
      const body = new Blob([text]).stream()
      const init = { method: 'POST', headers: { cookie, ...JSON_TYPE }, body, duplex: 'half' } as RequestInit
      return (await bench.request('/manage', init)).status
    }
    expect([await chunked(32), bench.sent.length]).toEqual([200, 1])
    expect([await chunked(33), bench.sent.length]).toEqual([413, 1])
  })

  test('is read of nobody who is not signed in, and of nobody who may not be here', async () => {
    bench = await workbench(POLICIES)
    const { cookie, user } = await bench.signedIn(['editor'])
    expect((await send('', '{"action":1,"action":2}')).status).toBe(401)
    const standing = { kind: 'banned', reason: 'cheating' } as const
    const at = bench.gateway.runtime.now()
    const audit = {
      event: 'standing-changed',
      at,
      actor: 'x',
      subject: user.id,
      requestId: 'x',
      policy: '',
      detail: {},
    }
    await bench.store.directory.setStanding(user, standing, [], at, audit as never)
    bench.gateway.sessions.drop(user.tag)
    let pulled = 0
    const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 })
    const headers = { cookie, ...JSON_TYPE }
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
    expect([401, 403]).toContain((await bench.request('/manage', init)).status)
    expect(pulled).toBe(0)
  })
})
