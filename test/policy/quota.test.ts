import { expect, test } from 'vitest'
import { quotasOf } from '../../src/policy/quota.ts'
import { policyOf } from './support.ts'

const RULES = `
upstream: game
rules:
  - { path: /npcs, methods: POST, quota: { name: npcs, limits: { player: 3, editor: unlimited } } }
  - { path: /npcs/copy, methods: POST, quota: { name: npcs, limits: { player: 5, editor: 7 } } }
  - { path: "/npcs/:id", methods: DELETE, quota: { name: npcs, effect: lower } }
  - { path: /maps, methods: POST, mode: shadow, quota: { name: maps, limits: { player: 9 } } }
  - { path: "/towns/:id", methods: DELETE, quota: { name: towns, effect: lower } }
  - { path: /towns, methods: POST, quota: { name: towns, limits: { editor: 2 } } }
`

test('quotasOf() is what the most generous rule in force allows; none that lowers or is only watched counts', async () => {
  const { bundle } = await policyOf(RULES)
  const of = (...roles: readonly string[]) => [...quotasOf(bundle, roles)]
  const zero = ['towns', 0] as const
  expect(of('player')).toEqual([['npcs', 5], zero])
  expect(of('editor')).toEqual([
    ['npcs', null],
    ['towns', 2],
  ])
  expect(of('player', 'editor')).toEqual([
    ['npcs', null],
    ['towns', 2],
  ])
  expect(of()).toEqual([['npcs', 0], zero])
})
