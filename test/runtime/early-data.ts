import { beforeAll, expect, test } from 'vitest'
import { exchange, type Seen } from '../support/exchange.ts'
import { guestOf } from '../support/guest.ts'
import type { SocketPlace } from './sockets.ts'

const problemOf = ({ body }: Seen) => JSON.parse(Buffer.from(body, 'base64').toString()) as unknown

/** What came before the TLS handshake was over, and may come again from somebody who saw it go by (RFC 8470). */
export function earlyDataTranscript(place: () => SocketPlace): void {
  let cookie = ''
  const reached: string[] = []
  beforeAll(async () => {
    const { gateway } = place().deployment
    cookie = (await guestOf(gateway)).cookie(gateway) ?? ''
    place().wire.answer = (request, response) => {
      reached.push(`${request.method} ${request.url} early-data: ${String(request.headers['early-data'])}`)
      request.resume()
      response.end('reached')
    }
  })

  const send = (method: string, path: string, early: readonly string[]) => {
    const { port, gateway } = place().deployment
    const lines = early.map((value): readonly [string, string] => ['early-data', value])
    const headers = [['host', `localhost:${port}`], ['cookie', cookie], ['origin', gateway], ...lines] as const
    return exchange(port, { method, path, headers })
  }

  test.each([
    ['POST', ['1']],
    ['PUT', ['1']],
    ['PATCH', ['1']],
    ['DELETE', ['1']],
    // RFC 8470 section 5.1: what is said wrong or twice counts as 1.
    ['POST', ['0']],
    ['POST', ['']],
    ['POST', ['1', '1']],
  ])('%s with Early-Data %j: 425, and no service hears of it', async (method, early) => {
    reached.length = 0
    const answer = await send(method, '/wire/early', early)
    expect(answer.status).toBe(425)
    expect(problemOf(answer)).toMatchObject({ code: 'too_early', number: 'PST108', status: 425 })
    expect((await send(method, '/auth/token', early)).status).toBe(425)
    expect(reached).toEqual([])
  })

  test('a sign-out in early data ends nothing; sent once more it does', async () => {
    expect((await send('POST', '/auth/sign-out', ['1'])).status).toBe(425)
    expect((await send('GET', '/auth/session', [])).status).toBe(200)
    reached.length = 0
    expect((await send('POST', '/wire/early', [])).status).toBe(200)
    expect(reached).toEqual(['POST /wire/early early-data: undefined'])
    expect((await send('POST', '/auth/sign-out', [])).status).toBeLessThan(400)
    expect((await send('GET', '/auth/session', [])).status).toBe(401)
  })

  test('what changes nothing goes on, and the service is told that it came early', async () => {
    reached.length = 0
    expect((await send('GET', '/open/early', ['1'])).status).toBe(200)
    expect(reached).toEqual(['GET /open/early early-data: 1'])
  })
}
