import { describe, expect, test } from 'vitest'
import { secret } from '../../src/config/define.ts'
import { policyMisfits } from '../../src/config/fit.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { checkPolicy } from '../../src/policy/compile.ts'
import { google, SMALLEST } from './support/inputs.ts'

const POLICY = `users:
  defaultRole: player
permissions: [players.view, players.soft-ban, admin.users]
roles:
  player: { level: 1, permissions: [players.view] }
  referee: { level: 5, permissions: [players.soft-ban] }
  boss: { level: 9, permissions: ["*"] }
upstream: game
rules:
  - path: /players
    permission: players.view
`

async function misfitsOf(more: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  const config = parseConfig({ ...SMALLEST, providers: { google }, ...more })
  if (!config.ok) throw new Error(JSON.stringify(config.fault))
  const known = { upstreams: [{ name: 'game' }], providers: ['google'], hosts: [], attributes: {}, prefix: '/auth' }
  const { bundle } = await checkPolicy([{ name: 'rules.yaml', text: POLICY }], known)
  if (bundle === null) throw new Error('does not compile')
  return policyMisfits(config.value, bundle).map(({ path, message }) => `${path} ${message}`)
}

function tokenWith(...permissions: readonly string[]): Readonly<Record<string, unknown>> {
  return { staticTokens: [{ name: 'backup', secret: secret('BACKUP_TOKEN'), permissions }] }
}

describe('policyMisfits()', () => {
  test('finds nothing in a configuration that names nothing of the policy', async () => {
    expect(await misfitsOf({})).toEqual([])
  })

  test('says where a role is named that the policy does not know', async () => {
    const people = [
      { provider: 'google', subject: '7', roles: ['player'] },
      { provider: 'google', subject: '8', roles: ['boss', 'refere'] },
    ]
    expect(await misfitsOf({ people, adminRole: 'bos', load: { signIns: 9, exempt: ['vip'] } })).toEqual([
      'people.1.roles.1 names role "refere", which the policy does not know; did you mean "referee"?',
      'adminRole names role "bos", which the policy does not know; did you mean "boss"?',
      'load.exempt.0 names role "vip", which the policy does not know; known: player, referee, boss',
    ])
  })

  test('finds a misspelt permission of a fixed token', async () => {
    expect(await misfitsOf(tokenWith('admin.users', 'players.veiw'))).toEqual([
      'staticTokens.0.permissions.1 names permission "players.veiw", which the policy does not know; did you mean "players.view"?',
    ])
  })

  test('finds a wildcard of a fixed token that covers no permission', async () => {
    expect(await misfitsOf(tokenWith('player.*'))).toEqual([
      'staticTokens.0.permissions.0 names "player.*", which covers no permission of the policy; did you mean "players.*"?',
    ])
  })

  test.each([['*'], ['players.*'], ['players.soft-ban'], ['admin.system']])(
    'lets a fixed token have %s: the policy or an administrative action knows it',
    async (permission) => {
      expect(await misfitsOf(tokenWith(permission))).toEqual([])
    },
  )

  test('finds a misspelt permission of an administrative action', async () => {
    expect(await misfitsOf({ adminPermissions: { ban: 'players.soft-bann' } })).toEqual([
      'adminPermissions.ban names permission "players.soft-bann", which the policy does not know; did you mean "players.soft-ban"?',
    ])
  })

  test('lets administrative actions need what the policy knows, and does not judge their defaults', async () => {
    expect(await misfitsOf({ adminPermissions: { ban: 'players.soft-ban', kick: 'admin.users' } })).toEqual([])
    expect(await misfitsOf({ adminPermissions: { ban: 'players.ban' } })).toEqual([])
  })
})
