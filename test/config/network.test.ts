import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import { SMALLEST } from './support/inputs.ts'

function problemsWith(more: Readonly<Record<string, unknown>>): readonly string[] {
  const parsed = parseConfig({ ...SMALLEST, ...more })
  return parsed.ok ? [] : parsed.fault.map(({ path, message }) => `${path} ${message}`)
}

// Each of these matched nobody, without a word: players had the address of the proxy, or a proxy got 401 for everything.
describe('networks', () => {
  test.each([
    ['a byte above 255', '999.0.0.1'],
    ['a mask longer than an IPv4 address', '10.0.0.0/33'],
    ['a mask longer than an IPv6 address', '2001:db8::/129'],
    ['an address of too many groups', '1:2:3:4:5:6:7:8:9'],
    ['two gaps', 'fe80::1::2'],
    ['a gap of three colons', 'fe80:::1'],
    ['the mask of a mapped address', '::ffff:10.0.0.0/104'],
  ])('%s is a mistake', (_what, network) => {
    const said = `must be an address or a network such as 10.0.0.0/8, not "${network}": names are not looked up`
    expect(problemsWith({ trustedProxies: [network] })).toEqual([`trustedProxies.0 ${said}`])
    const nginx = { secret: { secret: 'POSTERN_NGINX_SECRET' }, addresses: [network] }
    expect(problemsWith({ forwardAuth: { nginx } })).toEqual([`forwardAuth.nginx.addresses.0 ${said}`])
  })

  test.each(['0.0.0.0/0', '::/0', '10.0.0.5/8', '192.0.2.1/32', '::ffff:192.0.2.1', '2001:db8::1/128'])(
    '%s is one',
    (network) => {
      expect(problemsWith({ trustedProxies: [network] })).toEqual([])
    },
  )
})

describe('hosts', () => {
  test.each(['*.example.com', '*', 'play.*:8443'])('%s would match no request, and is a mistake', (host) => {
    expect(problemsWith({ hosts: [host] })).toEqual([
      `hosts.0 must be a host such as play2.example.com, without scheme, path or *, not "${host}"`,
    ])
  })
})

describe('what would be without effect, or against its purpose', () => {
  test('a shared secret for messages that are not signed', () => {
    const game = { url: 'https://game.internal.example', messageSecret: { secret: 'MESSAGE_SECRET' } }
    expect(problemsWith({ upstreams: { game } })).toEqual([
      "upstreams.game.messageSecret signs nothing while sign is 'none': say sign: 'message', or leave it out",
    ])
    expect(problemsWith({ upstreams: { game: { ...game, sign: 'message' } } })).toEqual([])
  })

  test.each([4401, 4403, 4409, 4423, 4503])('%i as the close code of a restart', (reconnectCode) => {
    const game = { url: 'https://game.internal.example', reconnectCode }
    expect(problemsWith({ upstreams: { game } })).toEqual([
      `upstreams.game.reconnectCode must not be ${reconnectCode}, by which clients are told the end of a session or an outage: docs/sockets.md`,
    ])
  })

  test.each([
    'Cookie',
    'authorization',
    'X-Api-Token',
    'proxy-authorization',
    'Sec-WebSocket-Protocol',
    'postern-proxy-secret',
  ])('the kind of client in %s, which carries a credential', (clientHeader) => {
    expect(problemsWith({ session: { clientHeader } })).toEqual([
      `session.clientHeader must not be "${clientHeader.toLowerCase()}": it carries credentials, and what this header says is kept and shown`,
    ])
  })
})

describe('certificates of clients (O8)', () => {
  const trusted = { trustedProxies: ['10.0.0.1'] }

  test('are said by the header that nginx has for them, unless another is named', () => {
    const parsed = parseConfig({ ...SMALLEST, ...trusted, clientCertificate: {} })
    expect(parsed.ok && parsed.value.clientCertificate).toEqual({ header: 'x-client-verify', value: 'SUCCESS' })
    const named = { clientCertificate: { header: 'X-Tls-State', value: 'ok' } }
    const other = parseConfig({ ...SMALLEST, ...trusted, ...named })
    expect(other.ok && other.value.clientCertificate).toEqual({ header: 'x-tls-state', value: 'ok' })
  })

  test('need a proxy that is believed', () => {
    const said = ['clientCertificate needs trustedProxies: only a proxy that is named there is believed']
    expect(problemsWith({ clientCertificate: {} })).toEqual(said)
    expect(problemsWith({ clientCertificate: {}, trustedProxies: [] })).toEqual(said)
  })

  test.each(['Cookie', 'host', 'X-Api-Token'])('are not said by %s', (header) => {
    expect(problemsWith({ ...trusted, clientCertificate: { header } })).toEqual([
      `clientCertificate.header must not be "${header.toLowerCase()}", which says something else: choose one of your own`,
    ])
  })
})
