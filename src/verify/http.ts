import { type AssertionOptions, type Verified, type VerifiedUser, verifyAssertion } from './assertion.ts'
import { type MessageOptions, type ReceivedMessage, verifyMessage } from './message-signature.ts'
import { KeysUnavailable, Refused } from './refusal.ts'

/** What requests to this upstream have to carry. */
export interface GuardOptions extends AssertionOptions {
  /** Default `Postern-Assertion`; `Authorization` means a Bearer credential. */
  readonly assertionHeader?: string
  /** What happens to requests of nobody; default `refuse`. */
  readonly anonymous?: 'refuse' | 'allow'
  /** Presence is the switch: the request itself must be signed too (`sign: message`). */
  readonly message?: Pick<MessageOptions, 'secret' | 'seen' | 'covered'> & {
    /** Seconds since the epoch. */
    readonly now: () => number
  }
}

type Guarded<O extends GuardOptions> = O extends { readonly anonymous: 'allow' } ? Verified : VerifiedUser

/** The answer to a request that is not believed; its body never says more than the code. */
export interface RefusalAnswer {
  readonly status: 401 | 503
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const BEARER = /^Bearer ([A-Za-z0-9._-]+)$/i

function assertionOf(message: ReceivedMessage, options: GuardOptions): string | null {
  const name = (options.assertionHeader ?? 'Postern-Assertion').toLowerCase()
  const value = message.header(name)
  if (name !== 'authorization' || value === null) return value
  return BEARER.exec(value)?.[1] ?? null
}

/**
 * Who is asking, from a request as it was received: the assertion and, when configured, the signature of the message.
 * Throws `Refused` or `KeysUnavailable`.
 */
export async function verifyRequest<O extends GuardOptions>(message: ReceivedMessage, options: O): Promise<Guarded<O>>
export async function verifyRequest(message: ReceivedMessage, options: GuardOptions): Promise<Verified> {
  const verified = await verifyAssertion(assertionOf(message, options), options)
  if (options.message !== undefined) {
    const { now, ...rest } = options.message
    await verifyMessage(message, options.keys, {
      ...rest,
      assertionHeader: options.assertionHeader ?? 'Postern-Assertion',
      leewaySeconds: options.leewaySeconds ?? 10,
      now: now(),
    })
  }
  if (verified.kind === 'anonymous' && options.anonymous !== 'allow') {
    throw new Refused('anonymous_refused', 'nobody is signed in')
  }
  return verified
}

/** The answer to what `verifyRequest` threw; anything else is thrown on. */
export function refusalAnswer(problem: unknown): RefusalAnswer {
  const type = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  if (problem instanceof Refused) {
    const body = JSON.stringify({ status: 401, title: 'Unauthorized', code: problem.code })
    return { status: 401, headers: type, body }
  }
  if (problem instanceof KeysUnavailable) {
    const body = JSON.stringify({ status: 503, title: 'Service Unavailable', code: problem.code })
    return { status: 503, headers: { ...type, 'retry-after': '5' }, body }
  }
  throw problem
}

/** A `Request` as `verifyRequest` takes it; the target is cut from the URL text, never parsed again. */
export function receivedRequest(request: Request): ReceivedMessage {
  const slash = request.url.indexOf('/', request.url.indexOf('//') + 2)
  const [origin, rest] = slash === -1 ? [request.url, '/'] : [request.url.slice(0, slash), request.url.slice(slash)]
  return {
    method: request.method,
    authority: request.headers.get('host') ?? origin.slice(origin.indexOf('//') + 2),
    target: rest,
    header: (name) => request.headers.get(name),
    names: [...request.headers.keys()],
  }
}

/**
 * A fetch handler that is called only for requests the gateway vouches for; others get 401 or 503.
 *
 * @param handler - takes the request, who is asking, and whatever the runtime passes on (env, context)
 */
export function guard<O extends GuardOptions, Rest extends readonly unknown[]>(
  options: O,
  handler: (request: Request, caller: Guarded<O>, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async function guarded(request, ...rest) {
    let caller: Guarded<O>
    try {
      caller = await verifyRequest(receivedRequest(request), options)
    } catch (problem) {
      const { status, headers, body } = refusalAnswer(problem)
      return new Response(body, { status, headers })
    }
    return handler(request, caller, ...rest)
  }
}
