import { afterEach, beforeEach, expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import { ok } from '../../src/core/result.ts'
import { authorize } from '../../src/pipeline/authorize.ts'
import type { FieldReader } from '../../src/pipeline/held-body.ts'
import { isLasting, lastingOf } from '../../src/pipeline/stream.ts'
import type { LastingAnswer } from '../../src/ports/upstream.ts'
import { note } from '../../src/session/note.ts'
import { askOf, SILENT, targetOf } from '../support/ask.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

const POLICY = `
upstream: game
users: { defaultRole: player, roles: many }
permissions: [news.read]
roles:
  player: { displayName: Player, level: 1, permissions: [news.read] }
  silent: { displayName: Silent, level: 0, permissions: [] }
rules:
  - path: /news
    permission: news.read
  - path: /open
    access: public
  - path: /brief
    websocket: { maxAge: 60s }
  - path: /split
    methods: POST
    body: { field: action, cases: { talk: { permission: news.read }, look: {} } }
  - path: /loose
    websocket: { lease: off }
`
let bench: Workbench
beforeEach(async () => {
  bench = await workbench({ 'game.yaml': POLICY })
})
afterEach(() => bench.close())

async function held(
  path: string,
  cookie: string | null,
  body: FieldReader | null = null,
): Promise<LastingAnswer | null> {
  const ask = askOf({
    method: body === null ? 'GET' : 'POST',
    target: targetOf(path),
    credentials: { cookie, authorization: null, apiToken: null },
    browser: { ...SILENT, origin: 'https://play.example.com' },
  })
  const verdict = await authorize(ask, bench.gateway, body)
  if (verdict.kind !== 'allow') throw new Error(verdict.kind)
  return lastingOf(ask, bench.gateway, verdict)
}

const system = () => note(bench.gateway, { requestId: 'test' }, 'roles-changed', 'system', null)
const now = () => seconds(bench.clock.now)

test('isLasting() knows answers that go on and on by their type', () => {
  const types = [
    'text/event-stream',
    'Text/Event-Stream; charset=utf-8',
    'application/x-ndjson',
    'application/grpc+proto',
  ]
  expect(types.map(isLasting)).toEqual([true, true, true, true])
  expect(isLasting('multipart/x-mixed-replace;boundary=frame')).toBe(true)
})

test('isLasting() leaves everything else alone', () => {
  const types = [
    null,
    '',
    'text/html',
    'application/json',
    'application/octet-stream',
    'text/event-stream-not',
    'x/y; a=text/event-stream',
  ]
  expect(types.map(isLasting)).toEqual(types.map(() => false))
})

test('lastingOf() keeps an answer while its session may have it', async () => {
  const { cookie } = await bench.signedIn(['player'])
  const answer = await held('/news', cookie)
  expect([await answer?.isKept(), await answer?.isKept()]).toEqual([true, true])
})

test('lastingOf() keeps an answer that was asked for by a field of a body, until its case is no longer allowed', async () => {
  const { cookie, user } = await bench.signedIn(['player'])
  const field = (value: string) => ({ field: () => Promise.resolve(ok(value)) })
  const [talk, look] = [await held('/split', cookie, field('talk')), await held('/split', cookie, field('look'))]
  expect([await talk?.isKept(), await look?.isKept()]).toEqual([true, true])
  await bench.store.directory.setRoles(user, ['silent'] as never, null, [], system())
  expect([await talk?.isKept(), await look?.isKept()]).toEqual([false, true])
})

test('lastingOf() ends it when the session ran out', async () => {
  const { cookie } = await bench.signedIn(['player'])
  const answer = await held('/news', cookie)
  bench.clock.now += 9 * 3600
  expect(await answer?.isKept()).toBe(false)
})

test('lastingOf() ends it when the role is lost, and when the account is suspended', async () => {
  const demoted = await bench.signedIn(['player'])
  const banned = await bench.signedIn(['player'])
  const [first, second] = [await held('/news', demoted.cookie), await held('/news', banned.cookie)]
  await bench.store.directory.setRoles(demoted.user, ['silent'] as never, null, [], system())
  const standing = { kind: 'banned', reason: 'cheating' } as const
  await bench.store.directory.setStanding(banned.user, standing, [], now(), system())
  expect([await first?.isKept(), await second?.isKept()]).toEqual([false, false])
})

test('lastingOf() holds nothing where nobody is needed or the rule says so; an age is told', async () => {
  const { cookie } = await bench.signedIn(['player'])
  expect(await held('/open', null)).toBeNull()
  expect(await held('/loose', cookie)).toBeNull()
  expect((await held('/brief', cookie))?.maxAgeSeconds).toBe(60)
})
