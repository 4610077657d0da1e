import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { PROXY_SECRETS } from './fronted.ts'

/** Proxies that ask by forward-auth. */
export type AskingKind = keyof typeof PROXY_SECRETS

/** Header pairs as they stand on the wire. */
export type Pairs = readonly (readonly [string, string])[]

/** How each sample of deploy/ says that a header of the client's never reaches the game, and what the proxy writes itself. */
const SAMPLES: Readonly<Record<AskingKind, { readonly file: string; readonly gone: RegExp; readonly own: string }>> = {
  nginx: { file: 'nginx.conf', gone: /^ {6}proxy_set_header (\S+) /gm, own: 'host' },
  caddy: {
    file: 'Caddyfile',
    gone: /^\t\t(?:request_header -|import said )(\S+)$/gm,
    own: 'x-forwarded-for x-forwarded-host x-forwarded-proto x-request-id',
  },
  traefik: {
    file: 'traefik.yml',
    gone: /^ {10}(?:- )?(\S+?)(?:: "")?$/gm,
    own: 'x-forwarded-for x-forwarded-host x-forwarded-method x-forwarded-port x-forwarded-proto x-forwarded-server x-forwarded-uri x-real-ip',
  },
  envoy: {
    file: 'envoy.yaml',
    gone: /- (?:remove|exact): (\S+)$/gm,
    own: 'x-forwarded-for x-forwarded-proto x-envoy-original-path',
  },
}

/** Lower-case names that the sample of a proxy deletes or replaces on the way to the game; other spellings pass it. */
export function replacedBy(proxy: AskingKind): ReadonlySet<string> {
  const { file, gone, own } = SAMPLES[proxy]
  const names = [...readFileSync(`deploy/${file}`, 'utf8').matchAll(gone)].map(([, name = '']) => name.toLowerCase())
  if (names.length < 20) throw new Error(`deploy/${file} is read wrongly: ${names.join()}`)
  return new Set([...names, ...own.split(' ')])
}

/** What a client asked its proxy for. */
export interface ClientRequest {
  readonly path: string
  readonly host: string
  readonly headers: Pairs
}

/** What a proxy writes into its question, beside the client's headers. */
function told(proxy: AskingKind, { path, host }: ClientRequest): Pairs {
  const forwarded = [
    ['Postern-Proxy-Secret', PROXY_SECRETS[proxy]],
    ['X-Forwarded-Proto', 'http'],
    ['X-Forwarded-For', '203.0.113.9'],
  ] as const
  switch (proxy) {
    case 'nginx':
      return [...forwarded, ['X-Forwarded-Host', host], ['X-Original-Method', 'GET'], ['X-Original-URI', path]]
    case 'caddy':
    case 'traefik':
      return [...forwarded, ['X-Forwarded-Host', host], ['X-Forwarded-Method', 'GET'], ['X-Forwarded-Uri', path]]
    case 'envoy':
      return forwarded
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 })

/**
 * Asks the endpoint as a proxy does about a client's request, which it passes on as it came: in every spelling, and
 * repeated. What it says itself it writes over the client's own.
 */
export function askAbout(
  proxy: AskingKind,
  port: number,
  client: ClientRequest,
): Promise<{ status: number; headers: Pairs }> {
  const own = told(proxy, client)
  const written = new Set(own.map(([name]) => name.toLowerCase()))
  const passed = client.headers.filter(([name]) => !written.has(name.toLowerCase()))
  const host = proxy === 'envoy' || proxy === 'nginx' ? client.host : `localhost:${port}`
  const headers = [['Host', host] as const, ...passed, ...own].flat()
  const path = proxy === 'envoy' ? `/auth/verify${client.path}` : '/auth/verify'
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, agent, headers }, (answer) => {
      const { rawHeaders: raw, statusCode: status = 0 } = answer
      const pairs = raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? ''] as const] : []))
      answer.resume().on('end', () => resolve({ status, headers: pairs }))
    })
    sent.on('error', reject)
    sent.end()
  })
}
