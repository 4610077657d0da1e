import { afterEach, describe, expect, test } from 'vitest'
import { canonicalJson } from '../../src/policy/bundle.ts'
import { checkPolicy } from '../../src/policy/compile.ts'
import type { PolicyBundle } from '../../src/policy/model.ts'
import { loadPolicy } from '../../src/policy/policy.ts'
import type { AuditNote } from '../../src/ports/audit.ts'
import type { Observation } from '../../src/ports/observation.ts'
import { PolicySource } from '../../src/runtime/policy-source.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

const ROLES = 'users: { defaultRole: player }\nroles:\n  player: { level: 1, permissions: [] }\n'
const KNOWN = {
  upstreams: [{ name: 'game' }],
  providers: [],
  hosts: ['play.example.com'],
  attributes: {},
  prefix: '/auth',
}

async function bundleWith(path: string): Promise<PolicyBundle> {
  const rules = `upstream: game\nrules:\n  - path: ${path}\n    access: public\n`
  const files = [
    { name: 'roles.yaml', text: ROLES },
    { name: 'game.yaml', text: rules },
  ]
  const { bundle, problems } = await checkPolicy(files, KNOWN)
  if (bundle === null) throw new Error(problems.map((problem) => problem.message).join('\n'))
  return bundle
}

let bench: Workbench
afterEach(() => bench.close())

async function prepared() {
  const own = await bundleWith('/own')
  bench = await workbench({
    'roles.yaml': ROLES,
    'game.yaml': 'upstream: game\nrules:\n  - path: /own\n    access: public\n',
  })
  const seen: Observation[] = []
  const observe = (one: Observation): void => void seen.push(one)
  const source = new PolicySource(loadPolicy(own, {}), bench.store.policies, { ...bench.gateway.runtime, observe })
  return { own, source, seen }
}

function note(event: 'policy-changed'): AuditNote {
  return {
    event,
    at: bench.gateway.runtime.now(),
    actor: 'operator',
    subject: null,
    requestId: 'test',
    policy: '',
    detail: {},
  }
}

async function push(bundle: PolicyBundle, text = canonicalJson(bundle)): Promise<void> {
  const version = { hash: bundle.hash, parent: null, bundle: text, pushedAt: bench.gateway.runtime.now(), active: true }
  await bench.store.policies.push(version, note('policy-changed'))
  await bench.store.policies.activate(bundle.hash, note('policy-changed'))
}

describe('PolicySource', () => {
  test('look() puts a pushed version in force, and the own one again after unpush', async () => {
    const { own, source } = await prepared()
    const pushed = await bundleWith('/pushed')
    await push(pushed)
    await source.look()
    expect(source.current.hash).toBe(pushed.hash)
    await bench.store.policies.activate(null, note('policy-changed'))
    await source.look()
    expect(source.current.hash).toBe(own.hash)
  })

  test('look() keeps what serves when the pushed version is damaged, and says so', async () => {
    const { own, source } = await prepared()
    const pushed = await bundleWith('/pushed')
    await push(pushed, canonicalJson({ ...pushed, rules: [] }))
    await source.look()
    expect(source.current.hash).toBe(own.hash)
    expect(source.problem).toContain('missing or damaged')
  })

  test('a deployment whose bundle names the pushed version as parent wins over it', async () => {
    const { source } = await prepared()
    const pushed = await bundleWith('/pushed')
    await push(pushed)
    await source.look()
    const next = { ...(await bundleWith('/next')), parent: pushed.hash }
    source.useOwn(next)
    await source.look()
    expect(source.current.bundle.parent).toBe(pushed.hash)
  })

  test('useOwn() waits behind a pushed version', async () => {
    const { source, seen } = await prepared()
    const pushed = await bundleWith('/pushed')
    await push(pushed)
    await source.look()
    const edited = await bundleWith('/edited')
    source.useOwn(edited)
    expect(source.current.hash).toBe(pushed.hash)
    const hint = 'the files have changed, and the pushed version serves on: push them, or run `postern unpush`'
    expect(seen).toContainEqual({ kind: 'policy-waits', hash: edited.hash, pushed: pushed.hash, hint })
    expect(source.own).toEqual({ hash: edited.hash, waits: hint })
  })

  test('useOwn() says nothing about files that are what was pushed', async () => {
    const { source, seen } = await prepared()
    const pushed = await bundleWith('/pushed')
    await push(pushed)
    await source.look()
    source.useOwn(pushed)
    expect(seen.filter(({ kind }) => kind === 'policy-waits')).toEqual([])
  })

  test('useOwn() waits behind a pushed version that is exactly what is deployed', async () => {
    const { own, source } = await prepared()
    await push(own)
    await source.look()
    source.useOwn(await bundleWith('/edited'))
    expect(source.current.hash).toBe(own.hash)
    await bench.store.policies.activate(null, note('policy-changed'))
    await source.look()
    expect(source.current.bundle.rules.map(({ path }) => path)).toEqual(['/edited'])
    expect(source.own.waits).toBeNull()
  })

  test('useOwn() serves at once while what was pushed is damaged', async () => {
    const { source } = await prepared()
    const pushed = await bundleWith('/pushed')
    await push(pushed, canonicalJson({ ...pushed, rules: [] }))
    await source.look()
    const edited = await bundleWith('/edited')
    source.useOwn(edited)
    expect(source.current.hash).toBe(edited.hash)
    expect(source.problem).toContain('missing or damaged')
  })

  test('useOwn() serves every edit at once, also one after a look that found nothing pushed', async () => {
    const { own, source } = await prepared()
    source.useOwn({ ...own })
    for (const path of ['/second', '/third']) {
      const edited = await bundleWith(path)
      source.useOwn(edited)
      expect(source.current.hash).toBe(edited.hash)
    }
  })

  test('look() takes the problem of a damaged push back after unpush', async () => {
    const { own, source } = await prepared()
    const pushed = await bundleWith('/pushed')
    await push(pushed, canonicalJson({ ...pushed, rules: [] }))
    await source.look()
    expect(source.problem).toContain('missing or damaged')
    await bench.store.policies.activate(null, note('policy-changed'))
    await source.look()
    expect(source.problem).toBeNull()
    expect(source.current.hash).toBe(own.hash)
  })

  test('look() takes the problem of a damaged push back after a rollback to what serves', async () => {
    const { source } = await prepared()
    const sound = await bundleWith('/sound')
    const damaged = await bundleWith('/damaged')
    await push(sound)
    await source.look()
    await push(damaged, canonicalJson({ ...damaged, rules: [] }))
    await source.look()
    expect(source.problem).toContain('missing or damaged')
    await bench.store.policies.activate(sound.hash, note('policy-changed'))
    await source.look()
    expect(source.problem).toBeNull()
    expect(source.current.hash).toBe(sound.hash)
  })

  test('look() leaves a problem of the own files standing: the next start would refuse them', async () => {
    const { source } = await prepared()
    source.refuse('policies/game.yaml:1:1: PST204 unknown permission')
    await source.look()
    expect(source.problem).toContain('PST204')
    await push(await bundleWith('/pushed'))
    await source.look()
    expect(source.problem).toContain('PST204')
    source.useOwn(await bundleWith('/healed'))
    expect(source.problem).toBeNull()
  })

  test('keepFresh() does nothing while young, looks beside the request when old, and makes it wait when very old', async () => {
    const { source } = await prepared()
    await source.look()
    expect(source.keepFresh()).toBeNull()
    bench.clock.now += 5
    const before = bench.calls.length
    expect(source.keepFresh()).toBeNull()
    await bench.settle()
    expect(bench.calls.slice(before)).toEqual(['policies.active'])
    bench.clock.now += 11
    expect(source.keepFresh()).toBeInstanceOf(Promise)
    await bench.settle()
  })

  test('keepFresh() makes one request wait for a store that is silent, none after it, and says so until it is heard (SPEC 10)', async () => {
    const { source } = await prepared()
    await source.look()
    const { policies } = bench.store as unknown as { policies: { active: () => Promise<string | null> } }
    const { active } = policies
    let asked = 0
    policies.active = () => {
      asked++
      return new Promise(() => undefined)
    }
    bench.clock.now += 11
    await source.keepFresh()
    expect([asked, source.problem]).toEqual([1, 'the store does not say what was pushed'])
    expect([source.keepFresh(), source.keepFresh(), asked]).toEqual([null, null, 1])
    bench.clock.now += 5
    expect([source.keepFresh(), source.keepFresh(), asked]).toEqual([null, null, 2])
    policies.active = active
    bench.clock.now += 5
    expect(source.keepFresh()).toBeNull()
    await expect.poll(() => source.problem).toBeNull()
    bench.clock.now += 11
    expect(source.keepFresh()).toBeInstanceOf(Promise)
  })

  test('keepFresh() makes every request wait where nobody has looked yet: what was pushed may be stricter', async () => {
    const { source } = await prepared()
    expect([source.keepFresh(), source.keepFresh()]).toEqual([expect.any(Promise), expect.any(Promise)])
  })
})
