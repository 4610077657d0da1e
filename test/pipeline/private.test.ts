import { afterEach, describe, expect, test } from 'vitest'
import { saysWhoMayKeep } from '../../src/pipeline/private.ts'
import { returnable } from '../../src/runtime/node-headers.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

describe('saysWhoMayKeep()', () => {
  test.each([
    'public',
    'PUBLIC, max-age=60',
    'max-age=60, s-maxage=10',
    'private',
    'no-store',
    'no-cache,no-store',
    'max-age=0, private, must-revalidate',
  ])('%s says it', (value) => expect(saysWhoMayKeep(value)).toBe(true))

  test.each([
    null,
    '',
    'max-age=60',
    'no-cache',
    'must-revalidate, max-age=3600',
    'private="set-cookie"',
    'immutable, max-age=60',
    'x="public"',
    'notpublic',
    'x-public=1',
    'x="a, public, b"',
    'x-s-maxage=1',
  ])('%s does not', (value) => expect(saysWhoMayKeep(value)).toBe(false))
})

describe('returnable()', () => {
  test('keeps the lines of the service and adds one', () => {
    expect(returnable(['Cache-Control', 'max-age=9', 'ETag', '"a"'], 'one').headers).toEqual([
      'Cache-Control',
      'max-age=9',
      'ETag',
      '"a"',
      'cache-control',
      'private',
    ])
  })
  test('reads all lines of Cache-Control', () => {
    const lines = ['Cache-Control', 'max-age=9', 'cache-control', 'public']
    expect(returnable(lines, 'one').headers).toEqual(lines)
  })
  test('leaves answers to everybody alone', () =>
    expect(returnable(['ETag', '"a"'], 'all').headers).toEqual(['ETag', '"a"']))
})

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
  - { path: /players, permission: players.view }
  - { path: /maybe, access: optional }
  - { path: /free, access: public }
`,
}

describe('an answer of an upstream that says nothing about caches', () => {
  let bench: Workbench
  afterEach(() => bench.close())

  async function said(path: string, init: RequestInit = {}, who: 'player' | 'nobody' = 'player') {
    bench = await workbench(POLICIES, {}, { upstream: () => new Response('x', { headers: { etag: '"1"' } }) })
    const { cookie } = await bench.signedIn(['player'])
    const headers = who === 'player' ? { ...init.headers, cookie } : { ...init.headers }
    const answer = await bench.request(path, { ...init, headers })
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, '"1"'])
    return answer.headers.get('cache-control')
  }
  test('is private behind a session', async () => expect(await said('/players')).toBe('private'))
  test('is private for HEAD', async () => expect(await said('/players', { method: 'HEAD' })).toBe('private'))
  test('is private for somebody on an optional rule', async () => expect(await said('/maybe')).toBe('private'))
  test('is left alone for nobody', async () => expect(await said('/maybe', {}, 'nobody')).toBe(null))
  test('is left alone on a public rule', async () => expect(await said('/free')).toBe(null))
  test('is left alone for POST', async () => {
    const init = { method: 'POST', headers: { origin: 'https://play.example.com' } }
    expect(await said('/players', init)).toBe(null)
  })
})
