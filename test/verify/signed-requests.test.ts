import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { joseSigner } from '../../src/adapters/jose/signer.ts'
import { type Seconds, seconds } from '../../src/core/brand.ts'
import { messageSignature } from '../../src/identity/message-signature.ts'
import {
  type GuardOptions,
  guard,
  honoGuard,
  localKeys,
  Refused,
  receivedRequest,
  type Verified,
  verifyRequest,
} from '../../src/verify/index.ts'
import { Clock, ROOT } from '../adapters/jose/clock.ts'
import { MemoryKeys } from '../adapters/jose/memory-keys.ts'

const NOW = seconds(1_800_000_000)
const ISSUER = 'https://play.example.com/auth'
const signer = joseSigner({ keys: new MemoryKeys(), rootSecret: ROOT, algorithm: 'ES256', runtime: new Clock(NOW) })
const ASSERTION = await signer.sign({ iss: ISSUER, aud: 'rooms', sub: 'u1', iat: NOW - 5, exp: NOW + 55 })
const OPTIONS: GuardOptions = {
  issuer: ISSUER,
  audience: 'rooms',
  keys: localKeys(JSON.parse(JSON.stringify(await signer.jwks()))),
  now: () => NOW,
  message: { now: () => NOW },
}

/** A request as the gateway sends it, signed with its own key at `created`. */
async function sent(created: Seconds = NOW): Promise<Request> {
  const identity: (readonly [string, string])[] = [
    ['Postern-Assertion', ASSERTION],
    ['Postern-User', 'u1'],
  ]
  const message = { method: 'POST', authority: 'rooms.internal:2567', path: '/rooms/1', query: '?a=b%20c' }
  const random = (count: number) => crypto.getRandomValues(new Uint8Array(count))
  const signature = await messageSignature(
    { ...message, headers: identity, contentDigest: null },
    signer,
    created,
    random,
  )
  const headers = new Headers([...identity, ...signature].map(([name, value]) => [name, value]))
  return new Request('http://rooms.internal:2567/rooms/1?a=b%20c', { method: 'POST', headers })
}

/** The same request with other headers: null takes one away. */
function changed(request: Request, change: Readonly<Record<string, string | null>>): Request {
  const headers = new Headers(request.headers)
  for (const [name, value] of Object.entries(change)) {
    if (value === null) headers.delete(name)
    else headers.set(name, value)
  }
  return new Request(request.url, { method: request.method, headers })
}

type Door = (request: Request, options?: GuardOptions) => Promise<string>

async function answered(answer: Response): Promise<string> {
  if (answer.status === 200) return answer.text()
  return `${answer.status} ${((await answer.json()) as { readonly code: string }).code}`
}

/** What stands behind each door: who was let in, or the status and the code of the refusal. */
const DOORS: Readonly<Record<string, Door>> = {
  'guard()': async (request, options = OPTIONS) =>
    answered(await guard(options, (_, caller) => new Response(nameOf(caller)))(request)),
  'honoGuard()': async (request, options = OPTIONS) => {
    const app = new Hono<{ Variables: { postern: Verified } }>()
    app.use(honoGuard(options))
    app.post('/rooms/:room', (c) => c.text(nameOf(c.get('postern'))))
    return answered(await app.request(request))
  },
  'receivedRequest() and verifyRequest()': async (request, options = OPTIONS) => {
    try {
      return nameOf(await verifyRequest(receivedRequest(request), options))
    } catch (problem) {
      if (problem instanceof Refused) return `401 ${problem.code}`
      throw problem
    }
  },
}

function nameOf(caller: Verified): string {
  return caller.kind === 'user' ? caller.id : caller.kind
}

describe.each(Object.entries(DOORS))('%s of an upstream whose requests are signed', (_, knock) => {
  test('lets the request in that the gateway signed', async () => {
    expect(await knock(await sent())).toBe('u1')
  })

  test('refuses it with an identity header changed', async () => {
    expect(await knock(changed(await sent(), { 'postern-user': 'u2' }))).toBe('401 signature_mismatch')
  })

  test('refuses it with an identity header added', async () => {
    expect(await knock(changed(await sent(), { 'postern-world': 'mines' }))).toBe('401 signature_coverage')
  })

  test('refuses a header that the service believes beside ours, unless the gateway covered it', async () => {
    const added = changed(await sent(), { 'remote-user': 'u2' })
    const believing = (covered: readonly string[]) => ({ ...OPTIONS, message: { now: () => NOW, covered } })
    expect(await knock(added, believing(['Remote-User', 'Remote-Groups']))).toBe('401 signature_coverage')
    expect(await knock(await sent(), believing(['Remote-User', 'Postern-User']))).toBe('u1')
    expect(await knock(added, believing(['X-Forwarded-User']))).toBe('u1')
  })

  test('refuses it with another query, another path and another method', async () => {
    const request = await sent()
    const moved = (url: string, method = 'POST') => new Request(url, { method, headers: request.headers })
    const { url } = request
    expect(await knock(moved(`${url}&x`))).toBe('401 signature_mismatch')
    expect(await knock(moved(url.replace('/1?', '/2?')))).toBe('401 signature_mismatch')
    expect(await knock(moved(url, 'PUT'))).toBe('401 signature_mismatch')
  })

  test('refuses it without a signature, however good its assertion is', async () => {
    const request = await sent()
    expect(await knock(changed(request, { signature: null }))).toBe('401 signature_missing')
    expect(await knock(changed(request, { 'signature-input': null, signature: null }))).toBe('401 signature_missing')
  })

  test('refuses it when the signature is over: 10 s after its end, not 9', async () => {
    expect(await knock(await sent(seconds(NOW - 69)))).toBe('u1')
    expect(await knock(await sent(seconds(NOW - 70)))).toBe('401 signature_expired')
  })

  test('refuses it a second time where nonces are remembered', async () => {
    const nonces = new Set<string>()
    const seen = (nonce: string) => nonces.size === nonces.add(nonce).size
    const options = { ...OPTIONS, message: { now: () => NOW, seen } }
    const request = await sent()
    expect(await knock(request, options)).toBe('u1')
    expect(await knock(request, options)).toBe('401 signature_replayed')
  })
})
