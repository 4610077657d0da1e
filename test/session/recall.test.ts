import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seconds } from '../../src/core/brand.ts'
import { rotateSession } from '../../src/session/open.ts'
import { issueTicket } from '../../src/session/ticket.ts'
import { askOf } from '../support/ask.ts'
import { ORIGIN, type Workbench, workbench } from '../support/gateway.ts'
import { POLICIES } from './scene.ts'

// What memory alone answers is what would be answered at length: each of these is asked by somebody it knows well.

const SOCKET = { upgrade: 'websocket', connection: 'Upgrade', origin: ORIGIN }
const TICKET = `ptk_${'a'.repeat(43)}`

let bench: Workbench
beforeEach(async () => {
  bench = await workbench(POLICIES)
})
afterEach(() => bench.close())

/** Somebody signed in whom memory knows. */
async function known(): Promise<Awaited<ReturnType<Workbench['signedIn']>>> {
  const person = await bench.signedIn(['player'])
  expect((await asked('/players', { cookie: person.cookie }))[0]).toBe(200)
  return person
}

async function asked(path: string, headers: Readonly<Record<string, string>>): Promise<readonly unknown[]> {
  const before = bench.sent.length
  const answer = await bench.request(path, { headers: { accept: 'application/json', ...headers } })
  if (bench.sent.length > before) return [answer.status]
  return [answer.status, ((await answer.json()) as { code?: string }).code]
}

describe('a session that memory knows', () => {
  test('is not believed beside another one: of two cookies neither is (DECISIONS 3)', async () => {
    const [one, two] = [await known(), await known()]
    for (const cookie of [`${one.cookie}; ${two.cookie}`, `${two.cookie}; ${one.cookie}`])
      expect(await asked('/players', { cookie })).toEqual([401, 'session_invalid'])
  })

  test('does not answer for an API token beside it that is no good (seeds T1)', async () => {
    const { cookie } = await known()
    const bad = `pst_aaaaaaaaaa_${'a'.repeat(43)}`
    expect(await asked('/players', { cookie, 'x-api-token': bad })).toEqual([401, 'token_invalid'])
  })

  test('does not answer for a ticket beside it that is no good', async () => {
    const { cookie } = await known()
    expect(await asked('/players', { cookie, ...SOCKET })).toEqual([101])
    expect(await asked(`/players?postern_ticket=${TICKET}`, { cookie, ...SOCKET })).toEqual([401, 'ticket_invalid'])
  })
})

test('the ticket of a key that was replaced meanwhile opens no socket (DECISIONS 5)', async () => {
  const { user } = await known()
  const [session] = await bench.store.sessions.list(user, seconds(bench.clock.now))
  if (session === undefined) throw new Error('no session')
  const [old, before] = [
    await issueTicket(bench.gateway, session.key, '/players'),
    await issueTicket(bench.gateway, session.key, '/players'),
  ]
  expect(await asked(`/players?postern_ticket=${before.text}`, SOCKET)).toEqual([101])
  await rotateSession(askOf({}), bench.gateway, user, session)
  expect(await asked(`/players?postern_ticket=${old.text}`, SOCKET)).toEqual([401, 'session_invalid'])
})
