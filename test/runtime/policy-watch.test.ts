import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { policyProblems } from '../../src/runtime/build.ts'
import { compileChecked } from '../../src/runtime/folder.ts'
import { PolicySource } from '../../src/runtime/policy-source.ts'
import { watchPolicies } from '../../src/runtime/policy-watch.ts'
import { workbench } from '../support/gateway.ts'

const ROLES =
  'users: { defaultRole: player, guestRole: guest }\n' +
  'roles:\n  guest: { level: 0, permissions: [] }\n  player: { level: 1, permissions: [] }\n'
const PLAYERS_ONLY = 'users: { defaultRole: player }\nroles:\n  player: { level: 1, permissions: [] }\n'

function gameAt(path: string): string {
  return `upstream: game\nrules:\n  - path: ${path}\n    access: public\n`
}

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end()
})

/** A folder of policies that is watched, and what serves. */
async function watched() {
  const base = mkdtempSync(join(tmpdir(), 'postern-watch-'))
  ends.push(() => rmSync(base, { recursive: true, force: true }))
  const policies = join(base, 'policies')
  const files = { 'roles.yaml': ROLES, 'game.yaml': gameAt('/first') }
  const write = (folder: string, name: string, text: string) => writeFileSync(join(folder, name), text)
  mkdirSync(policies)
  for (const [name, text] of Object.entries(files)) write(policies, name, text)
  const bench = await workbench(files)
  ends.push(() => bench.close())
  const { gateway } = bench
  const source = new PolicySource(gateway.policy(), gateway.store.policies, gateway.runtime)
  const watching = watchPolicies(base, gateway, source)
  ends.push(() => watching.close())
  const paths = () => source.current.bundle.rules.map(({ path }) => path)
  return { base, policies, write, bench, source, paths }
}

const SOON = { timeout: 8_000, interval: 50 }

describe('watchPolicies()', () => {
  test('watchPolicies() serves an edit', async () => {
    const { policies, write, paths } = await watched()
    write(policies, 'game.yaml', gameAt('/second'))
    await expect.poll(paths, SOON).toEqual(['/second'])
  })

  test('watchPolicies() refuses what the next start refuses: guests are on and no role is theirs', async () => {
    const { base, policies, write, bench, source, paths } = await watched()
    const { config } = bench.gateway
    write(policies, 'roles.yaml', PLAYERS_ONLY)
    await expect.poll(() => source.problem, SOON).toContain("guests is 'on', but no policy file says what a guest may")
    const [problem] = policyProblems(config, await compileChecked(base, config))
    expect(source.problem).toBe(`hono.config.ts: PST501 ${problem?.path} ${problem?.message}`)
    expect(source.current.bundle.guestRole).toBe('guest')
    write(policies, 'roles.yaml', ROLES)
    write(policies, 'game.yaml', gameAt('/healed'))
    await expect.poll(paths, SOON).toEqual(['/healed'])
    expect(source.problem).toBeNull()
  })
})
