import { chmodSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { openSqliteStore } from '../../src/runtime/node-sqlite.ts'
import { realOp } from '../adapters/oauth/support/real-op.ts'
import { startRedis } from '../support/redis-server.ts'
import { startUpstashBridge } from '../support/upstash-bridge.ts'
import { type Deployment, deployment, type Ran, SOUND } from './support/deployment.ts'
import { deadAddress, plainService, selfSignedService, service } from './support/machines.ts'

const SECRETS = { GOOGLE_CLIENT_SECRET: 'GOCSPX-0123456789' }

/** A deployment whose configuration is this text. */
function configured(settings: string): Deployment {
  return deployment({ ...SOUND, 'hono.config.ts': `export default {\n${settings}\n}\n` })
}

const ORIGIN = "origin: 'https://play.example.com',"
const UPSTREAM = "upstreams: { game: { url: 'https://game.internal.example' } },"
const GOOGLE =
  "providers: { google: { clientId: '1.apps.googleusercontent.com', clientSecret: { secret: 'GOOGLE_CLIENT_SECRET' } } },"

function lines(ran: Ran, state: string): readonly string[] {
  return ran.out.split('\n').flatMap((line) => (line.startsWith(`${state.padEnd(7)}  `) ? [line.slice(9)] : []))
}

/** What doctor warns of at a free port. */
async function warnings(here: Deployment): Promise<readonly string[]> {
  const { port } = new URL(await deadAddress())
  return lines(await here.postern('doctor', { ...SECRETS, PORT: port }), 'warning')
}

/** The errors that doctor prints at a free port. */
async function errors(
  here: Deployment,
  env: Readonly<Record<string, string>> = SECRETS,
  more = '',
): Promise<readonly string[]> {
  const { port } = new URL(await deadAddress())
  const ran = await here.postern(`doctor${more}`, { ...env, PORT: port })
  expect(ran.code).toBe(lines(ran, 'error').length === 0 ? 0 : 1)
  return lines(ran, 'error')
}

test('doctor() finds nothing wrong with a sound deployment', async () => {
  const { port } = new URL(await deadAddress())
  const ran = await deployment().postern('doctor', { ...SECRETS, PORT: port })
  expect(ran.code).toBe(0)
  expect(ran.out.split('\n')).toEqual([
    'ok       config: hono.config.ts has no problem',
    'ok       policy: 6 rules, 3 roles, 4 tests',
    'ok       secrets: all 1 that hono.config.ts names are there',
    'ok       secrets: POSTERN_OPERATOR_KEY is not set: the operator door stays shut',
    'ok       provider google: its console must list this callback URL, exactly: https://play.example.com/auth/callback/google',
    'skipped  provider google: https://accounts.google.com/.well-known/openid-configuration was not asked: add --online',
    'skipped  upstream game: https://game.internal.example was not asked: add --online',
    `ok       port: 127.0.0.1:${port} is free`,
    'ok       store: .postern/store.sqlite will be made at the first start',
    'ok       target: nothing here is too much for node',
    'no error, 0 warnings; 2 not asked without --online',
  ])
})

test('mistake 1: doctor() finds a quoted secret', async () => {
  expect(await errors(deployment(), { GOOGLE_CLIENT_SECRET: '"GOCSPX-0123456789"' })).toEqual([
    'secrets: GOOGLE_CLIENT_SECRET (19 characters, for providers.google.clientSecret) has quotes around it: remove them (found in environment)',
  ])
})

test('mistake 2: doctor() finds a line break at the end of a secret', async () => {
  const here = deployment({ ...SOUND, 'google-secret': 'GOCSPX-0123456789\n\n' })
  expect(await errors(here, { GOOGLE_CLIENT_SECRET_FILE: 'google-secret' })).toEqual([
    'secrets: GOOGLE_CLIENT_SECRET (18 characters, for providers.google.clientSecret) has blanks or a line break at an end: remove them (found in file google-secret)',
  ])
})

test('mistake 3: doctor() finds a client id where the secret belongs', async () => {
  expect(await errors(deployment(), { GOOGLE_CLIENT_SECRET: '1234.apps.googleusercontent.com' })).toEqual([
    'secrets: GOOGLE_CLIENT_SECRET (31 characters, for providers.google.clientSecret) is a client id, not a secret: the two are swapped (found in environment)',
  ])
})

test('mistake 3: doctor() finds a client secret where the id belongs', async () => {
  const here = configured(`${ORIGIN} ${UPSTREAM} providers: { google: { clientId: 'GOCSPX-0123456789' } },`)
  expect(await errors(here)).toContain(
    'config: hono.config.ts: PST501 providers.google.clientId looks like the client secret: put the id here, and name the secret in clientSecret',
  )
})

test('mistake 4: doctor() finds a client secret that is used as root secret', async () => {
  const same = 'GOCSPX-0123456789012345678901234567890123456789'
  expect(await errors(deployment(), { GOOGLE_CLIENT_SECRET: same, POSTERN_ROOT_SECRET: same })).toEqual([
    'secrets: POSTERN_ROOT_SECRET is also used as another secret: it must be its own (found in environment)',
  ])
})

/** A deployment whose provider is this issuer, which knows the client `secretive`. */
function withIssuer(origin: string, issuer: string, id = 'test'): Deployment {
  return configured(
    `origin: '${origin}', ${UPSTREAM}
    providers: { ${id}: { kind: 'oidc', clientId: 'secretive', clientSecret: { secret: 'OIDC_SECRET' }, options: { issuer: '${issuer}' }, dangerouslyAllowHttp: true } },`,
  )
}
const OIDC = { OIDC_SECRET: 'a-secret-of-the-test' }

test('mistake 5: doctor() finds a callback that is not registered', async () => {
  const op = await realOp()
  const unknown = await errors(withIssuer('http://localhost:8787', op.url, 'other'), OIDC)
  const known = await errors(withIssuer('http://localhost:8787', op.url), OIDC)
  await op.close()
  expect(unknown).toEqual([
    'provider other: the callback is not registered: enter http://localhost:8787/auth/callback/other, exactly, in the console of the provider',
  ])
  expect(known).toEqual([])
})

test('mistake 6: doctor() finds a callback that is registered with http', async () => {
  const op = await realOp()
  const found = await errors(withIssuer('https://localhost:8787', op.url), OIDC)
  await op.close()
  expect(found).toEqual([
    'provider test: http://localhost:8787/auth/callback/test is registered, but the origin makes it https://localhost:8787/auth/callback/test: register that one, exactly',
  ])
})

test('mistake 7: doctor() finds an external URL with a path', async () => {
  expect(await errors(configured(`origin: 'https://play.example.com/game', ${UPSTREAM}`))).toEqual([
    'config: hono.config.ts: PST501 origin must be an origin such as https://play.example.com, without path or slash, not "https://play.example.com/game"',
  ])
})

test('mistake 8: doctor() finds that the external URL is missing', async () => {
  expect(await errors(configured(UPSTREAM))).toEqual([
    "config: hono.config.ts: PST501 origin must be text, not nothing; write what players type into the address bar, such as origin: 'https://play.example.com'",
  ])
})

test('mistake 9: doctor() finds an issuer with a slash too many', async () => {
  const url = await service((request, response) => {
    const issuer = `http://${request.headers.host}/realms/game`
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({ issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` }),
    )
  })
  expect(await errors(withIssuer('http://localhost:8787', `${url}/realms/game/`), OIDC)).toEqual([
    `provider test: options.issuer is "${url}/realms/game/", but it calls itself "${url}/realms/game": the two differ by a slash at the end; write "${url}/realms/game"`,
  ])
})

test('mistake 10: doctor() finds an issuer that this machine cannot reach', async () => {
  const dead = await deadAddress()
  expect(await errors(withIssuer('http://localhost:8787', dead), OIDC)).toEqual([
    `provider test: nothing listens at ${dead}/.well-known/openid-configuration (ECONNREFUSED): start the provider, or correct its address; in a container, localhost is the container itself: use the name of the other one; players may reach it all the same, from another network`,
  ])
})

test('mistake 10: doctor() finds an issuer whose name this machine does not know', async () => {
  const [found] = await errors(withIssuer('http://localhost:8787', 'https://id.invalid'), OIDC, ' --online')
  expect(found).toMatch(
    /^provider test: the name of https:\/\/id\.invalid\/\S+ is not known to this machine \((ENOTFOUND|EAI_AGAIN)\)/,
  )
})

test('mistake 11: doctor() finds a clock that is five minutes off', async () => {
  const url = await service((_request, response) => {
    response.sendDate = false
    response.setHeader('date', new Date(Date.now() - 300_000).toUTCString())
    response.end()
  })
  const found = await errors(configured(`${ORIGIN} upstreams: { game: { url: '${url}' } },`))
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(
    /^clock: this machine is (299|300|301) s ahead of 127\.0\.0\.1:\d+: sign-ins and assertions are then refused as expired or not yet valid; synchronize the clocks \(NTP\)$/,
  )
})

test('mistake 12: doctor() finds that the port is taken', async () => {
  const { port } = new URL(await plainService())
  const ran = await deployment().postern('doctor', { ...SECRETS, PORT: port })
  expect(lines(ran, 'error')).toEqual([
    `port: 127.0.0.1:${port} is taken by another program: stop that one, or set PORT to a free port`,
  ])
})

test('doctor() knows a gateway that serves already', async () => {
  const url = await service((_request, response) => response.end('{"status":"ok"}'))
  const ran = await deployment().postern('doctor', { ...SECRETS, PORT: new URL(url).port })
  expect(lines(ran, 'error')).toEqual([])
  expect(ran.out).toContain('a gateway serves at 127.0.0.1:')
})

test('mistake 13: doctor() finds that an upstream is down', async () => {
  const dead = await deadAddress()
  expect(await errors(configured(`${ORIGIN} upstreams: { game: { url: '${dead}' } },`))).toEqual([
    `upstream game: nothing listens at ${dead} (ECONNREFUSED): start the service, or correct its address; in a container, localhost is the container itself: use the name of the other one`,
  ])
})

test('doctor() finds that an upstream answers', async () => {
  const url = await plainService()
  expect(await errors(configured(`${ORIGIN} upstreams: { game: { url: '${url}' } },`))).toEqual([])
})

test('doctor() warns of an upstream that sends more than its answer, after hints too', async () => {
  const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'
  const warningsOf = async (bytes: string, later = '') => {
    const service = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', () => {
        socket.write(bytes)
        if (later !== '') setTimeout(() => socket.write(later), 50)
      })
    })
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
    const told = await warnings(configured(`${ORIGIN} upstreams: { game: { url: '${url}' } },`))
    service.close()
    return told.filter((line) => line.startsWith('upstream game')).map((line) => line.replace(url, 'URL'))
  }
  const SURPLUS =
    'upstream game: URL answers HEAD with a body, which is against HTTP: Node and Deno close such connections; workerd of your own gives what is left in them to whoever asks next: mend the service, or put nginx between'
  expect(await warningsOf(`${HEAD}body`)).toEqual([SURPLUS])
  expect(await warningsOf(HEAD, 'body')).toEqual([SURPLUS])
  expect(await warningsOf(`HTTP/1.1 103 Early Hints\r\n\r\n${HEAD}`, 'body')).toEqual([SURPLUS])
  expect(await warningsOf(HEAD)).toEqual([])
  expect(await warningsOf(`HTTP/1.1 103 Early Hints\r\n\r\n${HEAD}`)).toEqual([])
})

test('mistake 14: doctor() finds an upstream whose certificate is self-signed', async () => {
  const url = await selfSignedService()
  expect(await errors(configured(`${ORIGIN} upstreams: { game: { url: '${url}' } },`))).toEqual([
    `upstream game: ${url} has a certificate that is not trusted here (DEPTH_ZERO_SELF_SIGNED_CERT): name its authority in NODE_EXTRA_CA_CERTS, or give it a certificate that machines trust`,
  ])
})

test('mistake 15: doctor() explains that cookies have no domain', async () => {
  expect(await errors(configured(`${ORIGIN} ${UPSTREAM} session: { cookieDomain: '.example.com' },`))).toEqual([
    "config: hono.config.ts: PST501 session.cookieDomain is not a known setting; Postern's cookies are __Host- cookies: always Secure, and of one host only; serve every game under that one origin",
  ])
})

test('mistake 16: doctor() finds plain http where cookies must be Secure', async () => {
  expect(await errors(configured(`origin: 'http://play.example.com', ${UPSTREAM}`))).toEqual([
    'config: hono.config.ts: PST501 origin must be https: browsers keep the session cookie on plain http only for localhost, not for "play.example.com"',
  ])
})

test('mistake 17: doctor() finds a typo in a policy', async () => {
  const rules = (SOUND['policies/game.yaml'] ?? '').replace('permission: players.edit', 'permision: players.edit')
  expect(await errors(deployment({ ...SOUND, 'policies/game.yaml': rules }))).toEqual([
    'policy: policies/game.yaml:15:5: PST210 unknown key "permision"; did you mean "permission"?',
  ])
})

test('mistake 18: doctor() finds a role nobody knows', async () => {
  const rules = (SOUND['policies/game.yaml'] ?? '').replace('permission: admin.users', 'role: bos')
  expect(await errors(deployment({ ...SOUND, 'policies/game.yaml': rules }))).toEqual([
    'policy: policies/game.yaml:19:11: PST205 unknown role "bos"; did you mean "boss"?',
  ])
})

const REDIS = "store: { kind: 'redis', url: { secret: 'REDIS_URL' } },"
const ROOT = { POSTERN_ROOT_SECRET: 'x'.repeat(43) }

test('mistake 19: doctor() finds a store whose address lacks TLS', async () => {
  const env = { ...ROOT, REDIS_URL: 'redis://:hush@eu1-mule.upstash.io:6379' }
  expect(await errors(configured(`${ORIGIN} ${UPSTREAM} ${REDIS}`), env)).toEqual([
    'secrets: REDIS_URL (38 characters, for store.url) needs TLS: write rediss:// there (found in environment)',
  ])
})

test('mistake 19: doctor() warns of any other store without TLS, without showing its password', async () => {
  const { port } = new URL(await deadAddress())
  const env = { ...ROOT, REDIS_URL: 'redis://:hush@redis.internal:6379', PORT: port }
  const ran = await configured(`${ORIGIN} ${UPSTREAM} ${REDIS}`).postern('doctor', env)
  expect(ran.out).not.toContain('hush')
  expect(lines(ran, 'warning')).toEqual([
    'store: REDIS_URL leads to redis://redis.internal:6379 without TLS: sessions cross the network unprotected; write rediss://',
  ])
})

test('mistake 19: doctor() finds a wrong token and a wrong password of a store', async () => {
  const redis = await startRedis('memory')
  const bridge = await startUpstashBridge(redis.url)
  const upstash = configured(
    `${ORIGIN} ${UPSTREAM} store: { kind: 'upstash', url: { secret: 'URL' }, token: { secret: 'TOKEN' } },`,
  )
  const wrong = await errors(upstash, { ...ROOT, URL: bridge.url, TOKEN: 'wrong' })
  const right = await errors(upstash, { ...ROOT, URL: bridge.url, TOKEN: bridge.token })
  const tcp = configured(`${ORIGIN} ${UPSTREAM} ${REDIS}`)
  const open = await errors(tcp, { ...ROOT, REDIS_URL: redis.url })
  await redis.command('CONFIG', 'SET', 'requirepass', 'right')
  const shut = await errors(tcp, { ...ROOT, REDIS_URL: redis.url.replace('://', '://:wrong@') })
  await bridge.stop()
  await redis.stop()
  expect(wrong).toEqual([
    `store: ${bridge.url} refuses the token in TOKEN (401): copy it again from the console of the store`,
  ])
  expect(shut).toEqual([
    `store: ${redis.url.replace(/\/$/, '')} refuses the password in REDIS_URL (WRONGPASS): copy it again from where the store is run`,
  ])
  expect([right, open]).toEqual([[], []])
})

test('mistake 20: doctor() finds a second instance on the embedded store', async () => {
  const here = deployment()
  const other = openSqliteStore(`${here.folder}/.postern/store.sqlite`)
  const found = await errors(here)
  other.close()
  expect(found).toEqual([
    'store: .postern/store.sqlite is open in another process: one file serves one process: stop the other one, give this one a file of its own, or use Redis',
  ])
  expect(await errors(here)).toEqual([])
})

test('doctor() warns of a store that others on the machine may read', async () => {
  const here = deployment()
  const file = `${here.folder}/.postern/store.sqlite`
  openSqliteStore(file).close()
  expect(await warnings(here)).toEqual([])
  chmodSync(file, 0o640)
  expect(await warnings(here)).toEqual([
    'store: .postern/store.sqlite is open to others on this machine (mode 640) and holds the root secret: chmod 600 it; a start does that by itself where the file is its own and the disk keeps rights',
  ])
})

test('doctor() finds that a secret is missing', async () => {
  expect(await errors(deployment(), {})).toEqual([
    'secrets: GOOGLE_CLIENT_SECRET is not set, but providers.google.clientSecret needs it: set GOOGLE_CLIENT_SECRET, or GOOGLE_CLIENT_SECRET_FILE to the path of a file that holds it',
  ])
})

test('doctor() finds what init left for the operator to fill in', async () => {
  const here = deployment({})
  await here.postern('init --provider apple')
  const found = await errors(here, {})
  expect(found).toContain(
    'provider apple: clientId and teamId and keyId are still REPLACE_ME: copy what the console of the provider shows into hono.config.ts',
  )
})

test('doctor() finds an operator key that can be guessed', async () => {
  expect(await errors(deployment(), { ...SECRETS, POSTERN_OPERATOR_KEY: 'letmein' })).toEqual([
    'secrets: POSTERN_OPERATOR_KEY has 7 characters: at least 43 of base64url are needed, which is 32 random bytes; make one with "postern keys generate" (found in environment)',
  ])
})

test('doctor() names what Workers cannot do', async () => {
  const here = configured(`${ORIGIN} ${GOOGLE} ${REDIS} trustedProxies: ['10.0.0.0/8'],
    upstreams: {
      game: { url: 'https://203.0.113.7' },
      lobby: { url: 'http://127.0.0.1:2567' },
      shop: { url: 'https://shop.example.com', binding: 'SHOP', preserveHost: true },
    },`)
  const ran = await here.postern('doctor --target workers', {
    ...SECRETS,
    ...ROOT,
    REDIS_URL: 'rediss://r.example.com',
  })
  expect(ran.code).toBe(1)
  expect(lines(ran, 'error').filter((line) => line.startsWith('target'))).toEqual([
    'target: upstreams.game.url is https://203.0.113.7: Workers refuse to call a bare IP address; give it a host name, or use a binding',
    'target: upstreams.shop.binding is "SHOP", which wrangler.toml does not have: add [[services]] with binding = "SHOP"',
    'target: upstreams.shop.preserveHost: Workers cannot send another Host than the address has; remove it',
    'target: store.kind redis speaks TCP, which Workers cannot: use upstash (the same Redis over REST) or embedded',
    'target: wrangler.toml is missing: run "postern init", which writes what is not there',
  ])
  expect(lines(ran, 'warning')).toContain(
    'target: upstreams.lobby.url is http://127.0.0.1:2567: a deployed Worker cannot reach this machine; right for development only',
  )
})

test('doctor() takes the wrangler.toml that init writes', async () => {
  const here = deployment({ ...SOUND, 'src/runtime/workers.ts': '' })
  await here.postern('init')
  const ran = await here.postern('doctor --target workers', SECRETS)
  expect(lines(ran, 'error')).toEqual([])
})

test('doctor() warns of a platform that anybody could pretend to be', async () => {
  const { port } = new URL(await deadAddress())
  const ran = await configured(`${ORIGIN} ${UPSTREAM} platform: 'cloudflare',`).postern('doctor', { PORT: port })
  expect(lines(ran, 'warning')).toEqual([
    "target: platform is 'cloudflare': right only when nothing but Cloudflare can reach this port, else anybody may claim any address",
  ])
})

test('doctor() prints JSON for programs', async () => {
  const { port } = new URL(await deadAddress())
  const ran = await deployment().postern('doctor --json', { PORT: port })
  const told = JSON.parse(ran.out)
  expect({ code: ran.code, ok: told.ok }).toEqual({ code: 1, ok: false })
  expect(told.notes[0]).toEqual({ area: 'config', state: 'ok', message: 'hono.config.ts has no problem' })
})

test('doctor() refuses a runtime it does not know', async () => {
  const { code, err } = await deployment().postern('doctor --target bun')
  expect(code).toBe(2)
  expect(err).toContain('Allowed choices are node, deno, workers')
})
