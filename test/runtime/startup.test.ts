import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { startDemo } from '../support/demo.ts'
import { ask } from '../support/http.ts'

const SECRETS = {
  GOOGLE_CLIENT_SECRET: 'a',
  DISCORD_CLIENT_SECRET: 'b',
  GITHUB_CLIENT_SECRET: 'c',
  SLACK_CLIENT_SECRET: 'd',
  MICROSOFT_CLIENT_SECRET: 'e',
  APPLE_PRIVATE_KEY: '-----BEGIN PRIVATE KEY-----f',
}

const folder = mkdtempSync(join(tmpdir(), 'postern-startup-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Starts the Node gateway with a setting that must stop it, and answers what it said. */
function refusedStart(environment: Readonly<Record<string, string>>): {
  readonly status: number | null
  readonly said: string
} {
  const { PATH = '' } = process.env
  const env = { PATH, POSTERN_STORE_FILE: join(folder, 'store.sqlite'), ...environment }
  const done = spawnSync(process.execPath, ['src/runtime/node.ts'], { env, encoding: 'utf8', timeout: 20_000 })
  return { status: done.status, said: done.stderr }
}

function policiesWith(name: string, text: string): string {
  const place = join(folder, name)
  cpSync('policies', place, { recursive: true })
  writeFileSync(join(place, 'game.yaml'), text)
  return place
}

describe('a deployment with a problem does not listen, and says what would be right', () => {
  test('a missing secret is named, with what needs it', () => {
    const { GOOGLE_CLIENT_SECRET: _, ...rest } = SECRETS
    const { status, said } = refusedStart(rest)
    expect(status).toBe(3)
    expect(said).toContain('GOOGLE_CLIENT_SECRET is not set, but providers.google.clientSecret needs it')
    expect(said).not.toContain('    at ')
  })

  test('a port that another program has is named', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const { status, said } = refusedStart({ ...SECRETS, PORT: String(port) })
    other.close()
    expect(said).toBe(
      `127.0.0.1:${port} cannot be listened at (EADDRINUSE): stop the program that has it, or set PORT to a free port\n`,
    )
    expect(status).toBe(3)
  })

  test('all missing secrets are named at once', () => {
    const { said } = refusedStart({})
    for (const name of Object.keys(SECRETS)) expect(said).toContain(name)
  })

  test('an unparsable policy says file, line and column', () => {
    const policies = policiesWith('unparsable', 'upstream: game\nrules:\n  - path: [\n')
    const { status, said } = refusedStart({ ...SECRETS, POSTERN_POLICIES: policies })
    expect(status).toBe(3)
    expect(said).toMatch(/game\.yaml:\d+:\d+: PST2\d\d /)
    expect(said).not.toContain('    at ')
  })

  test('an unknown permission says which one was meant', () => {
    const rule = 'upstream: game\nrules:\n  - path: /players\n    methods: GET\n    permission: players.vew\n'
    const { status, said } = refusedStart({ ...SECRETS, POSTERN_POLICIES: policiesWith('unknown', rule) })
    expect(status).toBe(3)
    expect(said).toMatch(/game\.yaml:5:17: PST204 unknown permission "players\.vew"; did you mean "players\.view"\?/)
  })

  test('a secret is never shown, not even a wrong one', () => {
    const { said } = refusedStart({ ...SECRETS, GOOGLE_CLIENT_SECRET: '"quoted-secret-value"' })
    expect(said).toContain('has quotes around it')
    expect(said).not.toContain('quoted-secret-value')
  })
})

for (const runtime of ['workers', 'node', 'deno']) {
  test(`an upstream that is down is a 502 on ${runtime}: a page for people, a problem for programs, no address, no stack`, async () => {
    const demo = await startDemo({ environment: { DEMO_RUNTIME: runtime, POSTERN_UPSTREAM_PORT: '9' } })
    try {
      const program = await ask(`${demo.gateway}/assets/page.css`, { headers: { accept: 'application/json' } })
      expect(program.status).toBe(502)
      expect(await program.json()).toMatchObject({ code: 'upstream_unreachable', status: 502 })
      const page = await ask(`${demo.gateway}/assets/page.css`, {
        headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' },
      })
      const html = await page.text()
      expect(page.status).toBe(502)
      expect(page.headers.get('content-type')).toContain('text/html')
      expect(html).not.toMatch(/127\.0\.0\.1|localhost:9|ECONNREFUSED| at .*\.ts/)
    } finally {
      await demo.stop()
    }
  }, 90_000)
}
