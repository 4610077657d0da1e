import { expect, test } from 'vitest'
import { checkPolicy } from '../../src/policy/compile.ts'
import { loadPolicy, matchRule, type Policy } from '../../src/policy/policy.ts'
import { dice, type Found, naiveMatch } from './reference.ts'
import { factsOf, HOST, KNOWN, policyOf, ROLES } from './support.ts'

async function paths(...lines: readonly string[]): Promise<Policy> {
  const rules = lines.map((line) => {
    const [methods = '', path = ''] = line.split(' ')
    return `  - { path: "${path}"${methods === '*' ? '' : `, methods: [${methods}]`} }\n`
  })
  return policyOf(`upstream: game\nrules:\n${rules.join('')}`)
}

function found(policy: Policy, request: string, host = HOST): Found {
  const match = matchRule(policy, factsOf(request, null, { host }))
  if (match.kind === 'rule') return { id: match.rule.id, missing: match.values.includes(null) }
  return match.kind
}

function path(policy: Policy, request: string): string {
  const match = matchRule(policy, factsOf(request, null))
  return match.kind === 'rule' ? match.rule.path : match.kind
}

test('matchRule() prefers a literal to a parameter to a wildcard, whatever the order of the file', async () => {
  const policy = await paths('* /x/*', '* /x/:id', '* /x/new')
  expect(path(policy, 'GET /x/new')).toBe('/x/new')
  expect(path(policy, 'GET /x/7')).toBe('/x/:id')
  expect(path(policy, 'GET /x/7/8')).toBe('/x/*')
})

test('matchRule() goes back where the better segment leads nowhere', async () => {
  const policy = await paths('* /a/b/c', '* /a/:x/d', '* /:y/b/e', '* /*')
  expect(path(policy, 'GET /a/b/c')).toBe('/a/b/c')
  expect(path(policy, 'GET /a/b/d')).toBe('/a/:x/d')
  expect(path(policy, 'GET /a/b/e')).toBe('/:y/b/e')
  expect(path(policy, 'GET /a/b/f')).toBe('/*')
})

test('matchRule() answers 405 where the best path lacks the method, never a wider rule', async () => {
  const policy = await paths('GET /x/:id', '* /x/*')
  expect(found(policy, 'DELETE /x/7')).toBe('method')
  expect(path(policy, 'DELETE /x/7/8')).toBe('/x/*')
})

test('matchRule() covers HEAD by GET and never lets CONNECT or TRACE through', async () => {
  const policy = await paths('GET /g', '* /all')
  expect(path(policy, 'HEAD /g')).toBe('/g')
  expect(path(policy, 'PURGE /all')).toBe('/all')
  expect(found(policy, 'TRACE /all')).toBe('method')
  expect(found(policy, 'CONNECT /all')).toBe('method')
  const match = matchRule(policy, factsOf('POST /g', null))
  const beside = policy.bundle.rules.filter((rule) => rule.path === '/g')
  expect(match).toEqual({ kind: 'method', allow: ['GET', 'HEAD'], beside })
})

test('matchRule() prefers a rule that names the method to one for all methods', async () => {
  const policy = await paths('* /x', 'GET /x')
  expect(found(policy, 'GET /x')).toMatchObject({ id: 'GET /x' })
  expect(found(policy, 'POST /x')).toMatchObject({ id: '* /x' })
})

test('matchRule() tolerates one trailing slash and covers a folder by its wildcard only', async () => {
  const policy = await paths('* /x', '* /files/*', '* /')
  expect(path(policy, 'GET /x/')).toBe('/x')
  expect(path(policy, 'GET /files')).toBe('/files/*')
  expect(path(policy, 'GET /files/')).toBe('/files/*')
  expect(path(policy, 'GET /files/a/b')).toBe('/files/*')
  expect(path(policy, 'GET /')).toBe('/')
  expect(path(policy, 'GET /x/y')).toBe('none')
})

test('matchRule() compares whole segments: /administrator is not below /admin (A23)', async () => {
  const policy = await paths('* /admin/*')
  expect(path(policy, 'GET /administrator')).toBe('none')
  expect(path(policy, 'GET /admin.php')).toBe('none')
  expect(path(policy, 'GET /Admin')).toBe('none')
})

test('matchRule() takes /players/ for the missing parameter where only /players/:id exists (I1)', async () => {
  const policy = await paths('* /players/:id', '* /*')
  expect(found(policy, 'GET /players/')).toEqual({ id: '* /players/:id', missing: true })
  expect(path(policy, 'GET /players')).toBe('/*')
  const both = await paths('* /players/:id', '* /players')
  expect(found(both, 'GET /players/')).toEqual({ id: '* /players', missing: false })
  const below = await paths('* /players/:id', '* /players/*')
  expect(found(below, 'GET /players/')).toEqual({ id: '* /players/*', missing: false })
})

test('matchRule() puts rules of the host before rules of every host', async () => {
  const policy = await policyOf(
    'upstream: game\nrules:\n  - { path: /a/*, host: play.example.com }\n  - { path: /a/b }\n  - { path: /c }\n',
  )
  expect(found(policy, 'GET /a/b')).toMatchObject({ id: '* play.example.com/a/*' })
  expect(found(policy, 'GET /a/b', 'admin.example.com')).toMatchObject({ id: '* /a/b' })
  expect(found(policy, 'GET /c')).toMatchObject({ id: '* /c' })
})

test('matchRule() folds case for upstreams that do, and for no other', async () => {
  const policy = await policyOf(
    'rules:\n  - { path: /Admin/x, upstream: folding }\n  - { path: "/:page/x", upstream: folding, access: public }\n  - { path: /game/y, upstream: game }\n',
  )
  expect(path(policy, 'GET /ADMIN/x')).toBe('/Admin/x')
  expect(path(policy, 'GET /admin/X')).toBe('/Admin/x')
  expect(path(policy, 'GET /GAME/y')).toBe('none')
})

test('matchRule() knows one place for rules that fold case and rules that do not', async () => {
  const policy = await policyOf(
    [
      'rules:',
      '  - { path: "/players/:id", methods: GET, upstream: game }',
      '  - { path: "/players/:id", methods: DELETE, upstream: folding }',
      '  - { path: /players/me, upstream: folding }',
      '  - { path: /docs/*, upstream: game }',
      '  - { path: "/docs/:page", upstream: folding }\n',
    ].join('\n'),
  )
  expect(found(policy, 'GET /players/7')).toMatchObject({ id: 'GET /players/:id' })
  expect(found(policy, 'DELETE /players/7')).toMatchObject({ id: 'DELETE /players/:id' })
  expect(found(policy, 'DELETE /PLAYERS/7')).toMatchObject({ id: 'DELETE /players/:id' })
  expect(found(policy, 'GET /PLAYERS/7')).toBe('method')
  expect(path(policy, 'GET /players/me')).toBe('/players/me')
  expect(path(policy, 'GET /players/ME')).toBe('/players/me')
  expect(path(policy, 'GET /docs/start')).toBe('/docs/:page')
  expect(path(policy, 'GET /docs/start/more')).toBe('/docs/*')
})

const DENIED = '  - { id: wide, path: /*, upstream: folding }\n  - { id: shut, path: /internal/*, access: deny'

test('matchRule() folds case for a deny rule where any upstream does: a wider one must not serve what it refuses', async () => {
  // ATTACK: CVE-2026-27587, CVE-2026-27588: the guard compares by case, the service behind it does not.
  const policy = await policyOf(`rules:\n${DENIED} }\n`)
  expect(found(policy, 'GET /internal/x')).toMatchObject({ id: 'shut' })
  expect(found(policy, 'GET /INTERNAL/x')).toMatchObject({ id: 'shut' })
  const elsewhere = await policyOf(`rules:\n${DENIED}, upstream: game }\n`)
  expect(found(elsewhere, 'GET /Internal/x')).toMatchObject({ id: 'shut' })
  const own = await policyOf(`rules:\n${DENIED}, host: ${HOST} }\n`)
  expect(found(own, 'GET /Internal/x')).toMatchObject({ id: 'shut' })
  expect(found(own, 'GET /Internal/x', 'admin.example.com')).toMatchObject({ id: 'wide' })
})

test('matchRule() folds the case of every letter that has one, not of ASCII alone', async () => {
  const policy = await policyOf(
    'rules:\n  - { id: wide, path: /*, upstream: folding }\n' +
      '  - { id: shut, path: /%C3%84rger/*, access: deny }\n  - { id: greek, path: /%CE%BF%CE%B4%CF%8C%CF%82, access: deny }\n',
  )
  // Ärger, ärger, ÄRGER; οδός and ΟΔΌΣ, whose last letter has two small forms.
  expect(found(policy, 'GET /%C3%84rger/x')).toMatchObject({ id: 'shut' })
  expect(found(policy, 'GET /%C3%A4rger/x')).toMatchObject({ id: 'shut' })
  expect(found(policy, 'GET /%c3%84RGER')).toMatchObject({ id: 'shut' })
  expect(found(policy, 'GET /%CE%9F%CE%94%CE%8C%CE%A3')).toMatchObject({ id: 'greek' })
  expect(found(policy, 'GET /%C3%96rger/x')).toMatchObject({ id: 'wide' })
  expect(found(policy, 'GET /%40rger/x')).toMatchObject({ id: 'wide' })
})

test('rules that fold case and differ in it alone, in letters beyond ASCII, stand in one place', async () => {
  const rules = 'rules:\n  - { path: /%C3%84, upstream: folding }\n  - { path: /%C3%A4, upstream: folding }\n'
  await expect(policyOf(rules)).rejects.toThrow(/PST221/)
})

test('matchRule() lets a folding deny rule win over parameters and lose to exact words of other services', async () => {
  const policy = await policyOf(
    'rules:\n  - { path: "/rooms/:id", upstream: game }\n  - { path: /rooms/open, upstream: game }\n' +
      '  - { id: shut, path: /rooms/secret, access: deny }\n  - { id: all, path: /rooms/*, access: deny }\n',
  )
  expect(found(policy, 'GET /rooms/secret')).toMatchObject({ id: 'shut' })
  expect(path(policy, 'GET /rooms/7')).toBe('/rooms/:id')
  expect(path(policy, 'GET /rooms/open')).toBe('/rooms/open')
  expect(found(policy, 'GET /ROOMS/7')).toMatchObject({ id: 'all' })
})

test('matchRule() takes the case of a deny rule at its word where no upstream folds', async () => {
  const known = { ...KNOWN, upstreams: [{ name: 'game' }] }
  const policy = await policyOf('rules:\n  - { path: /Old, access: deny }\n  - { path: /*, upstream: game }\n', known)
  expect(path(policy, 'GET /Old')).toBe('/Old')
  expect(path(policy, 'GET /old')).toBe('/*')
})

test('matchRule() prefers the exact word to a folded one in one place', async () => {
  const policy = await policyOf('rules:\n  - { path: /Shop, upstream: game }\n  - { path: /shop, upstream: folding }\n')
  expect(path(policy, 'GET /Shop')).toBe('/Shop')
  expect(path(policy, 'GET /shop')).toBe('/shop')
  expect(path(policy, 'GET /SHOP')).toBe('/shop')
})

test('matchRule() prefers a rule that names the method, in whatever case, to an exact word for all methods', async () => {
  const policy = await policyOf(
    'rules:\n  - { path: /Shop, upstream: game }\n  - { path: /shop, methods: POST, upstream: folding }\n',
  )
  expect(path(policy, 'POST /Shop')).toBe('/shop')
  expect(path(policy, 'GET /Shop')).toBe('/Shop')
})

test('matchRule() takes a word of a rule for the same word with its signs escaped', async () => {
  // ATTACK: Go, Flask, Spring and ASP.NET read /players%3Aexport as /players:export; a wider rule must not let it in.
  const policy = await policyOf(
    "upstream: game\nrules:\n  - { id: wide, path: /*, access: public }\n  - { id: shut, path: '/players:export', access: deny }\n" +
      "  - { id: staff, path: '/@staff/(all)/a+b', permission: admin.users }\n  - { id: star, path: /x%2A, access: deny }\n",
  )
  for (const same of ['/players:export', '/players%3Aexport', '/players%3aexport/'])
    expect(found(policy, `GET ${same}`)).toMatchObject({ id: 'shut' })
  for (const same of ['/@staff/(all)/a+b', '/%40staff/(all)/a+b', '/@staff/%28all%29/a%2Bb'])
    expect(found(policy, `GET ${same}`)).toMatchObject({ id: 'staff' })
  for (const same of ['/x*', '/x%2a']) expect(found(policy, `GET ${same}`)).toMatchObject({ id: 'star' })
  for (const other of ['/players%20export', '/staff/(all)/a+b', '/@staff/(all)/a%20b', '/x'])
    expect(found(policy, `GET ${other}`)).toMatchObject({ id: 'wide' })
})

test('matchRule() folds every letter for upstreams that do, and the ones that only some take for a letter of ours', async () => {
  // ATTACK: equalsIgnoreCase of Java, EqualFold and ToLower of Go take these for k, s and i (CVE-2026-27588).
  const policy = await policyOf(
    'rules:\n  - { id: wide, path: /*, upstream: folding }\n  - { id: kick, path: /admin/kicks, access: deny }\n' +
      '  - { id: cafe, path: /caf%C3%A9, upstream: folding, permission: admin.users }\n',
  )
  for (const same of ['/ADMIN/kicks', '/admin/%E2%84%AAick%C5%BF', '/adm%C4%B0n/kicks', '/adm%C4%B1n/KICKS'])
    expect(found(policy, `GET ${same}`)).toMatchObject({ id: 'kick' })
  for (const same of ['/caf%C3%A9', '/CAF%C3%89', '/caf%c3%89'])
    expect(found(policy, `GET ${same}`)).toMatchObject({ id: 'cafe' })
  for (const other of ['/cafe', '/caf%C3%A8']) expect(found(policy, `GET ${other}`)).toMatchObject({ id: 'wide' })
})

test('matchRule() on a hostile policy and path stays linear in the policy', async () => {
  const names = Array.from({ length: 12 }, (_, index) => index)
  const lines = names.map((at) => `* /${names.map((one) => (one === at ? ':p' : 'a')).join('/')}/end`)
  const policy = await paths(...lines)
  const before = performance.now()
  for (let round = 0; round < 1_000; round++) matchRule(policy, factsOf(`GET /${'a/'.repeat(12)}other`, null))
  expect(performance.now() - before).toBeLessThan(2_000)
})

function randomRules(roll: (below: number) => number): string {
  const words = ['a', 'b', '@c', 'B']
  const count = 3 + roll(12)
  const rules = Array.from({ length: count }, (_, index) => {
    const depth = roll(4)
    const parts = Array.from({ length: depth }, (_unused, at) => (roll(3) === 0 ? `:p${at}` : (words[roll(4)] ?? 'a')))
    if (roll(4) === 0) parts.push('*')
    const methods = [['GET'], ['POST'], ['GET', 'DELETE'], null][roll(4)]
    const host = roll(5) === 0 ? `, host: ${roll(2) === 0 ? HOST : 'admin.example.com'}` : ''
    const upstream = roll(3) === 0 ? 'folding' : 'game'
    return `  - { id: r${index}, upstream: ${upstream}, path: "/${parts.join('/')}"${methods ? `, methods: [${methods.join(', ')}]` : ''}${host} }`
  })
  return `rules:\n${rules.join('\n')}\n`
}

function randomRequest(roll: (below: number) => number): string {
  const parts = Array.from({ length: roll(5) }, () => ['a', 'b', '@c', '%40C', 'z', 'A', 'B'][roll(7)] ?? 'z')
  const slash = parts.length > 0 && roll(4) === 0 ? '/' : ''
  return `${['GET', 'POST', 'HEAD', 'DELETE', 'PUT'][roll(5)]} /${parts.join('/')}${slash}`
}

test('matchRule() equals a naive matcher on random policies and requests', async () => {
  const roll = dice(20_261_124)
  let compared = 0
  for (let round = 0; round < 150; round++) {
    const text = randomRules(roll)
    const files = [
      { name: 'roles.yaml', text: ROLES },
      { name: 'rules.yaml', text },
    ]
    const checked = await checkPolicy(files, KNOWN)
    // WHY: ties and unreachable rules are refused by check and have no defined winner.
    if (checked.bundle === null) continue
    const policy = loadPolicy(checked.bundle, {})
    for (let count = 0; count < 150; count++) {
      const request = randomRequest(roll)
      const [method = '', asked = ''] = request.split(' ')
      for (const host of [HOST, 'admin.example.com']) {
        const seen = found(policy, request, host)
        expect([text, request, host, seen]).toEqual([
          text,
          request,
          host,
          naiveMatch(checked.bundle, host, method, asked),
        ])
        compared += 1
      }
    }
  }
  expect(compared).toBeGreaterThan(10_000)
})
