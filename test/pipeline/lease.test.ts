import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Ask } from '../../src/core/ask.ts'
import { type Seconds, seconds } from '../../src/core/brand.ts'
import type { Session, User } from '../../src/core/person.ts'
import { authorize } from '../../src/pipeline/authorize.ts'
import { type Closing, closingOf, GRACE_SECONDS, type Lease, leaseTerms, recheck } from '../../src/pipeline/lease.ts'
import type { Gateway } from '../../src/ports/gateway.ts'
import { StoreUnavailable } from '../../src/ports/store.ts'
import { identifierOf } from '../../src/session/identifier.ts'
import { identify } from '../../src/session/identify.ts'
import { note } from '../../src/session/note.ts'
import { renewSession } from '../../src/session/open.ts'
import { askOf, SILENT, targetOf } from '../support/ask.ts'
import { type Workbench, workbench } from '../support/gateway.ts'

const POLICY = `
upstream: game
users: { defaultRole: player, guestRole: guest, roles: many }
permissions: [arena.play]
roles:
  guest: { displayName: Guest, level: 0, permissions: [] }
  player: { displayName: Player, level: 1, permissions: [arena.play] }
rules:
  - path: /arena/*
    methods: GET
    permission: arena.play
  - path: /brief/*
    methods: GET
    access: public
    websocket: { maxAge: 60s }
  - path: /played/*
    methods: GET
    character: selected
  - path: /loose/*
    methods: GET
    websocket: { lease: off }
`

let bench: Workbench
beforeEach(async () => {
  bench = await workbench({ 'game.yaml': POLICY })
})
afterEach(() => bench.close())

function pathAsk(path: string, cookie: string | null) {
  return askOf({
    front: 'socket',
    target: targetOf(path),
    credentials: { cookie, authorization: null, apiToken: null },
    browser: { ...SILENT, origin: 'https://play.example.com' },
  })
}

/** A lease as a front takes it when it opens a socket, and how it was ended. */
function take(cookie: string, path = '/arena/1') {
  return taken(pathAsk(path, cookie))
}

async function taken(ask: Ask): Promise<{ readonly lease: Lease; readonly ended: Closing[] }> {
  const verdict = await authorize(ask, bench.gateway)
  if (verdict.kind !== 'allow') throw new Error(verdict.kind)
  const terms = leaseTerms(ask, verdict.rule, verdict.subject)
  if (terms === null || terms.subject === null) throw new Error('no lease')
  const ended: Closing[] = []
  const confirmedAt = bench.gateway.runtime.now()
  return { lease: { ask: terms.ask, subject: terms.subject, confirmedAt, end: (c) => void ended.push(c) }, ended }
}

async function sessionOf(cookie: string): Promise<{ readonly session: Session; readonly user: User }> {
  const credentials = { cookie, authorization: null, apiToken: null }
  const found = await identify(credentials, identifierOf(bench.gateway))
  if (found.kind !== 'somebody') throw new Error(found.kind)
  return found.subject
}

function system() {
  return note(bench.gateway, { requestId: 'test' }, 'session-revoked', 'system', null)
}

const now = (): Seconds => seconds(bench.clock.now)

describe('recheck()', () => {
  test('leaves a lease alone that may go on, with one read of the store and no cookie kept', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const { lease, ended } = await take(cookie)
    bench.calls.length = 0
    await recheck([lease, lease], bench.gateway)
    expect(ended).toEqual([])
    expect(bench.calls).toEqual(['sessions.read'])
    expect(JSON.stringify(lease)).not.toContain(cookie.split('=')[1])
  })

  test('ends it with 4401 when the session was signed out or has run out', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const signedOut = await take(cookie)
    const { session } = await sessionOf(cookie)
    await bench.store.sessions.revoke(session.key, 'signed-out', now(), system())
    await recheck([signedOut.lease], bench.gateway)
    expect(signedOut.ended).toEqual([{ code: 4401, reason: 'signed out' }])

    const other = await bench.signedIn(['player'])
    const expired = await take(other.cookie)
    bench.clock.now += 9 * 3600
    await recheck([expired.lease], bench.gateway)
    expect(expired.ended).toEqual([{ code: 4401, reason: 'session expired' }])
  })

  test('ends it with 4409 when a newer sign-in took the place', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const { lease, ended } = await take(cookie)
    const { session } = await sessionOf(cookie)
    await bench.store.sessions.revoke(session.key, 'evicted', now(), system())
    await recheck([lease], bench.gateway)
    expect(ended).toEqual([{ code: 4409, reason: 'signed in elsewhere' }])
  })

  test('ends it with 4403 when a role was taken away', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    const { lease, ended } = await take(cookie)
    await bench.store.directory.setRoles(user, ['guest'] as never, null, [], system())
    await recheck([lease], bench.gateway)
    expect(ended).toEqual([{ code: 4403, reason: 'permission lost' }])
  })

  test('ends it with 4403 when the selected character is gone (2.3)', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    const { session } = await sessionOf(cookie)
    await bench.store.sessions.select(session.key, { id: '7', name: 'Zoë', world: 'north' }, system())
    const [played, other] = [await take(cookie, '/played/1'), await take(cookie)]
    await recheck([played.lease, other.lease], bench.gateway)
    expect(played.ended).toEqual([])
    expect(await bench.store.sessions.releaseCharacter('7', null, now(), system())).toBe(1)
    await recheck([played.lease, other.lease], bench.gateway)
    expect([played.ended, other.ended]).toEqual([[{ code: 4403, reason: 'permission lost' }], []])
    expect((await bench.store.sessions.list(user, now())).length).toBe(1)
  })

  test('ends it with 4423 when the account is suspended', async () => {
    const { cookie, user } = await bench.signedIn(['player'])
    const { lease, ended } = await take(cookie)
    const until = seconds(now() + 600)
    await bench.store.directory.setStanding(user, { kind: 'suspended', until, reason: 'x' }, [], now(), system())
    await recheck([lease], bench.gateway)
    expect(ended).toEqual([{ code: 4423, reason: 'account suspended' }])
  })

  test('ends it with 4403 when a new policy no longer lets it through', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const { lease, ended } = await take(cookie)
    const stricter = await workbench({
      'game.yaml': POLICY.replace('permissions: [arena.play] }', 'permissions: [] }'),
    })
    await recheck([lease], { ...bench.gateway, policy: () => stricter.gateway.policy() })
    stricter.close()
    expect(ended).toEqual([{ code: 4403, reason: 'permission lost' }])
  })

  test('follows a rotated session, however long ago its key was replaced', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const { lease, ended } = await take(cookie)
    const { session, user } = await sessionOf(cookie)
    await renewSession(askOf({}), bench.gateway, session, {
      user,
      provider: 'google',
      authTime: now(),
      provenAt: now(),
      remember: 'forget',
    })
    bench.clock.now += 600
    await recheck([lease], bench.gateway)
    expect(ended).toEqual([])
    expect(lease.subject.kind === 'session' && lease.subject.session.key).not.toBe(session.key)
  })

  test('what a bearer opened without any Origin goes on, follows a replaced key, and ends like the rest', async () => {
    const { cookie, accessToken, user } = await bench.signedIn(['player'])
    const authorization = `Bearer ${accessToken}`
    const ask = { ...pathAsk('/arena/1', null), browser: SILENT }
    const byBearer = await taken({ ...ask, credentials: { cookie: null, authorization, apiToken: null } })
    const byCookie = await take(cookie)
    await recheck([byBearer.lease, byCookie.lease], bench.gateway)
    expect([byBearer.ended, byCookie.ended]).toEqual([[], []])
    expect(JSON.stringify(byBearer.lease)).not.toContain(accessToken.slice('pss_'.length))
    const { session } = await sessionOf(cookie)
    const at = now()
    const opening = { user, provider: 'google', authTime: at, provenAt: at, remember: 'forget' } as const
    await renewSession(askOf({}), bench.gateway, session, opening)
    bench.clock.now += 600
    await recheck([byBearer.lease, byCookie.lease], bench.gateway)
    expect([byBearer.ended, byCookie.ended]).toEqual([[], []])
    await bench.store.sessions.revokeUser(user, 'kicked', now(), system())
    await recheck([byBearer.lease, byCookie.lease], bench.gateway)
    expect(byBearer.ended).toEqual([{ code: 4401, reason: 'kicked' }])
    expect(byCookie.ended).toEqual(byBearer.ended)
  })

  test('a foreign Authorization beside a cookie takes the guard off nothing', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const ask = { ...pathAsk('/arena/1', cookie), browser: { ...SILENT, origin: 'https://evil.example' } }
    const foreign = { ...ask, credentials: { cookie, authorization: 'Bearer of-the-game', apiToken: null } }
    expect((await authorize(foreign, bench.gateway)).kind).toBe('cross-site')
  })

  test('keeps it while the store is silent, up to the grace, then ends it with 4503', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const { lease, ended } = await take(cookie)
    const silent: Gateway = {
      ...bench.gateway,
      store: {
        ...bench.store,
        sessions: {
          ...bench.store.sessions,
          read: () => Promise.reject(new StoreUnavailable('readSession', 'silent')),
        },
      },
    }
    bench.clock.now += GRACE_SECONDS
    await recheck([lease], silent)
    expect(ended).toEqual([])
    bench.clock.now += 1
    await recheck([lease], silent)
    expect(ended).toEqual([{ code: 4503, reason: 'sessions cannot be checked' }])
  })
})

describe('leaseTerms()', () => {
  test('there are none where the rule says lease: off, or where nothing could end the socket', async () => {
    const { cookie } = await bench.signedIn(['player'])
    const loose = await authorize(pathAsk('/loose/1', cookie), bench.gateway)
    const open = await authorize(pathAsk('/brief/1', null), bench.gateway)
    if (loose.kind !== 'allow' || open.kind !== 'allow') throw new Error('refused')
    expect(leaseTerms(pathAsk('/loose/1', cookie), loose.rule, loose.subject)).toBeNull()
    expect(leaseTerms(pathAsk('/brief/1', null), open.rule, null)).toMatchObject({ subject: null, maxAgeSeconds: 60 })
  })
})

describe('closingOf()', () => {
  test('says nothing about a request that is let through', async () => {
    const verdict = await authorize(pathAsk('/brief/1', null), bench.gateway)
    expect(closingOf(verdict)).toBeNull()
  })
})
