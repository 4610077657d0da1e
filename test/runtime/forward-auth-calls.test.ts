import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { corpus } from '../support/corpus.ts'
import { type Deployment, startDeployment } from '../support/deployment.ts'
import { exchange } from '../support/exchange.ts'
import { frontedEnvironment, frontedGuest, PROXY_SECRETS } from '../support/fronted.ts'

const FRONT = 'http://localhost:8080'
const HOST = 'localhost:8080'
const rows = corpus('forward-auth.txt')
/** What of a refusal nginx understands. */
const BENT: Readonly<Record<string, string>> = { '302': '401', '400': '401', '401': '401' }

for (const runtime of ['node', 'deno', 'workerd'] as const) {
  describe(`calls of proxies, on ${runtime}`, () => {
    let postern: Deployment
    let cookie = ''

    beforeAll(async () => {
      const environment = frontedEnvironment(FRONT, 9, 'http://127.0.0.1:9')
      postern = await startDeployment({ runtime, name: 'fronted', environment })
      cookie = await frontedGuest(postern, HOST)
    }, 90_000)
    afterAll(() => postern?.stop(), 30_000)

    async function call(proxy: string, line: string, headers: string) {
      const [method = '', path = ''] = line.split(' ')
      const filled = headers
        .replaceAll('{secret}', PROXY_SECRETS[proxy as keyof typeof PROXY_SECRETS])
        .replaceAll('{host}', HOST)
        .replaceAll('{origin}', FRONT)
        .replaceAll('{address}', `127.0.0.1:${postern.port}`)
        .replaceAll('{cookie}', cookie)
      const pairs = (JSON.parse(filled) as [string, string][]).map(
        ([name, value]) => [name.toLowerCase(), value] as const,
      )
      const seen = await exchange(postern.port, { method, path, headers: pairs })
      return { status: String(seen.status), headers: new Map(seen.headers), body: seen.body }
    }

    test.each(['nginx', 'caddy', 'traefik', 'envoy'])('every call of %s gets its answer', async (proxy) => {
      const own = rows.filter(([, kind]) => kind === proxy)
      expect(own.length).toBeGreaterThan(25)
      for (const [wanted = '', , line = '', headers = ''] of own) {
        const { status, headers: told } = await call(proxy, line, headers)
        const truth = told.get('postern-status') ?? status
        const expected = { untold: '400', closed: '401' }[wanted] ?? wanted
        expect([line, headers, truth]).toEqual([line, headers, expected])
        const isBent = proxy === 'nginx' && wanted !== '200' && wanted !== 'untold' && wanted !== 'closed'
        expect([line, status]).toEqual([line, isBent ? (BENT[wanted] ?? '403') : expected])
        // INVARIANT: identity leaves with a 200 only.
        expect([line, told.has('postern-assertion')]).toEqual([line, status === '200'])
        if (told.has('location')) expect(told.get('location')).toMatch(/^http:\/\/localhost:8080\/auth\/sign-in\?/)
        if (status === '200') expect(told.get('cookie') ?? '').not.toContain('__Host-')
      }
    })
  })
}
