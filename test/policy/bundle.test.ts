import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { bundleHash, canonicalJson, readBundle } from '../../src/policy/bundle.ts'
import { checkPolicy } from '../../src/policy/compile.ts'
import type { PolicyBundle } from '../../src/policy/model.ts'
import { loadPolicy } from '../../src/policy/policy.ts'
import { ask, KNOWN, ROLES, signedIn } from './support.ts'

async function bundle(rules: string): Promise<PolicyBundle> {
  const files = [
    { name: 'roles.yaml', text: ROLES },
    { name: 'rules.yaml', text: rules },
  ]
  const checked = await checkPolicy(files, KNOWN)
  if (checked.bundle === null) throw new Error('does not compile')
  return checked.bundle
}

const RULES = 'upstream: game\nrules:\n  - { path: /x, permission: players.view, when: user.level > 0 }\n'

test('canonicalJson() does not depend on the order of keys', () => {
  expect(canonicalJson({ b: [1, { d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[1,{"c":2,"d":1}]}')
  expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}')
})

test('compile gives equal files equal hashes and other files other hashes', async () => {
  const one = await bundle(RULES)
  expect(one.hash).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect((await bundle(RULES)).hash).toBe(one.hash)
  expect((await bundle(RULES.replace('> 0', '> 1'))).hash).not.toBe(one.hash)
})

test('checkPolicy() gives the same hash whatever the order of the files', async () => {
  const files = [
    { name: 'a.yaml', text: ROLES },
    { name: 'b.yaml', text: RULES },
  ]
  const [there, back] = await Promise.all([checkPolicy(files, KNOWN), checkPolicy(files.toReversed(), KNOWN)])
  expect(there.bundle?.hash).toBe(back.bundle?.hash)
})

test('bundleHash() leaves the parent out', async () => {
  const one = await bundle(RULES)
  expect(await bundleHash({ ...one, parent: 'sha256:00' } as PolicyBundle)).toBe(one.hash)
})

test('readBundle() gives back what was written, and it decides the same', async () => {
  const one = await bundle(RULES)
  const read = await readBundle(canonicalJson(one))
  expect(read).toEqual(one)
  if (read === null) return
  expect(ask(loadPolicy(read, {}), 'GET /x', signedIn(['player'])).kind).toBe('allow')
})

test('readBundle() refuses a changed, cut or foreign bundle', async () => {
  const text = canonicalJson(await bundle(RULES))
  expect(await readBundle(text.replace('"access":"session"', '"access":"public"'))).toBeNull()
  expect(await readBundle(text.slice(0, -1))).toBeNull()
  expect(await readBundle(text.replace('"format":1', '"format":2'))).toBeNull()
  expect(await readBundle('null')).toBeNull()
  expect(await readBundle('[]')).toBeNull()
})

test('loadPolicy() throws on a bundle whose condition does not compile, so that the old one stays', async () => {
  const text = canonicalJson(await bundle(RULES)).replace('user.level > 0', 'user.level >')
  expect(() => loadPolicy(JSON.parse(text) as PolicyBundle, {})).toThrow('PST240')
})

function imports(file: string, seen: Set<string>): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const text = readFileSync(new URL(`../../src/policy/${file}`, import.meta.url), 'utf8')
  for (const [, type, from = ''] of text.matchAll(/^(?:import|export)( type)?[^'"]*from '([^']+)'/gm)) {
    if (type !== undefined) continue
    if (from.startsWith('./')) imports(from.slice(2), seen)
    else seen.add(from)
  }
  return seen
}

test.each(['policy.ts', 'match.ts', 'decide.ts', 'permissions.ts', 'bundle.ts', 'explain.ts', 'callers.ts', 'diff.ts'])(
  'src/policy/%s reaches neither yaml nor zod: the Worker bundle imports it',
  (file) => {
    const reached = imports(file, new Set())
    expect(reached).not.toContain('yaml')
    expect(reached).not.toContain('zod')
  },
)
