import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisStore } from '../../src/adapters/redis/store.ts'
import { connectTcp, type TcpConnection } from '../../src/adapters/redis/tcp.ts'
import { run } from '../../src/cli/main.ts'
import { seconds } from '../../src/core/brand.ts'
import type { User } from '../../src/core/person.ts'
import type { Store } from '../../src/ports/store.ts'
import { localKeys, verifyAssertion } from '../../src/verify/assertion.ts'
import { device, note, person, proof, roles } from '../adapters/redis/scene.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { KEY } from './support/bench.ts'

const FOLDER = fileURLToPath(new URL('../support/deployments/operated/', import.meta.url))
const ROOT_SECRET = 'a root secret of at least thirty-two characters'

let redis: RedisServer
let connection: TcpConnection
let store: Store
let gateway: Deployment
let chief: User
let player: User

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function postern(line: string, environment: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const given = { POSTERN_OPERATOR_KEY: KEY, PORT: String(gateway.port), ...environment }
  const env = { REDIS_URL: redis.url, POSTERN_ROOT_SECRET: ROOT_SECRET, ...given }
  const io = {
    cwd: FOLDER,
    env,
    reader: 'program',
    out: (l: string) => void out.push(l),
    err: (l: string) => void err.push(l),
  } as const
  const code = await run(line.split(' '), io)
  return { code, out: out.join('\n'), err: err.join('\n') }
}

async function json(line: string): Promise<Readonly<Record<string, unknown>>> {
  const { out, code, err } = await postern(`${line} --json`)
  if (code !== 0) throw new Error(`${line}: ${code}\n${out}\n${err}`)
  return JSON.parse(out) as Record<string, unknown>
}

async function joined(n: number, ...names: string[]): Promise<User> {
  const now = seconds(Math.floor(Date.now() / 1000))
  const tag = `operate${'abcdefg'[n]}aa` as User['tag']
  const fresh = person(n, { roles: roles(...names), tag, createdAt: now, lastSignInAt: now })
  const signedIn = await store.directory.signIn(proof(`p${n}`), fresh, now, note('sign-up', fresh, now))
  if (signedIn.kind === 'closed') throw new Error('closed')
  const times = { createdAt: now, authTime: now, lastSeenAt: now }
  const ends = { idleUntil: seconds(now + 3600), endsAt: seconds(now + 3600) }
  await store.sessions.create(device(signedIn.user, 'one', { ...times, ...ends }), null, note('sign-in', fresh, now))
  return signedIn.user
}

beforeAll(async () => {
  redis = await startRedis()
  connection = await connectTcp({ urls: [redis.url], cluster: false, timeoutMs: 2_000 })
  store = redisStore(connection.driver, { prefix: 'postern', turns: 'in-process' })
  chief = await joined(1, 'chief')
  player = await joined(2, 'player')
  const environment = { REDIS_URL: redis.url, POSTERN_ROOT_SECRET: ROOT_SECRET, POSTERN_OPERATOR_KEY: KEY }
  gateway = await startDeployment({ runtime: 'node', name: 'operated', environment })
}, 60_000)

afterAll(async () => {
  await gateway?.stop()
  connection?.close()
  await redis?.stop()
})

describe('commands over the operator door of a running gateway', () => {
  test('sessions count tells active and total', async () => {
    expect(await postern('sessions count')).toMatchObject({ code: 0, out: '2 active within 1800 s, 2 in all' })
    expect(await json('sessions count')).toMatchObject({ active: 2, total: 2 })
  })

  test('sessions list shows public names, and no key', async () => {
    const { out, code } = await postern('sessions list')
    expect(code).toBe(0)
    expect(out).toContain('sid-user-2-one')
    expect(out).not.toContain(player.tag)
  })

  test('sessions show tells whose a session is, with the roles (S35)', async () => {
    const { out, code } = await postern('sessions show sid-user-2-one')
    expect(code).toBe(0)
    expect(out).toMatch(/^user name +Player 2$/m)
    expect(out).toMatch(/^roles +player$/m)
    expect(out).not.toContain(player.tag)
    expect((await json(`sessions show sid-user-2-one --user ${player.id}`))['roles']).toEqual(['player'])
    expect(await postern('sessions show sid-nobody')).toMatchObject({
      code: 1,
      err: expect.stringContaining('session: sid-nobody; give the public name of a live session'),
    })
  })

  test('sessions revoke ends one, and says so of one that is not there', async () => {
    await joined(3, 'player')
    const line = 'sessions revoke sid-user-3-one'
    expect(await postern(`${line} --dry-run`)).toMatchObject({ code: 0 })
    expect(await postern(line)).toMatchObject({ code: 0, out: 'session sid-user-3-one ended' })
    expect((await postern(line)).out).toContain('is not known')
  })

  test('sessions revoke --user ends all of a user', async () => {
    const user = await joined(4, 'player')
    expect(await postern(`sessions revoke --user ${user.id}`)).toMatchObject({ code: 0, out: '1 session ended' })
  })

  test('sessions characters tells who plays in a world (S39), sessions release takes one of them out', async () => {
    const user = await joined(0, 'player')
    const now = seconds(Math.floor(Date.now() / 1000))
    const [session] = await store.sessions.list(user, now)
    if (session === undefined) throw new Error('no session')
    const hero = { id: '44', name: 'Gandalf', world: 'north' }
    await store.sessions.select(session.key, hero, note('character-selected', user, now))
    expect((await postern('sessions characters north')).out).toBe('character  name\n44         Gandalf')
    expect((await postern('sessions characters south')).out).toBe('nobody plays in south')
    expect((await postern('sessions characters')).code).toBe(2)
    const line = 'sessions release 44 --world north'
    const told = '1 session goes on without character 44'
    expect(await postern(`${line} --dry-run`)).toMatchObject({ code: 0 })
    expect(await postern(line)).toMatchObject({ code: 0, out: told })
    expect((await postern(line)).out).toContain('0 sessions')
    expect((await postern('sessions release')).code).toBe(2)
  })

  test('sessions clear asks first', async () => {
    expect(await postern('sessions clear')).toMatchObject({ code: 2 })
    expect((await postern('sessions clear --dry-run')).code).toBe(0)
    expect((await json('sessions count'))['total']).toBeGreaterThan(0)
  })

  test('users list finds people by name, and users show tells everything', async () => {
    expect((await postern('users list player')).out).toContain(player.id)
    const shown = await json(`users show ${player.id}`)
    expect(shown).toMatchObject({ id: player.id, roles: ['player'], sessions: [{ sid: 'sid-user-2-one' }] })
    expect((await postern(`users show ${player.id}`)).out).toContain('standing')
  })

  test('users list finds one person by the whole id at a provider, and says what is missing of it', async () => {
    const line = 'users list --issuer https://issuer.example --subject'
    expect(await json(`${line} p2`)).toMatchObject({ users: [{ id: player.id }], next: null })
    expect(await json(`${line} p`)).toEqual({ users: [], next: null })
    expect(await postern('users list --subject p2')).toMatchObject({ code: 2, err: expect.stringContaining('issuer') })
    const unknown = await postern('users list --provider discord --subject p2')
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('configured are none') })
  })

  test('users ban and unban', async () => {
    const user = await joined(5, 'player')
    const banned = await postern(`users ban ${user.id} --reason flooding`)
    expect(banned).toMatchObject({ code: 0, out: `${user.id} is banned, 1 session ended` })
    expect((await store.directory.read(user.id))?.standing).toEqual({ kind: 'banned', reason: 'flooding' })
    expect((await postern(`users unban ${user.id}`)).code).toBe(0)
    expect((await postern(`users ban ${user.id} --reason x --until 2020-01-01T00:00:00Z`)).code).toBe(2)
  })

  test('a refusal is a finding: exit 1, with place and what would be right', async () => {
    const { code, err } = await postern('users ban nobody --reason x')
    expect(code).toBe(1)
    expect(err).toMatch(/^There is no such user\. user: nobody; give the id of a user.* \[unknown_user, /)
    const last = await postern(`roles remove ${chief.id} chief`)
    expect(last).toMatchObject({ code: 1, err: expect.stringContaining('last_admin') })
  })

  test('roles list', async () => {
    const { out } = await postern('roles list')
    expect(out.split('\n')[0]).toMatch(/^role +name +level +permissions$/)
    expect(out).toMatch(/^keeper +keeper +1 +play players.ban$/m)
  })

  test('roles assign and remove', async () => {
    expect((await postern(`roles assign ${player.id} keeper`)).out).toBe(`${player.id} has now: player, keeper`)
    expect((await postern(`roles assign ${player.id} keper`)).err).toContain('did you mean "keeper"?')
    expect((await postern(`roles remove ${player.id} keeper`)).out).toBe(`${player.id} has now: player`)
  })

  test('quotas show and set (A26)', async () => {
    expect((await postern(`quotas show ${player.id}`)).out).toMatch(/^quota +used +limit\nhats +0 +2$/)
    expect(await postern(`quotas set ${player.id} hats 2 --dry-run`)).toMatchObject({ code: 0 })
    expect((await json(`quotas show ${player.id}`))['quotas']).toEqual([{ name: 'hats', used: 0, limit: 2 }])
    expect((await postern(`quotas set ${player.id} hats 2`)).out).toBe(`${player.id} has used 2 of hats`)
    expect((await json(`quotas show ${player.id}`))['quotas']).toEqual([{ name: 'hats', used: 2, limit: 2 }])
    expect((await postern(`quotas set ${player.id} hats many`)).code).toBe(2)
    expect(await postern(`quotas set ${player.id} hat 1`)).toMatchObject({
      code: 1,
      err: expect.stringContaining('did you mean "hats"?'),
    })
  })

  test('tokens create shows the token once; list and revoke know its id', async () => {
    const made = await json(`tokens create ${player.id} --name bot --scope play --expires 1d --hourly-limit 100`)
    expect(made['token']).toMatch(/^pst_/)
    const listed = await postern(`tokens list ${player.id}`)
    expect(listed.out).toContain(String(made['id']))
    expect(listed.out).not.toContain(String(made['token']))
    expect((await postern(`tokens revoke ${player.id} ${made['id']}`)).code).toBe(0)
    const beyond = await postern(`tokens create ${player.id} --name bot --scope players.ban`)
    expect(beyond).toMatchObject({ code: 1, err: expect.stringContaining('permission_denied') })
  })

  test.each([
    ['audit retain --days 3', '--days must be a whole number from 30 to 36500, not 3 [bad_body, '],
    ['sessions list --limit 0', '--limit must be a whole number from 1 to 500, not 0 [bad_body, '],
    ['tokens create x --name bot --expires 0d', '--expires '],
    ['users ban x --reason y --until never', '--until must be a moment such as '],
  ])('%s: a value that is refused is named as it was typed', async (line, told) => {
    const { code, err } = await postern(line)
    expect(err.slice(0, told.length)).toBe(told)
    expect(code).toBe(2)
    expect(err).not.toMatch(/body is|JSON object/)
  })

  test('audit list, verify and export', async () => {
    expect((await postern('audit list --event operator-called --limit 2')).out).toContain('operator')
    expect((await postern('audit verify')).out).toMatch(/^intact: \d+ records$/)
    const lines = (await postern('audit export')).out.split('\n').map((line) => JSON.parse(line) as { event: string })
    expect(lines.some(({ event }) => event === 'roles-changed')).toBe(true)
    const [head] = (await postern('audit export --format csv')).out.split(/\r?\n/)
    expect(head).toBe('at,event,actor,subject,request_id,policy,detail,chain,sequence,hash')
  })

  test('admin invite prints a code once', async () => {
    expect((await json('admin invite'))['code']).toMatch(/^[A-Za-z0-9_-]{32}$/)
    expect((await json('admin invite --dry-run'))['code']).toBeUndefined()
  })

  test('keys list and rotate', async () => {
    expect((await postern('keys list')).out).toContain('current')
    expect((await postern('keys rotate --dry-run')).out).toMatch(
      /a new key is published and signs in 24 hours, instead of \S+/,
    )
    expect((await postern('keys rotate')).out).toContain('is published and signs from')
    expect((await postern('keys rotate --dry-run')).out).toContain('waits already and signs from')
    expect((await postern('keys rotate')).out).toContain('waits already')
    expect((await postern('keys revoke nothing')).code).toBe(1)
  })

  test('keys revoke acts at once on the key that signs, and a rehearsal does not', async () => {
    const states = async () => {
      const { keys } = (await json('keys list')) as { keys: { kid: string; state: string }[] }
      return new Map(keys.map(({ kid, state }) => [state, kid]))
    }
    const before = await states()
    const [signing = '', next = ''] = ['current', 'next'].map((state) => before.get(state) ?? '')
    const rehearsed = await postern(`keys revoke ${signing} --dry-run`)
    expect(rehearsed).toMatchObject({ code: 0, out: expect.stringContaining('nothing was changed') })
    expect(await states()).toEqual(before)
    expect(await postern(`keys revoke ${signing}`)).toMatchObject({
      code: 0,
      out: `${signing} is revoked; ${next} signs now`,
    })
    expect(await states()).toEqual(new Map([['current', next]]))
    expect(await postern(`keys revoke ${signing}`)).toMatchObject({
      code: 1,
      err: expect.stringContaining('give a kid as `keys list` shows it'),
    })
  })

  test('what is named by chance may begin with - and is no option for that', async () => {
    expect(await postern('keys revoke -Zabc')).toMatchObject({ code: 1, err: expect.stringContaining('key: -Zabc;') })
    expect(await postern('sessions revoke -Zabc --json')).toMatchObject({
      code: 0,
      out: '{"session":"-Zabc","ended":false}',
    })
    expect(await postern(`tokens revoke ${player.id} -Zabc`)).toMatchObject({ code: 1 })
    for (const line of ['keys revoke --kid', 'sessions revoke --al', `tokens revoke ${player.id} --id`])
      expect([line, await postern(line)]).toEqual([
        line,
        expect.objectContaining({ code: 2, err: expect.stringContaining('there is no such option') }),
      ])
  })

  test('assertion --as makes a header that the published keys verify', async () => {
    const { headers } = (await json('assertion --as keeper')) as { headers: Record<string, string> }
    const jwks = await (await fetch(`${gateway.gateway}/auth/.well-known/jwks.json`)).json()
    const keys = localKeys(jwks as Parameters<typeof localKeys>[0])
    const token = Object.entries(headers).find(([name]) => name.toLowerCase() === 'postern-assertion')?.[1]
    const verified = await verifyAssertion(token, { issuer: `${gateway.gateway}/auth`, audience: 'game', keys })
    expect(verified).toMatchObject({ kind: 'user', roles: ['keeper'] })
    expect((await postern('assertion --as nobody-knows')).code).toBe(1)
  })

  test('assertion: nobody, several roles, for curl, and what is wrong with a wrong one', async () => {
    const { headers } = (await json('assertion --as anonymous')) as { headers: Record<string, string> }
    expect(Object.keys(headers).map((name) => name.toLowerCase())).toEqual(['postern-assertion'])
    const text = await postern('assertion --as player,keeper')
    expect(text.out).toMatch(/^postern-assertion: ey\S+$/im)
    expect(text.out).toMatch(/^postern-roles: keeper,player$/im)
    const curl = await postern('assertion --as keeper --curl')
    expect(curl.out.split('\n').every((line) => /^-H '[\w-]+: [^']+'$/.test(line))).toBe(true)
    expect(await postern('assertion --as keper')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/roles: keper; the policy knows .*keeper/),
    })
    expect(await postern('assertion --as keeper --upstream gmae')).toMatchObject({
      code: 1,
      err: expect.stringContaining('upstream: gmae; configured upstreams are game'),
    })
    expect((await postern('assertion')).code).toBe(2)
    expect(await postern('assertion --as keeper --url http://127.0.0.1:9')).toMatchObject({
      code: 3,
      err: expect.stringContaining('http://127.0.0.1:9 does not answer'),
    })
  })

  test('push serves within 10 s, rollback and unpush go back', async () => {
    const policies = mkdtempSync(join(tmpdir(), 'postern-push-'))
    const more = 'upstream: game\nusers: { defaultRole: player }\nroles:\n  player: { level: 0, permissions: [play] }\n'
    writeFileSync(
      join(policies, 'a.yaml'),
      `${more}  chief: { level: 1, permissions: ["*"] }\nrules:\n  - path: /pushed\n    access: public\n`,
    )
    const own = String((await json('policies status'))['serving'])
    const ahead = await postern('diff running:', { OPERATED_POLICIES: policies })
    expect(ahead).toMatchObject({ code: 1, out: expect.stringContaining('! public * /pushed; add acknowledge: [') })
    const hash = String((await pushed(policies))['hash'])
    expect(hash).not.toBe(own)
    await untilServing(hash)
    expect(await postern('diff running:', { OPERATED_POLICIES: policies })).toMatchObject({ code: 0, out: 'no change' })
    expect(await postern(`diff . running:${hash}`)).toMatchObject({
      code: 1,
      out: expect.stringContaining('rule added: * /pushed'),
    })
    expect(await postern('diff running:sha256:none')).toMatchObject({
      code: 2,
      err: expect.stringContaining('name a version of `postern policies history`'),
    })
    writeFileSync(join(policies, 'a.yaml'), 'rules: [{ path: nonsense }]\n')
    expect((await postern('push', { OPERATED_POLICIES: policies })).code).toBe(1)
    expect((await json('policies status'))['serving']).toBe(hash)
    const none = await postern('rollback')
    expect(none.code).toBe(1)
    expect(none.err).toMatch(
      /^no version was pushed before this one: use unpush, or name one of `postern policies history` \[not_found, /,
    )
    expect((await postern('unpush')).code).toBe(0)
    await untilServing(own)
    expect((await postern(`rollback ${hash}`)).code).toBe(0)
    await untilServing(hash)
    expect((await postern('unpush')).code).toBe(0)
    rmSync(policies, { recursive: true })
  }, 45_000)

  async function pushed(policies: string) {
    const { out, err, code } = await postern('push --json', { OPERATED_POLICIES: policies })
    if (code !== 0) throw new Error(err)
    return JSON.parse(out) as Record<string, unknown>
  }

  async function untilServing(hash: string): Promise<void> {
    const end = Date.now() + 12_000
    while ((await json('policies status'))['serving'] !== hash) {
      if (Date.now() > end) throw new Error(`${hash} does not serve after 12 s`)
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }

  test('the environment is exit 3: no gateway, no key, a wrong key, plain http elsewhere', async () => {
    const wrong = await postern('sessions count', { POSTERN_OPERATOR_KEY: 'x'.repeat(43) })
    expect(wrong).toMatchObject({ code: 3, err: expect.stringContaining('does not take this POSTERN_OPERATOR_KEY') })
    expect(wrong.err).not.toContain('x'.repeat(43))
    expect(await postern('sessions count', { POSTERN_OPERATOR_KEY: '' })).toMatchObject({ code: 3 })
    expect(await postern('sessions count --url http://127.0.0.1:9')).toMatchObject({ code: 3 })
    expect((await postern('sessions count --url http://play.example.com')).err).toContain('needs https')
    expect((await postern('sessions count --url nonsense')).code).toBe(3)
  })

  test('a wrong command line is exit 2', async () => {
    expect((await postern('users ban')).code).toBe(2)
    expect((await postern('sessions revoke')).code).toBe(2)
    expect((await postern('sessions list --limit 0')).code).toBe(2)
  })

  test('the log of the gateway holds neither key, token nor code', async () => {
    const { code } = await json('admin invite')
    const { token } = await json(`tokens create ${player.id} --name canary`)
    for (const secret of [KEY, String(code), String(token), ROOT_SECRET]) expect(gateway.output()).not.toContain(secret)
    const trail = JSON.stringify(
      await store.audit.read({ from: null, to: null, subject: null, event: null }, { after: null, limit: 500 }),
    )
    for (const secret of [KEY, String(code), String(token), ROOT_SECRET]) expect(trail).not.toContain(secret)
  })
})
