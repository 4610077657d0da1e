import type { Command } from 'commander'
import { attack, type Finding } from '../attack.ts'
import { EnvironmentProblem, EXIT } from '../io.ts'
import { columns, plain, type Shell } from '../operator.ts'

interface AttackOptions {
  readonly role: string
  readonly method: string
  readonly yesIOwnIt?: boolean
  readonly json?: boolean
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

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
        return command.error(`"${plain(address)}" is no http address`)
      if (!LOOPBACK.test(url.hostname) && options.yesIOwnIt !== true)
        return command.error(`${url.hostname} is another machine: say --yes-i-own-it, and only if it is so`)
      const findings = await attack(url, options).catch((error: unknown) => {
        const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
        throw new EnvironmentProblem(`${url.origin} does not answer: ${reason}`)
      })
      if (options.json === true) io.out(JSON.stringify({ url: url.href, findings }))
      else for (const line of printed(findings)) io.out(line)
      return done(findings.some(isBelief) ? EXIT.findings : EXIT.ok)
    })
}

function isBelief({ verdict }: Finding): boolean {
  return verdict === 'let in' || verdict === 'believed'
}

function printed(findings: readonly Finding[]): readonly string[] {
  const believed = findings.filter(isBelief).length
  const echoes = findings.some(({ verdict }) => verdict === 'echoed')
  const rows = findings.map(({ attempt, status, verdict }) => [attempt, status, verdict])
  return [
    ...columns([['attempt', 'status', 'verdict'], ...rows]),
    ...(echoes ? ['this route repeats every header it gets, so what it repeats proves nothing: try another one'] : []),
    believed === 0
      ? 'nothing forged was believed'
      : `${believed} of ${findings.length} were believed: let only the gateway reach this service, and verify the assertion`,
  ]
}
