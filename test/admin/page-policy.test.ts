import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listRoutes } from '../../src/admin/operations/why.ts'
import { outline } from '../pages/outline.ts'
import { type Workbench, workbench } from '../support/gateway.ts'
import { asPerson, MUD, PLATFORM } from './support/bench.ts'
import { clerk, HOUSE, words } from './support/clerk.ts'

let bench: Workbench
beforeEach(async () => {
  bench = await workbench(HOUSE)
})
afterEach(() => bench.close())

async function signedIn(roles: readonly string[], name?: string) {
  const one = await bench.signedIn(roles, name)
  return { ...one, by: clerk(bench, one.cookie) }
}

const ask = (path: string, more: Readonly<Record<string, string>> = {}) =>
  `/auth/admin/policy?${new URLSearchParams({ method: 'GET', path, ...more })}`

describe('the operation policies.explain', () => {
  test('decides for nobody and for a person as the gateway would', async () => {
    const { cookie } = await signedIn(['keeper'])
    const [player, moderator] = [await signedIn(['player']), await signedIn(['moderator'])]
    const why = async (path: string, user: string | null) => {
      const answered = await asPerson(bench, cookie, 'policies.explain', { method: 'get', path, user })
      return [answered.status, answered.body['status'], answered.body['why'], answered.body['rule']]
    }
    expect(await why('/vault/7', null)).toEqual([200, 401, 'needs-session', '* /vault/:id'])
    expect(await why('/vault/7', player.user.id)).toEqual([
      200,
      403,
      'forbid (permission: admin.users)',
      '* /vault/:id',
    ])
    expect(await why('/vault/7', moderator.user.id)).toEqual([200, 200, 'allow', '* /vault/:id'])
    expect(await why('/vault/x', moderator.user.id)).toEqual([
      200,
      400,
      'bad-parameter (id: malformed)',
      '* /vault/:id',
    ])
    expect(await why('/nowhere', moderator.user.id)).toEqual([200, 403, 'unknown-route', null])
    for (const { cookie: theirs, status } of [
      { cookie: player.cookie, status: 403 },
      { cookie: moderator.cookie, status: 200 },
    ])
      expect(
        (await bench.request('/vault/7', { headers: { cookie: theirs, accept: 'application/json' } })).status,
      ).toBe(status)
  })

  test('tells nothing of a person to who may not look people up, nor whether there is one', async () => {
    const { cookie, by } = await signedIn(['mechanic'])
    const { user } = await signedIn(['moderator'], 'Zoe')
    for (const id of [user.id, 'nobody-at-all']) {
      const asked = await asPerson(bench, cookie, 'policies.explain', { method: 'GET', path: '/vault/7', user: id })
      expect([asked.status, asked.body['missing']]).toEqual([403, ['admin.users']])
      expect((await by.visit(ask('/vault/7', { user: id }))).status).toBe(403)
    }
    const page = await by.visit(ask('/vault/7'))
    expect([page.status, page.html.includes('name="user"')]).toEqual([200, false])
  })

  test('says of our own paths at the root that we answer them, unless a rule names them', async () => {
    const { cookie } = await signedIn(['keeper'])
    const why = async (path: string) => {
      const asked = await asPerson(bench, cookie, 'policies.explain', { method: 'GET', path, user: null })
      return [asked.body['rule'], asked.body['why']]
    }
    const ours = [null, 'Postern answers this path itself, as no rule names it']
    expect(await why('/.well-known/jwks.json')).toEqual(ours)
    expect((await bench.request('/.well-known/jwks.json')).status).toBe(200)
    expect((await why('/.well-known/openid-configuration'))[0]).toBe('* /.well-known/openid-configuration')
  })

  test('somebody who is banned, and somebody without any session', async () => {
    const { cookie } = await signedIn(['keeper'])
    const { user } = await signedIn(['moderator'])
    await asPerson(bench, cookie, 'users.kick', { user: user.id })
    const asked = { method: 'GET', path: '/vault/7', user: user.id }
    expect((await asPerson(bench, cookie, 'policies.explain', asked)).body['status']).toBe(200)
    await asPerson(bench, cookie, 'users.ban', { user: user.id, reason: 'x' })
    expect((await asPerson(bench, cookie, 'policies.explain', asked)).body['why']).toBe('suspended')
  })

  test.each([
    ['/auth/admin', null, 'below /auth Postern answers itself'],
    ['/a//b', null, 'the address has no canonical form'],
    ['/play/1', 'other.example.com', '"other.example.com" is not a host of this deployment'],
  ])('%s at %s is asked of no rule', async (path, host, why) => {
    const { cookie } = await signedIn(['keeper'])
    const answered = await asPerson(bench, cookie, 'policies.explain', { method: 'GET', path, host })
    expect(answered).toMatchObject({ status: 200, body: { rule: null, status: null } })
    expect(answered.body['why']).toContain(why)
  })

  test('what cannot be asked is refused', async () => {
    const { cookie } = await signedIn(['keeper'])
    const status = async (input: unknown) => (await asPerson(bench, cookie, 'policies.explain', input)).status
    expect(await status({ method: 'GET', path: 'https://play.example.com/x' })).toBe(400)
    expect(await status({ method: 'G T', path: '/x' })).toBe(400)
    expect(await status({ method: 'GET' })).toBe(400)
    expect(await status({ method: 'GET', path: '/x', user: 'nobody' })).toBe(404)
  })
})

describe('the operation policies.routes', () => {
  test.each([
    ['PLATFORM', PLATFORM],
    ['MUD', MUD],
    ['HOUSE', HOUSE],
  ])('lists every rule of %s once, page by page', async (_name, policies) => {
    bench.close()
    bench = await workbench(policies)
    const operator = { gateway: bench.gateway, requestId: 'r', actor: { kind: 'operator' }, mode: 'do' } as const
    const rules: string[] = []
    for (let after: string | null = null; ; ) {
      const page = await listRoutes(operator, { after, limit: 2 })
      if (!page.ok) throw new Error(page.fault.fault)
      rules.push(...(page.value['routes'] as { readonly rule: string }[]).map(({ rule }) => rule))
      after = page.value['next'] as string | null
      if (after === null) break
    }
    expect(rules.toSorted()).toEqual(
      bench.gateway
        .policy()
        .bundle.rules.map(({ id }) => id)
        .toSorted(),
    )
  })

  test('refuses an invented place', async () => {
    const { cookie } = await signedIn(['keeper'])
    for (const after of ['x', '-1', '1e9'])
      expect((await asPerson(bench, cookie, 'policies.routes', { after })).status).toBe(400)
    expect((await asPerson(bench, cookie, 'policies.routes', { after: '999999' })).body).toMatchObject({
      routes: [],
      next: null,
    })
  })
})

describe('the page of the policy', () => {
  test('shows the version in force, its rules, what each needs and who passes', async () => {
    const { by } = await signedIn(['keeper'])
    const page = await by.visit('/auth/admin/policy')
    expect(page.status).toBe(200)
    const text = words(page)
    expect(text).toContain(bench.gateway.policy().hash)
    expect(text).toContain('* /vault/:id')
    expect(text).toContain('Needs: session; admin.users')
    expect(text).toContain('moderator, keeper')
    expect(text).toContain('game.yaml:')
  })

  test('explains a request step by step, and keeps what was asked', async () => {
    const { by } = await signedIn(['keeper'])
    const { user } = await signedIn(['player'])
    const page = await by.visit(ask('/vault/7', { user: user.id }))
    const text = words(page)
    expect(page.status).toBe(200)
    expect(text).toContain('The answer: 403, forbid (permission: admin.users).')
    expect(text).toContain('session yes session')
    expect(text).toMatch(/ermissions? no /)
    expect(page.html).toContain('value="/vault/7"')
    expect(page.html).toContain(`value="${user.id}"`)
    outline(page.html)
  })

  test('says that edited files wait behind a pushed version, and what to do', async () => {
    const { by } = await signedIn(['keeper'])
    const told = 'The edited files wait while the pushed version is in force.'
    expect(words(await by.visit('/auth/admin/policy'))).not.toContain(told)
    Object.assign(bench.gateway, { ownPolicy: () => ({ hash: 'sha256:edited', waits: 'push them' }) })
    const page = await by.visit('/auth/admin/policy')
    expect(words(page)).toContain(`${told} Push them, or run postern unpush.`)
    outline(page.html)
  })

  test('a path that was typed is written from its own side where the page is read from the right', async () => {
    const { by } = await signedIn(['keeper'])
    by.headers = { 'accept-language': 'ar' }
    const page = await by.visit(ask('/vault/7'))
    expect(page.html).toContain('dir="rtl"')
    expect(page.html).toMatch(/<input[^>]* name="path"[^>]* dir="auto"/)
    expect(page.html).toMatch(/<input[^>]* name="user"[^>]* dir="auto"/)
  })

  test('markup in a path stays text', async () => {
    const { by } = await signedIn(['keeper'])
    const page = await by.visit(ask('/"><script>alert(1)</script>'))
    expect(page.status).toBe(200)
    expect(page.html).not.toContain('<script')
    outline(page.html)
  })

  test('what cannot be explained is told, and what was typed stays', async () => {
    const { by } = await signedIn(['keeper'])
    for (const [path, more, status] of [
      ['no-slash', {}, 400],
      ['/x', { user: 'nobody' }, 404],
      ['/x', { method: 'G T' }, 400],
    ] as const) {
      const page = await by.visit(ask(path, more))
      expect([page.status, words(page).includes('This cannot be explained')]).toEqual([status, true])
      expect(page.html).toContain(`value="${path}"`)
    }
  })

  test('is for who may see the configuration', async () => {
    const { by } = await signedIn(['moderator'])
    expect((await by.visit('/auth/admin/policy')).status).toBe(403)
    expect((await by.visit(ask('/play/1'))).status).toBe(403)
  })
})
