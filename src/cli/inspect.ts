import { type Checked, checkPolicy } from '../policy/compile.ts'
import type { PolicyBundle } from '../policy/model.ts'
import { runPolicyTests, type TestResult, testProblems } from '../policy/run-tests.ts'
import type { Config } from '../ports/config.ts'
import { deploymentProblems } from '../runtime/build.ts'
import { configFindings, type Finding, printFindings } from './findings.ts'
import { printJson } from './formats.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'
import { knownOf, type LoadedConfig, loadConfig, policiesFolder, type Reading, readPolicyFolder } from './load.ts'

/** Everything that can be learned about a deployment without its secrets and without a network. */
export interface Inspection {
  readonly loaded: LoadedConfig
  readonly checked: Checked
  readonly tests: readonly TestResult[]
  /** Problems of the configuration, then of the policies, then failed tests. */
  readonly findings: readonly Finding[]
}

/** Codes that need the configuration: with a broken one they would blame the policies for it. */
const OF_CONFIG: ReadonlySet<string> = new Set(['PST206', 'PST207', 'PST208', 'PST209', 'PST226'])

/** Reads configuration and policies of the folder, checks both, and runs the tests of the policies. */
export async function inspect(io: Io, reading?: Reading): Promise<Inspection> {
  const loaded = await loadConfig(io, reading)
  const { parsed } = loaded
  const checked = await checkPolicy(await readPolicyFolder(io, policiesFolder(loaded)), knownOf(loaded))
  if (!parsed.ok) {
    const own = checked.problems.filter(({ code }) => !OF_CONFIG.has(code))
    return { loaded, checked, tests: [], findings: [...configFindings(parsed.fault), ...own] }
  }
  const { bundle } = checked
  const tests = bundle === null ? [] : runPolicyTests(bundle, checked.parts, parsed.value)
  const strangers = bundle === null ? [] : configFindings(deploymentProblems(parsed.value, bundle))
  return { loaded, checked, tests, findings: [...strangers, ...checked.problems, ...testProblems(tests)] }
}

/** A deployment whose configuration and policies have no error; failed tests do not count. */
export interface Sound {
  readonly config: Config
  readonly bundle: PolicyBundle
  readonly checked: Checked
}

/** Says that a command cannot go on because of these, beside the result for a person and as the result for a program. */
export function refuse(io: Io, findings: readonly Finding[], how: 'human' | 'json'): ExitCode {
  if (how === 'json') printJson(io, { ok: false, problems: findings })
  else printFindings({ ...io, out: (line) => io.err(line) }, findings)
  return EXIT.findings
}

/** The deployment of the folder, or the exit code after its problems were printed. */
export async function soundOrExit(io: Io, how: 'human' | 'json'): Promise<Sound | ExitCode> {
  const { loaded, checked, findings } = await inspect(io)
  if (loaded.parsed.ok && checked.bundle !== null)
    return { config: loaded.parsed.value, bundle: checked.bundle, checked }
  const errors = findings.filter(({ severity }) => severity === 'error')
  return refuse(io, errors, how)
}
