import { seconds } from '../../src/core/brand.ts'
import type { AuditNote } from '../../src/ports/audit.ts'
import { type SessionStore, StoreUnavailable } from '../../src/ports/store.ts'
import type { Workbench } from '../support/gateway.ts'

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

/** Makes one operation on sessions fail as a silent store does, until the answer is called. */
export function silence(bench: Workbench, operation: keyof SessionStore): () => void {
  const { [operation]: working } = bench.store.sessions
  const silent = () => Promise.reject(new StoreUnavailable(operation, 'silent in this test'))
  Object.assign(bench.store.sessions, { [operation]: silent })
  return () => void Object.assign(bench.store.sessions, { [operation]: working })
}

/** What goes into the audit trail with a change a test makes. */
export function noteOf(bench: Workbench, event: AuditNote['event'] = 'roles-changed'): AuditNote {
  const at = seconds(bench.clock.now)
  return { event, at, actor: 'test', subject: null, requestId: 'test', policy: '', detail: {} }
}
