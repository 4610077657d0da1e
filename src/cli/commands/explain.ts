import type { Subject } from '../../core/person.ts'
import { canonicalTarget } from '../../core/target.ts'
import { knownHost, rawTargetOf } from '../../pipeline/intake.ts'
import { PRETEND_NOW, pretend } from '../../policy/callers.ts'
import { type Explanation, explain as explainPolicy, formatExplanation } from '../../policy/explain.ts'
import type { PolicyBundle, Rule } from '../../policy/model.ts'
import { describe } from '../../policy/outcome.ts'
import { loadPolicy } from '../../policy/policy.ts'
import { didYouMean } from '../../policy/suggest.ts'
import type { Config } from '../../ports/config.ts'
import { type Asked, type ClientAnswer, clientAnswer } from '../client-answer.ts'
import { printJson } from '../formats.ts'
import { type Sound, soundOrExit } from '../inspect.ts'
import { EXIT, type ExitCode, type Io, UsageProblem } from '../io.ts'
import { knownUser } from '../known-user.ts'
import { answerOfDoor } from '../operator.ts'

/** Options of `postern explain`. */
export interface ExplainOptions {
  readonly method: string
  /** A path of the deployment, or a whole address. */
  readonly url: string
  /** `nobody`, `anonymous`, or role names separated by commas. */
  readonly as: string
  readonly character: boolean
  readonly token: boolean
  readonly user?: string | undefined
  /** Value of the field that a rule with `body` splits on. */
  readonly body?: string | undefined
  readonly json: boolean
}

function callerOf(options: ExplainOptions, bundle: PolicyBundle): string {
  if (options.as === 'nobody' || options.as === 'anonymous') {
    if (options.character || options.token)
      throw new UsageProblem('--character and --token need somebody: add --as <role>')
    return 'nobody'
  }
  const known = bundle.roles.map(({ name }) => String(name))
  const roles = options.as.split(',').map((role) => role.trim())
  for (const role of roles) {
    if (known.includes(role)) continue
    const hint = didYouMean(role, ['nobody', ...known])
    throw new UsageProblem(`--as: unknown role "${role}"${hint === null ? '' : `; ${hint}`}`)
  }
  return `${roles.join(',')}${options.character ? '+character' : ''}${options.token ? '+token' : ''}`
}

function methodOf(written: string): string {
  if (/^[A-Za-z]{1,20}$/.test(written)) return written.toUpperCase()
  throw new UsageProblem(`"${written}" is not a method; write for example: postern explain GET /players`)
}

/** Host and raw target of what was asked about; the host of the configuration when only a path was given. */
function placeOf(url: string, config: Config): Pick<Asked, 'host' | 'rawTarget'> {
  if (url.startsWith('/')) return { host: config.host, rawTarget: url }
  const host = /^https?:\/\/([^/?#]*)/.exec(url)?.[1]
  if (host !== undefined) return { host, rawTarget: rawTargetOf(url) }
  throw new UsageProblem(`"${url}" is neither a path such as /players nor an address such as ${config.origin}/players`)
}

/** Who asks: a caller made up from roles, or somebody the running gateway knows. */
interface Asking {
  readonly label: string
  readonly subject: Subject | null
}

async function askingOf(io: Io, options: ExplainOptions, { bundle }: Sound): Promise<Asking> {
  if (options.user === undefined) {
    const label = callerOf(options, bundle)
    return { label, subject: pretend(label, bundle) }
  }
  if (options.as !== 'nobody')
    throw new UsageProblem('--user and --as are two answers to one question: name one of them')
  const [shown, status] = await Promise.all([
    answerOfDoor(io, {}, 'users.show', { user: options.user }),
    answerOfDoor(io, {}, 'policies.status', {}),
  ])
  if (status['serving'] !== bundle.hash) {
    io.err(`the gateway serves another policy (${String(status['serving'])}) than the one here (${bundle.hash})`)
  }
  const now = Math.floor(Date.now() / 1000)
  return knownUser(shown, bundle, { by: options.token ? 'token' : 'session', now })
}

/** Everything `explain` has to say. */
interface Told {
  readonly asked: Asked
  readonly caller: string
  /** Null when no rule is asked: the address has no form, the host is a stranger, or Postern answers itself. */
  readonly explanation: Explanation | null
  readonly why: string
  readonly navigation: ClientAnswer
  readonly program: ClientAnswer
}

function withoutRule(asked: Asked, config: Config): { readonly why: string; readonly own: 'own' | 'refused' } | null {
  if (knownHost(asked.host, config) === null) {
    return { why: `"${asked.host}" is not a host of this deployment`, own: 'refused' }
  }
  if (asked.method === 'CONNECT' || asked.method === 'TRACE' || asked.method === 'TRACK') {
    return { why: `${asked.method} is never taken`, own: 'refused' }
  }
  const target = canonicalTarget(asked.rawTarget)
  if (!target.ok) return { why: `the address has no canonical form: ${target.fault.problem}`, own: 'refused' }
  const { path } = target.value
  const isOwn = path === config.prefix || path.startsWith(`${config.prefix}/`)
  return isOwn ? { why: `below ${config.prefix} Postern answers itself; no rule decides`, own: 'own' } : null
}

function tell({ config, bundle }: Sound, options: ExplainOptions, asking: Asking): Told {
  const { label: caller, subject } = asking
  const asked: Asked = { method: methodOf(options.method), ...placeOf(options.url, config), subject }
  const none = withoutRule(asked, config)
  const target = canonicalTarget(asked.rawTarget)
  const host = knownHost(asked.host, config)
  const explanation =
    none !== null || !target.ok || host === null
      ? null
      : explainPolicy(loadPolicy(bundle, config.attributes), {
          subject,
          target: target.value,
          host,
          method: asked.method,
          body: options.body,
          now: PRETEND_NOW,
          address: null,
        })
  const decision = explanation?.decision ?? null
  const [navigation, program] = (['navigation', 'program'] as const).map((dress) =>
    clientAnswer(asked, decision, config, dress),
  ) as [ClientAnswer, ClientAnswer]
  return { asked, caller, explanation, why: none?.why ?? '', navigation, program }
}

function words(answer: ClientAnswer): string {
  if (answer.upstream !== null) return `goes on to upstream "${answer.upstream}"`
  if (answer.status === null) return 'answered by Postern'
  if (answer.location !== null) return `${answer.status} to ${answer.location}`
  return [answer.status, answer.number, answer.code].filter((part) => part !== null).join(' ')
}

function printHuman(io: Io, told: Told): void {
  const { asked, caller, explanation, navigation, program } = told
  io.out(`${asked.method} ${asked.host} ${asked.rawTarget} as ${caller}`)
  if (explanation === null) io.out(`rule     none: ${told.why}`)
  else io.out(formatExplanation(explanation))
  io.out(`client   a page visit: ${words(navigation)}`)
  io.out(`client   a program:    ${words(program)}`)
}

function ruleJson(rule: Rule): unknown {
  return { id: rule.id, ...rule.at }
}

function jsonOf(told: Told, bundle: PolicyBundle): unknown {
  const { asked, explanation, navigation, program } = told
  return {
    request: { method: asked.method, host: asked.host, target: asked.rawTarget },
    caller: told.caller,
    policy: bundle.hash,
    rule: explanation?.rule ? ruleJson(explanation.rule) : null,
    why: explanation === null ? told.why : describe(explanation.decision),
    decision: explanation?.decision.kind ?? null,
    steps: explanation?.steps ?? [],
    runnersUp: explanation?.runnersUp.map(({ rule, why }) => ({ rule: ruleJson(rule), why })) ?? [],
    shadows:
      explanation?.shadows.map(({ rule, decision }) => ({ rule: ruleJson(rule), decision: describe(decision) })) ?? [],
    answers: { navigation, program },
  }
}

/** Why a request gets the answer it gets: the rule, its runners-up, each check, and what a page visit and a program receive. */
export async function explain(io: Io, options: ExplainOptions): Promise<ExitCode> {
  const sound = await soundOrExit(io, options.json ? 'json' : 'human')
  if (typeof sound === 'number') return sound
  const told = tell(sound, options, await askingOf(io, options, sound))
  if (options.json) printJson(io, jsonOf(told, sound.bundle))
  else printHuman(io, told)
  return EXIT.ok
}
