import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { changed, deployment, SOUND, soundWith } from './support/deployment.ts'

const TYPO = changed('policies/game.yaml', 'permission: players.edit', 'permission: players.edti')

test('check() says how much there is when there is no problem', async () => {
  const { code, out, err } = await deployment().postern('check')
  expect({ code, out, err }).toEqual({ code: 0, out: '6 rules, 3 roles, 4 tests: no problem', err: '' })
})

test('check() and compile count one of a thing as one', async () => {
  const small = soundWith({
    'policies/roles.yaml': 'users: { defaultRole: player }\nroles:\n  player: { level: 1, permissions: [] }\n',
    'policies/game.yaml': `upstream: game
rules:
  - path: /
    access: public
tests:
  - name: anybody
    request: GET /
    expect: { nobody: allow }
`,
  })
  expect((await small.postern('check')).out).toBe('1 rule, 1 role, 1 test: no problem')
  expect((await small.postern('compile --dry-run')).out).toMatch(/^1 rule, 1 role, sha256:/)
})

test('check() prints place, code, value and what would be right', async () => {
  const { code, out } = await soundWith(TYPO).postern('check')
  expect(code).toBe(1)
  expect(out.split('\n')).toEqual([
    'policies/game.yaml:15:17: PST204 unknown permission "players.edti"; did you mean "players.edit"?',
    '1 error',
  ])
})

test('check() runs the tests of the policies', async () => {
  const { code, out } = await soundWith(changed('policies/game.yaml', 'player: allow', 'player: 403')).postern('check')
  expect(code).toBe(1)
  expect(out).toContain(
    'policies/game.yaml:23:28: PST271 test "players are for players" failed: GET /players as player: expected 403; got allow 200, by GET /players',
  )
})

test('check() tells problems of the configuration and of the policies at once', async () => {
  const config = { 'hono.config.ts': 'export default { origin: "http://play.example.com/x", upstreams: {}, orign: 1 }' }
  const { code, out } = await soundWith({ ...TYPO, ...config }).postern('check')
  expect(code).toBe(1)
  expect(out.split('\n')).toEqual([
    'hono.config.ts: PST501 origin must be an origin such as https://play.example.com, without path or slash, not "http://play.example.com/x"',
    'hono.config.ts: PST501 upstreams must name at least one upstream',
    'hono.config.ts: PST501 orign is not a known setting; did you mean "origin"?',
    'policies/game.yaml:15:17: PST204 unknown permission "players.edti"; did you mean "players.edit"?',
    '4 errors',
  ])
})

test('check() finds what a page of the operator cannot be, and in which of its lines', async () => {
  const { code, out } = await soundWith(
    changed(
      'hono.config.ts',
      'upstreams: {',
      "pages: { templates: { choser: '', account: '<!doctype html>\\n<script></script>{{head}}' } }, upstreams: {",
    ),
  ).postern('check')
  expect(code).toBe(1)
  expect(out).toContain('hono.config.ts: PST501 pages.templates.choser is not a page of ours; did you mean "chooser"?')
  expect(out).toContain('hono.config.ts: PST501 pages.templates.account line 2: has <script>, which the policy')
})

test('check() names a role of the configuration that no policy knows', async () => {
  const people = "people: [{ provider: 'google', subject: '7', roles: ['bos'] }],\n  upstreams"
  const { code, out } = await soundWith(changed('hono.config.ts', 'upstreams', people)).postern('check')
  expect(code).toBe(1)
  expect(out).toContain(
    'hono.config.ts: PST501 people.0.roles.0 names role "bos", which the policy does not know; did you mean "boss"?',
  )
})

test('check() names permissions of the configuration that no policy knows', async () => {
  const named = `staticTokens: [{ name: 'bot', secret: { secret: 'BOT' }, permissions: ['players.veiw'] }],
  adminPermissions: { users: 'admin.user' },
  upstreams`
  const { code, out } = await soundWith(changed('hono.config.ts', 'upstreams', named)).postern('check')
  expect(code).toBe(1)
  expect(out.split('\n').slice(0, 2)).toEqual([
    'hono.config.ts: PST501 staticTokens.0.permissions.0 names permission "players.veiw", which the policy does not know; did you mean "players.view"?',
    'hono.config.ts: PST501 adminPermissions.users names permission "admin.user", which the policy does not know; did you mean "admin.users"?',
  ])
})

test.each([
  ["kind: 'oidc', clientSecret: { secret: 'S' }", 'options.issuer is missing'],
  ["kind: 'facebook'", 'clientSecret is missing'],
  [
    "kind: 'microsoft', clientSecret: { secret: 'S' }, options: { tenant: 'guild' }",
    'options.tenant is "guild"; it is the tenant\'s GUID, common, organizations or consumers',
  ],
])('check() tells why a provider with %s could not be made at start', async (settings, problem) => {
  const config = `export default {
  origin: 'https://play.example.com',
  upstreams: { game: { url: 'https://game.internal.example' } },
  providers: { it: { clientId: '7', ${settings} } },
}`
  const { code, out } = await soundWith({ 'hono.config.ts': config }).postern('check')
  expect(code).toBe(1)
  expect(out.split('\n')[0]).toBe(`hono.config.ts: PST501 providers.it ${problem}`)
})

test('check() names guests that are on where no policy says what a guest may', async () => {
  const { code, out } = await soundWith(changed('hono.config.ts', 'upstreams', "guests: 'on',\n  upstreams")).postern(
    'check',
  )
  expect(code).toBe(1)
  expect(out).toContain(
    "hono.config.ts: PST501 guests is 'on', but no policy file says what a guest may: add guestRole: under users:, or write guests: 'off'",
  )
  const both = soundWith(changed('hono.config.ts', 'upstreams', "guests: 'on',\n  upstreams"))
  both.write(
    'policies/roles.yaml',
    both
      .read('policies/roles.yaml')
      .replace('users:', 'users:\n  guestRole: visitor')
      .replace('roles:\n', 'roles:\n  visitor: { level: 0, permissions: [] }\n'),
  )
  expect((await both.postern('check')).out).toContain('no problem')
})

test('check() lets warnings pass', async () => {
  const { code, out } = await soundWith(changed('policies/game.yaml', 'permission: admin.users', 'role: boss')).postern(
    'check',
  )
  expect(code).toBe(0)
  expect(out).toContain('PST260 warning: ')
  expect(out).toContain('1 warning')
})

test('check() prints JSON for programs', async () => {
  const { code, out } = await soundWith(TYPO).postern('check --json')
  expect(code).toBe(1)
  expect(JSON.parse(out)).toEqual({
    ok: false,
    hash: null,
    rules: null,
    roles: null,
    tests: { passed: 0, failed: 0 },
    problems: [
      {
        file: 'policies/game.yaml',
        line: 15,
        column: 17,
        code: 'PST204',
        severity: 'error',
        message: 'unknown permission "players.edti"',
        hint: 'did you mean "players.edit"?',
      },
    ],
  })
})

test('check() prints annotations for GitHub', async () => {
  const { code, out } = await soundWith(TYPO).postern('check --format github')
  expect(code).toBe(1)
  expect(out.split('\n')[0]).toBe(
    '::error file=policies/game.yaml,line=15,col=17,title=PST204::unknown permission "players.edti"; did you mean "players.edit"?',
  )
})

test('check() escapes what would end an annotation', async () => {
  const name = '"100%\\n::error::x"'
  const files = changed('policies/game.yaml', 'player: allow', 'player: 403')
  const text = (files['policies/game.yaml'] ?? '').replace('players are for players', name)
  const { out } = await soundWith({ 'policies/game.yaml': text }).postern('check --format github')
  expect(out.split('\n').filter((line) => line.startsWith('::error'))).toHaveLength(1)
  expect(out).toContain('100%25%0A::error::x')
})

test('check() lets no sequence for terminals out of names in the files', async () => {
  const text = 'upstream: game\n"\\e]0;x\\a\\u009b2Jkey": 1\nrules:\n  - { path: /x, methods: "G\\u202e" }\n'
  const { code, out } = await soundWith({ ['policies/new\u001b[2J.yaml']: text }).postern('check')
  expect(code).toBe(1)
  expect(out).toContain('policies/new?[2J.yaml:2:1')
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
})

test('check() says what to do where there is no deployment', async () => {
  const { code, err } = await deployment({}).postern('check')
  expect(code).toBe(3)
  expect(err).toMatch(/^hono\.config\.ts: PST500 there is none in .*; run "postern init" to make one, or /)
})

test('check() says why a configuration cannot be loaded', async () => {
  const { code, err } = await soundWith({ 'hono.config.ts': 'export default {' }).postern('check')
  expect(code).toBe(3)
  expect(err).toMatch(/^hono\.config\.ts:1:\d+: PST500 cannot be loaded: /)
})

test('check() names the line at which a configuration cannot be run', async () => {
  const text = 'const regions = {}\n\nexport default { origin: regions.eu.origin }\n'
  const { err } = await soundWith({ 'hono.config.ts': text }).postern('check')
  expect(err).toMatch(/^hono\.config\.ts:3:\d+: PST500 cannot be loaded: Cannot read properties of undefined/)
})

test('check() says that the function of a configuration throws', async () => {
  const text = 'export default (env) => { throw new Error("no " + env("REGION")) }'
  const { code, err } = await soundWith({ 'hono.config.ts': text }).postern('check', { REGION: 'eu' })
  expect({ code, err }).toEqual({ code: 3, err: 'hono.config.ts: PST500 its function throws: no eu' })
})

test('check() names the folder that has no policies', async () => {
  const { code, err } = await deployment({ 'hono.config.ts': SOUND['hono.config.ts'] ?? '' }).postern('check')
  expect(code).toBe(3)
  expect(err).toBe(
    'policies: PST502 there is no such folder; policies are read from "policies" (setting "policies"); "postern init" writes a first one',
  )
})

test('check() reads no hidden file: locks of editors and copies they keep', async () => {
  const site = soundWith({ 'policies/.game.yaml': 'rules: [', 'policies/.#roles.yml': 'rules: [' })
  symlinkSync('somebody@somewhere.4711:1800000000', join(site.folder, 'policies/.#game.yaml'))
  const { code, out } = await site.postern('check')
  expect({ code, out }).toEqual({ code: 0, out: '6 rules, 3 roles, 4 tests: no problem' })
})

test('check() reads no folder, whatever its name', async () => {
  const site = soundWith({})
  mkdirSync(join(site.folder, 'policies/old.yaml'))
  expect((await site.postern('check')).code).toBe(0)
})

test('check() reads what a link leads to', async () => {
  const site = soundWith({ 'shared/more.yaml': 'rules: [' })
  symlinkSync('../shared/more.yaml', join(site.folder, 'policies/more.yaml'))
  const { code, out } = await site.postern('check')
  expect(code).toBe(1)
  expect(out).toContain('policies/more.yaml:1:')
})

test('check() names the policy file that cannot be read', async () => {
  const site = soundWith({})
  symlinkSync('nowhere.yaml', join(site.folder, 'policies/lost.yaml'))
  const { code, err } = await site.postern('check')
  expect(code).toBe(3)
  expect(err).toBe(
    'policies/lost.yaml: PST502 cannot be read (ENOENT); make it a file that can, or take it out of the folder',
  )
})

test('check() reads a policy file whose ending is in capitals', async () => {
  const { code, out } = await soundWith({ 'policies/MORE.YAML': 'rules: [' }).postern('check')
  expect({ code, told: out.slice(0, 19) }).toEqual({ code: 1, told: 'policies/MORE.YAML:' })
})

test('check() says where a policy file is no UTF-8', async () => {
  const utf16 = soundWith({})
  writeFileSync(join(utf16.folder, 'policies/more.yaml'), Buffer.from('rules:\n  - path: /x\n', 'utf16le'))
  const latin1 = soundWith({})
  const text = 'roles:\n  chief: { level: 9, permissions: [], displayName: Müller }\n'
  writeFileSync(join(latin1.folder, 'policies/more.yaml'), Buffer.from(text, 'latin1'))
  const told = [await utf16.postern('check'), await latin1.postern('check')].map(({ code, err }) => `${code} ${err}`)
  expect(told).toEqual([
    '3 policies/more.yaml:1:1: PST502 has bytes that are not UTF-8; save the file as UTF-8',
    '3 policies/more.yaml:2:1: PST502 has bytes that are not UTF-8; save the file as UTF-8',
  ])
})

test('check() takes a file with a byte order mark and line ends of Windows', async () => {
  const site = soundWith({})
  const path = join(site.folder, 'policies/game.yaml')
  writeFileSync(path, `\uFEFF${readFileSync(path, 'utf8').replaceAll('\n', '\r\n')}`)
  expect((await site.postern('check')).code).toBe(0)
})

test('check() counts a folder with nothing but hidden files as one without policies', async () => {
  const config = { 'hono.config.ts': SOUND['hono.config.ts'] ?? '' }
  const { code, err } = await deployment({ ...config, 'policies/.game.yaml': 'rules: []' }).postern('check')
  expect({ code, err }).toEqual({
    code: 3,
    err: 'policies: PST502 has no .yaml file; "postern init" writes a first one',
  })
})

test('check() refuses a format it does not have', async () => {
  const { code, err } = await deployment().postern('check --format xml')
  expect(code).toBe(2)
  expect(err).toContain('Allowed choices are human, json, github')
})

test('check() shows color to a person who did not refuse it', async () => {
  const { out } = await soundWith(TYPO).postern('check', {}, 'person')
  expect(out).toContain('\u001b[31mPST204\u001b[39m')
})

test('check() shows no color with NO_COLOR', async () => {
  const { out } = await soundWith(TYPO).postern('check', { NO_COLOR: '1' }, 'person')
  expect(out).not.toContain('\u001b')
})
