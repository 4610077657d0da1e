import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { head, openRaw } from '../support/raw.ts'

/** Longer than a head or a body may take, and a look at it. */
const PATIENCE_MS = 90_000

const RUNTIMES = ['node', 'deno'] as const

const BEGINNINGS: readonly (readonly [string, (port: number) => string])[] = [
  ['nothing at all', () => ''],
  ['half a head', (port) => head('GET /open/x', port).slice(0, -2)],
  [
    'half a form for an endpoint of ours',
    (port) =>
      `${head('POST /auth/guest', port, 'Content-Length: 50', 'Content-Type: application/x-www-form-urlencoded')}abc`,
  ],
  [
    'half a body that is counted on its way',
    (port) => `${head('POST /small/x', port, 'Transfer-Encoding: chunked')}5\r\nab`,
  ],
]

describe('clients that never come to an end', () => {
  let service: Server
  let places: ReadonlyMap<string, Deployment>
  const placeOf = (runtime: string) => {
    const place = places.get(runtime)
    if (place === undefined) throw new Error(`${runtime} is not started`)
    return place
  }
  beforeAll(async () => {
    service = createServer((request, response) => {
      request.resume()
      request.once('end', () => response.end('whole'))
    })
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
    const environment = {
      WIRE_PORT: String((service.address() as AddressInfo).port),
      ROBOT_TOKEN: 'robot-token-value-1234567890',
    }
    const start = async (runtime: (typeof RUNTIMES)[number]) =>
      [runtime, await startDeployment({ runtime, name: 'wire', environment })] as const
    places = new Map(await Promise.all(RUNTIMES.map(start)))
  }, 90_000)
  afterAll(async () => {
    await Promise.all([...places.values()].map((place) => place.stop()))
    service.close()
  }, 30_000)

  // ATTACK: slowloris: a connection and its state for nothing, as many as there are files.
  test.concurrent.each(RUNTIMES)(
    'who sends nothing, half a head or half a body is told 408 and let go, on %s',
    async (runtime) => {
      const { port } = placeOf(runtime)
      const told = BEGINNINGS.map(async ([what, bytes]) => {
        const client = openRaw(port)
        client.socket.once('connect', () => client.write(bytes(port)))
        return [what, (await client.closed).split('\r\n', 1)[0]]
      })
      expect(await Promise.all(told)).toEqual(BEGINNINGS.map(([what]) => [what, 'HTTP/1.1 408 Request Timeout']))
    },
    PATIENCE_MS,
  )

  test.each(RUNTIMES)('an operator is woken by none of them, on %s', (runtime) => {
    expect(placeOf(runtime).output()).not.toMatch(/"event":"bug"|Unhandled|uncaught/)
  })
})
