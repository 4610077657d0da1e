import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type GatewayInput, secret } from '../../src/config/define.ts'
import { seconds } from '../../src/core/brand.ts'
import type { User } from '../../src/core/person.ts'
import type { ProvenIdentity } from '../../src/ports/store.ts'
import { note } from '../contract/people.ts'
import { ORIGIN, type Workbench } from '../support/gateway.ts'
import { asPerson, atDoor, type Benches, benchesOn, byToken, read, STORES } from './support/bench.ts'
import { about, clerk, HOUSE, words } from './support/clerk.ts'

const CLIENT = { clientId: 'client', clientSecret: secret('TEST_CLIENT_SECRET') }
const SETTINGS: Partial<GatewayInput> = {
  providers: {
    discord: { kind: 'discord', ...CLIENT },
    microsoft: { kind: 'microsoft', ...CLIENT },
    club: { kind: 'oidc', name: 'The Club', ...CLIENT, options: { issuer: 'https://club.example' } },
  },
}

describe.each(STORES)('people found by what a provider calls them, on %s (SPEC 7)', (kind) => {
  let benches: Benches
  let bench: Workbench
  beforeAll(async () => {
    benches = await benchesOn(kind)
  })
  afterAll(() => benches.stop())
  beforeEach(async () => {
    bench = await benches.bench(HOUSE, SETTINGS)
  })

  function identity(issuer: string, subject: string): ProvenIdentity {
    const profile = { name: null, email: null, emailVerified: false, picture: null }
    return { issuer, subject, provider: issuer.includes('discord') ? 'discord' : 'club', profile }
  }

  async function link(user: User, issuer: string, subject: string): Promise<void> {
    const now = seconds(bench.clock.now)
    const linked = identity(issuer, subject)
    await bench.store.directory.link(user, linked, 'secondary', now, note('identity-linked', user))
  }

  const DISCORD = 'https://discord.com'

  async function found(input: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
    const { status, body } = await atDoor(bench, 'users.list', input)
    expect([status, body['next']]).toEqual([200, null])
    return (body['users'] as readonly { readonly id: string }[]).map(({ id }) => id)
  }

  test('by provider or issuer and subject, whichever of the identities it is: exactly, and nobody else', async () => {
    const { user } = await bench.signedIn(['player'], 'Zoë')
    const other = await bench.signedIn(['player'], '80351110224678912')
    await link(user, DISCORD, '80351110224678912')
    await link(other.user, 'https://club.example', '80351110224678912')
    expect(await found({ provider: 'discord', subject: '80351110224678912' })).toEqual([user.id])
    expect(await found({ issuer: DISCORD, subject: '80351110224678912' })).toEqual([user.id])
    expect(await found({ provider: 'club', subject: '80351110224678912' })).toEqual([other.user.id])
    expect(await found({ issuer: 'https://id.example.com', subject: 'subject-1' })).toEqual([user.id])
    for (const subject of ['8035111022467891', '80351110224678912 ', '%', '*', '803511102246789122'])
      expect(await found({ provider: 'discord', subject }), subject).toEqual([])
  })

  test('nobody has an identity that was removed, nor one of a person who was', async () => {
    const { user } = await bench.signedIn(['player'])
    await link(user, DISCORD, '1')
    await bench.store.directory.unlink(user, DISCORD, '1', note('identity-unlinked', user))
    expect(await found({ provider: 'discord', subject: '1' })).toEqual([])
    await link(user, DISCORD, '2')
    await atDoor(bench, 'users.remove', { user: user.id })
    expect(await found({ provider: 'discord', subject: '2' })).toEqual([])
  })

  test('looks into the index of identities, and through nobody', async () => {
    const { user } = await bench.signedIn(['player'])
    await link(user, DISCORD, '1')
    bench.calls.length = 0
    await found({ provider: 'discord', subject: '1' })
    expect(bench.calls.filter((call) => call.startsWith('directory.'))).toEqual(['directory.find', 'directory.read'])
  })

  test('half of an identity is refused, and so is what stands beside it', async () => {
    const cases: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
      [{ provider: 'discord' }, 'subject'],
      [{ issuer: DISCORD }, 'subject'],
      [{ subject: '1' }, 'provider'],
      [{ subject: '1', provider: 'discord', issuer: DISCORD }, 'provider'],
      [{ subject: '1', provider: 'discord', text: 'z' }, 'text'],
      [{ subject: '1', provider: 'discord', after: 'x' }, 'after'],
      [{ subject: 80351110224678912, provider: 'discord' }, 'subject'],
      [{ subject: '', provider: 'discord' }, 'subject'],
      [{ subject: 'x'.repeat(256), provider: 'discord' }, 'subject'],
    ]
    for (const [input, where] of cases) {
      const { status, body } = await atDoor(bench, 'users.list', input)
      const problems = body['problems'] as readonly { readonly where: string }[]
      expect([status, problems.map((one) => one.where)], JSON.stringify(input)).toEqual([400, [where]])
    }
  })

  test('a provider that is not configured, or has an issuer for each tenant, is told with what would be right', async () => {
    const unknown = await atDoor(bench, 'users.list', { provider: 'discrod', subject: '1' })
    expect(unknown).toMatchObject({
      status: 404,
      body: { code: 'unknown_provider', where: 'provider', what: 'discrod' },
    })
    expect(unknown.body['hint']).toContain('did you mean "discord"?')
    const tenants = await atDoor(bench, 'users.list', { provider: 'microsoft', subject: '1' })
    expect(tenants).toMatchObject({ status: 400, body: { code: 'bad_body', where: 'provider' } })
    expect(tenants.body['hint']).toContain('issuer')
  })

  test('needs the permission to look people up, by session and by token, and GET takes it too', async () => {
    const { user } = await bench.signedIn(['player'])
    await link(user, DISCORD, '123456789')
    const input = { provider: 'discord', subject: '123456789' }
    const [moderator, referee] = [await bench.signedIn(['moderator']), await bench.signedIn(['referee'])]
    const refused = { status: 403, body: { code: 'permission_denied', missing: ['admin.users'] } }
    expect(await asPerson(bench, referee.cookie, 'users.list', input)).toMatchObject(refused)
    expect(await asPerson(bench, moderator.cookie, 'users.list', input)).toMatchObject({
      body: { users: [{ id: user.id }] },
    })
    const narrow = await atDoor(bench, 'tokens.create', { user: moderator.user.id, name: 'x', scopes: ['players.ban'] })
    expect(await byToken(bench, String(narrow.body['token']), 'users.list', input)).toMatchObject(refused)
    const path = `/auth/admin/api/users.list?${new URLSearchParams(input)}`
    const headers = { cookie: moderator.cookie, origin: ORIGIN }
    expect(await read(await bench.request(path, { headers }))).toMatchObject({ body: { users: [{ id: user.id }] } })
  })

  test('the page offers each provider of whose ids there is one person, and leads to that person', async () => {
    const { user } = await bench.signedIn(['player'], 'Zoë')
    await link(user, DISCORD, '123456789')
    const by = clerk(bench, (await bench.signedIn(['moderator'])).cookie)
    const home = await by.visit('/auth/admin')
    expect([...home.html.matchAll(/<option value="([^"]*)"/g)].map(([, id]) => id)).toEqual(['', 'discord', 'club'])
    const one = await by.visit('/auth/admin?text=+123456789+&from=discord')
    expect([one.status, one.headers.get('location')]).toEqual([303, about(user)])
    const none = await by.visit('/auth/admin?text=12345678&from=discord')
    expect(none.status).toBe(200)
    expect(words(none)).toContain('There is nothing to show.')
    expect(none.html).toContain('<option value="discord" selected>')
    expect((await by.visit('/auth/admin?text=1&from=nowhere')).status).toBe(404)
    expect(words(await by.visit('/auth/admin?text=&from=discord'))).toContain('Everybody')
  })

  test('the page offers no provider where none is configured, nor to who may not look people up', async () => {
    const { cookie } = await bench.signedIn(['auditor'])
    expect((await clerk(bench, cookie).visit('/auth/admin?text=1&from=discord')).html).not.toContain('<select')
    const bare = await benches.bench(HOUSE)
    const keeper = await bare.signedIn(['keeper'])
    expect((await clerk(bare, keeper.cookie).visit('/auth/admin')).html).not.toContain('<select')
  })
})
