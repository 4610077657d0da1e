import { failureCode, isLoopback } from './doctor/reach.ts'
import { EnvironmentProblem, type Io, UsageProblem } from './io.ts'
import { settingsOf } from './settings.ts'

/** The operator door of a running gateway. */
export interface OperatorDoor {
  /**
   * Runs an operation and answers its result.
   *
   * @throws UsageProblem when the gateway refuses the input, EnvironmentProblem when it refuses the key or does not answer
   */
  call(operation: string, input: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>
}

const TIMEOUT_MS = 10_000

function addressOf(written: string): string {
  const url = URL.parse(written)
  if (url === null || url.origin !== written || !/^https?:$/.test(url.protocol)) {
    throw new EnvironmentProblem(`POSTERN_URL must be an origin such as https://play.example.com, not "${written}"`)
  }
  // ATTACK: over plain http anybody on the way could read the key.
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new EnvironmentProblem(`POSTERN_URL must be https: the operator key is not sent to ${written} unprotected`)
  }
  return written
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

function refusal(operation: string, url: string, status: number, body: Readonly<Record<string, unknown>>): Error {
  const told = [body['detail'], body['hint']].filter((part) => typeof part === 'string').join(' ')
  const message = `${operation} at ${url}: ${status} ${String(body['code'] ?? '')}${told === '' ? '' : `: ${told}`}`
  if (status === 401)
    return new EnvironmentProblem(`${message}; POSTERN_OPERATOR_KEY is not the key of that deployment`)
  const isDoor = body['code'] !== undefined && body['hint'] !== undefined
  if (status === 404 && !isDoor)
    return new EnvironmentProblem(`${message}; that deployment has no operator door: set POSTERN_OPERATOR_KEY there`)
  return status < 500 && status !== 421 && status !== 429 ? new UsageProblem(message) : new EnvironmentProblem(message)
}

/**
 * The door that `POSTERN_URL` and `POSTERN_OPERATOR_KEY` open.
 *
 * @param why - who asks for it, for the message that names what is missing
 * @throws EnvironmentProblem when one of them is not set
 */
export function openDoor(io: Io, prefix: string, why: string): OperatorDoor {
  const settings = settingsOf(io)
  const missing = ['POSTERN_URL', 'POSTERN_OPERATOR_KEY'].filter((name) => settings(name) === null)
  if (missing.length > 0) throw new EnvironmentProblem(`${why}: set ${missing.join(' and ')}`)
  const url = addressOf(settings('POSTERN_URL')?.value ?? '')
  const key = settings('POSTERN_OPERATOR_KEY')?.value ?? ''
  return {
    async call(operation, input) {
      const response = await fetch(`${url}${prefix}/operator/v1/${operation}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(input),
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      }).catch((error: unknown) => {
        throw new EnvironmentProblem(
          `${url} does not answer (${failureCode(error)}): start the gateway, or correct POSTERN_URL`,
        )
      })
      const body = objectOf(await response.text())
      if (response.status !== 200) throw refusal(operation, url, response.status, body)
      return body
    },
  }
}
