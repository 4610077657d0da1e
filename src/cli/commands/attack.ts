import type { Command } from 'commander'
import { isThisMachine } from '../../core/address.ts'
import { type Attacked, attack, type Finding } from '../attack.ts'
import { EnvironmentProblem, EXIT, type ExitCode } from '../io.ts'
import { columns, plain, type Shell } from '../operator.ts'

interface AttackOptions {
  readonly role: string
  readonly method: string
  readonly yesIOwnIt?: boolean
  readonly json?: boolean
}

/** `postern attack URL`: sends forged identity straight to an upstream and tells what it believed. */
export function attackCommand(program: Command, { io, done }: Shell): void {
  program
    .command('attack')
    .description('send forged identity headers straight to an upstream and tell what it believed')
    .argument('<url>', 'a route of the upstream that asks who is there, such as http://127.0.0.1:2567/whoami')
    .option('--role <role>', 'the role to claim', 'admin')
    .option('--method <method>', 'how to ask', 'GET')
    .option('--yes-i-own-it', 'the upstream is on another machine, and it is yours')
    .option('--json', 'print JSON')
    .action(async (address: string, options: AttackOptions, command: Command) => {
      const url = URL.parse(address)
      if (url === null || !/^https?:$/.test(url.protocol))
        return command.error(`"${plain(address)}" is no http address: give one such as http://127.0.0.1:2567/whoami`)
      if (!isThisMachine(url.hostname) && options.yesIOwnIt !== true)
        return command.error(`${url.hostname} is another machine: say --yes-i-own-it, and only if it is so`)
      const attacked = await attack(url, options).catch((error: unknown) => {
        const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
        throw new EnvironmentProblem(`${url.origin} does not answer: ${reason}`)
      })
      if (options.json === true) io.out(JSON.stringify({ url: url.href, ...attacked }))
      else for (const line of printed(attacked)) io.out(line)
      return done(exitOf(attacked))
    })
}

function isBelief({ verdict }: Finding): boolean {
  return verdict === 'let in' || verdict === 'believed'
}

/** A route that can show nothing is no good news: it must not end as one. */
function exitOf({ findings, inconclusive }: Attacked): ExitCode {
  if (findings.some(isBelief)) return EXIT.findings
  return inconclusive === null ? EXIT.ok : EXIT.environment
}

function doubt({ inconclusive, status }: Attacked): readonly string[] {
  switch (inconclusive) {
    case 'echoes':
      return ['this route repeats every header it gets, so what it repeats proves nothing: try another one']
    case 'no-such-route':
      return [`this route answers ${status} to everybody, so it proves nothing: try one that asks who is there`]
    case 'moved':
      return [`this route answers ${status}: it has moved; try the address it names`]
    case 'broken':
      return [`this route answers ${status}: it does not work now, and so proves nothing`]
    case null:
      return []
  }
}

function printed(attacked: Attacked): readonly string[] {
  const { findings, inconclusive } = attacked
  const believed = findings.filter(isBelief).length
  const rows = findings.map(({ attempt, status, verdict }) => [attempt, status, verdict])
  const nothing = inconclusive === null ? ['nothing forged was believed'] : []
  return [
    ...columns([['attempt', 'status', 'verdict'], ...rows]),
    ...doubt(attacked),
    ...(believed === 0
      ? nothing
      : [
          `${believed} of ${findings.length} were believed: let only the gateway reach this service, and verify the assertion`,
        ]),
  ]
}
