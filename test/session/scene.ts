import { seconds } from '../../src/core/brand.ts'
import type { User } from '../../src/core/person.ts'
import type { AuditNote } from '../../src/ports/audit.ts'
import { StoreUnavailable } from '../../src/ports/store.ts'
import { openSession } from '../../src/session/open.ts'
import { askOf } from '../support/ask.ts'
import { ORIGIN, type Workbench } from '../support/gateway.ts'

/** The deployment that tests of session life run: two plain roles, two with lives and caps of their own. */
export const POLICIES: Readonly<Record<string, string>> = {
  'roles.yaml': `
users: { defaultRole: player, guestRole: guest }
permissions: [players.view, players.edit]
roles:
  guest: { level: 0, permissions: [] }
  player: { level: 1, permissions: [players.view] }
  warden: { level: 2, permissions: [players.edit] }
  strict: { level: 3, permissions: [players.view], sessionTtl: 1h, idleTtl: 10m }
  single: { level: 1, permissions: [players.view], maxSessions: 1 }
`,
  'game.yaml': `
upstream: game
rules:
  - path: /open
    access: public
  - path: /anybody
    guest: allow
  - path: /tokens
    guest: allow
    tokens: allow
  - path: /players
    permission: players.view
  - path: /edit
    permission: players.edit
    tokens: allow
  - path: /quiet
    activity: false
  - path: /arena
    character: selected
  - path: /arena/edit
    character: selected
    permission: players.edit
`,
}

/** Makes one operation of a room of the store fail as a silent store does, until the answer is called. */
export function silence<Room extends object>(room: Room, operation: keyof Room & string): () => void {
  const { [operation]: working } = room
  const silent = () => Promise.reject(new StoreUnavailable(operation, 'silent in this test'))
  Object.assign(room, { [operation]: silent })
  return () => void Object.assign(room, { [operation]: working })
}

/** What goes into the audit trail with a change a test makes. */
export function noteOf(bench: Workbench, event: AuditNote['event'] = 'roles-changed'): AuditNote {
  const at = seconds(bench.clock.now)
  return { event, at, actor: 'test', subject: null, requestId: 'test', policy: '', detail: {} }
}

/** One request of a program with a cookie. */
export function asked(bench: Workbench, path: string, cookie: string, init: RequestInit = {}): Promise<Response> {
  return bench.request(path, { ...init, headers: { accept: 'application/json', cookie, origin: ORIGIN } })
}

/** Status, code and reason of a request, after background work is done. */
export async function said(
  bench: Workbench,
  path: string,
  cookie: string,
  init: RequestInit = {},
): Promise<readonly unknown[]> {
  const answer = await asked(bench, path, cookie, init)
  await bench.settle()
  if (answer.status === 200) return [200]
  const { code, reason } = (await answer.json()) as { code: string; reason?: string }
  return reason === undefined ? [answer.status, code] : [answer.status, code, reason]
}

/** What the session endpoint tells, as far as tests of lives care. */
export interface ToldState {
  readonly state: string
  readonly created: string
  readonly refreshed: string | null
  readonly last_seen: string
  readonly idle_until: string
  readonly expires: string
  readonly character: unknown
}

/** The state of a session as the store knows it, past all memory. */
export async function stateOf(bench: Workbench, cookie: string): Promise<ToldState> {
  bench.gateway.sessions.clear()
  return (await (await asked(bench, '/auth/session', cookie)).json()) as ToldState
}

/** A further session of somebody: the cookie and its whole line, or why there is none. */
export async function another(
  bench: Workbench,
  user: User,
  remember: 'remember' | 'forget' = 'forget',
): Promise<{ readonly cookie: string; readonly line: string } | 'too-many' | 'no-user' | 'changed'> {
  const now = seconds(bench.clock.now)
  const opened = await openSession(askOf({}), bench.gateway, {
    user,
    provider: 'google',
    authTime: now,
    provenAt: now,
    remember,
  })
  if (!opened.ok) return opened.fault
  return { cookie: opened.value.setCookie.split(';')[0] ?? '', line: opened.value.setCookie }
}
