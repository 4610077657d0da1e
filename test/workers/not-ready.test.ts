import { env } from 'cloudflare:workers'
import { afterEach, expect, test } from 'vitest'
import { checkPolicy } from '../../src/policy/compile.ts'
import { type Env, isolate } from '../../src/runtime/isolate.ts'

const ROLES = 'users: { defaultRole: player }\nroles:\n  player: { level: 1, permissions: [] }\n'
const RULES = 'upstream: game\nrules:\n  - path: /\n    access: public\n'
const DEFINITION = {
  origin: 'https://play.example.com',
  upstreams: { game: { url: 'https://game.internal.example' } },
  providers: { github: { clientId: 'Iv1.a', clientSecret: { secret: 'GITHUB_CLIENT_SECRET' } } },
}
const KNOWN = {
  upstreams: [{ name: 'game' }],
  providers: ['github'],
  hosts: ['play.example.com'],
  attributes: {},
  prefix: '/auth',
}

const { log } = console
afterEach(() => {
  console.log = log
})

test('isolate() without a secret answers 503, and its log says what would be right on Workers', async () => {
  const { bundle } = await checkPolicy(
    [
      { name: 'roles.yaml', text: ROLES },
      { name: 'game.yaml', text: RULES },
    ],
    KNOWN,
  )
  if (bundle === null) throw new Error('the policy of this test does not compile')
  const lines: string[] = []
  console.log = (line: string) => void lines.push(line)
  const answer = await isolate(DEFINITION, bundle).fetch(
    new Request('https://play.example.com/'),
    env as unknown as Env,
  )
  expect(answer.status).toBe(503)
  expect(await answer.json()).toMatchObject({ code: 'not_ready' })
  expect(lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)).toEqual([
    {
      ts: expect.any(String),
      level: 'error',
      event: 'not-ready',
      reason:
        'hono.config.ts: PST501 GITHUB_CLIENT_SECRET is not set, but providers.github.clientSecret needs it: ' +
        'run "npx wrangler secret put GITHUB_CLIENT_SECRET"; for wrangler dev write it into .dev.vars and start that ' +
        'again; for a workerd of your own name it in its bindings',
    },
  ])
})
