import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { beforeAll, describe, expect, test } from 'vitest'
import { type ReceivedMessage, receivedIncoming, verifyRequest } from '../../src/verify/index.ts'
import { headOf } from '../support/raw.ts'
import type { Visitor } from '../support/visitor.ts'
import { asking, type IdentityPlace, personOf, SECRET } from './identity-place.ts'

const BODY = '{"hello": "world"}'
const DIGEST = 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:'

/** What each service is told of a person, beside the assertion, by all of its dialects. */
const TOLD: readonly (readonly [audience: string, names: readonly string[]])[] = [
  [
    'signed',
    [
      'postern-assertion',
      ...['postern-user', 'postern-session', 'postern-name', 'postern-roles', 'postern-primary-role', 'postern-email'],
      ...['x-forwarded-user', 'x-forwarded-email', 'x-forwarded-groups', 'x-forwarded-preferred-username'],
      ...['remote-user', 'remote-groups', 'remote-name', 'remote-email'],
      ...['x-webauth-user', 'x-webauth-name', 'x-webauth-email', 'x-webauth-groups', 'x-webauth-role', 'x-player'],
    ],
  ],
  [
    'shared',
    [
      'postern-assertion',
      ...['postern-user', 'postern-session', 'postern-name', 'postern-roles', 'postern-primary-role', 'postern-email'],
      ...['x-goog-iap-jwt-assertion', 'x-goog-authenticated-user-id', 'x-goog-authenticated-user-email'],
      ...['x-pomerium-jwt-assertion', 'x-pomerium-claim-user', 'x-pomerium-claim-name', 'x-pomerium-claim-email'],
      'x-pomerium-claim-groups',
    ],
  ],
  [
    'sealed',
    [
      'authorization',
      ...['cf-access-jwt-assertion', 'cf-access-authenticated-user-email', 'x-amzn-oidc-data', 'x-amzn-oidc-identity'],
    ],
  ],
]

/** The components that the gateway says it covers, in order. */
function coveredBy({ headers }: IncomingMessage): readonly string[] {
  const [, list = ''] = /^postern=\(([^)]*)\)/.exec(String(headers['signature-input'])) ?? []
  return list.split(' ').map((name) => name.replaceAll('"', ''))
}

/** The same request with one header changed; null takes it away. */
function altered(message: ReceivedMessage, name: string, value: string | null): ReceivedMessage {
  return {
    ...message,
    header: (wanted) => (wanted === name ? value : message.header(wanted)),
    names: value === null ? message.names.filter((one) => one !== name) : message.names,
  }
}

/** Requests that are signed on their way to a service: the same on every runtime. */
export function messagesTranscript(place: () => IdentityPlace): void {
  const { url, seen, bodies, options, listen } = asking(place)
  let ada: Visitor
  const cookie = () => ada.cookie(url('/')) ?? ''
  const seenNonces = new Set<string>()
  const message = {
    now: () => Date.now() / 1000,
    seen: (nonce: string) => seenNonces.size === seenNonces.add(nonce).size,
  }
  const shared = { keyId: 'shared', bytes: new TextEncoder().encode(SECRET) as Uint8Array<ArrayBuffer> }
  const verifier = (audience: string, replay: 'remembered' | 'forgotten' = 'forgotten') => ({
    ...options(audience),
    ...(audience === 'sealed' ? { assertionHeader: 'Authorization' } : {}),
    message: {
      now: message.now,
      ...(replay === 'remembered' ? { seen: message.seen } : {}),
      ...(audience === 'shared' ? { secret: shared } : {}),
    },
  })

  beforeAll(async () => {
    ada = await personOf(place(), ['referee', 'player'])
    listen()
  }, 30_000)

  /** One POST with a body and these lines of its own; what the service got. */
  async function posted(audience: string, query: string, lines: readonly string[]): Promise<IncomingMessage> {
    seen.length = 0
    await headOf(place().deployment.port, [
      `POST /${audience}/a%20b${query} HTTP/1.1`,
      `Host: ${new URL(url('/')).host}`,
      `Cookie: ${cookie()}`,
      `Origin: ${place().deployment.gateway}`,
      'Content-Type: application/json',
      ...lines,
      `Content-Length: ${BODY.length}`,
      '',
      BODY,
    ])
    const [arrived] = seen
    if (arrived === undefined) throw new Error('nothing arrived')
    return arrived
  }

  const CASES = ['signed', 'shared'].flatMap((audience) =>
    ["?it's=%27raw&b=%2F&a+b", '?', '', '?a?b=c/d'].map((query) => [audience, query] as const),
  )

  test.each(CASES)('of %s hold for what arrived with query %j, and for nothing else', async (audience, query) => {
    const received = receivedIncoming(await posted(audience, query, [`Content-Digest: ${DIGEST}`]))
    // WHY: `fetch` of workerd writes a quote of a query as %27: what is signed is what is sent.
    const onWire = place().deployment.runtime === 'workerd' ? query.replace("'", '%27') : query
    expect(received.target).toBe(`/${audience}/a%20b${onWire}`)
    const remembers = verifier(audience, 'remembered')
    expect(await verifyRequest(received, remembers)).toMatchObject({ kind: 'user' })
    await expect(verifyRequest(received, remembers)).rejects.toMatchObject({ code: 'signature_replayed' })
    const other = { ...received, target: `/${audience}/a%20b?other` }
    await expect(verifyRequest(other, remembers)).rejects.toMatchObject({ code: 'signature_mismatch' })
  })

  describe.each(TOLD)('of %s', (audience, names) => {
    test('cover every header of every dialect: another value, or none, does not pass', async () => {
      const arrived = await posted(audience, '', [])
      const received = receivedIncoming(arrived)
      expect(await verifyRequest(received, verifier(audience))).toMatchObject({ kind: 'user' })
      expect(coveredBy(arrived).toSorted()).toEqual(['@method', '@authority', '@path', '@query', ...names].toSorted())
      const carrier = audience === 'sealed' ? 'authorization' : 'postern-assertion'
      for (const name of names.filter((one) => one !== carrier)) {
        const code = (message: ReceivedMessage) =>
          verifyRequest(message, verifier(audience)).then(
            () => 'passed',
            (problem: { readonly code: string }) => problem.code,
          )
        const said = [await code(altered(received, name, 'forged')), await code(altered(received, name, null))]
        expect([name, ...said]).toEqual([name, 'signature_mismatch', 'signature_coverage'])
      }
    })

    test('cover the digest of the client, which arrives as it was sent, and whose body is the one that arrived', async () => {
      const arrived = await posted(audience, '', [`Content-Digest: ${DIGEST}`])
      const received = receivedIncoming(arrived)
      expect(received.header('content-digest')).toBe(DIGEST)
      expect(coveredBy(arrived)).toContain('content-digest')
      await expect.poll(() => bodies.get(arrived)?.toString()).toBe(BODY)
      const ofBody = createHash('sha256')
        .update(bodies.get(arrived) ?? '')
        .digest('base64')
      expect(`sha-256=:${ofBody}:`).toBe(DIGEST)
      expect(await verifyRequest(received, verifier(audience))).toMatchObject({ kind: 'user' })
      const other = altered(received, 'content-digest', DIGEST.replace('X48E', 'X48F'))
      await expect(verifyRequest(other, verifier(audience))).rejects.toMatchObject({ code: 'signature_mismatch' })
      const none = altered(received, 'content-digest', null)
      await expect(verifyRequest(none, verifier(audience))).rejects.toMatchObject({ code: 'signature_coverage' })
    })
  })

  test.each([
    ['several digests on one line', [`Content-Digest: sha-512=:AAAA:, ${DIGEST}`], `sha-512=:AAAA:, ${DIGEST}`],
    ['several lines', ['Content-Digest: sha-512=:AAAA:', `content-digest: ${DIGEST}`], `sha-512=:AAAA:, ${DIGEST}`],
    ['spaces around it', [`Content-Digest:  ${DIGEST} `], DIGEST],
  ])('cover %s as the service reads it', async (_, lines, wanted) => {
    const arrived = await posted('signed', '', lines)
    const received = receivedIncoming(arrived)
    expect(received.header('content-digest')).toBe(wanted)
    expect(coveredBy(arrived)).toContain('content-digest')
    expect(await verifyRequest(received, verifier('signed'))).toMatchObject({ kind: 'user' })
  })

  test('without a digest cover none', async () => {
    const arrived = await posted('signed', '', [])
    expect(arrived.headers['content-digest']).toBeUndefined()
    expect(coveredBy(arrived)).not.toContain('content-digest')
    const added = receivedIncoming(arrived)
    const forged = { ...altered(added, 'content-digest', DIGEST), names: [...added.names, 'content-digest'] }
    await expect(verifyRequest(forged, verifier('signed'))).rejects.toMatchObject({ code: 'signature_coverage' })
  })

  test('leave no room for a header of a dialect that the gateway had nothing to say in', async () => {
    const received = receivedIncoming(await posted('sealed', '', []))
    const forged = {
      ...altered(received, 'x-forwarded-user', 'forged'),
      names: [...received.names, 'x-forwarded-user'],
    }
    const { message: said, ...rest } = verifier('sealed')
    const covered = { ...rest, message: { ...said, covered: ['X-Forwarded-User', 'Cf-Access-Jwt-Assertion'] } }
    expect(await verifyRequest(received, covered)).toMatchObject({ kind: 'user' })
    await expect(verifyRequest(forged, covered)).rejects.toMatchObject({ code: 'signature_coverage' })
  })

  test.each(['?x=1', '', '?', `?it's=%27raw&b="y"&c=<z>&a+b`])(
    'of a socket hold for its upgrade, whose query %j arrives byte for byte',
    async (query) => {
      place().wire.upgrades.length = 0
      // WHY: by hand: the library of the client would write the query anew before it ever came to us.
      await headOf(place().deployment.port, [
        `GET /signed/room${query} HTTP/1.1`,
        `Host: ${new URL(url('/')).host}`,
        `Cookie: ${cookie()}`,
        `Origin: ${place().deployment.gateway}`,
        ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ])
      const [request] = place().wire.upgrades
      if (request === undefined) throw new Error('no upgrade arrived')
      // WHY: workerd writes what it sends anew; what is signed is what is sent (DECISIONS 21).
      const isRaw = place().deployment.runtime !== 'workerd'
      expect(isRaw ? request.url : `/signed/room${query}`).toBe(`/signed/room${query}`)
      expect(await verifyRequest(receivedIncoming(request), verifier('signed'))).toMatchObject({ kind: 'user' })
      expect(coveredBy(request)).toEqual(expect.arrayContaining(['x-forwarded-user', 'remote-user', 'x-webauth-user']))
    },
  )
}
