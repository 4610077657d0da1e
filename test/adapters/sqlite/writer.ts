import { fileURLToPath } from 'node:url'
import { seconds } from '../../../src/core/brand.ts'
import type { ApiToken } from '../../../src/ports/token-store.ts'
import { openSqliteStore } from '../../../src/runtime/node-sqlite.ts'
import { characterOf, identityOf, note, refOf, roles, sessionOf, T0, userOf } from '../../contract/people.ts'

/** The API token of the n-th user. */
export function tokenOf(n: number): ApiToken {
  const { id, tag } = refOf(n)
  return {
    ...{ id: `token-${n}`, key: `${tag}.token-${n}`, owner: id, name: 'bot', description: '', scopes: null },
    ...{ createdAt: T0, expiresAt: null, lastUsedAt: null, uses: 0, hourlyLimit: null },
  }
}

/** Writes as fast as it can until it is killed, and says on its standard output what was acknowledged, one a line. */
async function main(file: string): Promise<void> {
  const { store } = openSqliteStore(file)
  for (let n = 0; ; n++) {
    const user = refOf(n)
    const when = seconds(T0 + n)
    await store.directory.signIn(identityOf(n), userOf(n), when, note('sign-up', user, when))
    ack('user', n)
    const session = sessionOf(user, 'a')
    await store.sessions.create(session, null, note('sign-in', user, when))
    ack('session', n)
    await store.sessions.select(session.key, characterOf(String(n), 'north'), note('character-selected', user, when))
    ack('character', n)
    await store.directory.setRoles(user, roles('game_master'), null, roles('admin'), note('roles-changed', user, when))
    ack('roles', n)
    if (n % 3 === 0) {
      await store.sessions.revoke(session.key, 'kicked', when, note('session-revoked', user, when))
      ack('revoked', n)
    }
    if (n % 3 === 1) {
      await store.tokens.create(user, tokenOf(n), 50, note('token-created', user, when))
      ack('token', n)
    }
    if (n % 3 === 2) {
      const banned = { kind: 'banned', reason: 'cheating' } as const
      await store.directory.setStanding(user, banned, roles('admin'), when, note('standing-changed', user, when))
      ack('ban', n)
    }
  }
}

function ack(what: string, n: number): void {
  process.stdout.write(`${what} ${n}\n`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv[2] ?? '')
