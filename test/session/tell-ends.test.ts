import { afterEach, describe, expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import type { EndReason } from '../../src/core/person.ts'
import { identifyTicket, issueTicket } from '../../src/session/ticket.ts'
import { ORIGIN, type Workbench, workbench } from '../support/gateway.ts'
import { noteOf, POLICIES } from './scene.ts'

const DAY = 86_400
const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const PROGRAM = { accept: 'application/json', origin: ORIGIN }

/** Everything that answers who has no session, as a program and as a page visit, by method. */
const QUESTIONS: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
  ['GET', '/players', PROGRAM],
  ['GET', '/players', PAGE],
  ['POST', '/players', PROGRAM],
  ['POST', '/players', { ...PAGE, origin: ORIGIN }],
  ['GET', '/auth/session', PROGRAM],
  ['POST', '/auth/session/touch', PROGRAM],
  ['GET', '/auth/can?GET=/players', PROGRAM],
  ['GET', '/auth/account', PROGRAM],
  ['GET', '/auth/account', PAGE],
  ['GET', '/auth/account/sessions', PROGRAM],
  ['POST', '/auth/devices/end-others', PROGRAM],
  ['POST', '/auth/devices/end-others', { ...PAGE, origin: ORIGIN }],
  ['GET', '/auth/admin/api/users.list', PROGRAM],
  ['POST', '/auth/ticket', { ...PROGRAM, 'content-type': 'application/json' }],
  ['GET', '/auth/sign-in', PAGE],
]

let bench: Workbench
afterEach(() => bench.close())

async function answersTo(cookie: string): Promise<readonly string[]> {
  const told: string[] = []
  for (const [method, path, headers] of QUESTIONS) {
    bench.gateway.sessions.clear()
    const body = method === 'POST' ? { body: '{}' } : {}
    const answer = await bench.request(path, { method, headers: { ...headers, cookie }, ...body })
    const text = [method, path, answer.status, JSON.stringify([...answer.headers]), await answer.text()].join(' ')
    told.push(text.replaceAll(/request-\d+/g, 'request').replaceAll(/<time .*?<\/time>/g, 'now'))
  }
  return told
}

/** What is answered while the store still knows how the session ended, and once it does not know the session at all. */
async function endedAndUnknown(settings: Parameters<typeof workbench>[1], reason: EndReason) {
  bench = await workbench(POLICIES, settings)
  const { cookie, user } = await bench.signedIn(['player'])
  const end = () => bench.store.sessions.revokeUser(user, reason, seconds(bench.clock.now), noteOf(bench))
  if (reason === 'expired') bench.clock.now += 28_800
  else await end()
  const ended = await answersTo(cookie)
  bench.clock.now += DAY + 1
  return { ended, unknown: await answersTo(cookie), cookie }
}

describe('session.tellEnds: whether a caller learns that a session was one (seeds S28)', () => {
  test.each<EndReason>(['expired', 'kicked', 'banned', 'evicted', 'signed-out'])(
    'false: %s and unknown are answered alike everywhere',
    async (reason) => {
      const { ended, unknown } = await endedAndUnknown({ session: { tellEnds: false } }, reason)
      expect(ended).toEqual(unknown)
      expect(ended[0]).toContain('"code":"session_invalid"')
      expect(ended[4]).toContain('"code":"session_invalid"')
    },
  )

  test('true, as without the setting: an end is told by code and reason, on the sign-in page too', async () => {
    const { ended, unknown } = await endedAndUnknown({}, 'kicked')
    expect(ended[0]).toContain('"code":"session_revoked"')
    const differ = QUESTIONS.filter((_, at) => ended[at] !== unknown[at]).map(([method, path]) => `${method} ${path}`)
    expect(differ).toEqual(expect.arrayContaining(['GET /players', 'GET /auth/session', 'GET /auth/sign-in']))
  })

  test('false: the log still has which it was, for whoever runs this', async () => {
    bench = await workbench(POLICIES, { session: { tellEnds: false } })
    const { cookie } = await bench.signedIn(['player'])
    bench.clock.now += 28_800
    await bench.request('/players', { headers: { ...PROGRAM, cookie } })
    bench.gateway.sessions.clear()
    bench.clock.now += DAY + 1
    await bench.request('/players', { headers: { ...PROGRAM, cookie } })
    const outcomes = bench.observed.flatMap((one) => (one.kind === 'request' ? [one.outcome] : []))
    expect(outcomes).toEqual(['challenge:expired', 'challenge:invalid'])
  })

  test('false: a ticket of a session that ended names nobody, as one of an unknown session does', async () => {
    bench = await workbench(POLICIES, { session: { tellEnds: false } })
    const { user } = await bench.signedIn(['player'])
    const [session] = await bench.store.sessions.list(user, seconds(bench.clock.now))
    if (session === undefined) throw new Error('no session')
    const { text } = await issueTicket(bench.gateway, session.key, '/players')
    await bench.store.sessions.revokeUser(user, 'kicked', seconds(bench.clock.now), noteOf(bench))
    expect(await identifyTicket({ values: [text], path: '/players' }, bench.gateway)).toMatchObject({ kind: 'invalid' })
  })
})
