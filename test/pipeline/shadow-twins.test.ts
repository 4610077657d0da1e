import { afterEach, describe, expect, test } from 'vitest'
import type { RoleName } from '../../src/core/brand.ts'
import { rotateSession } from '../../src/session/open.ts'
import { askOf } from '../support/ask.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

const ROLES = `
users: { defaultRole: player }
permissions: [players.view, players.edit]
roles:
  player: { level: 1, permissions: [players.view] }
  editor: { level: 5, permissions: [players.view, players.edit] }
`

let bench: Workbench
afterEach(() => bench.close())

/**
 * Two paths: on `/live` the rule decides, on `/tried` another one does and the rule is its shadow. What is said of a
 * request to each; null of a shadow that says the same as the rule that decided.
 */
async function twins(rule: string, decides: string): Promise<Asked> {
  const rules = `
upstream: game
rules:
  - { path: /live, ${rule} }
  - { path: /tried, ${decides} }
  - { path: /tried, mode: shadow, ${rule} }
`
  bench = await workbench({ 'roles.yaml': ROLES, 'game.yaml': rules })
  return async (headers, method = 'GET') => {
    const said = async (path: string) => {
      bench.observed.length = 0
      await bench.request(path, { method, headers })
      await bench.settle()
      const of = (kind: string) =>
        bench.observed.flatMap((one) => (one.kind === kind && 'outcome' in one ? [one.outcome] : []))
      return { decided: of('request')[0], shadow: of('shadow')[0] }
    }
    // WHY: a refusal of the one that decides renews what memory knows.
    const tried = await said('/tried')
    const live = await said('/live')
    return { live: live.decided, shadow: tried.shadow ?? tried.decided }
  }
}

type Asked = (
  headers: Readonly<Record<string, string>>,
  method?: string,
) => Promise<{ readonly live: unknown; readonly shadow: unknown }>

const WORD = 'a'.repeat(32)
const BAD: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['no credential', {}],
  ['a bad API token', { 'x-api-token': `pst_abcdefghij_${WORD}${'b'.repeat(11)}` }],
  ['two API tokens', { authorization: `Bearer pst_abcdefghij_${WORD}, pst_abcdefghij_${WORD}` }],
  ['a bad access token', { authorization: `Bearer pss_abcdefghij.${WORD}.${'b'.repeat(11)}` }],
  ['a bad cookie', { cookie: `__Host-postern=abcdefghij.${WORD}.${'b'.repeat(11)}` }],
]
const TRIED = ['access: public', 'access: session', 'access: optional', 'access: deny', 'permission: players.edit']

describe.each(['access: public', 'access: optional', 'access: session'])('beside a rule with %s', (decides) => {
  describe.each(TRIED)('a shadow rule with %s says what it would say if it decided', (rule) => {
    test.each(BAD)('of %s', async (_what, headers) => {
      const said = await (await twins(rule, decides))(headers)
      expect(said.shadow).toBe(said.live)
    })

    test('of somebody, and of a replaced key that reads or acts', async () => {
      const ask = await twins(rule, decides)
      const { cookie, accessToken, user } = await bench.signedIn(['player'])
      for (const headers of [{ cookie }, { authorization: `Bearer ${accessToken}` }]) {
        const said = await ask(headers)
        expect(said.shadow).toBe(said.live)
      }
      const [session] = await bench.store.sessions.list(user, bench.gateway.runtime.now())
      if (session === undefined) throw new Error('no session')
      await rotateSession(askOf({}), bench.gateway, user, session)
      bench.gateway.sessions.clear()
      for (const method of ['GET', 'POST']) {
        const said = await ask({ cookie, 'sec-fetch-site': 'same-origin' }, method)
        expect(said.shadow).toBe(said.live)
      }
    })
  })
})

test('of somebody whom memory knows from before a shadow rule says what a fresh look says', async () => {
  const ask = await twins('permission: players.edit', 'access: session')
  const { cookie, user } = await bench.signedIn(['player'])
  expect(await ask({ cookie })).toEqual({ live: 'refuse:forbid', shadow: 'refuse:forbid' })
  const now = bench.gateway.runtime.now()
  const who = { at: now, actor: 'system', subject: user.id, requestId: 'r', policy: '', detail: {} } as const
  await bench.store.directory.setRoles(user, ['editor' as RoleName], null, [], { ...who, event: 'roles-changed' })
  bench.clock.now += 2
  expect(await ask({ cookie })).toEqual({ live: 'allow', shadow: 'allow' })
})
