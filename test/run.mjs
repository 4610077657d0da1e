// What `npm test` runs: every suite, one after another, and one line that sums them up. Plain JavaScript of an old kind,
// so that an old Node gets as far as starting the project's own.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const OWN_NODE = join(ROOT, 'node_modules', '.bin', 'node')
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
const STRICT = process.env['CI'] === 'true' || process.env['CI'] === '1'

/** Suites in the order of what they cost: a project of vitest.config.ts, or a config of its own, with tests in these folders. */
const SUITES = [
  { name: 'structure', pick: ['--project', 'structure'], folders: ['test/structure'] },
  { name: 'unit', pick: ['--project', 'unit'], folders: null },
  { name: 'workers', pick: ['--config', 'vitest.workers.config.ts'], folders: ['test/workers'] },
  { name: 'waiting', pick: ['--project', 'waiting'], folders: ['test/runtime'] },
  { name: 'untimed', pick: ['--project', 'untimed'], folders: ['test/runtime'] },
  { name: 'runtime', pick: ['--project', 'runtime'], folders: ['test/runtime'] },
  { name: 'browser', pick: ['--project', 'browser'], folders: ['test/browser'] },
]

function testFilesBelow(folder) {
  const path = join(ROOT, folder)
  if (!existsSync(path)) return []
  return readdirSync(path, { recursive: true }).filter((name) => String(name).endsWith('.test.ts'))
}

function wanted(names) {
  const known = SUITES.map((suite) => suite.name)
  const strangers = names.filter((name) => !known.includes(name))
  if (strangers.length > 0) {
    console.error(`no suite "${strangers.join(', ')}": there are ${known.join(', ')}`)
    process.exit(2)
  }
  return SUITES.filter((suite) => names.length === 0 || names.includes(suite.name))
}

function runSuite(pick, report) {
  const args = [VITEST, 'run', ...pick, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' })
    child.on('error', (error) => resolve({ code: 1, signal: error.message }))
    child.on('exit', (code, signal) => resolve({ code: code ?? 1, signal }))
  })
}

/** What a report says; a suite that left no report failed as a whole. */
function tallyOf(name, report, exit) {
  const tally = { passed: 0, failed: [], skipped: [] }
  if (existsSync(report)) {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
    for (const file of testResults) addFile(tally, relative(ROOT, file.name), file)
  }
  if (exit.code !== 0 && tally.failed.length === 0) {
    const how = exit.signal ? ` (${exit.signal})` : ''
    tally.failed.push(`suite ${name}: ended with code ${exit.code}${how} without a failed test`)
  }
  return tally
}

function addFile(tally, path, file) {
  if (file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed')) {
    tally.failed.push(`${path}: ${String(file.message).split('\n', 1)[0] || 'did not run'}`)
  }
  for (const { status, fullName } of file.assertionResults) {
    if (status === 'passed') tally.passed++
    else (status === 'failed' ? tally.failed : tally.skipped).push(`${path}: ${fullName.trim()}`)
  }
}

/** What no test runs, by name and reason: neither passed, failed nor skipped, but never left unsaid. */
function notRun() {
  const file = join(ROOT, 'test', 'not-run.txt')
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  return lines.filter((line) => line !== '' && !line.startsWith('#'))
}

function tell(title, names) {
  if (names.length === 0) return
  console.log(`\n${title}`)
  for (const name of names) console.log(`  ${name}`)
}

async function main() {
  const reports = mkdtempSync(join(tmpdir(), 'postern-test-'))
  const total = { passed: 0, failed: [], skipped: [] }
  for (const { name, pick, folders } of wanted(process.argv.slice(2))) {
    if (folders?.every((folder) => testFilesBelow(folder).length === 0)) {
      total.skipped.push(`suite ${name}: no test in ${folders.join(', ')}`)
      continue
    }
    console.log(`\n== ${name}`)
    const report = join(reports, `${name}.json`)
    const tally = tallyOf(name, report, await runSuite(pick, report))
    total.passed += tally.passed
    total.failed.push(...tally.failed)
    total.skipped.push(...tally.skipped)
  }
  rmSync(reports, { recursive: true, force: true })
  tell('SKIPPED, and so not shown to work here:', total.skipped)
  tell('NOT RUN BY THESE TESTS on any machine (test/not-run.txt):', notRun())
  tell('FAILED:', total.failed)
  const forbidden = STRICT ? total.skipped.length : 0
  if (forbidden > 0) console.log(`\nunder CI=true each of the ${forbidden} skipped counts as failed`)
  const failed = total.failed.length + forbidden
  console.log(`\n${total.passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 && total.passed > 0 ? 0 : 1
}

const isOld = Number(process.versions.node.split('.', 1)[0]) < 24
if (isOld && existsSync(OWN_NODE) && process.env['POSTERN_TEST_NODE'] === undefined) {
  const again = spawnSync(OWN_NODE, process.argv.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, POSTERN_TEST_NODE: 'own' },
  })
  process.exitCode = again.status ?? 1
} else {
  await main()
}
