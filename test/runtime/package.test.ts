import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'postern-package-'))
const home = join(folder, 'node_modules', 'postern')

/** A program of somebody who installed the package: it verifies a good assertion of the shared vectors. */
const PROGRAM = `
import { readFileSync } from 'node:fs'
import { localKeys, verifyAssertion } from 'postern/verify'
const vectors = JSON.parse(readFileSync('vectors.json', 'utf8'))
const wanted = vectors.vectors.find((one) => one.name === 'good')
const { issuer, audience, now, jwks } = vectors
const verified = await verifyAssertion(wanted.token, { keys: localKeys(jwks), issuer, audience, now: () => now })
console.log(verified.kind)
`

beforeAll(() => {
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { encoding: 'utf8' })
  const [{ filename }] = JSON.parse(packed.slice(packed.indexOf('['))) as [{ filename: string }]
  mkdirSync(home, { recursive: true })
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', home, '--strip-components=1'])
  // What npm would install beside it.
  for (const name of ['jose', 'hono']) symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name))
  cpSync('test/vectors/assertions.vectors.json', join(folder, 'vectors.json'))
  writeFileSync(join(folder, 'program.mjs'), PROGRAM)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the packed package', () => {
  test('holds JavaScript and types, and no TypeScript source, test or secret', () => {
    const files = execFileSync('find', [home, '-type', 'f'], { encoding: 'utf8' }).trim().split('\n')
    const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    expect(sources).toEqual([])
    expect(files.some((file) => file.endsWith('dist/verify/index.js'))).toBe(true)
    expect(files.filter((file) => /\.test\.|\.dev\.vars|\.sqlite$/.test(file.slice(home.length)))).toEqual([])
    expect(readFileSync(join(home, 'dist/verify/index.d.ts'), 'utf8')).toContain('verifyAssertion')
  })

  test('postern/verify runs on Node', () => {
    const said = execFileSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' })
    expect(said.trim()).toBe('user')
  })

  test('postern/verify runs on Deno', () => {
    const deno = resolve('node_modules/deno/deno')
    const args = ['run', '--node-modules-dir=manual', '--allow-read', '--allow-env', 'program.mjs']
    expect(execFileSync(deno, args, { cwd: folder, encoding: 'utf8' }).trim()).toBe('user')
  })
})
