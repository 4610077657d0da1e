import { afterEach, expect, test } from 'vitest'
import { openHouse } from '../support/house.ts'
import { CLIENTS } from './support/arcade.ts'

const AT = ['/auth/.well-known/oauth-authorization-server', '/.well-known/oauth-authorization-server/auth']

let house: Awaited<ReturnType<typeof openHouse>>
afterEach(() => house.close())

async function read(path: string) {
  const answer = await house.bench.request(path)
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> }
}

test.each(AT)('%s says where and how a program asks (RFC 8414 sections 2 and 3.1)', async (path) => {
  house = await openHouse({ nativeClients: CLIENTS })
  const { status, headers, body } = await read(path)
  expect(status).toBe(200)
  expect(headers.get('content-type')).toBe('application/json')
  expect(body).toEqual({
    issuer: 'https://play.example.com/auth',
    authorization_endpoint: 'https://play.example.com/auth/authorize',
    token_endpoint: 'https://play.example.com/auth/token',
    revocation_endpoint: 'https://play.example.com/auth/revoke',
    device_authorization_endpoint: 'https://play.example.com/auth/device/code',
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    grant_types_supported: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
  })
})

test('only what a client may use is offered', async () => {
  house = await openHouse({ nativeClients: CLIENTS.filter(({ id }) => id === 'lantern-tv') })
  const { body } = await read(AT[0] ?? '')
  expect(body).toMatchObject({
    response_types_supported: [],
    grant_types_supported: [expect.stringContaining('device')],
  })
  expect(body).not.toHaveProperty('authorization_endpoint')
})

test('without native clients the one below the prefix does not exist, and the one at the root is the upstream’s', async () => {
  house = await openHouse()
  expect((await house.bench.request(AT[0] ?? '')).status).toBe(404)
  expect((await house.bench.request(AT[1] ?? '')).status).not.toBe(200)
})
