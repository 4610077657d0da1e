import { describe, expect, test } from 'vitest'
import { secret } from '../../src/config/define.ts'
import { policyMisfits } from '../../src/config/fit.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { readSecrets } from '../../src/config/secrets.ts'
import { checkPolicy } from '../../src/policy/compile.ts'
import { formatProblems } from '../../src/policy/print.ts'
import { SMALLEST } from './support/inputs.ts'

const NGINX = { secret: secret('NGINX_SECRET') }

function parsed(more: Readonly<Record<string, unknown>>) {
  return parseConfig({ ...SMALLEST, ...more })
}

function problemsWith(more: Readonly<Record<string, unknown>>): readonly string[] {
  const result = parsed(more)
  return result.ok ? [] : result.fault.map(({ path, message }) => `${path} ${message}`)
}

function configWith(more: Readonly<Record<string, unknown>>) {
  const result = parsed(more)
  if (!result.ok) throw new Error(JSON.stringify(result.fault))
  return result.value
}

describe('forwardAuth', () => {
  test('is off unless a proxy is named', () => expect(configWith({}).forwardAuth).toEqual([]))

  test('reaches every upstream from everywhere unless narrowed', () => {
    expect(configWith({ forwardAuth: { nginx: NGINX } }).forwardAuth).toEqual([
      { kind: 'nginx', secret: { secret: 'NGINX_SECRET' }, addresses: [], upstreams: ['game'] },
    ])
  })

  test('reports every problem at once', () => {
    const upstreams = {
      game: { url: 'http://127.0.0.1:1' },
      cut: { url: 'http://127.0.0.1:2', stripPrefix: '/cut' },
      signed: { url: 'http://127.0.0.1:3', sign: 'message' },
    }
    const forwardAuth = {
      nginx: { secret: 'in the file', addresses: ['localhost'], upstreams: ['gmae', 'cut', 'signed'] },
      caddy: { secret: secret('SAME'), upstreams: [] },
      envoy: { secret: secret('SAME'), header: 'x' },
      haproxy: {},
    }
    const problems = problemsWith({ upstreams, forwardAuth })
    expect(problems.map((problem) => problem.split(' ')[0]).toSorted()).toEqual([
      'forwardAuth.caddy.upstreams',
      'forwardAuth.envoy.header',
      'forwardAuth.envoy.secret',
      'forwardAuth.envoy.upstreams.1',
      'forwardAuth.envoy.upstreams.2',
      'forwardAuth.haproxy',
      'forwardAuth.nginx.addresses.0',
      'forwardAuth.nginx.secret',
      'forwardAuth.nginx.upstreams.0',
      'forwardAuth.nginx.upstreams.1',
      'forwardAuth.nginx.upstreams.2',
    ])
    expect(problems.join('\n')).toContain('did you mean "game"?')
  })
})

describe('the secret of a proxy', () => {
  const config = configWith({ forwardAuth: { nginx: NGINX } })
  const problemsOf = (value: string | undefined) => {
    const read = readSecrets(config, (name) => (name === 'NGINX_SECRET' ? value : undefined))
    return read.ok ? [] : read.fault.map(({ message }) => message)
  }

  test('must be there', () => expect(problemsOf(undefined)).toHaveLength(1))
  test('has at least 32 characters, each of a list', () => {
    expect(problemsOf('n'.repeat(32))).toEqual([])
    expect(problemsOf(`${'n'.repeat(32)},${'m'.repeat(32)}`)).toEqual([])
    expect(problemsOf('n'.repeat(31))).toHaveLength(1)
    expect(problemsOf(`${'n'.repeat(32)},short`)).toHaveLength(1)
    expect(problemsOf(`${'n'.repeat(32)},`)).toHaveLength(1)
    expect(problemsOf(`${'n'.repeat(20)} ${'n'.repeat(20)}`)).toHaveLength(1)
  })
})

const RULES = `upstream: game
users: { defaultRole: player, roles: many }
permissions: [play]
roles:
  player: { level: 1, permissions: [play] }
rules:
  - path: /join
    methods: POST
    body: { field: kind, cases: { play: {} } }
  - path: /make
    methods: POST
    quota: { name: makes, limits: { player: 3 } }
    onSuccess: { deselect: true }
  - path: /bounded
    maxBody: 1KiB
    timeout: 2s
  - path: /socket
    websocket: { maxAge: 1h, unauthenticated: accept-then-close }
  - path: /fine
    rateLimit: { limit: 5, window: 10s }
    origins: [https://partner.example.com]
  - path: /seen
    mode: shadow
    maxBody: 1KiB
`

async function checked(served: 'forward-auth' | 'proxy') {
  const known = {
    upstreams: [{ name: 'game', forwardAuth: served === 'forward-auth' }],
    providers: [],
    hosts: ['play.example.com'],
    attributes: {},
    prefix: '/auth',
  }
  return checkPolicy([{ name: 'rules.yaml', text: RULES }], known)
}

describe('rules that a proxy which only asks cannot keep', () => {
  test('are errors with line, column and what to do', async () => {
    const { bundle, problems } = await checked('forward-auth')
    expect(bundle).toBeNull()
    expect(formatProblems(problems).split('\n')).toEqual([
      'rules.yaml:9:5: PST232 "body" cannot hold for upstream "game", which is served by forward-auth; a proxy asks without the body: it needs the full proxy',
      'rules.yaml:12:5: PST232 "quota" cannot hold for upstream "game", which is served by forward-auth; a proxy does not tell the answer of the upstream: it needs the full proxy',
      'rules.yaml:13:5: PST232 "onSuccess" cannot hold for upstream "game", which is served by forward-auth; a proxy does not tell the answer of the upstream: it needs the full proxy',
      'rules.yaml:15:5: PST232 "maxBody" cannot hold for upstream "game", which is served by forward-auth; a proxy asks without the body: set it in the proxy',
      'rules.yaml:16:5: PST232 "timeout" cannot hold for upstream "game", which is served by forward-auth; the proxy waits for the upstream: set it in the proxy',
      'rules.yaml:18:5: PST232 "websocket" cannot hold for upstream "game", which is served by forward-auth; maxAge: the proxy holds the socket: set it in the proxy',
      'rules.yaml:24:5: PST262 warning: "maxBody" holds and tells nothing in a shadow rule; it tells what its demands would have said; try limits in the rule that enforces',
    ])
  })

  test('are fine behind the full proxy, and refused in a bundle that is pushed to the other one', async () => {
    const { bundle } = await checked('proxy')
    if (bundle === null) throw new Error('does not compile')
    expect(policyMisfits(configWith({}), bundle)).toEqual([])
    const misfits = policyMisfits(configWith({ forwardAuth: { nginx: NGINX } }), bundle)
    expect(misfits).toHaveLength(7)
    expect(misfits[0]?.path).toBe('rules.yaml:7:5')
  })
})
