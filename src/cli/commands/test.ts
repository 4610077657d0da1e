import { visible } from '../../core/visible.ts'
import type { TestResult } from '../../policy/run-tests.ts'
import { testProblems } from '../../policy/run-tests.ts'
import { exitFor } from '../findings.ts'
import { escapeXml, printGithub, printJson } from '../formats.ts'
import { inspect, refuse } from '../inspect.ts'
import { EXIT, type ExitCode, type Io } from '../io.ts'
import { paintFor } from '../paint.ts'

/** Options of `postern test`. */
export interface TestOptions {
  readonly format: 'human' | 'json' | 'junit' | 'github'
}

function byFile(tests: readonly TestResult[]): ReadonlyMap<string, readonly TestResult[]> {
  return Map.groupBy(tests, (one) => one.at.file)
}

function summary(tests: readonly TestResult[]): string {
  const failed = tests.filter((one) => !one.passed).length
  return `${tests.length - failed} passed, ${failed} failed`
}

function printHuman(io: Io, tests: readonly TestResult[]): void {
  const paint = paintFor(io)
  for (const [file, ofFile] of byFile(tests)) {
    io.out(visible(file))
    for (const one of ofFile) {
      const title = visible(`${one.name}: ${one.request} as ${one.caller}`)
      io.out(one.passed ? `  ${paint.good('ok')}    ${title}` : `  ${paint.bad('FAIL')}  ${title}`)
      if (one.passed) continue
      io.out(`        expected ${visible(one.expected)}`)
      io.out(`        got      ${visible(one.got)}`)
      io.out(`        ${paint.faint(visible(`at ${one.at.file}:${one.at.line}:${one.at.column}`))}`)
    }
  }
  io.out(summary(tests))
}

function printJunit(io: Io, tests: readonly TestResult[]): void {
  const failures = (of: readonly TestResult[]) => of.filter((one) => !one.passed).length
  io.out('<?xml version="1.0" encoding="UTF-8"?>')
  io.out(`<testsuites name="postern" tests="${tests.length}" failures="${failures(tests)}">`)
  for (const [file, ofFile] of byFile(tests)) {
    const name = escapeXml(file)
    io.out(`  <testsuite name="${name}" tests="${ofFile.length}" failures="${failures(ofFile)}">`)
    for (const one of ofFile) {
      const title = escapeXml(`${one.name}: ${one.request} as ${one.caller}`)
      const open = `    <testcase classname="${name}" name="${title}" file="${name}" line="${one.at.line}"`
      if (one.passed) io.out(`${open}/>`)
      else {
        const told = escapeXml(`expected ${one.expected}, got ${one.got}`)
        io.out(`${open}><failure message="${told}">${name}:${one.at.line}:${one.at.column}</failure></testcase>`)
      }
    }
    io.out('  </testsuite>')
  }
  io.out('</testsuites>')
}

function print(io: Io, tests: readonly TestResult[], format: TestOptions['format']): void {
  switch (format) {
    case 'human':
      printHuman(io, tests)
      return
    case 'junit':
      printJunit(io, tests)
      return
    case 'github':
      printGithub(io, testProblems(tests))
      io.out(summary(tests))
      return
    case 'json': {
      const failed = tests.filter((one) => !one.passed).length
      printJson(io, { ok: failed === 0 && tests.length > 0, passed: tests.length - failed, failed, tests })
    }
  }
}

/** Runs the `tests:` of the policies with the evaluator that serves requests; exit 1 when one fails, or when there is none. */
export async function test(io: Io, options: TestOptions): Promise<ExitCode> {
  const { loaded, checked, tests, findings } = await inspect(io)
  if (!loaded.parsed.ok || checked.bundle === null) {
    io.err('no test was run: the files have problems')
    return refuse(io, findings, options.format === 'json' ? 'json' : 'human')
  }
  print(io, tests, options.format)
  if (tests.length > 0) return exitFor(testProblems(tests))
  io.err(`no test was found: write "tests:" into a file of ${loaded.parsed.value.policies}`)
  return EXIT.findings
}
