import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { changed, deployment, soundWith } from './support/deployment.ts'

test.each(['0', '65536', 'http', '-1', '80.5'])('dev() refuses --port %s: exit 2', async (port) => {
  const { code, err } = await deployment().postern(`dev --port=${port}`)
  expect({ code, err }).toEqual({ code: 2, err: `--port must be a number from 1 to 65535, not "${port}"` })
})

test.each(['0', '99999', 'abc'])('dev() refuses the setting PORT=%s by its name: exit 2', async (port) => {
  const { code, err } = await deployment().postern('dev', { PORT: port })
  expect({ code, err }).toEqual({
    code: 2,
    err: `PORT (environment) must be a number from 1 to 65535, not "${port}"`,
  })
})

test('dev() needs a deployment: exit 3', async () => {
  expect((await deployment({}).postern('dev')).code).toBe(3)
})

test('dev() tells what check finds, and starts nothing: exit 1', async () => {
  const here = soundWith(changed('policies/game.yaml', 'permission: players.edit', 'permission: players.edti'))
  const { code, err } = await here.postern('dev')
  const check = await here.postern('check')
  expect({ code, err }).toEqual({ code: 1, err: check.out.split('\n').slice(0, -1).join('\n') })
})

test('dev() names a secret that cannot be made: exit 3', async () => {
  const store = "store: { kind: 'redis', url: { secret: 'REDIS_URL' } },\n  upstreams"
  const { code, err } = await soundWith(changed('hono.config.ts', 'upstreams', store)).postern('dev')
  expect(code).toBe(3)
  expect(err).toMatch(/^hono\.config\.ts: PST501 REDIS_URL is not set, but store\.url needs it/)
})

test('dev() says that the port is taken: exit 3', async () => {
  const server = createServer((socket) => socket.end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const { code, err } = await deployment().postern(`dev --port ${port}`)
  expect(code).toBe(3)
  expect(err).toContain(`127.0.0.1:${port} is taken by another program`)
})
