import type { Answer } from '../core/answer.ts'
import type { Subject } from '../core/person.ts'
import { answer } from '../pipeline/answer.ts'
import { unaskable } from '../pipeline/failure.ts'
import { type Arrival, askFromRequest, type Incoming } from '../pipeline/intake.ts'
import type { Verdict } from '../pipeline/verdict.ts'
import type { Decision } from '../policy/decision.ts'
import type { Config } from '../ports/config.ts'
import type { Gateway } from '../ports/gateway.ts'
import { processRuntime } from '../runtime/process.ts'

/** What one kind of client gets for a request. */
export interface ClientAnswer {
  /** Null: the request goes on to the upstream, which answers. */
  readonly status: number | null
  /** Stable problem code of a refusal; null for redirects and for what goes on. */
  readonly code: string | null
  readonly number: string | null
  readonly location: string | null
  readonly upstream: string | null
}

/** The two ways to ask: a page visit of a browser, and a program. */
export type Dress = 'navigation' | 'program'

const HEADERS: Readonly<Record<Dress, Readonly<Record<string, string>>>> = {
  navigation: { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  program: { accept: 'application/json' },
}

function incoming(method: string, host: string, dress: Dress, subject: Subject | null): Incoming {
  // WHY: only whether there is one matters here: a request with Authorization never gets a page.
  const token = subject === null || subject.kind === 'session' ? {} : { authorization: 'Bearer pst_explained' }
  const headers: Readonly<Record<string, string>> = { host, ...HEADERS[dress], ...token }
  return { method, headers: { get: (name) => headers[name] ?? null } }
}

/** The same words that the hot path has for a decision (`pipeline/authorize`); a test holds the two together. */
function verdictOf(decision: Decision, subject: Subject | null): Verdict {
  const challenge = (reason: 'no-session' | 'stale' | 'guest'): Verdict => {
    return { kind: 'challenge', rule: 'rule' in decision ? decision.rule : null, reason, ended: null }
  }
  switch (decision.kind) {
    case 'allow':
      return { kind: 'allow', rule: decision.rule, subject }
    case 'needs-session':
      return challenge('no-session')
    case 'needs-fresh':
      return challenge('stale')
    case 'guest-required':
      return challenge('guest')
    case 'unknown-route':
      return subject === null ? challenge('no-session') : { kind: 'refuse', refusal: decision, subject }
    default:
      return { kind: 'refuse', refusal: decision, subject }
  }
}

function problemOf({ body }: Answer): { readonly code: string | null; readonly number: string | null } {
  try {
    const { code, number } = JSON.parse(body ?? '') as { readonly code?: unknown; readonly number?: unknown }
    return { code: typeof code === 'string' ? code : null, number: typeof number === 'string' ? number : null }
  } catch {
    return { code: null, number: null }
  }
}

function told(given: Answer, asProgram: Answer): ClientAnswer {
  const location = given.headers.find(([name]) => name === 'location')?.[1] ?? null
  const named = location === null ? problemOf(asProgram) : { code: null, number: null }
  return { status: given.status, ...named, location, upstream: null }
}

/** A request as it was asked about on the command line. */
export interface Asked {
  readonly method: string
  readonly host: string
  /** Everything from the third slash of the address, byte for byte. */
  readonly rawTarget: string
  readonly subject: Subject | null
}

/** What a client gets, written by the code that answers clients: intake, verdict, page or problem. */
export function clientAnswer(asked: Asked, decision: Decision | null, config: Config, dress: Dress): ClientAnswer {
  // WHY: refusals are made of the configuration and the clock alone; no store, no key and no provider is asked.
  const host: Pick<Gateway, 'config' | 'runtime'> = { config, runtime: processRuntime(() => undefined) }
  const gateway = host as Gateway
  const arrival: Arrival = { requestId: 'explain', rawTarget: asked.rawTarget, address: null, country: null }
  const answerFor = (as: Dress): Answer | null => {
    const ask = askFromRequest(incoming(asked.method, asked.host, as, asked.subject), arrival, config)
    if (!ask.ok) return unaskable(ask.fault, arrival, gateway)
    const verdict = decision === null ? null : verdictOf(decision, asked.subject)
    return verdict === null || verdict.kind === 'allow' ? null : answer(verdict, ask.value, gateway)
  }
  const given = answerFor(dress)
  const upstream = decision?.kind === 'allow' ? decision.rule.upstream : null
  if (given === null) return { status: null, code: null, number: null, location: null, upstream }
  return told(given, answerFor('program') ?? given)
}
