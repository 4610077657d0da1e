import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { localKeys, receivedIncoming, refusalAnswer, verifyRequest } from '../../src/verify/index.ts'
import { deployment } from './support/deployment.ts'

const postern = (line: string) => deployment({}).postern(line)
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A service; answers the address of its route `/whoami`. */
async function service(answer: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<string> {
  const server = createServer((request, response) => void answer(request, response))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/whoami`
}

const saying = (status: number, body: string) => (_: IncomingMessage, response: ServerResponse) =>
  response.writeHead(status).end(body)

describe('postern attack', () => {
  test('names the headers a trusting service believed: exit 1', async () => {
    const url = await service(({ headers }, response) => response.end(`hello ${headers['remote-user'] ?? 'stranger'}`))
    const { code, out } = await postern(`attack ${url}`)
    expect(code).toBe(1)
    expect(out).toMatch(/headers of remote +200 +believed/)
    expect(out).toMatch(/headers of webauth +200 +ignored/)
    expect(out).toMatch(/\d+ of \d+ were believed: let only the gateway reach this service, and verify the assertion$/)
  })

  test('finds a service that believes everything, in every dialect and both kinds of token', async () => {
    const url = await service(({ headers }, response) => {
      const token = String(headers['postern-assertion'] ?? headers.authorization ?? '')
      const claims = token.split('.')[1] ?? ''
      const { sub = '' } = JSON.parse(Buffer.from(claims, 'base64url').toString() || '{}') as { sub?: string }
      const plain = Object.entries(headers).filter(([name]) => /user|email|subject|identity|player/.test(name))
      response.end(`hello ${sub || plain.map(([, value]) => value).join() || 'stranger'}`)
    })
    const { code, out } = await postern(`attack ${url} --json`)
    const { findings, inconclusive, status } = JSON.parse(out) as {
      findings: { attempt: string; verdict: string; status: number }[]
      inconclusive: null
      status: number
    }
    expect([code, inconclusive, status]).toEqual([1, null, 200])
    const believed = findings.filter(({ verdict }) => verdict === 'believed').map(({ attempt }) => attempt)
    const dialects = ['postern', 'forwarded', 'remote', 'webauth', 'pomerium', 'alb']
    const tokens = ['no signature', 'a key of its own'].flatMap((how) => [
      `assertion with ${how}`,
      `bearer token with ${how}`,
    ])
    expect(believed).toEqual(expect.arrayContaining([...dialects.map((name) => `headers of ${name}`), ...tokens]))
  })

  /** What a service is found to believe that greets whom one header names, and nobody else. */
  async function believedBy(who: (headers: IncomingMessage['rawHeaders']) => string | undefined) {
    const url = await service(({ rawHeaders }, response) => response.end(`hello ${who(rawHeaders) ?? 'stranger'}`))
    const { code, out } = await postern(`attack ${url} --json`)
    const { findings } = JSON.parse(out) as { findings: { attempt: string; headers: string[]; verdict: string }[] }
    return { code, believed: findings.filter(({ verdict }) => verdict === 'believed') }
  }

  /** The value of the header that is spelt like this, in whatever case. */
  const spelt = (name: string) => (raw: readonly string[]) =>
    raw.find((_, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name)

  test.each([
    ['iap', 'x-goog-authenticated-user-id'],
    ['iap', 'x-goog-authenticated-user-email'],
    ['cf-access', 'cf-access-authenticated-user-email'],
  ])('names the headers of %s where a service believed %s', async (dialect, header) => {
    const { code, believed } = await believedBy(spelt(header))
    expect([code, believed.map(({ attempt }) => attempt)]).toEqual([1, [`headers of ${dialect}`]])
    expect(believed[0]?.headers.map((name) => name.toLowerCase())).toContain(header)
  })

  test.each([
    ['iap', 'x-goog-iap-jwt-assertion', 'sub'],
    ['iap', 'x-goog-iap-jwt-assertion', 'email'],
    ['cf-access', 'cf-access-jwt-assertion', 'email'],
    ['pomerium', 'x-pomerium-jwt-assertion', 'sub'],
    ['alb', 'x-amzn-oidc-data', 'email'],
  ])(
    'names the token of %s where a service read %s without a look at who signed it',
    async (dialect, header, claim) => {
      const { code, believed } = await believedBy((raw) => {
        const text = Buffer.from(spelt(header)(raw)?.split('.')[1] ?? '', 'base64url').toString()
        return (JSON.parse(text || '{}') as Record<string, string>)[claim]
      })
      const names = ['no signature', 'a key of its own'].map((how) => `assertion of ${dialect} with ${how}`)
      expect([code, believed.map(({ attempt }) => attempt)]).toEqual([1, names])
    },
  )

  test.each([
    ['postern', '_', 'postern_user'],
    ['forwarded', '_', 'x_forwarded_user'],
    ['remote', '.', 'remote.user'],
    ['iap', '_', 'x_goog_authenticated_user_email'],
    ['iap', '.', 'x.goog.authenticated.user.email'],
    ['cf-access', '_', 'cf_access_authenticated_user_email'],
    ['cf-access', '.', 'cf.access.authenticated.user.email'],
  ])('names the headers of %s with %s where a service believed %s alone', async (dialect, sign, header) => {
    const { code, believed } = await believedBy(spelt(header))
    expect([code, believed.map(({ attempt }) => attempt)]).toEqual([1, [`headers of ${dialect}, with ${sign}`]])
  })

  test('finds a service that folds names into variables in all three spellings', async () => {
    const { believed } = await believedBy((raw) => {
      const at = raw.findIndex((name, i) => i % 2 === 0 && /^remote[^a-z0-9]user$/i.test(name))
      return at === -1 ? undefined : raw[at + 1]
    })
    const spellings = ['', ', with _', ', with .'].map((how) => `headers of remote${how}`)
    expect(believed.map(({ attempt }) => attempt)).toEqual(spellings)
  })

  test('finds nothing at a service that verifies with postern/verify: exit 0', async () => {
    const file = new URL('../vectors/assertions.vectors.json', import.meta.url)
    const { issuer, audience, jwks } = JSON.parse(readFileSync(file, 'utf8'))
    const options = { issuer, audience, keys: localKeys(jwks) }
    const url = await service(async (request, response) => {
      try {
        response.end(JSON.stringify(await verifyRequest(receivedIncoming(request), options)))
      } catch (problem) {
        const { status, body } = refusalAnswer(problem)
        response.writeHead(status).end(body)
      }
    })
    const { code, out } = await postern(`attack ${url}`)
    expect(code).toBe(0)
    expect(out).toMatch(/\nnothing forged was believed$/)
    expect(out).not.toMatch(/let in|believed +$|echoed/)
  })

  test.each([
    ['a refusal', 401],
    ['a redirect to sign-in', 302],
  ])('tells when a forged token turned %s into an answer', async (_, status) => {
    const url = await service(({ headers }, response) =>
      response.writeHead(headers['postern-assertion'] === undefined ? status : 200).end('in'),
    )
    const { code, out } = await postern(`attack ${url}`)
    expect(code).toBe(1)
    expect(out).toMatch(/assertion with no signature +200 +let in/)
  })

  test('tells when a service believed the role alone', async () => {
    const url = await service(({ headers }, response) =>
      response.end(headers['x-webauth-role'] === 'chief' ? 'your rights: chief' : 'your rights: none'),
    )
    const { out } = await postern(`attack ${url} --role chief`)
    expect(out).toMatch(/headers of webauth +200 +believed/)
  })

  test('takes a wary service for one that believes nothing', async () => {
    const url = await service(saying(401, 'who are you?'))
    expect(await postern(`attack ${url}`)).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing forged was believed'),
    })
  })

  test('does not call it good news when a route can show nothing: exit 3', async () => {
    const echo = await service(({ headers }, response) => response.end(JSON.stringify(headers)))
    const cases = [
      [echo, 'repeats every header', 'echoes'],
      [await service(saying(404, '')), 'answers 404 to everybody', 'no-such-route'],
      [await service(saying(405, '')), 'answers 405 to everybody', 'no-such-route'],
      [await service(saying(301, '')), 'it has moved', 'moved'],
      [await service(saying(502, '')), 'does not work now', 'broken'],
    ] as const
    for (const [url, said, inconclusive] of cases) {
      const { code, out } = await postern(`attack ${url}`)
      expect([said, code, out]).toEqual([said, 3, expect.stringContaining(said)])
      expect(out).not.toContain('nothing forged was believed')
      expect(JSON.parse((await postern(`attack ${url} --json`)).out)).toMatchObject({ inconclusive })
    }
  })

  test('a service that is down is exit 3, and says which and why', async () => {
    const url = await service(saying(200, ''))
    const [server] = servers.splice(0)
    await new Promise((resolve) => server?.close(resolve))
    expect(await postern(`attack ${url}`)).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+ does not answer: .*ECONNREFUSED/),
    })
  })

  test('attacks no other machine unless told that it may, and says what an address is', async () => {
    expect(await postern('attack http://game.example.com/whoami')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--yes-i-own-it'),
    })
    expect(await postern('attack localhost:2567/whoami')).toMatchObject({
      code: 2,
      err: expect.stringContaining('give one such as http://127.0.0.1:2567/whoami'),
    })
    expect((await postern('attack')).code).toBe(2)
  })
})
