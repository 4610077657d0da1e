import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localKeys, verifyAssertion } from '../../src/verify/index.ts'
import { type Deployment, type RuntimeName, startDeployment } from '../support/deployment.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import type { Visitor } from '../support/visitor.ts'
import { startWire, type Wire } from '../support/wire.ts'

const OPERATOR = 'o'.repeat(43)
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const ED = generateKeyPairSync('ed25519').privateKey

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Keys that an operator gives, and what each service is told: the same on every runtime. */
export function givenTranscript(runtime: RuntimeName): void {
  let wire: Wire
  let deployment: Deployment
  let player: Visitor
  const seen: IncomingMessage[] = []
  const environment = (keys: string) => ({
    WIRE_PORT: String(wire.port),
    POSTERN_OPERATOR_KEY: OPERATOR,
    SIGNING_KEYS: keys,
  })
  const url = (path: string) => `${deployment.gateway}${path}`

  beforeAll(async () => {
    wire = await startWire()
    wire.answer = (request, response) => {
      seen.push(request)
      response.end('seen')
    }
    // Both forms of a secret are met: PEM now, a JWK set after the restart below.
    deployment = await startDeployment({ runtime, name: 'given', environment: environment(`${pem(EC)}${pem(ED)}`) })
    player = await guestOf(deployment.gateway)
  }, 90_000)
  afterAll(async () => {
    await deployment?.stop()
    await wire?.stop()
  }, 30_000)

  async function passed(path: string): Promise<IncomingMessage> {
    seen.length = 0
    const answer = await player.send(url(path), { headers: { accept: 'application/json' } })
    const [request] = seen
    if (answer.status !== 200 || request === undefined)
      throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return request
  }

  async function assertionAt(path: string): Promise<string> {
    return String((await passed(path)).headers['postern-assertion'])
  }

  async function published() {
    return (await (await ask(url('/auth/.well-known/jwks.json'))).json()) as {
      keys: Readonly<Record<string, string>>[]
    }
  }

  async function atDoor(operation: string, input: unknown = {}) {
    const headers = { authorization: `Bearer ${OPERATOR}`, 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(input) }
    const answer = await ask(url(`/auth/operator/v1/${operation}`), init)
    return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> }
  }

  async function verified(assertion: string) {
    const keys = localKeys((await published()) as Parameters<typeof localKeys>[0])
    return verifyAssertion(assertion, { issuer: url('/auth'), audience: 'all', keys })
  }

  describe('keys that are given', () => {
    test('are published in their order without a private part, and the first signs', async () => {
      const { keys } = await published()
      expect(keys.map(({ alg }) => alg)).toEqual(['ES256', 'EdDSA'])
      expect(
        keys.flatMap((key) => Object.keys(key)).filter((name) => !/^(kty|crv|x|y|kid|alg|use)$/.test(name)),
      ).toEqual([])
      expect(keys[0]?.['x']).toBe(EC.export({ format: 'jwk' }).x)
      const assertion = await assertionAt('/all/x')
      expect(decodeProtectedHeader(assertion)).toEqual({ alg: 'ES256', kid: keys[0]?.['kid'], typ: 'JWT' })
      expect(await verified(assertion)).toMatchObject({ kind: 'user', guest: true })
    })

    test('are listed at the operator door, and changed where the secret is', async () => {
      const { body } = await atDoor('keys.list')
      expect(body['keys']).toMatchObject([
        { algorithm: 'ES256', state: 'current', active: null },
        { algorithm: 'EdDSA', state: 'published', active: null },
      ])
      const [key] = body['keys'] as readonly { readonly kid: string }[]
      for (const refused of [await atDoor('keys.rotate'), await atDoor('keys.revoke', { key: key?.kid })]) {
        expect(refused).toMatchObject({ status: 404, body: { hint: expect.stringContaining('SIGNING_KEYS') } })
      }
      expect((await published()).keys).toHaveLength(2)
    })
  })

  describe('a service is told', () => {
    test('what its claims list and no more, in the assertion and in headers', async () => {
      const { headers } = await passed('/told/x')
      const claims = decodeJwt(String(headers['postern-assertion']))
      expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'guest', 'iat', 'iss', 'primary_role', 'roles', 'sub'])
      const ours = Object.keys(headers).filter((name) => name.startsWith('postern-'))
      expect(ours.sort()).toEqual([
        'postern-assertion',
        'postern-guest',
        'postern-primary-role',
        'postern-roles',
        'postern-user',
      ])
      expect(decodeJwt(await assertionAt('/all/x'))).toMatchObject({
        sid: expect.anything(),
        permissions: ['rooms.enter'],
      })
    })

    test('an attribute when it changes, and no attribute that is not listed', async () => {
      const { sub } = decodeJwt(await assertionAt('/told/x'))
      const set = await atDoor('users.attributes', { user: sub, attributes: { level: 12, mood: 'good' } })
      expect(set.status).toBe(200)
      const level = async () => (await passed('/told/x')).headers['x-level']
      await expect.poll(level, { timeout: 8000, interval: 200 }).toBe('12')
      expect(decodeJwt(await assertionAt('/told/x'))['attributes']).toEqual({ level: 12 })
      expect(decodeJwt(await assertionAt('/all/x'))['attributes']).toBeUndefined()
    })

    test.each(['X-Level', 'x_level', 'X.Level'])('no attribute that a client sends as %s', async (name) => {
      for (const path of ['/all/x', '/told/x']) {
        seen.length = 0
        await player.send(url(path), { headers: { accept: 'application/json', [name]: '99' } })
        expect(seen.map(({ rawHeaders }) => rawHeaders.includes('99'))).toEqual([false])
      }
    })

    test('no list by its assertion that the assertion may not carry', async () => {
      const lists = async (path: string) => {
        const headers = { authorization: `Bearer ${await assertionAt(path)}` }
        return Object.keys((await (await ask(url('/auth/permissions'), { headers })).json()) as object)
      }
      expect(await lists('/told/x')).toEqual(['version', 'sub', 'roles', 'primary_role', 'policy'])
      expect(await lists('/all/x')).toEqual(['version', 'sub', 'roles', 'primary_role', 'permissions', 'policy'])
    })
  })

  describe('after a restart with the other key first', () => {
    test('what was signed before holds, and the other key signs', async () => {
      const before = await assertionAt('/all/x')
      await deployment.stop('keep')
      const keys = JSON.stringify({ keys: [ED, EC].map((key) => key.export({ format: 'jwk' })) })
      deployment = await startDeployment({ runtime, name: 'given', environment: environment(keys), again: deployment })
      expect(await verified(before)).toMatchObject({ kind: 'user' })
      const after = await assertionAt('/all/x')
      expect(decodeProtectedHeader(after).alg).toBe('EdDSA')
      expect(await verified(after)).toMatchObject({ kind: 'user' })
    }, 90_000)
  })
}
