import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { deploymentProblems } from '../../src/runtime/build.ts'
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

function write(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, name), text)
}

/** A new folder of policies whose one rule is about a path. */
function fill(folder: string, path: string): void {
  mkdirSync(folder)
  write(folder, 'roles.yaml', ROLES)
  write(folder, 'game.yaml', gameAt(path))
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
  fill(policies, '/first')
  const bench = await workbench({ 'roles.yaml': ROLES, 'game.yaml': gameAt('/first') })
  ends.push(() => bench.close())
  const { gateway } = bench
  const source = new PolicySource(gateway.policy(), gateway.store.policies, gateway.runtime)
  const watching = watchPolicies(base, gateway, source)
  ends.push(() => watching.close())
  const paths = () => source.current.bundle.rules.map(({ path }) => path)
  return { base, policies, bench, source, paths }
}

const SOON = { timeout: 8_000, interval: 50 }

describe('watchPolicies()', () => {
  test('watchPolicies() serves an edit', async () => {
    const { policies, paths } = await watched()
    write(policies, 'game.yaml', gameAt('/second'))
    await expect.poll(paths, SOON).toEqual(['/second'])
  })

  test('watchPolicies() refuses what the next start refuses: guests are on and no role is theirs', async () => {
    const { base, policies, bench, source, paths } = await watched()
    const { config } = bench.gateway
    write(policies, 'roles.yaml', PLAYERS_ONLY)
    await expect.poll(() => source.problem, SOON).toContain("guests is 'on', but no policy file says what a guest may")
    const [problem] = deploymentProblems(config, await compileChecked(base, config))
    expect(source.problem).toBe(`hono.config.ts: PST501 ${problem?.path} ${problem?.message}`)
    expect(source.current.bundle.guestRole).toBe('guest')
    write(policies, 'roles.yaml', ROLES)
    write(policies, 'game.yaml', gameAt('/healed'))
    await expect.poll(paths, SOON).toEqual(['/healed'])
    expect(source.problem).toBeNull()
  })

  test('watchPolicies() follows the name when another folder takes it, and the old one no more', async () => {
    const { base, policies, bench, paths } = await watched()
    const next = join(base, 'next')
    fill(next, '/second')
    renameSync(policies, join(base, 'old'))
    renameSync(next, policies)
    await expect.poll(paths, SOON).toEqual(['/second'])
    write(policies, 'game.yaml', gameAt('/third'))
    await expect.poll(paths, SOON).toEqual(['/third'])
    const loaded = () => bench.observed.filter(({ kind }) => kind !== 'request').length
    const before = loaded()
    write(join(base, 'old'), 'game.yaml', gameAt('/nobody-reads-this'))
    write(policies, 'game.yaml', gameAt('/fourth'))
    await expect.poll(paths, SOON).toEqual(['/fourth'])
    expect(loaded() - before).toBe(1)
  })

  test('watchPolicies() says that the folder is gone, and serves what comes in its place', async () => {
    const { policies, source, paths } = await watched()
    rmSync(policies, { recursive: true })
    await expect.poll(() => source.problem, SOON).toMatch('PST502')
    expect(paths()).toEqual(['/first'])
    fill(policies, '/second')
    await expect.poll(paths, SOON).toEqual(['/second'])
    expect(source.problem).toBeNull()
    write(policies, 'game.yaml', gameAt('/third'))
    await expect.poll(paths, SOON).toEqual(['/third'])
  })

  test('watchPolicies() follows a link that is turned to another folder', async () => {
    const { base, policies, paths } = await watched()
    for (const release of ['one', 'two', 'three']) fill(join(base, release), `/${release}`)
    const turn = (release: string) => {
      symlinkSync(release, join(base, 'fresh'))
      renameSync(join(base, 'fresh'), policies)
    }
    rmSync(policies, { recursive: true })
    turn('one')
    await expect.poll(paths, SOON).toEqual(['/one'])
    turn('two')
    await expect.poll(paths, SOON).toEqual(['/two'])
    turn('three')
    await expect.poll(paths, SOON).toEqual(['/three'])
  })

  // How Kubernetes changes a mounted ConfigMap: the files are links through `..data`, and that alone is turned.
  test('watchPolicies() serves what a turned ..data link leads to', async () => {
    const { policies, paths } = await watched()
    for (const version of ['..1', '..2', '..3']) fill(join(policies, version), `/version-${version.slice(2)}`)
    const turn = (version: string) => {
      symlinkSync(version, join(policies, '..data_tmp'))
      renameSync(join(policies, '..data_tmp'), join(policies, '..data'))
    }
    turn('..1')
    for (const name of ['roles.yaml', 'game.yaml']) {
      rmSync(join(policies, name))
      symlinkSync(`..data/${name}`, join(policies, name))
    }
    await expect.poll(paths, SOON).toEqual(['/version-1'])
    turn('..2')
    await expect.poll(paths, SOON).toEqual(['/version-2'])
    turn('..3')
    await expect.poll(paths, SOON).toEqual(['/version-3'])
  })

  test('watchPolicies() serves an edit of a file that a link leads to', async () => {
    const { base, policies, paths } = await watched()
    write(base, 'elsewhere.yaml', gameAt('/second'))
    rmSync(join(policies, 'game.yaml'))
    symlinkSync('../elsewhere.yaml', join(policies, 'game.yaml'))
    await expect.poll(paths, SOON).toEqual(['/second'])
    write(base, 'elsewhere.yaml', gameAt('/third'))
    await expect.poll(paths, SOON).toEqual(['/third'])
  })

  test('watchPolicies() serves one edit after another of an editor that writes beside and renames', async () => {
    const { policies, paths } = await watched()
    for (const path of ['/second', '/third', '/fourth']) {
      write(policies, 'game.yaml~', gameAt(path))
      renameSync(join(policies, 'game.yaml~'), join(policies, 'game.yaml'))
      await expect.poll(paths, SOON).toEqual([path])
    }
  })

  test('watchPolicies() serves an edit beside the lock of an editor', async () => {
    const { policies, paths } = await watched()
    symlinkSync('somebody@somewhere.4711:1800000000', join(policies, '.#game.yaml'))
    write(policies, 'game.yaml', gameAt('/second'))
    await expect.poll(paths, SOON).toEqual(['/second'])
  })
})
