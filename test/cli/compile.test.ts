import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readBundle } from '../../src/policy/bundle.ts'
import { changed, deployment, SOUND, soundWith } from './support/deployment.ts'

const TYPO = changed('policies/game.yaml', 'permission: players.edit', 'permission: players.edti')
const FAILING = changed('policies/game.yaml', 'player: allow', 'player: 403')

test('compile() writes a bundle that has its hash', async () => {
  const here = deployment()
  const { code, out } = await here.postern('compile')
  const bundle = await readBundle(here.read('.postern/policies.json'))
  expect(code).toBe(0)
  expect(out).toBe(`6 rules, 3 roles, ${bundle?.hash}`)
})

test('compile() writes nothing with --dry-run', async () => {
  const here = deployment()
  const { code, out } = await here.postern('compile --dry-run')
  expect(code).toBe(0)
  expect(out).toContain('not written (--dry-run)')
  expect(existsSync(join(here.folder, '.postern'))).toBe(false)
})

test('compile() refuses a policy with a problem', async () => {
  const here = soundWith(TYPO)
  const { code, err } = await here.postern('compile')
  expect(code).toBe(1)
  expect(err.split('\n')).toEqual([
    'policies/game.yaml:15:17: PST204 unknown permission "players.edti"; did you mean "players.edit"?',
    'nothing was written',
  ])
  expect(existsSync(join(here.folder, '.postern/policies.json'))).toBe(false)
})

test('compile() refuses a policy whose tests fail', async () => {
  const { code, err } = await soundWith(FAILING).postern('compile')
  expect(code).toBe(1)
  expect(err).toContain('PST271 test "players are for players" failed')
})

test('compile() keeps the last good bundle when told to', async () => {
  const here = deployment()
  await here.postern('compile')
  const good = here.read('.postern/policies.json')
  here.write('policies/game.yaml', TYPO['policies/game.yaml'] ?? '')
  const { code, err } = await here.postern('compile --keep-last-good')
  expect(code).toBe(0)
  expect(err).toContain('the last good bundle goes on serving: .postern/policies.json')
  expect(here.read('.postern/policies.json')).toBe(good)
})

test('compile() has nothing to keep the first time', async () => {
  const { code } = await soundWith(TYPO).postern('compile --keep-last-good')
  expect(code).toBe(1)
})

test('compile() prints JSON for programs', async () => {
  const { out } = await deployment().postern('compile --json --out bundle.json')
  expect(JSON.parse(out)).toMatchObject({ ok: true, out: 'bundle.json', outcome: 'written', rules: 6, roles: 3 })
})

test('compile() says where it cannot write', async () => {
  const { code, err } = await deployment({ ...SOUND, blocked: 'a file' }).postern('compile --out blocked/bundle.json')
  expect(code).toBe(3)
  expect(err).toContain('PST503 cannot be written')
})
