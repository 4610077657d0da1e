import { createApp } from '../../src/app.ts'
import type { GatewayInput } from '../../src/config/define.ts'
import { type Seconds, seconds } from '../../src/core/brand.ts'
import type { User } from '../../src/core/person.ts'
import { checkPolicy } from '../../src/policy/compile.ts'
import type { AuditNote } from '../../src/ports/audit.ts'
import type { Gateway } from '../../src/ports/gateway.ts'
import type { Observation } from '../../src/ports/observation.ts'
import type { Runtime } from '../../src/ports/runtime.ts'
import type { Store } from '../../src/ports/store.ts'
import type { UpstreamRequest } from '../../src/ports/upstream.ts'
import { buildGateway, prepare } from '../../src/runtime/build.ts'
import { openSqliteStore } from '../../src/runtime/node-sqlite.ts'
import { openSession } from '../../src/session/open.ts'
import { askOf } from './ask.ts'

/** A gateway in this process, over a real SQLite store in memory, with a clock that tests turn. */
export interface Workbench {
  readonly gateway: Gateway
  readonly store: Store
  /** Names of store operations in order, such as `sessions.read`. */
  readonly calls: string[]
  readonly observed: Observation[]
  /** What the upstream was sent. */
  readonly sent: UpstreamRequest[]
  readonly clock: { now: number }
  /** Waits for background work. */
  settle(): Promise<void>
  /** One request through the application, as a runtime hands it over; from 203.0.113.7 unless `address` says otherwise. */
  request(path: string, init?: RequestInit, address?: string | null): Promise<Response>
  /** A signed-in person: both forms of the session's secret, and who it is. */
  signedIn(
    roles: readonly string[],
    name?: string,
  ): Promise<{ readonly cookie: string; readonly accessToken: string; readonly user: User }>
  close(): void
}

function counted(store: Store, calls: string[]): Store {
  const rooms = Object.entries(store).map(([room, operations]) => {
    const wrap = (operation: string, run: (...args: unknown[]) => unknown) => {
      return (...args: unknown[]) => {
        calls.push(`${room}.${operation}`)
        return run(...args)
      }
    }
    const own = Object.entries(operations as Record<string, (...args: unknown[]) => unknown>)
    return [room, Object.fromEntries(own.map(([operation, run]) => [operation, wrap(operation, run)]))]
  })
  return Object.fromEntries(rooms) as Store
}

/** The same as the answer to an upgrade that comes about, which no constructor but that of workerd makes. */
function switched(told: Response): Response {
  return Object.defineProperties(told, { status: { value: 101 }, ok: { value: false } })
}

/** Settings every workbench starts from. */
export const ORIGIN = 'https://play.example.com'

/** What a test brings along: another real store, and secrets of its own. */
export interface Given {
  readonly store?: Store
  readonly secrets?: Readonly<Record<string, string>>
  /** What the upstream answers; without it, the headers it was sent. */
  readonly upstream?: (request: UpstreamRequest) => Response | Promise<Response>
  /** The way out to providers; none unless given. */
  readonly fetch?: Runtime['fetch']
}

/** Builds a workbench over policies given as YAML by file name. */
export async function workbench(
  policies: Readonly<Record<string, string>>,
  settings: Partial<GatewayInput> = {},
  given: Given = {},
): Promise<Workbench> {
  const definition: GatewayInput = {
    origin: ORIGIN,
    upstreams: { game: { url: 'https://game.example.com' } },
    ...settings,
  }
  const files = Object.entries(policies).map(([name, text]) => ({ name, text }))
  const known = {
    upstreams: Object.entries(definition.upstreams).map(([name, { caseInsensitive = false }]) => ({
      name,
      caseInsensitive,
    })),
    providers: Object.keys(definition.providers ?? {}),
    hosts: ['play.example.com', ...(definition.hosts ?? [])],
    attributes: definition.attributes ?? {},
    prefix: '/auth',
  }
  const checked = await checkPolicy(files, known)
  if (checked.bundle === null) throw new Error(checked.problems.map((problem) => problem.message).join('\n'))
  const file = openSqliteStore(':memory:')
  const calls: string[] = []
  const observed: Observation[] = []
  const sent: UpstreamRequest[] = []
  const clock = { now: 1_900_000_000 }
  const pending = new Set<Promise<unknown>>()
  const runtime: Runtime = {
    now: () => seconds(clock.now),
    ticks: () => clock.now * 1000,
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
    fetch: given.fetch ?? (() => Promise.reject(new Error('no network in this test'))),
    background: (work) => void pending.add(work),
    observe: (observation) => void observed.push(observation),
  }
  const store = counted(given.store ?? file.store, calls)
  const upstream = {
    async send(request: UpstreamRequest) {
      sent.push(request)
      if (given.upstream !== undefined) return given.upstream(request)
      const headers = { 'content-type': 'application/json' }
      const told = new Response(JSON.stringify([...request.headers]), { headers })
      return request.headers.has('upgrade') ? switched(told) : told
    },
  }
  const secrets = (name: string) =>
    given.secrets?.[name] ?? process.env[name] ?? (name.startsWith('TEST_') ? 'a-test-secret-value' : undefined)
  const guests = checked.bundle.guestRole === null ? 'off' : 'on'
  const { gateway } = await buildGateway(prepare({ guests, ...definition }, checked.bundle, secrets), {
    store,
    runtime,
    upstream,
  })
  const app = createApp(gateway.config)
  let made = 0
  const bench: Workbench = {
    gateway,
    store,
    calls,
    observed,
    sent,
    clock,
    async settle() {
      while (pending.size > 0) {
        const [work] = pending
        if (work !== undefined) pending.delete(work)
        await work
      }
    },
    async request(path, init = {}, address = '203.0.113.7') {
      const headers = new Headers(init.headers)
      if (!headers.has('host')) headers.set('host', 'play.example.com')
      const request = new Request(`${ORIGIN}${path}`, { ...init, headers })
      const arrival = { requestId: `request-${calls.length}`, rawTarget: path, address, country: null }
      return app.fetch(request, { gateway, arrival })
    },
    async signedIn(roles, name = 'Somebody') {
      const user = personOf(++made, roles, name, seconds(clock.now))
      const note: AuditNote = {
        event: 'sign-up',
        at: seconds(clock.now),
        actor: user.id,
        subject: user.id,
        requestId: 'test',
        policy: '',
        detail: {},
      }
      const identity = {
        issuer: 'https://id.example.com',
        subject: `subject-${made}`,
        provider: 'google',
        profile: user.profile,
      }
      const signedIn = await store.directory.signIn(identity, user, seconds(clock.now), note)
      if (signedIn.kind === 'closed') throw new Error('sign-up is closed')
      const opened = await openSession(askOf({}), gateway, {
        user: signedIn.user,
        provider: 'google',
        authTime: seconds(clock.now),
        provenAt: seconds(clock.now),
        remember: 'forget',
      })
      if (!opened.ok) throw new Error(opened.fault)
      const { setCookie, accessToken } = opened.value
      return { cookie: setCookie.split(';')[0] ?? '', accessToken, user: signedIn.user }
    },
    close: () => file.close(),
  }
  return bench
}

function personOf(number: number, roles: readonly string[], name: string, now: Seconds): User {
  const digits = String(number).padStart(12, '0')
  const letters = 'abcdefghij'
  const tag = [...digits.slice(2)].map((digit) => letters[Number(digit)]).join('')
  return {
    id: `00000000-0000-4000-8000-${digits}` as User['id'],
    tag: tag as User['tag'],
    origin: 'sign-up',
    guest: false,
    profile: { name, email: null, emailVerified: false, picture: null },
    roles: roles as User['roles'],
    primaryRole: null,
    standing: { kind: 'active' },
    attributes: {},
    epoch: 1,
    createdAt: now,
    lastSignInAt: now,
    endsAt: null,
  }
}
