import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as oauth from 'oauth4webapi'
import { beforeAll, expect, test } from 'vitest'
import { type Deployment, type RuntimeName, startDeployment } from '../support/deployment.ts'
import { formsOf } from '../support/forms.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import type { Visitor } from '../support/visitor.ts'
import { startWire, type Wire } from '../support/wire.ts'

/** A gateway and the service behind it. */
export interface NativePlace {
  readonly deployment: Deployment
  readonly wire: Wire
}

/** Starts both; the service says who it was told is asking. */
export async function startNative(runtime: RuntimeName): Promise<NativePlace> {
  const wire = await startWire()
  wire.answer = (request, response) => void response.end(String(request.headers['postern-user'] ?? 'nobody'))
  const environment = { WIRE_PORT: String(wire.port), ROBOT_TOKEN: 'robot-token-value-1234567890' }
  return { wire, deployment: await startDeployment({ runtime, name: 'wire', environment }) }
}

/** Ends both. */
export async function stopNative(place: NativePlace | undefined): Promise<void> {
  await place?.deployment.stop()
  await place?.wire.stop()
}

const INSECURE = { [oauth.allowInsecureRequests]: true } as const
const CLIENT: oauth.Client = { client_id: 'lantern' }

/** A device and a program beside the browser get sessions by a client library that knows nothing of us. */
export function nativeTranscript(place: () => NativePlace): void {
  const gateway = () => place().deployment.gateway
  let server: oauth.AuthorizationServer
  let player: Visitor
  let id = ''

  beforeAll(async () => {
    const issuer = new URL(`${gateway()}/auth`)
    const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...INSECURE })
    server = await oauth.processDiscoveryResponse(issuer, found)
    player = await guestOf(gateway())
    const session = await player.send(`${gateway()}/auth/session`)
    id = ((await session.json()) as { readonly user: { readonly id: string } }).user.id
  }, 30_000)

  /** Presses a button of the page at an address. */
  async function decide(url: string, decision: 'allow' | 'refuse'): Promise<string> {
    const page = await player.visit(url)
    const html = await page.response.text()
    const form = formsOf(html).find(({ fields }) => fields.has('decision'))
    if (form === undefined) throw new Error(`nothing to decide at ${page.url}: ${page.response.status}`)
    form.fields.set('decision', decision)
    const headers = { origin: gateway(), 'sec-fetch-site': 'same-origin' }
    const done = await player.visit(new URL(form.action, page.url).href, { method: 'POST', body: form.fields, headers })
    return done.response.text()
  }

  /** Who a service is told is asking. */
  async function asks(token: string): Promise<string> {
    const answer = await ask(`${gateway()}/wire/me`, { headers: { authorization: `Bearer ${token}` } })
    return answer.status === 200 ? answer.text() : `${answer.status}`
  }

  async function deviceAnswer(device: oauth.DeviceAuthorizationResponse) {
    const { device_code } = device
    const answer = await oauth.deviceCodeGrantRequest(server, CLIENT, oauth.None(), device_code, INSECURE)
    return oauth.processDeviceCodeResponse(server, CLIENT, answer)
  }

  async function waitingDevice() {
    const answer = await oauth.deviceAuthorizationRequest(server, CLIENT, oauth.None(), {}, INSECURE)
    return oauth.processDeviceAuthorizationResponse(server, CLIENT, answer)
  }

  test('a device waits, is let in, plays as its player, and signs out', async () => {
    const other = await waitingDevice()
    await expect(deviceAnswer(other)).rejects.toMatchObject({ error: 'authorization_pending' })
    await expect(deviceAnswer(other)).rejects.toMatchObject({ error: 'slow_down' })
    const device = await waitingDevice()
    expect(await decide(device.verification_uri_complete ?? '', 'allow')).toContain('Your device is connected')
    const { access_token } = await deviceAnswer(device)
    expect(await asks(access_token)).toBe(id)
    await expect(deviceAnswer(device)).rejects.toMatchObject({ error: 'invalid_grant' })
    const revoked = await oauth.revocationRequest(server, CLIENT, oauth.None(), access_token, INSECURE)
    await oauth.processRevocationResponse(revoked)
    expect(await asks(access_token)).toBe('401')
  })

  test('a device whose player says no hears it', async () => {
    const device = await waitingDevice()
    await decide(device.verification_uri_complete ?? '', 'refuse')
    await expect(deviceAnswer(device)).rejects.toMatchObject({ error: 'access_denied' })
  })

  test('of ten polls at once one gets the session', async () => {
    const device = await waitingDevice()
    await decide(device.verification_uri_complete ?? '', 'allow')
    const told = await Promise.allSettled(Array.from({ length: 10 }, () => deviceAnswer(device)))
    expect(told.filter(({ status }) => status === 'fulfilled').length).toBe(1)
  })

  test('a program beside the browser is called back on its port, and its code is worth one session', async () => {
    const verifier = oauth.generateRandomCodeVerifier()
    const state = oauth.generateRandomState()
    const came = Promise.withResolvers<URL>()
    const listener = createServer((request, response) => {
      response.end('done')
      came.resolve(new URL(request.url ?? '', 'http://127.0.0.1'))
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const redirect = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`
    const wanted = new URL(server.authorization_endpoint ?? '')
    wanted.search = new URLSearchParams({
      client_id: CLIENT.client_id,
      response_type: 'code',
      redirect_uri: redirect,
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).toString()
    const html = await decide(wanted.href, 'allow')
    const onward = /http-equiv="refresh" content="0;url=([^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    await ask(onward)
    const checked = oauth.validateAuthResponse(server, CLIENT, await came.promise, state)
    listener.close()
    const redeem = async () => {
      const none = oauth.None()
      const answer = await oauth.authorizationCodeGrantRequest(
        server,
        CLIENT,
        none,
        checked,
        redirect,
        verifier,
        INSECURE,
      )
      return oauth.processAuthorizationCodeResponse(server, CLIENT, answer)
    }
    const { access_token } = await redeem()
    expect(await asks(access_token)).toBe(id)
    await expect(redeem()).rejects.toMatchObject({ error: 'invalid_grant' })
    expect(await asks(access_token)).toBe('401')
  })
}
