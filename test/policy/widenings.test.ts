import { expect, test } from 'vitest'
import { compilePolicy } from '../../src/policy/compile.ts'
import { diffPolicies } from '../../src/policy/diff.ts'
import type { PolicyBundle } from '../../src/policy/model.ts'
import { formatProblems } from '../../src/policy/print.ts'
import { HOST, KNOWN, ROLES } from './support.ts'

async function bundleOf(rules: string, roles: string): Promise<PolicyBundle> {
  const files = [
    { name: 'roles.yaml', text: roles },
    { name: 'rules.yaml', text: `upstream: game\nrules: [${rules}]\n` },
  ]
  const compiled = await compilePolicy(files, KNOWN)
  if (!compiled.ok) throw new Error(formatProblems(compiled.fault))
  return compiled.value
}

/** Lines that must be acknowledged when these rules, in flow form, become those. */
async function widened(before: string, after: string, roles = ROLES): Promise<readonly string[]> {
  const both = [await bundleOf(before, ROLES), await bundleOf(after, roles)] as const
  return diffPolicies(...both, KNOWN.hosts, []).widenings.map(({ line }) => line)
}

test('diffPolicies() says that a rule becomes public although no value of its pattern is found', async () => {
  const rule = (more: string) => `{ path: "/i/:v", params: { v: { pattern: "[\\\\u{1F680}-\\\\u{1F6FF}]" } }${more} }`
  expect(await widened(rule(''), rule(', access: public'))).toEqual(['public * /i/:v'])
  const query = (more: string) =>
    `{ path: /i, params: { v: { in: query, required: true, pattern: "[A-Z]{2}-[0-9]{4}" } }${more} }`
  expect(await widened(query(''), query(', access: public'))).toEqual(['public * /i'])
})

test('diffPolicies() says that a public rule takes more values, forms and hosts', async () => {
  const pattern = (text: string) => `{ path: "/i/:v", access: public, params: { v: { pattern: "${text}" } } }`
  expect(await widened(pattern('[a-z]'), pattern('[a-z]{2}'))).toEqual(['public * /i/:v'])
  expect(await widened(pattern('[a-z]'), '{ path: "/i/:v", access: public, params: { v: { values: [a] } } }')).toEqual(
    [],
  )
  const length = (most: number) =>
    `{ path: "/i/:v", access: public, params: { v: { type: text, maxLength: ${most} } } }`
  expect(await widened(length(200), length(201))).toEqual(['public * /i/:v'])
  expect(await widened(length(201), length(200))).toEqual([])
  const page = (range: string) => `{ path: /i, access: public, params: { page: { in: query, type: int${range} } } }`
  expect(await widened(page(', min: 1'), page(''))).toEqual(['public * /i'])
  expect(await widened(page(''), '{ path: /i, access: public }')).toEqual(['public * /i'])
  expect(await widened('{ path: /i, access: public }', '{ path: /i, access: public, allowForms: [";"] }')).toEqual([
    'public * /i',
  ])
  const hosted = `{ id: one, path: /i, access: public, host: ${HOST} }`
  expect(await widened(hosted, '{ id: one, path: /i, access: public }')).toEqual(['public one'])
})

test('diffPolicies() says that a rule stops asking whoever is signed in', async () => {
  const rule = (access: string) => `{ path: /x, access: ${access} }`
  const asking = rule('optional, permission: players.edit')
  expect(await widened(asking, rule('public'))).toEqual(['public * /x'])
  expect(await widened(asking, rule('optional'))).toEqual(['wider * /x: without players.edit'])
  expect(await widened('{ path: /x, permission: players.edit }', asking)).toEqual(['public * /x', 'wider * /x: guests'])
  expect(await widened(rule('public'), asking)).toEqual([])
})

test('diffPolicies() says what a rule that goes leaves to a wider one', async () => {
  const [wide, shut] = ['{ path: "/:a/b", access: public }', '{ path: "/x/:c", access: deny }']
  expect(await widened(`${wide}, ${shut}`, wide)).toEqual(['public * /:a/b'])
  const deep = '{ path: "/x/:c/:d/:e/f", access: deny }'
  expect(await widened(`{ path: /*, access: public }, ${deep}`, '{ path: /*, access: public }')).toEqual([
    'public * /*',
  ])
})

test('diffPolicies() says what a rule leaves of paths that end in a slash', async () => {
  const rules = (host: string) => `{ path: "/:a", access: public }, { path: "/:p/:b"${host}, access: deny }`
  expect(await widened(rules(`, host: ${HOST}`), rules(''))).toEqual(['public * /:a'])
})

test('diffPolicies() says what a rule that no longer folds case leaves to another', async () => {
  const rules = (upstream: string) => `{ path: "/:page", access: public }, { path: /admin, upstream: ${upstream} }`
  expect(await widened(rules('folding'), rules('game'))).toEqual([
    'public * /:page',
    'wider * /:page: upstream folding -> game',
    'wider * /admin: upstream folding -> game',
  ])
})

test('diffPolicies() says that a rule opens part of what another guards', async () => {
  const guarded = '{ path: /admin/*, permission: admin.users }'
  expect(await widened(guarded, `${guarded}, { path: /admin/help }`)).toEqual([
    'wider * /admin/help: without admin.users',
  ])
  expect(await widened('{ path: /x/*, access: deny }', '{ path: /x/* }')).toEqual(['wider * /x/*: was denied'])
})

test('diffPolicies() demands nothing for a guarded rule where no rule answered', async () => {
  expect(await widened('{ path: /x, methods: GET }', '{ path: /x, methods: GET }, { path: /y }')).toEqual([])
  expect(await widened('{ path: /x, methods: GET }', '{ path: /x, methods: [GET, POST] }')).toEqual([])
})

test.each([
  ['permission: players.edit', '', 'without players.edit'],
  ['anyPermission: [admin.users, admin.logs]', 'permission: players.edit', 'without one of admin.users admin.logs'],
  ['role: boss', 'role: [boss, editor]', 'without role boss'],
  ['minLevel: 3', 'minLevel: 2', 'below level 3'],
  ['character: selected', '', 'without a character'],
  ['freshWithin: 5m', 'freshWithin: 301', 'signed in 301 s ago, not 300'],
  ['freshWithin: 5m', '', 'signed in at any time'],
  ['', 'guest: allow', 'guests'],
  ['guest: allow', 'guest: auto', 'guests, made on the way'],
  ['', 'tokens: allow', 'API tokens'],
  ['when: user.level > 2', 'when: user.level > 1', 'condition changed'],
  ['when: user.level > 2', '', 'without its condition'],
  ['onboarding: { attribute: registration_completed, page: /w }', '', 'without registration_completed'],
  ['', 'csrf: off', 'without a check of Origin'],
  ['', 'origins: [https://tools.example.com]', 'from https://tools.example.com'],
  [
    'rateLimit: { limit: 5, window: 1m }',
    'rateLimit: { limit: 6, window: 1m }',
    'rate limit 5 in 60 s per session -> 6 in 60 s per session',
  ],
  [
    'rateLimit: { name: n, limit: 5, window: 1m }',
    'rateLimit: { limit: 5, window: 1m }',
    'rate limit 5 in 60 s per session, counted as n -> 5 in 60 s per session',
  ],
  ['maxBody: 10', 'maxBody: 11', 'bodies above 10 bytes'],
  ['quota: { name: n, limits: { player: 1 } }', 'quota: { name: n, limits: { player: 2 } }', 'quota n'],
  ['', 'upstream: site', 'upstream game -> site'],
  ['', 'websocket: { lease: off }', 'sockets unwatched'],
  ['websocket: { maxAge: 1h }', '', 'sockets that live longer'],
  ['', 'onSuccess: { setAttribute: { name: coins, value: 1 } }', 'what a success does'],
  ['params: { v: { in: query, required: true, equals: user.id } }', '', "any ?v, anybody's ?v"],
  ['params: { v: { in: query, equals: user.id } }', 'params: { v: { in: query, required: true } }', "anybody's ?v"],
  ['params: { v: { in: query, required: true } }', 'params: { v: { in: query } }', 'more values of ?v'],
])('diffPolicies() demands an acknowledgement when {%s} becomes {%s}: %s', async (old, fresh, what) => {
  const rule = (keys: string) => `{ path: /x${keys === '' ? '' : `, ${keys}`} }`
  expect(await widened(rule(old), rule(fresh))).toEqual([`wider * /x: ${what}`])
})

test.each([
  ['permission: players.view', 'permission: players.edit'],
  ['minLevel: 2', 'permission: players.edit'],
  ['role: [boss, editor]', 'minLevel: 9'],
  ['freshWithin: 5m', 'freshWithin: 299'],
  ['guest: auto', ''],
  ['params: { v: { in: query, type: slug } }', 'params: { v: { in: query, type: slug, maxLength: 5 } }'],
  ['params: { v: { in: query, type: slug } }', 'params: { v: { in: query, type: slug, required: true } }'],
  ['rateLimit: { limit: 5, window: 1m }', 'rateLimit: { limit: 5, window: 2m }'],
  ['rateLimit: { limit: 5, window: 1m }', 'rateLimit: { name: n, limit: 5, window: 1m }'],
  ['', 'when: user.level > 2'],
  ['', 'character: selected, rateLimit: { limit: 5, window: 1m }, maxBody: 5'],
  ['quota: { name: n, limits: { player: unlimited } }', 'quota: { name: n, limits: { player: 2 } }'],
])('diffPolicies() demands nothing when {%s} becomes the narrower {%s}', async (old, fresh) => {
  const rule = (keys: string) => `{ path: /x${keys === '' ? '' : `, ${keys}`} }`
  expect(await widened(rule(old), rule(fresh))).toEqual([])
})

/** A rule that asks for a session, with a parameter of its path. */
const param = (written: string) => `{ id: one, path: "/x/:v", params: { v: ${written} } }`

test.each([
  ['slug', '{ pattern: "[a-z ]{1,9}" }'],
  ['{ pattern: "[a-z]{3}" }', '{ pattern: "[a-z ]{3}" }'],
  ['{ type: int, min: 5, max: 90 }', '{ type: int, min: 4, max: 90 }'],
  ['{ type: int, min: 5, max: 90 }', '{ type: int, max: 90 }'],
  ['{ type: int, min: 5, max: 90 }', '{ type: int, min: 5, max: 91 }'],
  ['{ type: int, min: 5, max: 90 }', '{ type: int, min: 5 }'],
  ['slug', '{ type: slug, allowWords: ["null"] }'],
  ['{ type: slug, maxLength: 5 }', '{ type: slug, maxLength: 6 }'],
  ['{ values: [a, b] }', '{ values: [a, b, c] }'],
  ['uuid', 'slug'],
  ['slug', 'text'],
  ['{ type: slug, maxLength: 35 }', 'uuid'],
  ['{ type: slug, maxLength: 16 }', 'int'],
])('diffPolicies() demands an acknowledgement when {%s} of a path becomes {%s}', async (old, fresh) => {
  expect(await widened(param(old), param(fresh))).toEqual(['wider one: more values of :v'])
})

test.each([
  ['slug', 'uuid'],
  ['slug', 'int'],
  ['text', '{ pattern: "[a-z]{3}" }'],
  ['{ type: int, min: 5, max: 90 }', '{ type: int, min: 6, max: 89 }'],
  ['{ type: slug, allowWords: ["null"] }', '{ type: slug, allowWords: ["null"], maxLength: 9 }'],
  ['slug', '{ values: [a, b] }'],
  ['{ type: slug, maxLength: 36 }', 'uuid'],
  ['{ type: slug, maxLength: 17 }', 'int'],
  ['{ type: int, min: 5, max: 90 }', '{ type: int, min: 5, max: 89 }'],
  ['{ type: int, min: 5, max: 90 }', '{ type: int, min: 6, max: 90 }'],
])('diffPolicies() demands nothing when {%s} of a path becomes the narrower {%s}', async (old, fresh) => {
  expect(await widened(param(old), param(fresh))).toEqual([])
})

test('diffPolicies() holds a word that folds against a parameter in every case of it', async () => {
  const folding = (rest: string) => `{ id: one, upstream: folding, ${rest} }`
  const named = folding('path: /x/abc')
  const small = folding('path: "/x/:v", params: { v: { pattern: "[a-z]{3}" } }')
  expect(await widened(small, named)).toEqual(['wider one: more values of :v'])
  expect(await widened(folding('path: "/x/:v", params: { v: slug }'), named)).toEqual([])
})

test('diffPolicies() goes on where only half a character would fit a pattern', async () => {
  const half = (more: string) => `{ id: one, path: "/x/:v"${more}, params: { v: { pattern: "\\\\uD83D" } } }`
  expect(await widened(half(''), half(', access: public'))).toEqual(['public one'])
})

test('diffPolicies() says that a rule takes anything where it took a parameter of somebody’s own', async () => {
  const own = '{ id: one, path: "/x/:v", params: { v: { type: slug, equals: user.id } } }'
  const told = await widened(own, '{ id: one, path: /x/* }')
  expect(told.map((line) => line.split(': '))).toEqual([['wider one', "any :v, anybody's :v"]])
  expect(await widened(own, param('slug'))).toEqual(["wider one: anybody's :v"])
})

test('diffPolicies() holds a rule that begins with a word against one that begins with anything, and the other way round', async () => {
  const [worlds, north] = ['{ path: "/:world/map", ', '{ path: "/north/:page", '].map((rule) => ({
    edit: `${rule}permission: players.edit }`,
    view: `${rule}permission: players.view }`,
  }))
  expect(await widened(`${worlds?.edit}`, `${worlds?.edit}, ${north?.view}`)).toEqual([
    'wider * /north/:page: without players.edit',
  ])
  expect(await widened(`${north?.edit}`, `${worlds?.view}`)).toEqual(['wider * /:world/map: without players.edit'])
})

test('diffPolicies() does not take a role for a permission where tokens pass', async () => {
  const rule = (keys: string) => `{ path: /x, tokens: allow, ${keys} }`
  expect(await widened(rule('permission: players.view'), rule('permission: players.edit'))).toEqual([
    'wider * /x: without players.view',
  ])
})

test('diffPolicies() compares the cases of a body', async () => {
  const rule = (cases: string) => `{ path: /x, methods: POST, body: { field: do, cases: { ${cases} } } }`
  const edit = rule('ban: { permission: players.edit }')
  expect(await widened(edit, rule('ban: { permission: players.view }'))).toEqual([
    'wider POST /x: without players.edit',
  ])
  expect(await widened(edit, rule('ban: { permission: players.edit }, look: {}'))).toEqual([
    'wider POST /x: do "look" in the body',
  ])
  expect(await widened(edit, '{ path: /x, methods: POST, permission: players.edit }')).toEqual([
    'wider POST /x: every "do" in the body',
  ])
  expect(await widened('{ path: /x, methods: POST, permission: players.view }', edit)).toEqual([])
})

test('diffPolicies() says that a condition reads its parameter as something else', async () => {
  const rule = (type: string) => `{ path: "/x/:v", params: { v: ${type} }, when: '[params.v] != []' }`
  expect(await widened(rule('text'), rule('int'))).toEqual(['wider * /x/:v: condition reads other parameters'])
  const own = (path: string) => `{ id: own, path: "${path}", params: { id: slug }, when: 'params.id == user.id' }`
  expect(await widened(own('/players/:id/*'), own('/players/by-name/:id'))).toEqual([
    'wider own: condition reads other parameters',
  ])
})

test('diffPolicies() says nothing wrong of a pattern whose texts nobody can send', async () => {
  const rule = (more: string) => `{ path: "/i/:v", params: { v: { pattern: "[\\uD800]" } }${more} }`
  expect(await widened(rule(''), rule(', access: public'))).toEqual(['public * /i/:v'])
})

test('diffPolicies() demands an acknowledgement for what a role gains of what there was', async () => {
  const rules = '{ path: /x, permission: players.edit }'
  const gained = ROLES.replace(
    'permissions: [players.view, play_game]',
    'permissions: [players.view, play_game, players.edit]',
  )
  expect(await widened(rules, rules, gained)).toEqual(['role player: players.edit'])
  expect(await widened(rules, rules, ROLES.replace('level: 2', 'level: 3'))).toEqual(['role editor: level 2 -> 3'])
  const manages = ROLES.replace('permissions: [players.edit]', 'permissions: [players.edit], manages: [boss, guest]')
  expect(await widened(rules, rules, manages)).toEqual([])
  const lower = (text: string) => text.replace(/(boss: \{ [^}]*level: )\d+/, '$11')
  expect(await widened(rules, rules, lower(manages))).toEqual(['role editor: manages boss'])
  const fresh = ROLES.replace('admin.logs]', 'admin.logs, npcs.see]').replace('play_game] }', 'play_game, npcs.see] }')
  expect(await widened(rules, `${rules}, { path: /npcs, permission: npcs.see }`, fresh)).toEqual([])
})

test('diffPolicies() demands one when new users or guests begin with more', async () => {
  const rules = '{ path: /x }'
  const editor = ROLES.replace('defaultRole: player', 'defaultRole: editor')
  expect(await widened(rules, rules, editor)).toEqual(['role defaultRole: players.edit, level 1 -> 2, manages player'])
})
