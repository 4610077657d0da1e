import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const CHANNEL = 'http.server.request.start'

/** What servers of this process gave out, written down while they answered. */
export interface Issued {
  /** Every code and token so far. */
  readonly secrets: string[]
  /** Which of them these are: `code`, `access_token`, `refresh_token`, `id_token`. */
  readonly names: Set<string>
  stop(): void
}

/** The places where a provider hands out a secret: an address, a JSON member, a field of a form. */
const PLACES = [
  /[?&#](code|access_token|refresh_token|id_token)=([^&"\s]+)/g,
  /"(access_token|refresh_token|id_token)"\s*:\s*"([^"]+)"/g,
  /name="(code|access_token|refresh_token|id_token)"[^>]*value="([^"]+)"/g,
] as const

function secretsIn(text: string): readonly (readonly [string, string])[] {
  return PLACES.flatMap((place) => [...text.matchAll(place)]).map(([, name = '', value = '']) => [
    name,
    decodeURIComponent(value),
  ])
}

/** Keeps a copy of everything that is written to a response, and hands it on when the response ends. */
function overhear(response: ServerResponse, take: (text: string) => void): void {
  const heard: Buffer[] = []
  const keep = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) heard.push(Buffer.from(chunk))
  }
  const { writeHead, write, end } = response
  response.writeHead = ((...said: Parameters<typeof writeHead>) => {
    // Header lines as an object or a list, after the status: where a browser is sent stands in them.
    keep(`${JSON.stringify(said).replaceAll('"', ' ')}\n`)
    return writeHead.apply(response, said)
  }) as typeof writeHead
  response.write = ((...said: Parameters<typeof write>) => {
    keep(said[0])
    return write.apply(response, said)
  }) as typeof write
  response.end = ((...said: Parameters<typeof end>) => {
    keep(said[0])
    // WHY: before it goes out, so that nobody has a secret of which nothing is known here.
    take(`${response.getHeader('location') ?? ''}\n${Buffer.concat(heard).toString('utf8')}`)
    return end.apply(response, said)
  }) as typeof end
}

/**
 * Writes down what providers that run in this process give out, and cannot be asked for afterwards.
 *
 * @param from - ports they listen on; what other servers of this process answer is not looked at
 */
export function recordIssued(from: ReadonlySet<number>): Issued {
  const secrets: string[] = []
  const names = new Set<string>()
  const listener = (message: unknown) => {
    const { response, socket } = message as { readonly response: ServerResponse; readonly socket: Socket }
    if (!from.has(socket.localPort ?? 0)) return
    overhear(response, (text) => {
      for (const [name, value] of secretsIn(text)) {
        names.add(name)
        if (!secrets.includes(value)) secrets.push(value)
      }
    })
  }
  subscribe(CHANNEL, listener)
  return { secrets, names, stop: () => void unsubscribe(CHANNEL, listener) }
}
