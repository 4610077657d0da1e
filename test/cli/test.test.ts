import { expect, test } from 'vitest'
import { changed, deployment, soundWith } from './support/deployment.ts'

const FAILING = changed('policies/game.yaml', 'player: 403, editor', 'player: allow, editor')

test('test() lists each caller of each test', async () => {
  const { code, out } = await deployment().postern('test')
  expect(code).toBe(0)
  expect(out.split('\n')).toEqual([
    'policies/game.yaml',
    '  ok    players are for players: GET /players as nobody',
    '  ok    players are for players: GET /players as player',
    '  ok    editors edit: PATCH /players/7 as player',
    '  ok    editors edit: PATCH /players/7 as editor+character',
    '4 passed, 0 failed',
  ])
})

test('test() says what was expected, what came, and where it stands', async () => {
  const { code, out } = await soundWith(FAILING).postern('test')
  expect(code).toBe(1)
  expect(out.split('\n').slice(3, 7)).toEqual([
    '  FAIL  editors edit: PATCH /players/7 as player',
    '        expected allow',
    '        got      forbid (permission: players.edit) 403, by PATCH /players/:id',
    '        at policies/game.yaml:26:15',
  ])
  expect(out).toContain('3 passed, 1 failed')
})

test('test() prints JSON for programs', async () => {
  const { code, out } = await soundWith(FAILING).postern('test --json')
  const told = JSON.parse(out)
  expect(code).toBe(1)
  expect({ ok: told.ok, passed: told.passed, failed: told.failed }).toEqual({ ok: false, passed: 3, failed: 1 })
  expect(told.tests[2]).toEqual({
    name: 'editors edit',
    caller: 'player',
    request: 'PATCH /players/7',
    expected: 'allow',
    got: 'forbid (permission: players.edit) 403, by PATCH /players/:id',
    passed: false,
    at: { file: 'policies/game.yaml', line: 26, column: 15 },
  })
})

test('test() prints JUnit for test reporters', async () => {
  const { code, out } = await soundWith(FAILING).postern('test --format junit')
  expect(code).toBe(1)
  expect(out.split('\n')).toEqual([
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="postern" tests="4" failures="1">',
    '  <testsuite name="policies/game.yaml" tests="4" failures="1">',
    '    <testcase classname="policies/game.yaml" name="players are for players: GET /players as nobody" file="policies/game.yaml" line="23"/>',
    '    <testcase classname="policies/game.yaml" name="players are for players: GET /players as player" file="policies/game.yaml" line="23"/>',
    '    <testcase classname="policies/game.yaml" name="editors edit: PATCH /players/7 as player" file="policies/game.yaml" line="26"><failure message="expected allow, got forbid (permission: players.edit) 403, by PATCH /players/:id">policies/game.yaml:26:15</failure></testcase>',
    '    <testcase classname="policies/game.yaml" name="editors edit: PATCH /players/7 as editor+character" file="policies/game.yaml" line="26"/>',
    '  </testsuite>',
    '</testsuites>',
  ])
})

test('test() escapes names that are XML', async () => {
  const { out } = await soundWith(changed('policies/game.yaml', 'name: editors edit', 'name: \'<b a="1">&\'')).postern(
    'test --format junit',
  )
  expect(out).toContain('name="&lt;b a=&quot;1&quot;&gt;&amp;: PATCH')
})

test('test() prints annotations for GitHub', async () => {
  const { code, out } = await soundWith(FAILING).postern('test --format github')
  expect(code).toBe(1)
  expect(out).toContain('::error file=policies/game.yaml,line=26,col=15,title=PST271::test "editors edit" failed')
})

test('test() fails when there is no test', async () => {
  const rules = 'upstream: game\nrules:\n  - path: /play\n'
  const { code, err } = await soundWith({ 'policies/game.yaml': rules }).postern('test')
  expect({ code, err }).toEqual({ code: 1, err: 'no test was found: write "tests:" into a file of policies' })
})

test('test() runs nothing while the files have problems', async () => {
  const { code, out, err } = await soundWith(
    changed('policies/game.yaml', 'permission: players.edit', 'permision: players.edit'),
  ).postern('test')
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err.split('\n')).toEqual([
    'no test was run: the files have problems',
    'policies/game.yaml:15:5: PST210 unknown key "permision"; did you mean "permission"?',
  ])
})

test('test() without a test is not ok for programs either', async () => {
  const rules = 'upstream: game\nrules:\n  - path: /play\n'
  const { code, out } = await soundWith({ 'policies/game.yaml': rules }).postern('test --json')
  expect({ code, told: JSON.parse(out) }).toEqual({ code: 1, told: { ok: false, passed: 0, failed: 0, tests: [] } })
})

test('test() keeps the name of a test on one line', async () => {
  const files = changed('policies/game.yaml', 'players are for players', '"one\\nok    forged"')
  const { out } = await soundWith(files).postern('test')
  expect(out).toContain('ok    one?ok    forged: GET /players as nobody')
})
