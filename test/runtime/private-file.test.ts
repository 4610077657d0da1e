import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from '../../src/runtime/node-sqlite.ts'
import { keepPrivate } from '../../src/runtime/private-file.ts'
import { note } from '../adapters/redis/scene.ts'

let folder = ''
beforeEach(() => {
  const made = mkdtempSync(join(tmpdir(), 'postern-private-'))
  folder = made
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
})

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

test('openSqliteStore() makes a store, and its folder, that nobody else may read (it holds the root secret)', async () => {
  const file = join(folder, 'made/here/store.sqlite')
  const { store, exposed, close } = openSqliteStore(file)
  await store.audit.append(note('audit-read'))
  expect([file, `${file}-wal`].map(modeOf)).toEqual(['600', '600'])
  expect([join(folder, 'made'), join(folder, 'made/here')].map(modeOf)).toEqual(['700', '700'])
  expect(exposed).toBe(false)
  close()
})

test('openSqliteStore() takes a store that everybody could read from them, and leaves a folder that was there as it is', async () => {
  const shared = join(folder, 'shared')
  mkdirSync(shared, { mode: 0o755 })
  const file = join(shared, 'store.sqlite')
  openSqliteStore(file).close()
  chmodSync(file, 0o644)
  // What an earlier process that was killed left beside it.
  writeFileSync(`${file}-wal`, '', { mode: 0o644 })
  writeFileSync(`${file}-shm`, '', { mode: 0o644 })
  const { store, exposed, close } = openSqliteStore(file)
  await store.audit.append(note('audit-read'))
  expect([file, `${file}-wal`].map(modeOf)).toEqual(['600', '600'])
  expect(existsSync(`${file}-shm`) ? modeOf(`${file}-shm`) : '600').toBe('600')
  expect(modeOf(shared)).toBe('755')
  expect(exposed).toBe(false)
  close()
})

test('keepPrivate() is false for a file whose rights cannot be changed, and for a disk that knows none', () => {
  const file = join(folder, 'store.sqlite')
  writeFileSync(file, '', { mode: 0o640 })
  const refusing = () => {
    throw Object.assign(new Error('EPERM: operation not permitted'), { syscall: 'chmod' })
  }
  expect(keepPrivate(file, refusing)).toBe(false)
  expect(keepPrivate(file, () => undefined)).toBe(false)
  expect(keepPrivate(file)).toBe(true)
  expect(keepPrivate(file, refusing)).toBe(true)
})

test('openSqliteStore() says PST451 of a file that cannot be made', () => {
  writeFileSync(join(folder, 'file'), '')
  expect(() => openSqliteStore(join(folder, 'file/store.sqlite'))).toThrow(
    /file\/store\.sqlite: PST451 .*(EEXIST|ENOTDIR)/,
  )
  expect(() => openSqliteStore(folder)).toThrow(/PST451 cannot be opened as a store: unable to open/)
})

// ATTACK: POSIX lets go of every lock of a process on a file once any handle of it is closed (SQLite, "How To Corrupt An SQLite
// Database File", 2.2).
test('keepPrivate() on a store that is open leaves its lock: another process is still told PST450', () => {
  const file = join(folder, 'held.sqlite')
  const store = openSqliteStore(file)
  expect(keepPrivate(file)).toBe(true)
  const room = new URL('../../src/runtime/node-sqlite.ts', import.meta.url).href
  const script = `import(${JSON.stringify(room)}).then((it) => it.openSqliteStore(${JSON.stringify(file)}))`
  const other = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' })
  store.close()
  expect([other.status, other.stderr]).toEqual([1, expect.stringContaining('PST450')])
})
