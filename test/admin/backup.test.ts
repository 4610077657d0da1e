import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { joseSigner } from '../../src/adapters/jose/signer.ts'
import { run } from '../../src/cli/main.ts'
import { seconds } from '../../src/core/brand.ts'
import type { Checkpoint } from '../../src/ports/audit.ts'
import type { Store } from '../../src/ports/store.ts'
import { rootSecret } from '../../src/runtime/build.ts'
import { openSqliteStore } from '../../src/runtime/node-sqlite.ts'
import { processRuntime } from '../../src/runtime/process.ts'
import { note, person, proof, T0 } from '../adapters/redis/scene.ts'
import { startDeployment } from '../support/deployment.ts'
import { workbench } from '../support/gateway.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { atDoor, KEY, PLATFORM } from './support/bench.ts'

const FOLDER = fileURLToPath(new URL('../support/deployments/wire/', import.meta.url))

async function postern(line: string, env: Readonly<Record<string, string>>) {
  const said: string[] = []
  const say = (text: string) => void said.push(text)
  const code = await run(line.split(' '), { cwd: FOLDER, env, reader: 'program', out: say, err: say })
  return { code, said: said.join('\n') }
}

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-backup-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const sessionOf = async (gateway: string, cookie: string) => {
  const answer = await ask(`${gateway}/auth/session`, { headers: { accept: 'application/json', cookie } })
  return [answer.status, ((await answer.json()) as { readonly sid?: string }).sid]
}

test.each(['node', 'deno'] as const)(
  'a serving gateway on %s is backed up, nobody else may read the copy, and what is restored from it serves its sessions',
  async (runtime) => {
    const environment = { POSTERN_OPERATOR_KEY: KEY, ROBOT_TOKEN: 'a-robot-token-of-some-length' }
    const gateway = await startDeployment({ runtime, name: 'wire', environment })
    onTestFinished(async () => void (await gateway.stop()))
    const cookieOf = async () => (await guestOf(gateway.gateway)).cookie(gateway.gateway) ?? ''
    const env = { ...environment, PORT: String(gateway.port), POSTERN_STORE_FILE: gateway.storeFile }
    const kept = await cookieOf()
    const [, sid] = await sessionOf(gateway.gateway, kept)
    for (const end of ['', '-wal']) expect(statSync(`${gateway.storeFile}${end}`).mode & 0o777).toBe(0o600)
    expect(await postern('backup --dry-run', env)).toMatchObject({ code: 0 })
    const made = await postern('backup --json', env)
    expect(made, made.said).toMatchObject({ code: 0 })
    const { file } = JSON.parse(made.said) as { file: string }
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const later = await cookieOf()
    const busy = await postern(`restore ${file}`, env)
    expect(busy).toMatchObject({ code: 3, said: expect.stringContaining('stop the gateway first') })
    expect(await gateway.stop('keep')).toBe(0)
    const restored = await postern(`restore ${file}`, env)
    expect(restored).toMatchObject({ code: 0, said: expect.stringContaining('chain intact') })
    const second = await startDeployment({ runtime, name: 'wire', environment, again: gateway })
    onTestFinished(async () => void (await second.stop()))
    // The root secret is in the copy, so the cookie still has the right mac; what came after the copy is gone.
    expect(await sessionOf(second.gateway, kept)).toEqual([200, sid])
    expect(await sessionOf(second.gateway, later)).toEqual([401, undefined])
    const audit = await postern('audit verify', env)
    expect(audit).toMatchObject({ code: 0 })
  },
  90_000,
)

test('restore puts the copy in place and keeps what was there', async () => {
  const folder = scratch()
  const file = join(folder, 'store.sqlite')
  const first = openSqliteStore(file)
  const ada = person(1)
  await first.store.directory.signIn(proof('ada'), ada, T0, note('sign-up', ada))
  await first.backup(join(folder, 'copy'))
  await first.store.directory.signIn(proof('bob'), person(2), T0, note('sign-up', person(2)))
  first.close()
  const env = { POSTERN_STORE_FILE: file, ROBOT_TOKEN: 'x' }
  const checked = await postern(`restore ${join(folder, 'copy')} --dry-run`, env)
  expect(checked).toMatchObject({ code: 0, said: expect.stringContaining('chain intact') })
  expect((await postern(`restore ${join(folder, 'copy')}`, env)).code).toBe(0)
  const restored = openSqliteStore(file)
  expect(await restored.store.directory.read(ada.id)).not.toBeNull()
  expect(await restored.store.directory.read(person(2).id)).toBeNull()
  restored.close()
  const names = ['copy', 'store.sqlite', expect.stringMatching(/^store\.sqlite\.before-restore-\d{8}T\d{6}Z$/)]
  expect(readdirSync(folder).sort()).toEqual(names)
})

test('restore makes the folder of the store on a machine that never ran one, and a dry run makes nothing', async () => {
  const folder = scratch()
  openSqliteStore(join(folder, 'copy'), 'main').close()
  const file = join(folder, 'new/machine/store.sqlite')
  const env = { POSTERN_STORE_FILE: file, ROBOT_TOKEN: 'x' }
  const checked = await postern(`restore ${join(folder, 'copy')} --dry-run`, env)
  expect(checked).toMatchObject({ code: 0, said: expect.stringContaining('chain intact') })
  expect(readdirSync(folder)).toEqual(['copy'])
  expect(await postern(`restore ${join(folder, 'copy')}`, env)).toMatchObject({ code: 0 })
  expect(readdirSync(join(folder, 'new/machine'))).toEqual(['store.sqlite'])
  expect(statSync(join(folder, 'new/machine')).mode & 0o777).toBe(0o700)
})

test('restore says in one line what of the file system is in its way', async () => {
  const folder = scratch()
  mkdirSync(join(folder, 'copy'))
  writeFileSync(join(folder, 'file'), '')
  const env = { POSTERN_STORE_FILE: join(folder, 'store.sqlite'), ROBOT_TOKEN: 'x' }
  const whole = await postern(`restore ${join(folder, 'copy')}`, env)
  expect(whole).toMatchObject({ code: 3, said: expect.stringMatching(/^.*copy cannot be restored: .*copy.*$/) })
  openSqliteStore(join(folder, 'good')).close()
  const under = { ...env, POSTERN_STORE_FILE: join(folder, 'file/store.sqlite') }
  expect(await postern(`restore ${join(folder, 'good')}`, under)).toMatchObject({ code: 3 })
  expect(readdirSync(folder).sort()).toEqual(['copy', 'file', 'good'])
})

test('restore keeps what the restore before it kept, also in the same second', async () => {
  const folder = scratch()
  const file = join(folder, 'store.sqlite')
  const first = openSqliteStore(file)
  await first.backup(join(folder, 'copy'))
  await first.store.directory.signIn(proof('ada'), person(1), T0, note('sign-up', person(1)))
  first.close()
  const env = { POSTERN_STORE_FILE: file, ROBOT_TOKEN: 'x' }
  for (let n = 0; n < 3; n++) expect((await postern(`restore ${join(folder, 'copy')}`, env)).code).toBe(0)
  const kept = readdirSync(folder).filter((name) => name.includes('before-restore'))
  expect(kept).toHaveLength(3)
  const people = kept.map(async (name) => {
    const { store, close } = openSqliteStore(join(folder, name))
    const found = await store.directory.read(person(1).id)
    close()
    return found?.id ?? null
  })
  expect((await Promise.all(people)).filter((id) => id !== null)).toEqual([person(1).id])
})

/** What a killed gateway leaves: a store, its -wal with a sign-up after the copy that is not in the file yet, and that copy. */
async function killed(folder: string) {
  const file = join(folder, 'store.sqlite')
  const running = openSqliteStore(file)
  await running.store.directory.signIn(proof('ada'), person(1), T0, note('sign-up', person(1)))
  await running.backup(join(folder, 'copy'))
  await running.store.directory.signIn(proof('bob'), person(2), T0, note('sign-up', person(2)))
  copyFileSync(file, join(folder, 'file'))
  copyFileSync(`${file}-wal`, join(folder, 'wal'))
  running.close()
  renameSync(join(folder, 'file'), file)
  renameSync(join(folder, 'wal'), `${file}-wal`)
  return { file, env: { POSTERN_STORE_FILE: file, ROBOT_TOKEN: 'x' } }
}

test('restore lets no -wal of a damaged store that was moved away into the copy (SQLite, "How to corrupt", 1.4)', async () => {
  const folder = scratch()
  const { file, env } = await killed(folder)
  renameSync(file, join(folder, 'damaged'))
  const restored = await postern(`restore ${join(folder, 'copy')}`, env)
  expect(restored).toMatchObject({ code: 0 })
  const opened = openSqliteStore(file)
  expect(await opened.store.directory.read(person(1).id)).not.toBeNull()
  expect(await opened.store.directory.read(person(2).id)).toBeNull()
  opened.close()
  const [aside = 'nothing'] = readdirSync(folder).filter((name) => name.endsWith('-wal'))
  expect(restored.said).toContain(`what was there is ${join(folder, aside)}`)
})

test('restore over a store that cannot be opened names all the files of it', async () => {
  const folder = scratch()
  const { file, env } = await killed(folder)
  rmSync(`${file}-wal`)
  writeFileSync(file, 'this is no database any more, whatever it may have been before it was damaged')
  const refused = await postern(`restore ${join(folder, 'copy')}`, env)
  expect(refused).toMatchObject({ code: 3, said: expect.stringContaining('store.sqlite-wal') })
  expect(refused.said).toContain('store.sqlite-shm')
})

/** A stopped store with records on both sides of the cut, and a copy of it in which retention was signed like this. */
async function cut(folder: string, sign: (store: Store) => Promise<(checkpoint: Checkpoint) => Promise<string>>) {
  const opened = openSqliteStore(join(folder, 'store.sqlite'))
  const { store } = opened
  for (const n of [1, 2, 3]) await store.audit.append(note('audit-read', person(1), seconds(T0 + n)))
  await store.audit.retain(seconds(T0 + 3), await sign(store))
  const checkpoints = await store.audit.checkpoints()
  await opened.backup(join(folder, 'copy'))
  opened.close()
  return checkpoints
}

/** Signs checkpoints as a gateway over this store does; `as` says what is signed in the place of the truth. */
function signing(root: string, as: (checkpoint: Checkpoint) => Checkpoint = (one) => one) {
  return async (store: Store) => {
    const runtime = processRuntime(() => undefined)
    const rootBytes = await rootSecret(new Map([['POSTERN_ROOT_SECRET', root]]), { store, runtime })
    const ring = joseSigner({ keys: store.keys, rootSecret: rootBytes, algorithm: 'ES256', runtime })
    return (checkpoint: Checkpoint) => {
      const { chain, sequence, hash } = as(checkpoint)
      return ring.attest({ kind: 'audit-checkpoint', chain, sequence, hash })
    }
  }
}

const ROOT = 'a root secret for tests of exactly fifty characters'

test('a copy whose checkpoint this deployment signed is restored', async () => {
  const folder = scratch()
  expect(await cut(folder, signing(ROOT))).toHaveLength(1)
  const env = { POSTERN_STORE_FILE: join(folder, 'store.sqlite'), ROBOT_TOKEN: 'x', POSTERN_ROOT_SECRET: ROOT }
  const restored = await postern(`restore ${join(folder, 'copy')}`, env)
  expect(restored).toMatchObject({ code: 0, said: expect.stringContaining('1 audit records, chain intact') })
})

test.each<[string, (store: Store) => Promise<(checkpoint: Checkpoint) => Promise<string>>]>([
  ['with no signature at all', async () => async () => ''],
  ['with an invented one', async () => async () => 'e30.e30.AAAA'],
  ['under another root secret', signing('another root secret for tests of fifty characters!')],
  ['of another record', signing(ROOT, (one) => ({ ...one, sequence: one.sequence + 1 }))],
  ['of another history', signing(ROOT, (one) => ({ ...one, hash: `0${one.hash.slice(1)}` }))],
])('a copy with a checkpoint that was signed %s is not restored, and nothing changes', async (_, sign) => {
  const folder = scratch()
  await cut(folder, sign)
  const file = join(folder, 'store.sqlite')
  const before = readFileSync(file)
  const env = { POSTERN_STORE_FILE: file, ROBOT_TOKEN: 'x', POSTERN_ROOT_SECRET: ROOT }
  const refused = await postern(`restore ${join(folder, 'copy')}`, env)
  expect(refused).toMatchObject({ code: 1, said: expect.stringMatching(/nothing was changed: .*not signed by a key/) })
  expect(readFileSync(file).equals(before)).toBe(true)
  expect(readdirSync(folder).sort()).toEqual(['copy', 'store.sqlite'])
})

test('what is no store is not restored', async () => {
  const folder = scratch()
  writeFileSync(join(folder, 'nonsense'), 'this is no database, and never was one, however long it may be')
  const env = { POSTERN_STORE_FILE: join(folder, 'store.sqlite'), ROBOT_TOKEN: 'x' }
  const refused = await postern(`restore ${join(folder, 'nonsense')}`, env)
  // Nobody is told to move the good store away because the copy is none.
  expect(refused).toMatchObject({
    code: 3,
    said: expect.stringMatching(/nonsense cannot be restored: .*not a database$/),
  })
  expect((await postern(`restore ${join(folder, 'missing')}`, env)).code).toBe(3)
  expect(readdirSync(folder)).toEqual(['nonsense'])
})

test('a store that is no file says so', async () => {
  const bench = await workbench(PLATFORM, {}, { secrets: { POSTERN_OPERATOR_KEY: KEY } })
  expect(await atDoor(bench, 'store.backup')).toMatchObject({ status: 404, body: { code: 'not_found' } })
  bench.close()
})
