import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import { type CheckOptions, check } from './commands/check.ts'
import { BUNDLE_PATH, type CompileOptions, compile } from './commands/compile.ts'
import { type ConfigPrintOptions, configPrint } from './commands/config-print.ts'
import { type DevOptions, dev } from './commands/dev.ts'
import { type DiffOptions, diff } from './commands/diff.ts'
import { type DoctorOptions, doctor } from './commands/doctor.ts'
import { type ExplainOptions, explain } from './commands/explain.ts'
import { type InitOptions, init } from './commands/init.ts'
import { type KeysGenerateOptions, keysGenerate } from './commands/keys-generate.ts'
import { PAGES_PATH, type PagesOptions, pages } from './commands/pages.ts'
import { type RoutesOptions, routes } from './commands/routes.ts'
import { type TestOptions, test } from './commands/test.ts'
import { EnvironmentProblem, EXIT, type ExitCode, type Io, UsageProblem } from './io.ts'
import { operatorCommands } from './operator-commands.ts'

/** Takes the exit code of the one command that ran. */
type Finish = (code: ExitCode) => void

function formatOption(words: readonly string[]): Option {
  return new Option('--format <format>', 'how to print').choices(words).default('human')
}

function formatOf<T extends { readonly format: string }>(options: T & { readonly json?: boolean }): T {
  return options.json === true ? { ...options, format: 'json' } : options
}

function addReading(program: Command, io: Io, finish: Finish): void {
  program
    .command('check')
    .description('every problem of the configuration, the policies and their tests')
    .addOption(formatOption(['human', 'json', 'github']))
    .option('--json', 'the same as --format json')
    .action(async (options: CheckOptions) => finish(await check(io, formatOf(options))))
  program
    .command('test')
    .description('run the tests of the policies')
    .addOption(formatOption(['human', 'json', 'junit', 'github']))
    .option('--json', 'the same as --format json')
    .action(async (options: TestOptions) => finish(await test(io, formatOf(options))))
  program
    .command('explain')
    .description('why a request gets the answer it gets')
    .argument('<method>', 'such as GET')
    .argument('<url>', 'a path, or a whole address')
    .option('--as <roles>', 'role names separated by commas, or nobody, or anonymous', 'nobody')
    .option('--character', 'with a character selected', false)
    .option('--token', 'by an API token of that person', false)
    .option('--user <id>', 'somebody of the running gateway, through its operator door')
    .option('--body <value>', 'value of the field that a rule with body: splits on')
    .option('--json', 'print JSON', false)
    .action(async (method: string, url: string, options: Omit<ExplainOptions, 'method' | 'url'>) =>
      finish(await explain(io, { ...options, method, url })),
    )
  program
    .command('routes')
    .description('who may use which route')
    .option('--list', 'each rule with what it asks for and where it stands', false)
    .option('--role <role>', 'only what this role, or nobody, may use')
    .option('--json', 'print JSON', false)
    .action(async (options: RoutesOptions) => finish(await routes(io, options)))
  program
    .command('diff')
    .description('who gains and who loses what between two policies')
    .argument('<old>', 'a folder, a bundle file, git:REV, or running: for what serves')
    .argument('[new]', 'the same; this deployment unless given', '.')
    .addOption(
      new Option('--fail-on <what>', 'what ends with exit code 1').choices(['change', 'widening']).default('change'),
    )
    .option('--url <url>', 'the gateway that running: means; default: POSTERN_URL, else this deployment')
    .option('--json', 'print JSON', false)
    .action(async (older: string, newer: string, options: Omit<DiffOptions, 'older' | 'newer'>) =>
      finish(await diff(io, { ...options, older, newer })),
    )
  program
    .command('doctor')
    .description('what keeps this deployment from working, and what to do about it')
    .addOption(
      new Option('--target <runtime>', 'what it will run on').choices(['node', 'deno', 'workers']).default('node'),
    )
    .option('--online', 'ask other machines too: providers, upstreams, the store', false)
    .option('--json', 'print JSON', false)
    .action(async (options: DoctorOptions) => finish(await doctor(io, options)))
  program
    .command('config')
    .description('the configuration in force')
    .command('print')
    .description('every value in force and where it comes from; secrets stay secret')
    .option('--json', 'print JSON', false)
    .action(async (options: ConfigPrintOptions) => finish(await configPrint(io, options)))
}

function addWriting(program: Command, io: Io, finish: Finish): void {
  program
    .command('compile')
    .description('write the policies as one bundle')
    .option('--out <file>', 'where to write it', BUNDLE_PATH)
    .option('--keep-last-good', 'leave the last good bundle when a file has problems, and exit 0', false)
    .option('--dry-run', 'write nothing', false)
    .option('--json', 'print JSON', false)
    .action(async (options: CompileOptions) => finish(await compile(io, options)))
  program
    .command('pages')
    .description('write style.css, images and fonts of a folder as a module for the configuration')
    .argument('<folder>', 'where they are')
    .option('--out <file>', 'where to write it', PAGES_PATH)
    .option('--dry-run', 'write nothing', false)
    .option('--json', 'print JSON', false)
    .action((folder: string, options: Omit<PagesOptions, 'folder'>) => finish(pages(io, { ...options, folder })))
  program
    .command('init')
    .description('write the files of a new deployment; what is there stays')
    .option('--origin <origin>', 'what players type', 'http://localhost:8787')
    .option('--upstream <name=origin...>', 'the services behind the gateway', ['game=http://127.0.0.1:2567'])
    .option('--provider <kind...>', 'ways to sign in', ['google'])
    .option('--dry-run', 'write nothing', false)
    .option('--json', 'print JSON', false)
    .action(async (options: InitOptions) => finish(await init(io, options)))
  program
    .command('dev')
    .description('serve this deployment on this machine, and take up what is saved')
    .option('--port <port>', 'where to listen; default: the port of a local origin, else 8787')
    .option('--json', 'print JSON lines', false)
    .action(async (options: DevOptions) => finish(await dev(io, options)))
  program
    .command('keys')
    .description('secrets of Postern itself')
    .command('generate')
    .description('print fresh secrets; they are kept nowhere')
    .addOption(new Option('--only <which>', 'only one of them').choices(['root', 'operator', 'signing']))
    .addOption(new Option('--algorithm <name>', 'of a signing key').choices(['ES256', 'EdDSA']).default('ES256'))
    .option('--json', 'print JSON', false)
    .action((options: KeysGenerateOptions) => finish(keysGenerate(io, options)))
}

function versionOf(): string {
  const list = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string
  }
  return list.version
}

/** Whether a program reads the result of this command line. */
function isForProgram(argv: readonly string[]): boolean {
  const own = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length)
  return own.some(
    (word, at) => word === '--json' || word === '--format=json' || (word === 'json' && own[at - 1] === '--format'),
  )
}

/** What kept a command from its result, on one line: a program that reads JSON gets JSON. */
function tellProgram(io: Io, code: ExitCode, message: string): ExitCode {
  io.out(JSON.stringify({ ok: false, exit: code, error: message.replace(/^error: /, '') }))
  return code
}

/** Runs one command line and answers its exit code. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const finish: Finish = (given) => {
    code = given
  }
  const program = new Command('postern')
    .description('An auth layer at the edge, in front of game services that are not changed for it')
    .version(versionOf())
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
  addReading(program, io, finish)
  addWriting(program, io, finish)
  operatorCommands(program, { io, done: finish })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    // WHY: an export is records, and nothing else may get among them.
    const tell = isForProgram(argv) && !argv.includes('export') ? tellProgram : (_io: Io, exit: ExitCode) => exit
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok
      return tell(io, EXIT.usage, error.code === 'commander.help' ? 'a command is missing' : error.message)
    }
    if (!(error instanceof EnvironmentProblem || error instanceof UsageProblem)) throw error
    io.err(error.message)
    return tell(io, error instanceof UsageProblem ? EXIT.usage : EXIT.environment, error.message)
  }
}
