import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { DIALECTS } from '../../src/identity/dialects.ts'
import { PROXY_NAMES } from '../../src/identity/reserved.ts'

const IDENTITY = ['postern-assertion', ...(DIALECTS['postern'] ?? []).map(([name]) => name.toLowerCase())]
const textOf = (name: string) => readFileSync(`deploy/${name}`, 'utf8').toLowerCase()

/** Names each sample does away with before anything of ours is set; what the proxy writes itself is not among them. */
const SAMPLES = [
  { name: 'nginx.conf', gone: (header: string) => `proxy_set_header ${header} `, own: [] },
  {
    name: 'Caddyfile',
    gone: (header: string) => `request_header -${header}\n`,
    own: ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'],
  },
  {
    name: 'traefik.yml',
    gone: (header: string) => `          ${header}: ""\n`,
    own: [...PROXY_NAMES].filter((header) => header.startsWith('x-forwarded-') || header === 'x-real-ip'),
  },
  {
    name: 'envoy.yaml',
    gone: (header: string) => `- remove: ${header}\n`,
    own: ['x-forwarded-for', 'x-forwarded-proto'],
  },
] as const

describe.each(SAMPLES)('deploy/$name', ({ name, gone, own }) => {
  const text = textOf(name)

  test('deletes every identity header before it sets one', () => {
    expect(IDENTITY.filter((header) => !text.includes(gone(header)))).toEqual([])
  })

  test('deletes every header that only a proxy may write', () => {
    const names = [...PROXY_NAMES].filter((header) => !(own as readonly string[]).includes(header))
    expect(names.filter((header) => !text.includes(gone(header)))).toEqual([])
  })

  test('makes the decision endpoint 404 from the outside, and takes the cleaned credentials', () => {
    expect(text).toContain('/auth/verify')
    expect(text).toMatch(/404/)
    for (const header of ['cookie', 'authorization', 'x-api-token']) expect(text).toContain(header)
  })
})

test('traefik.yml and envoy.yaml are YAML, and set the secret in one place each', () => {
  for (const name of ['traefik.yml', 'envoy.yaml']) {
    const source = readFileSync(`deploy/${name}`, 'utf8')
    expect(() => parse(source)).not.toThrow()
    expect(source.match(/POSTERN_TRAEFIK_SECRET"|SECRET_OF_AT_LEAST/g)).toHaveLength(1)
  }
})

test('the Caddyfile is as Caddy formats it', () => {
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` }
  const done = spawnSync('caddy', ['fmt', 'deploy/Caddyfile'], { env, encoding: 'utf8' })
  expect(done.stdout).toBe(readFileSync('deploy/Caddyfile', 'utf8'))
})

test('docs/library.md shows deploy/library/worker.ts as it is, which the tests run', () => {
  const worker = readFileSync('deploy/library/worker.ts', 'utf8')
  expect(readFileSync('docs/library.md', 'utf8')).toContain(`\n\`\`\`ts\n${worker}\`\`\`\n`)
})
