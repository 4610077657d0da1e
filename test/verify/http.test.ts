import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { hmacMessageSigner } from '../../src/adapters/jose/signer.ts'
import { seconds } from '../../src/core/brand.ts'
import { messageSignature } from '../../src/identity/message-signature.ts'
import {
  type ExpressRequest,
  type ExpressResponse,
  expressGuard,
  guard,
  honoGuard,
  localKeys,
  type Verified,
} from '../../src/verify/index.ts'
import { assertionVectors } from '../vectors/generate.ts'

/** The part of Express used here; the package brings no types. */
interface App extends RequestListener {
  use(path: string, ...handlers: readonly unknown[]): void
}
const express: () => App = createRequire(import.meta.url)('express')

const NOW = 1_800_000_000
const { issuer, audience, jwks, vectors } = await assertionVectors(NOW)
const OPTIONS = { issuer, audience, keys: localKeys(JSON.parse(JSON.stringify(jwks))), now: () => NOW }

function token(name: string): string {
  return vectors.find((vector) => vector.name === name)?.token ?? ''
}

function request(assertion: string | null, path = '/'): Request {
  return new Request(`http://rooms.internal${path}`, {
    headers: assertion === null ? {} : { 'Postern-Assertion': assertion },
  })
}

test('guard() passes the caller on', async () => {
  const serve = guard(OPTIONS, (_, caller) => new Response(`${caller.kind} ${caller.name}`))
  expect(await (await serve(request(token('good')))).text()).toBe('user Zoë Müller')
})

test('guard() passes on what the runtime gives', async () => {
  const serve = guard(OPTIONS, (_request, _caller, env: { name: string }) => new Response(env.name))
  expect(await (await serve(request(token('good')), { name: 'env' })).text()).toBe('env')
})

test('guard() answers 401 with a code and never calls the handler', async () => {
  const serve = guard(OPTIONS, () => Response.error())
  const answer = await serve(request(token('tampered')))
  expect(answer.status).toBe(401)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(await answer.json()).toEqual({ status: 401, title: 'Unauthorized', code: 'assertion_signature' })
})

test('guard() refuses a plain identity header without assertion', async () => {
  const serve = guard(OPTIONS, () => Response.error())
  const forged = new Request('http://rooms.internal/', { headers: { 'Postern-User': 'admin' } })
  expect((await serve(forged)).status).toBe(401)
})

test('guard() refuses nobody by default', async () => {
  const serve = guard(OPTIONS, () => Response.error())
  expect(await (await serve(request(token('anonymous')))).json()).toMatchObject({ code: 'anonymous_refused' })
})

test('guard() lets nobody in when told so', async () => {
  const serve = guard({ ...OPTIONS, anonymous: 'allow' }, (_, caller) => new Response(caller.kind))
  expect(await (await serve(request(token('anonymous')))).text()).toBe('anonymous')
})

test('guard() answers 503 while the keys cannot be fetched', async () => {
  const keys = () => Promise.reject(new TypeError('fetch failed'))
  const answer = await guard({ ...OPTIONS, keys }, () => Response.error())(request(token('good')))
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
})

test('guard() lets a bug of the handler through', async () => {
  const serve = guard(OPTIONS, () => {
    throw new Error('a bug')
  })
  await expect(serve(request(token('good')))).rejects.toThrow('a bug')
})

test('guard() reads the assertion as Bearer where it is configured so', async () => {
  const serve = guard({ ...OPTIONS, assertionHeader: 'Authorization' }, (_, caller) => new Response(caller.id))
  const headers = { authorization: `Bearer ${token('good')}` }
  expect((await serve(new Request('http://rooms.internal/', { headers }))).status).toBe(200)
})

test('guard() takes no other scheme than Bearer', async () => {
  const serve = guard({ ...OPTIONS, assertionHeader: 'Authorization' }, () => Response.error())
  const headers = { authorization: `Basic ${token('good')}` }
  expect((await serve(new Request('http://rooms.internal/', { headers }))).status).toBe(401)
})

test('honoGuard() sets the caller', async () => {
  const app = new Hono<{ Variables: { postern: Verified } }>()
  app.use(honoGuard(OPTIONS))
  app.get('/', (c) => c.text(c.get('postern').kind))
  expect(await (await app.request('/', { headers: { 'postern-assertion': token('good') } })).text()).toBe('user')
  expect((await app.request('/')).status).toBe(401)
})

const SECRET = { keyId: 's1', bytes: new Uint8Array(32).fill(9) }

async function listening(listener: Parameters<typeof createServer>[1]) {
  const server = createServer(listener)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return { port, close: () => new Promise((done) => server.close(done)) }
}

test('expressGuard() sets the caller and checks the signed request as it stood on the wire', async () => {
  const app = express()
  const check = expressGuard({ ...OPTIONS, message: { now: () => NOW, secret: SECRET } })
  app.use('/rooms', check, (req: ExpressRequest, res: ExpressResponse) => res.end(req.postern?.kind ?? 'nobody'))
  const server = await listening(app)
  try {
    const identity: [string, string][] = [['Postern-Assertion', token('good')]]
    const sent = {
      method: 'GET',
      authority: `127.0.0.1:${server.port}`,
      path: '/rooms/1',
      query: '?a=%27',
      headers: identity,
      contentDigest: null,
    }
    const signer = await hmacMessageSigner(SECRET.keyId, SECRET.bytes)
    const added = await messageSignature(sent, signer, seconds(NOW), (count) => new Uint8Array(count))
    const headers = Object.fromEntries([...identity, ...added])
    const url = `http://${sent.authority}${sent.path}`
    expect(await (await fetch(`${url}?a=%27`, { headers })).text()).toBe('user')
    const moved = await fetch(`${url}?a=%28`, { headers })
    expect([moved.status, await moved.json()]).toEqual([
      401,
      { status: 401, title: 'Unauthorized', code: 'signature_mismatch' },
    ])
  } finally {
    await server.close()
  }
})

test('expressGuard() hands a bug to next() rather than answer', async () => {
  const problems: unknown[] = []
  const keys = () => Promise.reject(new TypeError('fetch failed'))
  const answered: number[] = []
  const response = { writeHead: (status: number) => answered.push(status), end: () => undefined }
  const headers = { 'postern-assertion': token('good') }
  await expressGuard({ ...OPTIONS, keys })({ method: 'GET', url: '/', headers }, response, (p) => problems.push(p))
  expect([answered, problems]).toEqual([[503], []])
  await expressGuard({ ...OPTIONS, leewaySeconds: 1000 })({ method: 'GET', url: '/', headers }, response, (p) =>
    problems.push(p),
  )
  expect(problems).toHaveLength(1)
})
