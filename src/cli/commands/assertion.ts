import type { Command } from 'commander'
import { ask, type DoorOptions, doorOptions, type Fields, plain, type Shell } from '../operator.ts'

interface AssertionOptions extends DoorOptions {
  readonly as: string
  readonly upstream?: string
  readonly curl?: boolean
}

/** `postern assertion --as role`: identity headers for developing an upstream, signed by the running gateway. */
export function assertionCommands(program: Command, shell: Shell): void {
  doorOptions(
    program.command('assertion').description('identity headers as an upstream gets them, valid for a minute'),
    'read',
  )
    .requiredOption('--as <role>', 'role, or roles with commas between; `anonymous` for nobody')
    .option('--upstream <name>', 'for whom; default: the first upstream')
    .option('--curl', 'as arguments for curl')
    .action(({ as, upstream, curl, ...options }: AssertionOptions) => {
      const roles = as === 'anonymous' ? [] : as.split(',').map((role) => role.trim())
      const input = { roles, upstream: upstream ?? null }
      return ask(shell, options, 'assertion.make', input, (value) =>
        Object.entries(value['headers'] as Fields).map(([name, text]) => {
          const line = `${name}: ${plain(text)}`
          return curl === true ? `-H '${line.replaceAll("'", "'\\''")}'` : line
        }),
      )
    })
}
