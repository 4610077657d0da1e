import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Workbench, workbench } from '../support/gateway.ts'
import { deployment, SOUND } from './support/deployment.ts'
import { deadAddress } from './support/machines.ts'

const KEY = 'k'.repeat(43)

/** A running gateway with the sound policies, reachable over HTTP. */
async function gateway(door: 'open' | 'none' = 'open'): Promise<{ bench: Workbench; url: string }> {
  vi.stubEnv('POSTERN_OPERATOR_KEY', door === 'open' ? KEY : undefined)
  const bench = await workbench({
    'policies/roles.yaml': SOUND['policies/roles.yaml'] ?? '',
    'policies/game.yaml': SOUND['policies/game.yaml'] ?? '',
  })
  vi.unstubAllEnvs()
  bench.clock.now = Math.floor(Date.now() / 1000)
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const { host: _host, connection: _connection, ...headers } = request.headers
    const init = { method: request.method ?? 'GET', headers: headers as Record<string, string>, body }
    const answer = await bench.request(request.url ?? '/', init)
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
    bench.close()
  })
  return { bench, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test('explain() judges somebody the running gateway knows', async () => {
  const { bench, url } = await gateway()
  const { user } = await bench.signedIn(['editor'])
  const env = { POSTERN_URL: url, POSTERN_OPERATOR_KEY: KEY }
  const { code, out, err } = await deployment().postern(`explain PATCH /players/7 --user ${user.id}`, env)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out.split('\n')[0]).toBe(`PATCH play.example.com /players/7 as ${user.id} (editor; without a character)`)
  expect(out).toContain('client   a program:    409 PST430 character_required')
})

test('explain() knows that the character of somebody is gone (seeds 2.3)', async () => {
  const { bench, url } = await gateway()
  const { user } = await bench.signedIn(['editor'])
  const at = bench.gateway.runtime.now()
  const about = { event: 'character-selected', at, actor: 'test', subject: null } as const
  const audit = { ...about, requestId: 'test', policy: '', detail: {} }
  const [session] = await bench.store.sessions.list(user, at)
  await bench.store.sessions.select(session?.key as never, { id: '7', name: 'Zoë', world: 'north' }, audit)
  await bench.store.sessions.releaseCharacter('7', null, at, audit)
  const env = { POSTERN_URL: url, POSTERN_OPERATOR_KEY: KEY }
  const { code, out } = await deployment().postern(`explain PATCH /players/7 --user ${user.id}`, env)
  expect(code).toBe(0)
  expect(out.split('\n')[0]).toContain('(editor; its character is gone)')
  expect(out).toContain('no   character: the selected one is gone')
  expect(out).toContain('client   a program:    409 PST431 character_unknown')
})

test('explain() says that the gateway serves another policy', async () => {
  const { bench, url } = await gateway()
  const { user } = await bench.signedIn(['player'])
  const rules = `${SOUND['policies/game.yaml']}`.replace('permission: admin.users', 'access: deny')
  const here = deployment({ ...SOUND, 'policies/game.yaml': rules })
  const env = { POSTERN_URL: url, POSTERN_OPERATOR_KEY: KEY }
  const { code, err } = await here.postern(`explain GET /players --user ${user.id}`, env)
  expect(code).toBe(0)
  expect(err).toMatch(/^the gateway serves another policy \(sha256:\w+\) than the one here \(sha256:\w+\)$/)
})

test('explain() says that nobody has that id', async () => {
  const { url } = await gateway()
  const env = { POSTERN_URL: url, POSTERN_OPERATOR_KEY: KEY }
  const { code, err } = await deployment().postern('explain GET /players --user nobody-at-all', env)
  expect(code).toBe(2)
  expect(err).toMatch(/^There is no such user\..*\[unknown_user, /)
})

test('explain() says that the key is another', async () => {
  const { url } = await gateway()
  const env = { POSTERN_URL: url, POSTERN_OPERATOR_KEY: 'x'.repeat(43) }
  const { code, err } = await deployment().postern('explain GET /players --user 7', env)
  expect(code).toBe(3)
  expect(err).toContain('does not take this POSTERN_OPERATOR_KEY: it must be the one the gateway was started with')
  expect(err).not.toContain('xxx')
})

test('explain() says that the gateway has no operator door', async () => {
  const { url } = await gateway('none')
  const env = { POSTERN_URL: url, POSTERN_OPERATOR_KEY: KEY }
  const { code, err } = await deployment().postern('explain GET /players --user 7', env)
  expect(code).toBe(3)
  expect(err).toContain('has no operator door: set POSTERN_OPERATOR_KEY where the gateway runs')
})

test('explain() says that no gateway answers', async () => {
  const url = await deadAddress()
  const env = { POSTERN_URL: url, POSTERN_OPERATOR_KEY: KEY }
  const { code, err } = await deployment().postern('explain GET /players --user 7', env)
  expect({ code, err }).toEqual({
    code: 3,
    err: expect.stringMatching(
      new RegExp(
        `^${url} does not answer: .*ECONNREFUSED.*; start the gateway there, or name another: --url, POSTERN_URL$`,
      ),
    ),
  })
})

test('explain() names what is missing to ask about a user', async () => {
  const { code, err } = await deployment().postern('explain GET /x --user 7', { POSTERN_URL: 'http://localhost:8787' })
  expect({ code, err }).toEqual({
    code: 3,
    err: expect.stringMatching(/^POSTERN_OPERATOR_KEY is not set: the gateway and this command need the same one/),
  })
})

test('explain() does not send the key over plain http to another machine', async () => {
  const env = { POSTERN_URL: 'http://play.example.com', POSTERN_OPERATOR_KEY: KEY }
  const { code, err } = await deployment().postern('explain GET /x --user 7', env)
  expect({ code, err }).toEqual({
    code: 3,
    err: 'http://play.example.com is plain http to another machine: the operator key needs https',
  })
})

test('explain() refuses a user and roles at once', async () => {
  const { code, err } = await deployment().postern('explain GET /x --user 7 --as player')
  expect({ code, err }).toEqual({
    code: 2,
    err: '--user and --as are two answers to one question: name one of them',
  })
})
