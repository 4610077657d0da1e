import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { changed, deployment, SOUND, soundWith } from './support/deployment.ts'

const ROLES = SOUND['policies/roles.yaml'] ?? ''
const RULES = SOUND['policies/game.yaml'] ?? ''

/** The sound deployment with another version of its policies beside it. */
function beside(rules: string, roles: string = ROLES) {
  return deployment({ ...SOUND, 'next/roles.yaml': roles, 'next/game.yaml': rules })
}

test('diff() says that nothing changed', async () => {
  const { code, out } = await beside(RULES).postern('diff policies next')
  expect({ code, out }).toEqual({ code: 0, out: 'no change' })
})

test('diff() takes the limit of a file for the same one in another folder', async () => {
  const limited = (limit: number) => RULES.replace('upstream:', `rateLimit: { limit: ${limit}, window: 1s }\nupstream:`)
  const files = { ...SOUND, 'policies/game.yaml': limited(5), 'next/roles.yaml': ROLES }
  const same = await deployment({ ...files, 'next/game.yaml': limited(5) }).postern('diff policies next')
  expect(same).toMatchObject({ code: 0, out: 'no change', err: '' })
  const wider = await deployment({ ...files, 'next/game.yaml': limited(6) }).postern('diff policies next')
  expect(wider.out).toContain('rate limit 5 in 1 s per session, counted as game.yaml -> 6 in 1 s')
})

test('diff() does not see blanks and comments', async () => {
  const { code } = await beside(`# a comment\n\n${RULES}`).postern('diff policies next')
  expect(code).toBe(0)
})

test('diff() says who loses what', async () => {
  const rules = RULES.replace(
    'methods: GET\n    permission: players.view\n  - path: /players/:id',
    'methods: GET\n    permission: players.edit\n  - path: /players/:id',
  ).replace('player: allow', 'player: 403')
  const { code, out, err } = await beside(rules).postern('diff policies next')
  expect({ code, err }).toEqual({ code: 1, err: '' })
  expect(out.split('\n')).toEqual([
    '- player GET /players: allow -> forbid (permission: players.edit)',
    'rule changed: GET /players',
    'requests gained: none; lost: player 1',
  ])
})

test('diff() demands an acknowledgement for a route that becomes public', async () => {
  const rules = RULES.replace('- path: /play\n', '- path: /play\n    access: public\n')
  const { code, out, err } = await beside(rules).postern('diff policies next')
  expect(code).toBe(1)
  expect(out).toContain('! public * /play; add acknowledge: ["public * /play"]')
  expect(out).toContain('+ nobody * /play: needs-session -> allow')
  expect(out).toContain('requests gained: nobody 5')
  expect(err).toBe('1 widening is not acknowledged: add the line to a file of the new policy when it is meant')
})

test('diff() takes an acknowledgement that stands in the new files', async () => {
  const rules = `${RULES.replace('- path: /play\n', '- path: /play\n    access: public\n')}acknowledge: ["public * /play"]\n`
  const { code, out, err } = await beside(rules).postern('diff policies next --fail-on widening')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain('! public * /play (acknowledged)')
})

test('diff() tells of an acknowledgement that acknowledges nothing, whatever else changes', async () => {
  const mistyped = `${RULES.replace('- path: /play\n', '- path: /play\n    access: public\n')}acknowledge: ["public /play"]\n`
  const said =
    'acknowledge: "public /play" is no widening of this change; correct it, or take it out: it would acknowledge a later one'
  const { code, err } = await beside(mistyped).postern('diff policies next --fail-on widening')
  expect({ code, err: err.split('\n')[1] }).toEqual({ code: 1, err: said })
  const stale = await beside(`${RULES}acknowledge: ["public /play"]\n`).postern('diff policies next')
  expect(stale).toMatchObject({ code: 0, out: 'no change', err: said })
})

test('diff() fails for an acknowledged change all the same unless told otherwise', async () => {
  const rules = `${RULES.replace('- path: /play\n', '- path: /play\n    access: public\n')}acknowledge: ["public * /play"]\n`
  const { code } = await beside(rules).postern('diff policies next')
  expect(code).toBe(1)
})

test('diff() demands an acknowledgement for a wildcard', async () => {
  const roles = ROLES.replace('permissions: [players.edit] }', "permissions: ['*'] }")
  const { code, out } = await beside(RULES, roles).postern('diff policies next --fail-on widening')
  expect(code).toBe(1)
  expect(out).toContain('! wildcard editor; add acknowledge: ["wildcard editor"]')
})

test('diff() demands an acknowledgement for a permission of admins', async () => {
  const roles = ROLES.replace('permissions: [players.edit] }', 'permissions: [players.edit, admin.users] }')
  const { code, out } = await beside(RULES, roles).postern('diff policies next --fail-on widening')
  expect(code).toBe(1)
  expect(out).toContain('! admin editor admin.users; add acknowledge: ["admin editor admin.users"]')
})

/** What `--fail-on widening` says of rules that become others, in a deployment with two hosts. */
async function gate(before: string, after: string) {
  const config = (SOUND['hono.config.ts'] ?? '').replace('upstreams:', "hosts: ['b.example.com'],\n  upstreams:")
  const files = (rules: string) => `upstream: game\nrules:\n${rules.replaceAll(/^/gm, '  ')}\n`
  const here = deployment({
    'hono.config.ts': config,
    'policies/roles.yaml': ROLES,
    'policies/game.yaml': files(before),
    'next/roles.yaml': ROLES,
    'next/game.yaml': files(after),
  })
  const { code, out } = await here.postern('diff policies next --fail-on widening')
  return { code, lines: out.split('\n') }
}

test('diff() sees a rule with a pattern become public', async () => {
  const rule = '- path: /items/:code\n  params: { code: { pattern: "[A-Z]{2}-[0-9]{4}" } }'
  const { code, lines } = await gate(rule, `${rule}\n  access: public`)
  expect(code).toBe(1)
  expect(lines[0]).toBe('! public * /items/:code; add acknowledge: ["public * /items/:code"]')
  expect(lines).toContain('+ nobody * /items/AA-0000: needs-session -> allow')
})

test('diff() sees what a rule for one host no longer shuts', async () => {
  const open = '- path: /health\n  access: public'
  const shut = '- path: /*\n  host: b.example.com\n  access: deny'
  const { code, lines } = await gate(`${open}\n${shut}`, open)
  expect(code).toBe(1)
  expect(lines[0]).toBe('! public * /health; add acknowledge: ["public * /health"]')
  expect(lines).toContain('+ everybody * b.example.com/health: forbid (rule-denies) -> allow')
})

test('diff() sees the last of many values become public', async () => {
  const values = Array.from({ length: 24 }, (_, index) => `v${index}`)
  const rule = (names: readonly string[]) =>
    `- path: /items/:kind\n  access: public\n  params: { kind: { values: [${names.join(', ')}] } }`
  const { code, lines } = await gate(rule(values), rule([...values, 'secret']))
  expect(code).toBe(1)
  expect(lines[0]).toBe('! public * /items/:kind; add acknowledge: ["public * /items/:kind"]')
  expect(lines.join()).toContain('/items/secret: bad-parameter (kind: malformed) -> allow')
})

test('diff() sees that no character need be selected any more', async () => {
  const { code, lines } = await gate('- path: /arena\n  character: selected', '- path: /arena')
  expect(code).toBe(1)
  expect(lines).toContain(
    '! wider * /arena: without a character; add acknowledge: ["wider * /arena: without a character"]',
  )
  expect(lines).toContain(
    '+ player+no-character, editor+no-character, boss+no-character * /arena: needs-character -> allow',
  )
})

test('diff() prints JSON for programs', async () => {
  const rules = RULES.replace('- path: /play\n', '- path: /play\n    access: public\n')
  const { out } = await beside(rules).postern('diff policies next --json')
  const told = JSON.parse(out)
  expect(told).toMatchObject({ isChanged: true, unacknowledged: 1, changed: ['* /play'], added: [], removed: [] })
  expect(told.differences[0]).toMatchObject({ caller: 'nobody', method: 'GET', path: '/play', effect: 'gains' })
})

test('diff() compares a bundle with the files of this deployment', async () => {
  const here = deployment()
  await here.postern('compile --out old.json')
  here.write('policies/game.yaml', RULES.replace('  - path: /play\n', ''))
  const { code, out } = await here.postern('diff old.json')
  expect(code).toBe(1)
  expect(out).toContain('rule removed: * /play')
})

test('diff() compares two bundles where there is no deployment', async () => {
  const here = deployment()
  await here.postern('compile --out bundle.json')
  const text = here.read('bundle.json')
  const { code, out } = await deployment({ 'a.json': text, 'b.json': text }).postern('diff a.json b.json')
  expect({ code, out }).toEqual({ code: 0, out: 'no change' })
})

test('diff() compares another deployment, against its own configuration', async () => {
  const config = (SOUND['hono.config.ts'] ?? '').replace('game:', 'arena:')
  const here = deployment({
    ...SOUND,
    'other/hono.config.ts': config,
    'other/policies/roles.yaml': ROLES,
    'other/policies/game.yaml': RULES.replace('upstream: game', 'upstream: arena'),
  })
  const { code, out } = await here.postern('diff . other')
  expect(code).toBe(1)
  expect(out).toContain('rule changed: * /play')
})

test('diff() compares a revision of git', async () => {
  const here = deployment()
  const git = (...args: string[]) => execFileSync('git', args, { cwd: here.folder })
  git('init', '--quiet')
  git('add', '.')
  git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '--quiet', '-m', 'one')
  here.write('policies/game.yaml', RULES.replace('  - path: /play\n', ''))
  const { code, out } = await here.postern('diff git:HEAD')
  expect(code).toBe(1)
  expect(out).toContain('rule removed: * /play')
  const unknown = await here.postern('diff git:nope')
  expect(unknown.code).toBe(2)
  expect(unknown.err).toMatch(/^git:nope cannot be read: fatal: /)
})

test('diff() refuses a revision that would be an option of git', async () => {
  const { code, err } = await deployment().postern('diff git:--output=x')
  expect({ code, err }).toEqual({
    code: 2,
    err: 'git:--output=x is not a revision; write for example git:HEAD~1 or git:main',
  })
})

test('diff() reads an old policy whose upstream is gone since', async () => {
  const rules = RULES.replace('- path: /play\n', '- path: /play\n    upstream: lobby\n')
  const here = deployment({ ...SOUND, 'old/roles.yaml': ROLES, 'old/game.yaml': rules })
  const { code, out } = await here.postern('diff old')
  expect(code).toBe(1)
  expect(out).toContain('rule changed: * /play')
})

test('diff() does not let a new policy name an upstream that is not there', async () => {
  const { code, err } = await beside(RULES.replace('- path: /play\n', '- path: /play\n    upstream: lobby\n')).postern(
    'diff policies next',
  )
  expect(code).toBe(1)
  expect(err).toContain('PST206 unknown upstream "lobby"')
})

test('diff() says why an old policy cannot be compared', async () => {
  const here = deployment({ ...SOUND, 'old/game.yaml': 'rules: [' })
  const { code, err } = await here.postern('diff old')
  expect(code).toBe(3)
  expect(err).toContain('old cannot be compared, it has problems:\nold/game.yaml:1:')
})

test('diff() says what can be named when something does not exist', async () => {
  const { code, err } = await deployment().postern('diff nowhere')
  expect({ code, err }).toEqual({
    code: 2,
    err: 'nowhere does not exist; name a folder, a bundle file such as .postern/policies.json, git:REV such as git:HEAD~1, or running: for what serves',
  })
})

test('diff() refuses a bundle that somebody edited', async () => {
  const here = deployment()
  await here.postern('compile --out old.json')
  here.write('old.json', here.read('old.json').replace('"access":"session"', '"access":"public"'))
  const { code, err } = await here.postern('diff old.json')
  expect(code).toBe(2)
  expect(err).toContain('old.json is not a bundle of this version, or its content does not have its hash')
})

test('diff() tells problems of the configuration first', async () => {
  const { code, err } = await soundWith(changed('hono.config.ts', "'https://play.example.com'", '7')).postern(
    'diff policies',
  )
  expect({ code, err }).toEqual({ code: 1, err: 'hono.config.ts: PST501 origin must be text, not 7' })
})
