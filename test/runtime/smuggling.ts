import type { IncomingMessage } from 'node:http'
import { beforeAll, expect, test } from 'vitest'
import { corpus, unquoted } from '../support/corpus.ts'
import { openRaw } from '../support/raw.ts'
import type { SocketPlace } from './sockets.ts'

const ASKED = /^(GET|POST) \/open\/(a|smuggled)$/

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** What is wrong with a request that reached the service; null: the gateway judged it and put its name to it. */
function flaw({ method, url, rawHeaders }: IncomingMessage): string | null {
  const names = rawHeaders.filter((_one, index) => index % 2 === 0).map((name) => name.toLowerCase())
  const assertions = names.filter((name) => name === 'postern-assertion').length
  if (assertions !== 1) return `${assertions} assertions`
  if (names.filter((name) => name === 'x-forwarded-host').length !== 1) return 'forwarded host'
  if (names.includes('postern-user') || rawHeaders.join().includes('forged')) return 'a forged header'
  if (names.includes('upgrade') || names.includes('http2-settings')) return 'an upgrade'
  if (names.includes('content-length') && names.includes('transfer-encoding')) return 'two framings'
  return ASKED.test(`${method} ${url}`) ? null : `${method} ${url}`
}

/** Requests made to be read in two ways: refused, or judged one by one; the same on every runtime. */
export function smugglingTranscript(place: () => SocketPlace): void {
  const seen: IncomingMessage[] = []
  const trailers: string[] = []
  beforeAll(() => {
    place().wire.answer = (request, response) => {
      seen.push(request)
      request.resume()
      request.on('end', () => {
        trailers.push(...request.rawTrailers)
        response.end('judged')
      })
    }
  })

  for (const [name = '', bytes] of corpus('smuggling.txt'))
    test(name, async () => {
      seen.length = 0
      trailers.length = 0
      const { port } = place().deployment
      const client = openRaw(port)
      client.write(unquoted(bytes).replaceAll('{host}', `localhost:${port}`))
      // workerd waits for the rest of a chunk that is broken, and says nothing.
      for (let tries = 0; client.text() === '' && !client.socket.destroyed && tries < 100; tries++) await pause(20)
      // A second request hidden behind the first one would be on its way by now.
      await pause(150)
      client.socket.destroy()
      expect(seen.map(flaw).filter((one) => one !== null)).toEqual([])
      expect(trailers).toEqual([])
      // As many answers as requests were judged, and those that were not judged are refused.
      const answered = client.text().match(/HTTP\/1\.1 2\d\d /g) ?? []
      expect(answered.length).toBeLessThanOrEqual(seen.length)
      if (seen.length === 0 && client.text() !== '') expect(client.text()).toMatch(/^HTTP\/1\.\d [45]\d\d /)
    })
}
