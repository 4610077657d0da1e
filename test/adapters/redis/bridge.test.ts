import { Redis } from '@upstash/redis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../../support/redis-server.ts'
import { startUpstashBridge, type UpstashBridge } from '../../support/upstash-bridge.ts'

let server: RedisServer
let bridge: UpstashBridge
let client: Redis
beforeAll(async () => {
  server = await startRedis()
  bridge = await startUpstashBridge(server.url)
  client = new Redis({ url: bridge.url, token: bridge.token, retry: { retries: 0 }, enableAutoPipelining: false })
})
afterAll(async () => {
  await bridge.stop()
  await server.stop()
})

async function post(path: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const authorization = `Bearer ${bridge.token}`
  const response = await fetch(bridge.url + path, { method: 'POST', body, headers: { authorization, ...headers } })
  return [response.status, await response.json()]
}

test('a single command is answered with its result', async () => {
  expect(await post('/', '["SET","single","1"]')).toEqual([200, { result: 'OK' }])
  expect(await post('/', '["INCR","single"]')).toEqual([200, { result: 2 }])
  expect(await post('/', '["GET","nothing"]')).toEqual([200, { result: null }])
})

test('base64 encodes every text of an answer but OK, also inside lists', async () => {
  const base64 = { 'Upstash-Encoding': 'base64' }
  expect(await post('/', '["SET","encoded","Zoë 🐉"]', base64)).toEqual([200, { result: 'OK' }])
  expect(await post('/', '["GET","encoded"]', base64)).toEqual([200, { result: 'Wm/DqyDwn5CJ' }])
  expect(await post('/', '["MGET","encoded","nothing"]', base64)).toEqual([200, { result: ['Wm/DqyDwn5CJ', null] }])
})

test('a failed command is 400 with the error of Redis', async () => {
  await post('/', '["SET","text","x"]')
  const [status, body] = (await post('/', '["INCR","text"]')) as [number, { error: string }]
  expect(status).toBe(400)
  expect(body.error).toMatch(/^ERR value is not an integer/)
})

test('a missing or another token is 401', async () => {
  const refused = [401, { error: 'Unauthorized' }]
  expect(await post('/', '["PING"]', { authorization: 'Bearer another' })).toEqual(refused)
  expect(await post('/', '["PING"]', { authorization: '' })).toEqual(refused)
})

test('a body that is no command is 400', async () => {
  expect(await post('/', 'nonsense')).toMatchObject([400, {}])
  expect(await post('/', '{}')).toMatchObject([400, {}])
  expect(await post('/pipeline', '[]')).toMatchObject([400, {}])
})

test('the client’s pipeline gets one outcome a command, errors among them', async () => {
  const pipeline = client.pipeline().set('piped', 'text').incr('piped').get('piped')
  const [set, raised, got] = await pipeline.exec<[string, number, string]>({ keepErrors: true })
  expect(set.result).toBe('OK')
  expect(raised.error).toMatch(/^ERR value is not an integer/)
  expect(got.result).toBe('text')
})

test('the client’s transaction is one step: nothing of it is done when one command is none', async () => {
  expect(await client.multi().set('together', 'a').append('together', 'b').get('together').exec()).toEqual([
    'OK',
    2,
    'ab',
  ])
  const [status, body] = (await post('/multi-exec', '[["SET","together","c"],["NOSUCH"]]')) as [
    number,
    { error: string },
  ]
  expect(status).toBe(400)
  expect(body.error).toMatch(/^ERR unknown command/)
  expect(await client.get('together')).toBe('ab')
})
