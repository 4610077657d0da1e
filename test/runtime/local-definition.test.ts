import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import { locally } from '../../src/runtime/local-definition.ts'

const UPSTREAMS = { game: { url: 'http://127.0.0.1:2567' } }

function served(input: unknown, port: number | null = null): unknown {
  return locally(input, port)(() => undefined)
}

test.each([
  ['http://localhost:8787', null, 'http://localhost:8787'],
  ['http://localhost:3000', null, 'http://localhost:3000'],
  ['http://localhost', null, 'http://localhost:8787'],
  ['http://game.localhost:8787', 9000, 'http://game.localhost:9000'],
  ['http://[::1]:8787', 9000, 'http://[::1]:9000'],
  ['http://localhost:8787', 80, 'http://localhost'],
])('locally() serves %s at port %s as %s', (origin, port, expected) => {
  expect(served({ origin, upstreams: UPSTREAMS }, port)).toEqual({ origin: expected, upstreams: UPSTREAMS })
})

test('locally() serves a public origin on localhost, and still knows its host', () => {
  const input = {
    origin: 'https://play.example.com',
    hosts: ['play2.example.com'],
    upstreams: UPSTREAMS,
    embed: { hosts: ['play.example.com'], ancestors: ['https://discord.com'] },
  }
  const config = parseConfig(served(input))
  expect(config.ok && config.value).toMatchObject({
    origin: 'http://localhost:8787',
    hosts: ['play2.example.com', 'play.example.com'],
    embed: { hosts: [] },
  })
})

test('locally() resolves a definition that is a function', () => {
  const definition = (env: (name: string) => string | undefined) => ({ origin: env('ORIGIN'), upstreams: UPSTREAMS })
  expect(locally(definition, 9000)(() => 'http://localhost:1')).toMatchObject({ origin: 'http://localhost:9000' })
})

test.each([
  [null],
  [{ upstreams: UPSTREAMS }],
  [{ origin: 'http://play.example.com' }],
  [{ origin: 'https://play.example.com/x' }],
  [{ origin: 7 }],
])('locally() leaves what is wrong with %j to the check', (input) => {
  expect(served(input, 9000)).toEqual(input)
})

test('locally() leaves hosts that are no list to the check', () => {
  expect(served({ origin: 'https://play.example.com', hosts: 'x' })).toMatchObject({ hosts: 'x' })
})
