import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Store } from '../../../src/ports/store.ts'
import { openSqliteStore, StoreFileProblem } from '../../../src/runtime/node-sqlite.ts'
import { at, keyOf, note, refOf, sessionOf, signedIn, T0 } from '../../contract/people.ts'
import { fill } from './many.ts'
import { tokenOf } from './writer.ts'

const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url))

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-store-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Lets a process write until it acknowledged so much, then kills its whole group; gives what it acknowledged. */
function writeUntilKilled(file: string, acks: number, before = () => undefined as unknown): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [WRITER, file], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    let problem = ''
    child.stderr.on('data', (chunk) => {
      problem += String(chunk)
    })
    child.stdout.on('data', (chunk) => {
      said += String(chunk)
      if (said.split('\n').length > acks && child.pid !== undefined && child.signalCode === null) {
        before()
        process.kill(-child.pid, 'SIGKILL')
      }
    })
    child.on('close', (_, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the writer ended by itself: ${problem}`))
      // A line is whole only when its end was written too.
      resolve(said.split('\n').slice(0, -1))
    })
  })
}

async function isThere(store: Store, ack: string, revoked: ReadonlySet<string>): Promise<boolean> {
  const [what, number] = ack.split(' ')
  const user = refOf(Number(number))
  const found = await store.sessions.read(keyOf(user, 'a'), at(2_000))
  const isRevoked = found.kind === 'ended' && found.reason === 'kicked'
  if (what === 'user') return (await store.directory.read(user.id)) !== null
  if (what === 'roles') return (await store.directory.read(user.id))?.roles[0] === 'game_master'
  if (what === 'revoked') return isRevoked
  if (what === 'ban') return (await store.directory.read(user.id))?.standing.kind === 'banned'
  if (what === 'token') return (await store.tokens.read(tokenOf(Number(number)).key, at(2_000))).kind === 'live'
  // A revocation may have been written and not acknowledged.
  if (isRevoked) return revoked.has(`${number}`) || Number(number) % 3 === 0
  if (what === 'session') return found.kind === 'live'
  return found.kind === 'live' && found.session.character?.id === number
}

describe('a store in a file', () => {
  test('kill -9 in the middle of 1,000 writes loses nothing that was acknowledged (SPEC 10, DECISIONS 36)', async () => {
    const file = join(folder, 'store.sqlite')
    const acks = await writeUntilKilled(file, 1_000)
    expect(acks.length).toBeGreaterThanOrEqual(1_000)
    const { store, close } = openSqliteStore(file)
    const revoked = new Set(acks.filter((ack) => ack.startsWith('revoked')).map((ack) => ack.slice(8)))
    const missing: string[] = []
    for (const ack of acks) if (!(await isThere(store, ack, revoked))) missing.push(ack)
    expect(missing).toEqual([])
    const kinds = new Set(acks.map((ack) => ack.split(' ')[0]))
    expect(kinds).toEqual(new Set(['user', 'session', 'character', 'roles', 'revoked', 'token', 'ban']))
    const verified = await store.audit.verify()
    // User, session, character, roles, revocation, token, ban: each acknowledged change has its record, the last one may have one more.
    expect(verified.kind === 'intact' && verified.records).toBeGreaterThanOrEqual(acks.length)
    await store.sessions.sweep(at(2_000))
    close()
  }, 60_000)

  test('kill -9 again and again leaves a store that opens and goes on', async () => {
    const file = join(folder, 'store.sqlite')
    for (const acks of [3, 17, 60]) {
      await writeUntilKilled(file, acks)
      const { store, close } = openSqliteStore(file)
      expect(await store.audit.verify()).toMatchObject({ kind: 'intact' })
      await store.sessions.sweep(at(2_000))
      await store.sessions.revokeAll(at(2_000), note('session-revoked', null, at(2_000)))
      expect(await store.sessions.count(at(2_000), 0)).toEqual({ active: 0, total: 0 })
      close()
      rmSync(file, { force: true })
    }
  }, 60_000)

  test('sessions outlive an orderly restart (S18)', async () => {
    const file = join(folder, 'deep', 'er', 'store.sqlite')
    const first = openSqliteStore(file)
    const { session } = await signedIn(first.store, 1)
    first.close()
    const second = openSqliteStore(file)
    expect((await second.store.sessions.read(session.key, at(1))).kind).toBe('live')
    second.close()
  })

  test('a file serves one process: a second one is refused by name, and let in when the first is gone (U8)', async () => {
    const file = join(folder, 'store.sqlite')
    const first = openSqliteStore(file)
    expect(() => openSqliteStore(file)).toThrow(StoreFileProblem)
    expect(() => openSqliteStore(file)).toThrow(/PST450 is open in another process/)
    await signedIn(first.store, 1)
    first.close()
    openSqliteStore(file).close()
  })

  test('a second process is refused while the first one writes (U8)', async () => {
    const file = join(folder, 'store.sqlite')
    let refusal: unknown = null
    await writeUntilKilled(file, 10, () => {
      try {
        openSqliteStore(file).close()
      } catch (error) {
        refusal = error
      }
    })
    expect(String(refusal)).toMatch(/PST450 is open in another process/)
  })

  test('a process that was killed leaves no lock behind', async () => {
    const file = join(folder, 'store.sqlite')
    await writeUntilKilled(file, 5)
    openSqliteStore(file).close()
  })

  test('a file that is no store is refused and left as it is', () => {
    const file = join(folder, 'store.sqlite')
    writeFileSync(file, 'this is no database, and somebody may still want it')
    expect(() => openSqliteStore(file)).toThrow(/PST451 cannot be opened as a store/)
    expect(readFileSync(file, 'utf8')).toMatch(/somebody may still want it/)
  })

  test('backup() writes a whole copy while the store is in use, and does not overwrite', async () => {
    const first = openSqliteStore(join(folder, 'store.sqlite'))
    const { user, session } = await signedIn(first.store, 1)
    const copy = join(folder, 'copy.sqlite')
    await first.backup(copy)
    await first.store.sessions.create(sessionOf(user, 'later'), null, note('sign-in', user))
    await expect(first.backup(copy)).rejects.toThrow(/EEXIST/)
    expect(statSync(copy).mode & 0o777).toBe(0o600)
    const second = openSqliteStore(copy)
    expect((await second.store.sessions.read(session.key, T0)).kind).toBe('live')
    expect((await second.store.sessions.count(T0, 0)).total).toBe(1)
    expect(await second.store.audit.verify()).toMatchObject({ kind: 'intact' })
    first.close()
    second.close()
  })

  test('backup() is whole however much is written meanwhile, has all that was acknowledged before, and lets writes go on', async () => {
    const first = openSqliteStore(join(folder, 'store.sqlite'))
    const { user } = await signedIn(first.store, 1)
    const write = (name: string) => first.store.sessions.create(sessionOf(user, name), null, note('sign-in', user))
    // Hundreds of pages: the copy is made in steps of a hundred, and writes come between them.
    fill(first, 2_000, 2)
    await write('before')
    const copy = join(folder, 'copy.sqlite')
    const progress = { done: false, written: 0 }
    const backing = first.backup(copy).finally(() => {
      progress.done = true
    })
    while (!progress.done) {
      await write(`meanwhile-${progress.written++}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await backing
    expect(progress.written).toBeGreaterThan(2)
    first.close()
    const second = openSqliteStore(copy)
    const { total } = await second.store.sessions.count(T0, 0)
    expect((await second.store.sessions.read(keyOf(user, 'before'), T0)).kind).toBe('live')
    expect([total >= 2_002, total <= 2_002 + progress.written]).toEqual([true, true])
    expect(await second.store.audit.verify()).toMatchObject({ kind: 'intact' })
    expect(second.engine.sql.all('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
    second.close()
  })

  test('backup() comes about each time, also when its first step meets a write', async () => {
    const first = openSqliteStore(join(folder, 'store.sqlite'))
    const { user } = await signedIn(first.store, 1)
    const write = (name: string) => first.store.sessions.create(sessionOf(user, name), null, note('sign-in', user))
    let isOver = false
    const copies = (async () => {
      const outcomes = new Set<string>()
      for (let n = 0; n < 60; n++)
        outcomes.add(await first.backup(join(folder, `copy-${n}`)).then(() => 'made', String))
      isOver = true
      return [...outcomes]
    })()
    for (let n = 0; !isOver; n++) {
      await write(`meanwhile-${n}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await copies).toEqual(['made'])
    first.close()
  })
})
