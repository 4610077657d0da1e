import type { IncomingMessage } from 'node:http'
import { remoteKeys } from '../../src/verify/index.ts'
import { type RealOp, realOp } from '../adapters/oauth/support/real-op.ts'
import { type RuntimeName, startDeployment } from '../support/deployment.ts'
import { ask } from '../support/http.ts'
import { freePorts } from '../support/ports.ts'
import { Visitor } from '../support/visitor.ts'
import { startWire } from '../support/wire.ts'
import type { SocketPlace } from './sockets.ts'

export const ROBOT = 'robot-token-value-1234567890'
export const SECRET = 'a-shared-secret-of-more-than-32-bytes'
const OPERATOR = 'b3BlcmF0b3Iga2V5IG9mIHRoaXJ0eS10d28gYnl0ZXM'

/** What a deployment of `upstreams` is told. */
export function environmentOf(wirePort: number): Readonly<Record<string, string>> {
  return { WIRE_PORT: String(wirePort), ROBOT_TOKEN: ROBOT, MESSAGE_SECRET: SECRET }
}

/** A gateway with the services of `upstreams` behind it and a provider beside it. */
export interface IdentityPlace extends SocketPlace {
  readonly op: RealOp
  /** What its assertions are signed with. */
  readonly algorithm: 'ES256' | 'EdDSA'
}

function environmentAt({ wire, op, algorithm }: Omit<IdentityPlace, 'deployment'>): Readonly<Record<string, string>> {
  const secrets = { OP_URL: op.url, OP_SECRET: 'secret', POSTERN_OPERATOR_KEY: OPERATOR }
  return { ...environmentOf(wire.port), ...secrets, ALGORITHM: algorithm }
}

/** Starts all of them. */
export async function startIdentity(
  runtime: RuntimeName,
  algorithm: IdentityPlace['algorithm'],
): Promise<IdentityPlace> {
  const [wire, port] = [await startWire(), await freePorts(1)]
  const around = { wire, op: await realOp(`http://localhost:${port}/auth/callback/guild`), algorithm }
  const environment = environmentAt(around)
  return { ...around, deployment: await startDeployment({ runtime, name: 'upstreams', environment, port }) }
}

/** The same with the gateway ended and started again; `between` gets what its store left on disk. */
export async function restarted(place: IdentityPlace, between: (state: string) => void): Promise<IdentityPlace> {
  const { deployment } = place
  await deployment.stop('keep')
  between(deployment.state)
  const { runtime } = deployment
  const environment = environmentAt(place)
  return { ...place, deployment: await startDeployment({ runtime, name: 'upstreams', environment, again: deployment }) }
}

/** Ends what was started. */
export async function stopIdentity(place: IdentityPlace | undefined): Promise<void> {
  await place?.deployment.stop()
  await Promise.all([place?.wire.stop(), place?.op.close()])
}

/** Names and values in the order in which they stood on the wire. */
export function pairs(raw: readonly string[]): readonly (readonly [string, string])[] {
  return raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? ''] as const] : []))
}

/** What the tests of identity ask with. */
export interface Asking {
  url(path: string): string
  issuer(): string
  /** What a verifier at the service of this audience is told. */
  options(audience: string): {
    readonly issuer: string
    readonly audience: string
    readonly keys: ReturnType<typeof remoteKeys>
  }
  /** Requests that the service saw. */
  readonly seen: IncomingMessage[]
  /** Bodies of the requests that the service has read to the end. */
  readonly bodies: WeakMap<IncomingMessage, Buffer>
  /** From now on the service remembers what it sees. */
  listen(): void
  /** One request as somebody; what the service got of it. */
  passed(path: string, cookie: string, headers?: Readonly<Record<string, string>>): Promise<IncomingMessage>
}

export function asking(place: () => IdentityPlace): Asking {
  const seen: IncomingMessage[] = []
  const bodies = new WeakMap<IncomingMessage, Buffer>()
  const url = (path: string) => `${place().deployment.gateway}${path}`
  const issuer = () => url('/auth')
  return {
    url,
    issuer,
    options: (audience) => ({
      issuer: issuer(),
      audience,
      keys: remoteKeys(`${issuer()}/.well-known/jwks.json`),
    }),
    seen,
    bodies,
    listen() {
      place().wire.answer = (request, response) => {
        seen.push(request)
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          bodies.set(request, Buffer.concat(chunks))
          response.end('seen')
        })
      }
    },
    async passed(path, cookie, headers = {}) {
      seen.length = 0
      const answer = await ask(url(path), { headers: { ...(cookie === '' ? {} : { cookie }), ...headers } })
      const [request] = seen
      if (answer.status !== 200 || request === undefined)
        throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return request
    },
  }
}

/** One operation of the operator door; what it answers. */
export async function operate(
  { deployment }: IdentityPlace,
  operation: string,
  input: Readonly<Record<string, unknown>> = {},
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await ask(`${deployment.gateway}/auth/operator/v1/${operation}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${OPERATOR}`, 'content-type': 'application/json' },
    body: JSON.stringify(input),
  })
  if (answer.status !== 200) throw new Error(`${operation}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Readonly<Record<string, unknown>>
}

/** Somebody the provider vouches for, with a name, an e-mail address and these roles, the first one as the primary one. */
export async function personOf(place: IdentityPlace, roles: readonly string[]): Promise<Visitor> {
  const { gateway } = place.deployment
  const visitor = new Visitor()
  await visitor.approve(gateway, 'dora', `${gateway}/auth/start/guild?return_to=%2Fopen%2Fx`)
  const { id } = await sessionOf(place, visitor)
  await operate(place, 'roles.replace', { user: id, roles, primary: roles[0] })
  return visitor
}

/** What the gateway itself says of a session: ids of the person and of the session. */
export async function sessionOf(
  place: IdentityPlace,
  visitor: Visitor,
): Promise<{ readonly id: string; readonly sid: string }> {
  const answer = await visitor.send(`${place.deployment.gateway}/auth/session`, {
    headers: { accept: 'application/json' },
  })
  const { user, sid } = (await answer.json()) as { readonly user: { readonly id: string }; readonly sid: string }
  return { id: user.id, sid }
}
