import { readFileSync } from 'node:fs'
import { keyName } from '../../../src/adapters/redis/names.ts'
import { redisStore } from '../../../src/adapters/redis/store.ts'
import { connectTcp } from '../../../src/adapters/redis/tcp.ts'
import type { GatewayInput } from '../../../src/config/define.ts'
import type { Session } from '../../../src/core/person.ts'
import type { Store } from '../../../src/ports/store.ts'
import { openSqliteStore } from '../../../src/runtime/node-sqlite.ts'
import { ORIGIN, type Workbench, workbench } from '../../support/gateway.ts'
import { startRedis } from '../../support/redis-server.ts'

/** A key of the operator door, as `init` makes one: 32 random bytes. */
export const KEY = 'q1w2e3r4t5y6u7i8o9p0aSdFgHjKlZxCvBnM_-12345'

/** The stores that every test of this room runs on. */
export const STORES = ['sqlite', 'redis'] as const

/** A selection without its world. */
const HALF = '{"id":"7","name":"Zoë"}'

/** Gives benches on one kind of store, each with records of its own. */
export interface Benches {
  bench(policies: Readonly<Record<string, string>>, settings?: Partial<GatewayInput>): Promise<Workbench>
  /** Takes the world from the selection of a session, as an import of another's data could leave it. */
  halveCharacter(bench: Workbench, session: Session): Promise<void>
  stop(): Promise<void>
}

/** Benches over SQLite in memory, or over a real redis-server. */
export async function benchesOn(kind: (typeof STORES)[number]): Promise<Benches> {
  const open: Workbench[] = []
  const secrets = { POSTERN_OPERATOR_KEY: KEY }
  if (kind === 'sqlite') {
    const files = new Map<Workbench, ReturnType<typeof openSqliteStore>>()
    return {
      async bench(policies, settings) {
        const file = openSqliteStore(':memory:')
        const made = await workbench(policies, settings, { secrets, store: file.store })
        open.push(made)
        files.set(made, file)
        return made
      },
      async halveCharacter(bench, { sid }) {
        files.get(bench)?.engine.sql.all('UPDATE sessions SET character = ? WHERE sid = ?', HALF, sid)
      },
      async stop() {
        for (const bench of open) bench.close()
        for (const file of files.values()) file.close()
      },
    }
  }
  const server = await startRedis()
  const connection = await connectTcp({ urls: [server.url], cluster: false, timeoutMs: 2_000 })
  return {
    async bench(policies, settings) {
      const store: Store = redisStore(connection.driver, { prefix: `bench${open.length}`, turns: 'in-process' })
      const made = await workbench(policies, settings, { secrets, store })
      open.push(made)
      return made
    },
    async halveCharacter(bench, { tag, key }) {
      const name = keyName(`bench${open.indexOf(bench)}`, tag, 'character')
      const written = await server.command('HSET', name, key.slice(tag.length + 1), `7\n\n${HALF}`)
      // Zero new fields: a selection stood there.
      if (written !== ':0\r\n') throw new Error(`no selection to halve: ${written}`)
    },
    async stop() {
      for (const bench of open) {
        await bench.settle()
        bench.close()
      }
      connection.close()
      await server.stop()
    },
  }
}

function policyFile(path: string): string {
  return readFileSync(new URL(`../../../policies/${path}`, import.meta.url), 'utf8')
}

/** The shipped policy with five roles (seeds 3.5). */
export const PLATFORM: Readonly<Record<string, string>> = { 'roles.yaml': policyFile('roles.yaml') }

/** The MUD server's four roles (seeds 3.2). */
export const MUD: Readonly<Record<string, string>> = { 'roles.yaml': policyFile('examples/mud/roles.yaml') }

/** How the MUD server's policy calls what administrators do. */
export const MUD_SETTINGS: Partial<GatewayInput> = {
  adminPermissions: {
    users: 'view_logs',
    ban: 'ban_users',
    kick: 'kick_users',
    roles: 'manage_users',
    remove: 'manage_users',
  },
}

/** An answer as a test looks at it. */
export interface Answered {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly text: string
  readonly headers: Headers
}

/** Status and JSON of a response. */
export async function read(response: Response): Promise<Answered> {
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  const body = isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
  return { status: response.status, body, text, headers: response.headers }
}

/** One call at the operator door. */
export async function atDoor(bench: Workbench, operation: string, input: unknown = {}): Promise<Answered> {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(input) }
  return read(await bench.request(`/auth/operator/v1/${operation}`, init))
}

/** One call of the admin API by somebody's cookie, from a page of ours. */
export async function asPerson(
  bench: Workbench,
  cookie: string,
  operation: string,
  input: unknown = {},
): Promise<Answered> {
  const headers = { cookie, origin: ORIGIN, 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(input) }
  return read(await bench.request(`/auth/admin/api/${operation}`, init))
}

/** One call of the admin API by an API token. */
export async function byToken(
  bench: Workbench,
  token: string,
  operation: string,
  input: unknown = {},
): Promise<Answered> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(input) }
  return read(await bench.request(`/auth/admin/api/${operation}`, init))
}
