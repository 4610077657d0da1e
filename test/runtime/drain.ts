import { Agent, get } from 'node:http'
import { expect, test } from 'vitest'
import { type Deployment, type DeploymentOptions, startDeployment } from '../support/deployment.ts'
import { guestOf } from '../support/guest.ts'
import { mustOpen } from '../support/socket-client.ts'
import type { Wire } from '../support/wire.ts'

/** A gateway that is told to end, and how to start it again. */
export interface DrainPlace {
  deployment: Deployment
  readonly options: DeploymentOptions
  readonly wire: Wire
}

const LOAD = 10

/** One request; the status, or null when it could not even be sent. */
function tryGet(url: string, agent: Agent): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => {
      response.on('error', reject)
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      // What every proxy and browser tries again: nobody was there, or a kept connection was over before it was used.
      if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') resolve(null)
      else reject(error)
    })
  })
}

/** A stop by a supervisor, with requests and sockets in the middle of what they do. */
export function drainTranscript(place: () => DrainPlace): void {
  test('a restart under load loses no request the service has seen, and tells sockets to come back', async () => {
    const { wire, deployment, options } = place()
    const [seen, answered] = [new Set<string>(), new Set<string>()]
    wire.answer = (request, response) => {
      seen.add(request.url ?? '')
      setTimeout(() => response.end('here'), request.url === '/open/slow' ? 3_000 : 30)
    }
    const agent = new Agent({ keepAlive: true, maxSockets: LOAD + 1 })
    let isOver = false
    let turn = 0
    const worker = async () => {
      while (!isOver) {
        const path = `/open/${turn++}`
        const status = await tryGet(`${deployment.gateway}${path}`, agent)
        if (status === null) await new Promise((resolve) => setTimeout(resolve, 50))
        else {
          expect(status).toBe(200)
          answered.add(path)
        }
      }
    }
    const working = Array.from({ length: LOAD }, worker)
    const visitor = await guestOf(deployment.gateway)
    const headers = { cookie: visitor.cookie(deployment.gateway) ?? '', origin: deployment.gateway }
    const sockets = await Promise.all([1, 2, 3].map((n) => mustOpen(`${deployment.gateway}/room/${n}`, { headers })))
    const slow = tryGet(`${deployment.gateway}/open/slow`, new Agent())
    while (!seen.has('/open/slow')) await new Promise((resolve) => setTimeout(resolve, 20))
    const since = Date.now()
    expect(await deployment.stop('keep')).toBe(0)
    expect(Date.now() - since).toBeLessThan(14_000)
    expect(await slow).toBe(200)
    // The last lines of the log are written although they did not wait their time.
    await expect.poll(() => deployment.output()).toMatch(/"event":"stopped"/)
    for (const socket of sockets) expect(await socket.closed).toEqual({ code: 4010, reason: 'restarting' })
    const before = answered.size
    place().deployment = await startDeployment({ ...options, again: deployment })
    while (answered.size < before + 50) await new Promise((resolve) => setTimeout(resolve, 50))
    isOver = true
    await Promise.all(working)
    answered.add('/open/slow')
    expect([...seen].filter((path) => !answered.has(path))).toEqual([])
    agent.destroy()
  }, 90_000)
}
