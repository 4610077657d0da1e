import { Command, CommanderError } from 'commander'
import { BUNDLE_PATH, compile } from './commands/compile.ts'
import { EnvironmentProblem, EXIT, type ExitCode, type Io } from './io.ts'

/** Runs one command line and answers its exit code. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const program = new Command('postern')
    .description('An auth layer at the edge, in front of game services that are not changed for it')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
  program
    .command('compile')
    .description('write the policies as one bundle')
    .option('--out <file>', 'where to write it', BUNDLE_PATH)
    .option('--keep-last-good', 'leave the last good bundle when a file has problems, and exit 0', false)
    .action(async (options: { out: string; keepLastGood: boolean }) => {
      code = await compile(io, options)
    })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (!(error instanceof EnvironmentProblem)) throw error
    io.err(error.message)
    return EXIT.environment
  }
}
