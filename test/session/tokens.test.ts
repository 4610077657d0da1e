import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Permission, seconds } from '../../src/core/brand.ts'
import type { User } from '../../src/core/person.ts'
import type { ApiToken } from '../../src/ports/token-store.ts'
import { freshApiToken } from '../../src/session/api-token.ts'
import { type Workbench, workbench } from '../support/gateway.ts'
import { noteOf, POLICIES, silence } from './scene.ts'

const FIXED = 'a-fixed-token-of-a-machine-that-backs-up'
const SETTINGS = {
  staticTokens: [{ name: 'backup', secret: { secret: 'BACKUP_TOKEN' }, permissions: ['players.edit'] }],
}

let bench: Workbench
let good: string
let bad: string
let owner: User

beforeEach(async () => {
  bench = await workbench(POLICIES, SETTINGS, { secrets: { BACKUP_TOKEN: FIXED } })
  owner = (await bench.signedIn(['warden'])).user
  good = await created(owner, {})
  bad = `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`
})
afterEach(() => bench.close())

/** A stored API token of somebody, as its owner holds it. */
async function created(user: User, changes: Partial<ApiToken>): Promise<string> {
  const { text, key, id } = await freshApiToken(bench.gateway.apiMac, user.tag, bench.gateway.runtime.random)
  const token: ApiToken = {
    ...{ id, key, owner: user.id, name: 'bot', description: '', scopes: null, createdAt: seconds(bench.clock.now) },
    ...{ expiresAt: null, lastUsedAt: null, uses: 0, hourlyLimit: null, ...changes },
  }
  await bench.store.tokens.create(user, token, 50, noteOf(bench, 'token-created'))
  return text
}

interface Said {
  readonly status: number
  readonly code: string | null
  readonly upstream: Readonly<Record<string, string>>
}

/** What a request with these credentials comes to, and what the upstream saw of it. */
async function send(path: string, headers: Readonly<Record<string, string>>, method = 'GET'): Promise<Said> {
  const before = bench.sent.length
  const answer = await bench.request(path, { method, headers: { accept: 'application/json', ...headers } })
  const told = (await answer.json()) as { code?: string }
  const upstream = Object.fromEntries(bench.sent.at(before)?.headers ?? [])
  return { status: answer.status, code: told.code ?? null, upstream }
}

const edit = (headers: Readonly<Record<string, string>>) => send('/edit', headers)

describe('T1: the forms of a credential', () => {
  test.each<[string, (good: string) => string]>([
    ['Bearer', (value) => `Bearer ${value}`],
    ['Token', (value) => `Token ${value}`],
    ['bare', (value) => value],
    ['bearer in lower case', (value) => `bearer ${value}`],
    ['BEARER in upper case', (value) => `BEARER ${value}`],
    ['blanks around', (value) => `Bearer   ${value}  `],
  ])('Authorization: %s is accepted', async (_, form) => {
    expect(await edit({ authorization: form(good) })).toMatchObject({ status: 200 })
  })

  test('X-Api-Token is accepted, alone or beside an empty Authorization', async () => {
    expect((await edit({ 'x-api-token': good })).status).toBe(200)
    expect((await edit({ authorization: '', 'x-api-token': good })).status).toBe(200)
  })

  test('Authorization decides: the second header is never a second try', async () => {
    expect((await edit({ authorization: `Bearer ${good}`, 'x-api-token': bad })).status).toBe(200)
    const refused = await edit({ authorization: `Bearer ${bad}`, 'x-api-token': good })
    expect(refused).toMatchObject({ status: 401, code: 'token_invalid' })
  })

  test.each(['Bearer', 'Bearer '])('%j is no credential', async (authorization) => {
    expect(await edit({ authorization })).toMatchObject({ status: 401, code: 'session_required' })
  })

  test.each(['Basic eHl6', 'Bearer eyJhbGciOiJub25lIn0.e30.', 'Digest username="x"'])(
    '%j is not ours: it authenticates nobody and passes on (T4)',
    async (authorization) => {
      expect(await edit({ authorization })).toMatchObject({ status: 401, code: 'session_required' })
      const open = await send('/open', { authorization })
      expect(open).toMatchObject({ status: 200, upstream: { authorization } })
    },
  )

  test.each(['Digest username="x", realm="y"', 'Bearer eyJhbGci.a, Bearer eyJhbGci.b', 'Bearer of two words'])(
    '%j is a list of others: it authenticates nobody, is refused nowhere and passes on (T4)',
    async (authorization) => {
      expect(await edit({ authorization })).toMatchObject({ status: 401, code: 'session_required' })
      expect(await send('/open', { authorization })).toMatchObject({ status: 200, upstream: { authorization } })
      const { cookie } = await bench.signedIn(['warden'])
      expect(await edit({ authorization, cookie })).toMatchObject({ status: 200, upstream: { authorization } })
    },
  )

  test('a scheme without a credential leaves the word to X-Api-Token', async () => {
    for (const authorization of ['Bearer', 'token'])
      expect(await edit({ authorization, 'x-api-token': good })).toMatchObject({ status: 200 })
  })

  test('a scheme that only holds the word is not ours: nobody is let in, and no token of ours passes on', async () => {
    for (const scheme of ['Bearers', 'XBearer', 'Bearer-Token', 'Tokens']) {
      const authorization = `${scheme} ${good}`
      expect(await edit({ authorization })).toMatchObject({ status: 401 })
      expect(JSON.stringify((await send('/open', { authorization })).upstream)).not.toContain(good)
    }
  })

  test('a token with more before it or behind it is another one, and none of ours', async () => {
    for (const value of [`pst_${good}`, `pst_x${good}`, `${good}.`, `${good}=`])
      expect(await edit({ authorization: `Bearer ${value}` })).toMatchObject({ status: 401, code: 'token_invalid' })
  })

  test('a static token beside another credential in one header is 400 as well', async () => {
    for (const list of [`${FIXED}, ${FIXED}`, `Bearer foreign, Bearer ${FIXED}`, `Basic eHl6, ${FIXED}`])
      expect(await edit({ authorization: list })).toMatchObject({ status: 400, code: 'bad_credential' })
    expect(await edit({ 'x-api-token': `foreign, ${FIXED}` })).toMatchObject({ status: 400, code: 'bad_credential' })
  })

  test('two credentials in one header are 400', async () => {
    expect(await edit({ authorization: `${good}, ${good}` })).toMatchObject({ status: 400, code: 'bad_credential' })
    expect(await edit({ authorization: `Bearer ${good}, Bearer ${good}` })).toMatchObject({ status: 400 })
  })

  test('with a session cookie the token decides; the cookie is not read, not slid and not passed on', async () => {
    const { cookie } = await bench.signedIn(['player'])
    bench.clock.now += 300
    const before = bench.calls.length
    const said = await edit({ authorization: `Bearer ${good}`, cookie: `theme=dark; ${cookie}` })
    await bench.settle()
    expect(said).toMatchObject({ status: 200, upstream: { cookie: 'theme=dark', 'postern-user': owner.id } })
    expect(bench.calls.slice(before).filter((call) => call.startsWith('sessions.'))).toEqual([])
    expect(await edit({ authorization: `Bearer ${bad}`, cookie })).toMatchObject({ status: 401, code: 'token_invalid' })
  })

  test.each<[string, (good: string) => string]>([
    ['in the query of a public route', (value) => `/open?token=${value}`],
    ['among others in the query', (value) => `/edit?a=b&api_token=${bad}&access_token=${value}&c`],
    ['in the path, in another spelling', (value) => `/open/${value.replace('_', '%5F')}`],
    ['in the query of an own endpoint', (value) => `/auth/can?GET=/edit&token=${value}`],
    ['where to return to', (value) => `/auth/sign-in?return_to=%2Fplayers%3Ftoken%3D${value}`],
  ])('a token %s is 400, is not passed on, costs no store call and is in no log', async (_, place) => {
    const { cookie } = await bench.signedIn(['warden'])
    for (const credentials of [{}, { cookie }, { authorization: `Bearer ${good}` }]) {
      const [calls, sent] = [bench.calls.length, bench.sent.length]
      expect(await send(place(good), credentials)).toMatchObject({ status: 400, code: 'token_in_url' })
      expect([bench.calls.length, bench.sent.length]).toEqual([calls, sent])
    }
    expect(bench.observed.filter(({ kind }) => kind === 'request').length).toBe(place('').startsWith('/auth') ? 0 : 3)
    expect(JSON.stringify(bench.observed)).not.toContain(good.slice(15))
  })

  test('a static token there is 400 as well, costs no store call and is in no log', async () => {
    const { cookie } = await bench.signedIn(['warden'])
    const calls = bench.calls.length
    for (const path of [`/open?token=${FIXED}`, `/open/${FIXED}`, `/auth/can?GET=/edit&token=${FIXED}`])
      expect(await send(path, { cookie })).toMatchObject({ status: 400, code: 'token_in_url' })
    expect([bench.calls.length, bench.sent]).toEqual([calls, []])
    expect(JSON.stringify(bench.observed)).not.toContain(FIXED)
    expect(JSON.stringify(bench.observed)).toContain('/open/[redacted]')
  })

  test('a preflight about an address with a token goes to nobody', async () => {
    const announced = { origin: 'https://partner.example.com', 'access-control-request-method': 'GET' }
    expect(await send(`/open?token=${good}`, announced, 'OPTIONS')).toMatchObject({ status: 400 })
    expect(await send(`/open?token=${FIXED}`, announced, 'OPTIONS')).toMatchObject({ status: 400 })
    expect(bench.sent).toEqual([])
    expect((await send('/open?token=x', announced, 'OPTIONS')).status).toBe(200)
  })

  test('what only looks like a token in the address is any other word there', async () => {
    const { cookie } = await bench.signedIn(['warden'])
    expect((await send(`/open?token=${bad}`, {})).status).toBe(200)
    expect((await send('/open?pst_=pst_x', {})).status).toBe(200)
    expect((await edit({ cookie })).status).toBe(200)
    expect((await send(`/edit?token=${bad}`, { cookie })).status).toBe(200)
    expect((await send(`/edit?token=${bad}`, {})).status).toBe(401)
  })
})

describe('T2, T3: what is not a good token', () => {
  test.each<[string, (good: string) => string]>([
    ['the first character of the mac', (value) => value.replace(/.{11}$/, (mac) => flipped(mac, 0))],
    ['the last character of the mac', (value) => value.replace(/.{11}$/, (mac) => flipped(mac, 10))],
    ['the secret', (value) => `${value.slice(0, 20)}${flipped(value.slice(20), 0)}`],
    ['the length', (value) => `${value}A`],
    ['everything but the shape', () => `pst_abcdefghij_${'A'.repeat(43)}`],
  ])('a wrong %s is refused without a store call', async (_, change) => {
    const before = bench.calls.length
    expect(await edit({ authorization: `Bearer ${change(good)}` })).toMatchObject({
      status: 401,
      code: 'token_invalid',
    })
    expect(bench.calls.slice(before)).toEqual([])
  })

  test('T3: where no token exists, one that is sent is refused', async () => {
    const plain = await workbench(POLICIES)
    const headers = { accept: 'application/json', authorization: `Bearer ${good}` }
    const refused = await plain.request('/edit', { headers })
    plain.close()
    expect(refused.status).toBe(401)
  })

  test('an expired one, a revoked one and one whose owner is gone are refused', async () => {
    const short = await created(owner, { expiresAt: seconds(bench.clock.now + 60) })
    expect((await edit({ 'x-api-token': short })).status).toBe(200)
    bench.clock.now += 60
    expect(await edit({ 'x-api-token': short })).toMatchObject({ status: 401, code: 'token_invalid' })
    for (const { id } of await bench.store.tokens.list(owner, bench.gateway.runtime.now()))
      await bench.store.tokens.revoke(owner, id, noteOf(bench, 'token-revoked'))
    expect((await edit({ 'x-api-token': good })).status).toBe(401)
    const other = await created(owner, {})
    await bench.store.directory.remove(owner, [], seconds(bench.clock.now), noteOf(bench, 'user-removed'))
    expect((await edit({ 'x-api-token': other })).status).toBe(401)
  })

  test('a silent store is 503, never 401', async () => {
    const heal = silence(bench.store.tokens, 'read')
    expect(await edit({ 'x-api-token': good })).toMatchObject({ status: 503, code: 'store_unavailable' })
    heal()
    expect((await edit({ 'x-api-token': good })).status).toBe(200)
  })
})

function flipped(text: string, at: number): string {
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
}

describe('T4, T5, T6, T7: what a token may', () => {
  test('T4: an accepted token is removed before forwarding, in whichever header it came', async () => {
    const byBearer = await edit({ authorization: `Bearer ${good}` })
    const byHeader = await edit({ 'x-api-token': good, authorization: 'Bearer ' })
    expect(JSON.stringify([byBearer.upstream, byHeader.upstream])).not.toContain(good)
  })

  test('T4: a foreign one is forwarded unchanged, beside a session', async () => {
    const { cookie } = await bench.signedIn(['warden'])
    const said = await edit({ cookie, authorization: 'Bearer foreign.jwt.value' })
    expect(said).toMatchObject({ status: 200, upstream: { authorization: 'Bearer foreign.jwt.value' } })
  })

  test('T5: only where the rule says so', async () => {
    expect(await send('/players', { 'x-api-token': good })).toMatchObject({ status: 403, code: 'permission_denied' })
  })

  test('never more than its owner: scopes narrow, and a lost role or a ban counts at once', async () => {
    const viewer = await created(owner, { scopes: ['players.view' as Permission] })
    expect(await edit({ 'x-api-token': viewer })).toMatchObject({ status: 403, code: 'permission_denied' })
    const note = noteOf(bench)
    await bench.store.directory.setRoles(owner, [], null, [], note)
    expect((await edit({ 'x-api-token': good })).status).toBe(403)
    await bench.store.directory.setStanding(owner, { kind: 'banned', reason: 'x' }, [], note.at, note)
    expect(await send('/tokens', { 'x-api-token': good })).toMatchObject({ status: 403, code: 'account_suspended' })
  })

  test('T6: every use is counted, and written at most once a minute with the time of the last', async () => {
    await edit({ 'x-api-token': good })
    await edit({ 'x-api-token': good })
    bench.clock.now += 60
    await edit({ 'x-api-token': good })
    await bench.settle()
    const [token] = await bench.store.tokens.list(owner, bench.gateway.runtime.now())
    expect(token).toMatchObject({ lastUsedAt: bench.clock.now, uses: 3 })
    expect(bench.calls.filter((call) => call === 'tokens.touch')).toHaveLength(2)
  })

  test('T6: the calls of an hour are limited where the token says so: 429, when to come again, and nothing else counted', async () => {
    const slow = await created(owner, { hourlyLimit: 2 })
    expect((await edit({ 'x-api-token': slow })).status).toBe(200)
    bench.clock.now += 600
    expect((await edit({ 'x-api-token': slow })).status).toBe(200)
    const answer = await bench.request('/edit', { headers: { accept: 'application/json', 'x-api-token': slow } })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '3000'])
    expect(await answer.json()).toMatchObject({
      code: 'rate_limited',
      counted: 'token',
      limit: 2,
      window_seconds: 3600,
    })
    expect((await edit({ 'x-api-token': good })).status).toBe(200)
    bench.clock.now += 2999
    expect((await edit({ 'x-api-token': slow })).status).toBe(429)
    bench.clock.now += 1
    expect((await edit({ 'x-api-token': slow })).status).toBe(200)
  })

  test('T6: a limited token costs one read and one atomic operation, one without a limit costs the read', async () => {
    const slow = await created(owner, { hourlyLimit: 2 })
    await edit({ 'x-api-token': good })
    await bench.settle()
    const cost = async (token: string) => {
      const before = bench.calls.length
      await edit({ 'x-api-token': token })
      return bench.calls.slice(before).filter((call) => call !== 'tokens.touch')
    }
    expect(await cost(slow)).toEqual(['tokens.read', 'rates.hit'])
    expect(await cost(good)).toEqual(['tokens.read'])
  })

  test('T6: ten calls at once are two calls, and the own endpoints count too', async () => {
    const slow = await created(owner, { hourlyLimit: 2 })
    const all = await Promise.all(Array.from({ length: 10 }, () => edit({ 'x-api-token': slow })))
    expect(all.filter(({ status }) => status === 200)).toHaveLength(2)
    const asked = { headers: { accept: 'application/json', 'x-api-token': slow } }
    expect((await bench.request('/auth/can?GET=/edit', asked)).status).toBe(429)
    expect((await bench.request('/auth/admin/api/users.list', asked)).status).toBe(429)
  })

  test('T6: a store that cannot count answers 503', async () => {
    const slow = await created(owner, { hourlyLimit: 2 })
    const heal = silence(bench.store.rates, 'hit')
    expect(await edit({ 'x-api-token': slow })).toMatchObject({ status: 503, code: 'store_unavailable' })
    heal()
    expect((await edit({ 'x-api-token': slow })).status).toBe(200)
  })

  test('T7: opens a socket where the rule takes tokens, and nowhere else', async () => {
    const upgrade = { upgrade: 'websocket', connection: 'Upgrade', 'x-api-token': good }
    expect((await send('/edit', upgrade)).status).toBe(101)
    expect((await send('/players', upgrade)).status).toBe(403)
  })

  test('static tokens have the permissions of the configuration and no owner', async () => {
    expect((await edit({ authorization: `Bearer ${FIXED}` })).status).toBe(200)
    expect((await edit({ 'x-api-token': FIXED })).upstream['x-api-token']).toBeUndefined()
    expect((await edit({ authorization: `Bearer ${FIXED}x` })).status).toBe(401)
  })

  test('can answers for the caller of a token too', async () => {
    const headers = { accept: 'application/json', 'x-api-token': good }
    const told = await (await bench.request('/auth/can?GET=/edit&GET=/players', { headers })).json()
    expect(told).toMatchObject({ answers: [{ allowed: true }, { allowed: false }] })
    const refused = await bench.request('/auth/can?GET=/edit', { headers: { ...headers, 'x-api-token': bad } })
    expect(refused.status).toBe(401)
  })
})
