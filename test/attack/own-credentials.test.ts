import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Workbench, workbench } from '../support/gateway.ts'

// Source: RFC 9700 section 4.9, a credential that leaks at the service it was shown to; seeds T4.

const FIXED = 'a-fixed-token-of-a-machine-that-backs-up'
const NEXT = 'the-next-token-of-the-same-machine-1234567'
const OPERATOR = 'k'.repeat(43)
const POLICIES = {
  'roles.yaml': `
users: { defaultRole: player, guestRole: guest }
permissions: [players.edit]
roles:
  guest: { level: 0, permissions: [] }
  player: { level: 1, permissions: [players.edit] }
`,
  'game.yaml': `
upstream: game
rules:
  - path: /open
    access: public
  - path: /greeted
    access: optional
  - path: /edit
    permission: players.edit
    tokens: allow
`,
}

let bench: Workbench
beforeEach(async () => {
  const staticTokens = [{ name: 'backup', secret: { secret: 'BACKUP_TOKEN' }, permissions: ['players.edit'] }]
  const secrets = { BACKUP_TOKEN: `${FIXED},${NEXT}`, POSTERN_OPERATOR_KEY: OPERATOR }
  bench = await workbench(POLICIES, { staticTokens }, { secrets })
})
afterEach(() => bench.close())

/** Everything the upstream was sent in the headers of one request. */
async function reached(path: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const before = bench.sent.length
  const answer = await bench.request(path, { headers })
  expect(answer.status).toBe(200)
  return JSON.stringify([...(bench.sent.at(before)?.headers ?? [])])
}

describe('a static token that nobody had to read', () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ['Authorization: Bearer', { authorization: `Bearer ${FIXED}` }],
    ['Authorization: Token', { authorization: `token   ${FIXED} ` }],
    ['Authorization, bare', { authorization: FIXED }],
    ['X-Api-Token', { 'x-api-token': FIXED }],
    ['the next one, during a change', { 'x-api-token': NEXT }],
    ['X-Api-Token beside a foreign Authorization', { authorization: 'Basic eHl6', 'x-api-token': FIXED }],
    ['a list of which one is ours', { 'x-api-token': `foreign, ${FIXED}` }],
    ['under a scheme that is not ours', { authorization: `Digest ${FIXED}` }],
  ])('never reaches the upstream of a public rule: %s', async (_, headers) => {
    const sent = await reached('/open', headers)
    expect(sent).not.toContain(FIXED)
    expect(sent).not.toContain(NEXT)
  })

  test('never reaches an upstream beside the credential that decided', async () => {
    expect(await reached('/edit', { authorization: `Bearer ${FIXED}`, 'x-api-token': NEXT })).not.toContain(NEXT)
    const { cookie } = await bench.signedIn(['player'])
    expect(await reached('/edit', { cookie, authorization: 'Basic eHl6', 'x-api-token': FIXED })).not.toContain(FIXED)
  })

  test('nor does the key of the operator door, sent to the wrong address', async () => {
    expect(await reached('/open', { authorization: `Bearer ${OPERATOR}` })).not.toContain(OPERATOR)
    expect(await reached('/greeted', { authorization: `Bearer ${OPERATOR}` })).not.toContain(OPERATOR)
  })

  test('takes nothing with it: a foreign credential beside it passes on', async () => {
    const sent = await reached('/open', { authorization: 'Basic eHl6', 'x-api-token': FIXED })
    expect(sent).toContain('Basic eHl6')
    expect(await reached('/open', { 'x-api-token': `${FIXED}x` })).toContain(`${FIXED}x`)
  })
})
