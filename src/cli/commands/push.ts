import type { Command } from 'commander'
import { counted } from '../count.ts'
import { exitFor } from '../findings.ts'
import { inspect, refuse } from '../inspect.ts'
import { EXIT } from '../io.ts'
import { ask, type DoorOptions, doorOptions, type Fields, group, plain, type Shell } from '../operator.ts'

/** `postern push | unpush | rollback | policies status | policies history`: the policy of a running gateway. */
export function pushCommands(program: Command, shell: Shell): void {
  doorOptions(
    program.command('push').description('put the policies of this folder in force, without a deployment'),
    'write',
  ).action((options: DoorOptions) => push(shell, options))
  doorOptions(program.command('unpush').description("the deployment's own policy serves again"), 'write').action(
    (options: DoorOptions) =>
      ask(shell, options, 'policies.unpush', {}, ({ unpushed }) => [
        unpushed === null ? 'nothing was pushed' : `${plain(unpushed)} serves no more; within 10 s everywhere`,
      ]),
  )
  doorOptions(program.command('rollback').description('put a version pushed earlier in force'), 'write')
    .argument('[hash]', 'which; default: the one before')
    .action((hash: string | undefined, options: DoorOptions) =>
      ask(shell, options, 'policies.rollback', { hash: hash ?? null }, serving),
    )
  const policies = group(program, 'policies', 'the policy of a running gateway')
  doorOptions(policies.command('status').description('what serves, what was pushed'), 'read').action(
    (options: DoorOptions) =>
      ask(shell, options, 'policies.status', {}, (value) =>
        Object.entries(value).flatMap(([name, one]) => statusLines(name, one)),
      ),
  )
  doorOptions(policies.command('history').description('the versions pushed last'), 'read').action(
    (options: DoorOptions) =>
      ask(shell, options, 'policies.history', {}, (value) =>
        (value['versions'] as readonly Fields[]).map(
          (one) => `${plain(one['hash'])} ${plain(one['pushed'])}${one['active'] === true ? ' in force' : ''}`,
        ),
      ),
  )
}

/** One fact of the status; of several problems each stands on a line of its own. */
function statusLines(name: string, one: unknown): readonly string[] {
  const [first = '', ...more] = typeof one === 'string' ? one.split('\n').map(plain) : [plain(one)]
  return [`${name}: ${first}`, ...more.map((line) => `  ${line}`)]
}

function serving({ hash, replaces, rules }: Fields): readonly string[] {
  const size = rules === undefined ? '' : ` (${counted(rules, 'rule')})`
  return [`${plain(hash)}${size} serves within 10 s everywhere, instead of ${plain(replaces)}`]
}

async function push(shell: Shell, options: DoorOptions): Promise<void> {
  const { io, done } = shell
  // INVARIANT: checked and tested here as at start-up; the gateway checks again what it is sent.
  const { checked, findings } = await inspect(io)
  if (checked.bundle === null || exitFor(findings) !== EXIT.ok)
    return done(refuse(io, findings, options.json === true ? 'json' : 'human'))
  await ask(shell, options, 'policies.push', { bundle: checked.bundle }, serving)
}
