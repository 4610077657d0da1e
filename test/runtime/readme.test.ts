import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from '../support/http.ts'
import { freePorts } from '../support/ports.ts'
import { type Running, startShipped } from '../support/shipment.ts'

// The README's ten minutes, step by step, in a copy of the repository: its files as they stand there, its commands.

const page = readFileSync('README.md', 'utf8')
const home = mkdtempSync(join(tmpdir(), 'postern-readme-'))
let running: Running | null = null

/** The block of a language in the README's steps, without its indentation. */
function block(language: 'ts' | 'yaml'): string {
  const [, text = ''] = new RegExp(`^   \`\`\`${language}\\n([\\s\\S]*?)^   \`\`\``, 'm').exec(page) ?? []
  return text.replaceAll(/^ {3}/gm, '')
}

/** A command as the README writes it, in the copy. */
function run(command: string, environment: Readonly<Record<string, string>> = {}): string {
  expect(page).toContain(`\`${command}\``)
  return execFileSync('sh', ['-c', command], {
    cwd: home,
    env: { ...process.env, PATH: `${resolve('node_modules/.bin')}:${process.env['PATH']}`, ...environment },
    encoding: 'utf8',
  })
}

beforeAll(() => {
  for (const name of ['src', 'bin', 'package.json']) cpSync(name, join(home, name), { recursive: true })
  symlinkSync(resolve('node_modules'), join(home, 'node_modules'))
  mkdirSync(join(home, 'policies'))
  cpSync('policies/roles.yaml', join(home, 'policies/roles.yaml'))
  writeFileSync(join(home, 'hono.config.ts'), block('ts'))
  writeFileSync(join(home, 'policies/game.yaml'), block('yaml'))
})
afterAll(async () => {
  await running?.stop()
  rmSync(home, { recursive: true, force: true })
})

test('the files of the README check, and explain says why', () => {
  expect(run('npm run postern -- check')).toMatch(/3 rules, 5 roles, \d+ tests: no problem/)
  const explained = run('npm run postern -- explain DELETE /players/7 --as padawan')
  expect(explained).toMatch(/^DELETE localhost:8787 \/players\/7 as padawan$/m)
  expect(explained).toMatch(/^answer {3}forbid \(permission: players\.delete\), 403$/m)
}, 60_000)

test('the gateway of the README serves: a visit of /play goes to sign-in, a program gets a code', async () => {
  expect(page).toContain('`npm run start:node`')
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  const [, entry = ''] = /^node (\S+)$/.exec(scripts['start:node'] ?? '') ?? []
  const port = await freePorts(1)
  const at = `http://127.0.0.1:${port}`
  const host = 'localhost:8787'
  const environment = { PORT: String(port), DISCORD_CLIENT_SECRET: 'a-secret-of-a-test' }
  running = await startShipped([process.execPath, entry], home, environment, `${at}/auth/readyz`, host)
  const visit = await ask(`${at}/play`, { headers: { host, accept: 'text/html', 'sec-fetch-mode': 'navigate' } })
  expect([visit.status, visit.headers.get('location')]).toEqual([302, '/auth/sign-in?return_to=%2Fplay'])
  const program = await ask(`${at}/play`, { headers: { host, accept: 'application/json' } })
  expect([program.status, ((await program.json()) as { code: string }).code]).toEqual([401, 'session_required'])
}, 60_000)

test('the table of modes leads to each of the three, and their pages are there', () => {
  const table = page.slice(page.indexOf('## Which mode'), page.indexOf('## Reading on'))
  for (const mode of ['full proxy', '[forward-auth](docs/forward-auth.md)', '[library](docs/library.md)'])
    expect(table).toContain(`| ${mode}`)
})
