import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { afterEach, expect, test } from 'vitest'
import type { Upstream } from '../../src/ports/config.ts'
import { startChecks } from '../../src/runtime/upstream-checks.ts'
import { UpstreamLine } from '../../src/runtime/upstream-line.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A service whose health a test decides. */
async function checked() {
  const service = { status: 200, asked: [] as string[] }
  const server = createServer((request, response) => {
    service.asked.push(`${request.method} ${request.url}`)
    response.writeHead(service.status).end('well')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const upstream = {
    name: 'game',
    url: `http://127.0.0.1:${port}`,
    breakerFailures: 2,
    breakerOpenMs: 60_000,
    healthPath: '/healthz?deep',
    healthEveryMs: 20,
  } as Upstream
  const line = new UpstreamLine(upstream, () => performance.now())
  const pool = new Pool(upstream.url)
  ends.push(
    startChecks({ upstream, pool, line, tlsName: undefined }, 'localhost:8787'),
    () => pool.destroy(),
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return { service, line, server }
}

test('startChecks() opens the breaker of a service that is not well, and closes it at the first check that is', async () => {
  const { service, line } = await checked()
  await expect.poll(() => service.asked.length).toBeGreaterThan(2)
  expect(service.asked[0]).toBe('GET /healthz?deep')
  expect(line.health()).toEqual({ name: 'game', state: 'closed' })
  service.status = 503
  await expect.poll(() => line.health().state).toBe('open')
  expect(() => line.enter()).toThrow('breaker open')
  service.status = 404
  await expect.poll(() => line.health().state).toBe('closed')
})

test('startChecks() counts a service that is gone', async () => {
  const { line, server } = await checked()
  server.close()
  server.closeAllConnections()
  await expect.poll(() => line.health().state, { timeout: 5000 }).toBe('open')
})
