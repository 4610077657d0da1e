import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deployment, SOUND } from './support/deployment.ts'

test('init() writes a deployment that check, test and compile pass', async () => {
  const here = deployment({})
  const { code, out } = await here.postern('init')
  expect(code).toBe(0)
  expect(out.split('\n')).toEqual([
    'written  hono.config.ts',
    'written  policies/roles.yaml',
    'written  policies/game.yaml',
    'written  wrangler.toml',
    'written  .dev.vars',
    'written  .gitignore',
    '',
    'google: register this callback URL, exactly: http://localhost:8787/auth/callback/google',
    'google: put the client id into hono.config.ts, the secret into .dev.vars as GOOGLE_CLIENT_SECRET',
    'on Node and Deno: the gateway reads its environment, not .dev.vars: set -a; . ./.dev.vars; set +a',
    'on Workers: wrangler.toml expects src/runtime/workers.ts, so deploy from a copy of the repository',
    'then: postern check, and postern doctor',
  ])
  expect((await here.postern('check')).out).toBe('3 rules, 2 roles, 7 tests: no problem')
  expect((await here.postern('test')).code).toBe(0)
  expect((await here.postern('compile')).code).toBe(0)
})

test('init() keeps the secrets to the owner of the file', async () => {
  const here = deployment({})
  await here.postern('init')
  expect(statSync(join(here.folder, '.dev.vars')).mode & 0o777).toBe(0o600)
  expect(here.read('.dev.vars')).toMatch(/^POSTERN_ROOT_SECRET="[\w-]{43}"$/m)
  expect(here.read('.dev.vars')).toMatch(/^POSTERN_OPERATOR_KEY="[\w-]{43}"$/m)
  expect(here.read('.gitignore').split('\n')).toContain('.dev.vars')
})

test('init() makes other secrets each time', async () => {
  const [one, other] = [deployment({}), deployment({})]
  await one.postern('init')
  await other.postern('init')
  expect(one.read('.dev.vars')).not.toBe(other.read('.dev.vars'))
})

test('init() overwrites nothing', async () => {
  const here = deployment({
    ...SOUND,
    '.dev.vars': 'MINE=1\n',
    'wrangler.toml': '',
    '.gitignore': '.dev.vars\n.postern/\n',
  })
  const before = Object.keys(SOUND).map((path) => here.read(path))
  const { code, out } = await here.postern('init')
  expect(code).toBe(0)
  expect(out.split('\n').slice(0, 5)).toEqual([
    'kept     hono.config.ts',
    'kept     wrangler.toml',
    'kept     .dev.vars',
    'kept     .gitignore',
    'kept     policies/',
  ])
  expect(Object.keys(SOUND).map((path) => here.read(path))).toEqual(before)
  expect(here.read('.dev.vars')).toBe('MINE=1\n')
  expect(readdirSync(join(here.folder, 'policies')).sort()).toEqual(['game.yaml', 'roles.yaml'])
})

test('init() prints the callback URLs of the configuration that is there', async () => {
  const { out } = await deployment(SOUND).postern('init --origin https://other.example.com')
  expect(out).toContain('google: register this callback URL, exactly: https://play.example.com/auth/callback/google')
  expect(out).not.toContain('other.example.com')
})

test('init() warns of a .gitignore that would let secrets through', async () => {
  const { out } = await deployment({ '.gitignore': 'node_modules\n' }).postern('init')
  expect(out).toContain('add ".dev.vars" to .gitignore: it must not be committed')
})

test('init() writes nothing with --dry-run', async () => {
  const here = deployment({})
  const { code, out } = await here.postern('init --dry-run')
  expect(code).toBe(0)
  expect(out).toContain('would be written  hono.config.ts')
  expect(readdirSync(here.folder)).toEqual([])
})

test('init() writes every provider and upstream that was asked for', async () => {
  const here = deployment({})
  const line =
    'init --origin https://play.example.com --provider discord apple oidc --upstream game=https://game.example.com shop=http://shop.internal'
  const { code, out } = await here.postern(`${line} --json`)
  expect(code).toBe(0)
  expect(JSON.parse(out).callbacks).toEqual({
    discord: 'https://play.example.com/auth/callback/discord',
    apple: 'https://play.example.com/auth/callback/apple',
    oidc: 'https://play.example.com/auth/callback/oidc',
  })
  expect(existsSync(join(here.folder, 'policies/shop.yaml'))).toBe(true)
  const checked = await here.postern('check')
  expect(checked.out).toBe('4 rules, 2 roles, 7 tests: no problem')
})

test('init() writes the loud word for plain http to a machine whose name begins like loopback', async () => {
  const here = deployment({})
  await here.postern('init --upstream game=http://localhost-games.internal')
  expect(here.read('hono.config.ts')).toContain(
    "game: { url: 'http://localhost-games.internal', dangerouslyAllowHttpUpstream: true }",
  )
  expect((await here.postern('check')).code).toBe(0)
})

test('init() uses the types of the repository where they are', async () => {
  const here = deployment({
    'src/config/define.ts':
      'export const secret = (name) => ({ secret: name })\nexport const defineGateway = (input) => input\n',
  })
  await here.postern('init')
  expect(here.read('hono.config.ts')).toContain("import { defineGateway, secret } from './src/config/define.ts'")
  expect((await here.postern('check')).code).toBe(0)
})

test('init() writes the bindings that the wrangler.toml of the repository has', async () => {
  const here = deployment({})
  await here.postern('init')
  const own = readFileSync(new URL('../../wrangler.toml', import.meta.url), 'utf8')
  const bindings = (text: string) => text.slice(text.indexOf('[[durable_objects'), text.indexOf('[dev]'))
  expect(bindings(here.read('wrangler.toml'))).toBe(bindings(own))
})

test('init() refuses an origin with a path', async () => {
  const { code, err } = await deployment({}).postern('init --origin https://play.example.com/game')
  expect({ code, err }).toEqual({
    code: 2,
    err: '--origin must be an origin without path or slash, such as https://play.example.com, not "https://play.example.com/game"',
  })
})

test('init() refuses an upstream without a name', async () => {
  const { code, err } = await deployment({}).postern('init --upstream http://127.0.0.1:2567')
  expect({ code, err }).toEqual({
    code: 2,
    err: '--upstream must be name=origin, such as game=http://127.0.0.1:2567, not "http://127.0.0.1:2567"',
  })
})

test('init() suggests the nearest provider', async () => {
  const { code, err } = await deployment({}).postern('init --provider discrod')
  expect({ code, err }).toEqual({ code: 2, err: '--provider: unknown provider "discrod"; did you mean "discord"?' })
})

test.each([
  [
    '--origin http://play.example.com',
    '--origin must be https: browsers keep the session cookie on plain http only for localhost, not for "play.example.com"',
  ],
  [
    '--upstream game=ftp://game.example.com',
    '--upstream must be name=origin, such as game=http://127.0.0.1:2567, not "game=ftp://game.example.com"',
  ],
  [
    '--upstream game=https://a.example game=https://b.example',
    '--upstream names "game" twice: each service needs a name of its own',
  ],
  [
    '--upstream roles=https://roles.example',
    '--upstream: "roles" would have its rules in policies/roles.yaml, which is for the roles; name it otherwise',
  ],
  [
    '--upstream game=https://game.example auth=https://auth.example',
    '--upstream: "auth" would have its rules below /auth, which are the gateway\'s own addresses; name it otherwise, or first',
  ],
  [
    '--upstream game=https://game.example admin=https://admin.example',
    '--upstream: "admin" would have its rules below /admin, which "game" has already; name it otherwise, or first',
  ],
])('init() refuses %s before anything is written, because check would', async (words, message) => {
  const here = deployment({})
  expect(await here.postern(`init ${words}`)).toEqual({ code: 2, out: '', err: message })
  expect(readdirSync(here.folder)).toEqual([])
})

test.each([
  '--upstream auth=https://auth.example game=https://game.example',
  '--upstream admin=https://admin.example game=https://game.example',
  '--upstream game=https://game.example play=https://play.example my-2nd=https://shop.example',
  '--origin http://game.localhost:8787',
])('init() %s writes what check passes', async (words) => {
  const here = deployment({})
  expect((await here.postern(`init ${words}`)).code).toBe(0)
  expect((await here.postern('check')).out).toMatch(/: no problem$/)
})

test('init() lets an upstream be named as it likes where policies are there already', async () => {
  const { 'hono.config.ts': _, ...policies } = SOUND
  const { code, out } = await deployment(policies).postern(
    'init --upstream game=https://a.example roles=https://b.example',
  )
  expect({ code, kept: out.includes('kept     policies/') }).toEqual({ code: 0, kept: true })
})
