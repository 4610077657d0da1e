import type { GatewayInput } from '../../../../src/config/define.ts'
import type { Browser } from '../../support/browser.ts'
import { type House, openHouse } from '../../support/house.ts'
import { REDIRECT, VERIFIER } from './deciding.ts'

/** Clients every house of these tests knows. */
export const CLIENTS: NonNullable<GatewayInput['nativeClients']> = [
  { id: 'lantern-tv', name: 'Lantern for TV', flows: ['device'] },
  { id: 'launcher', name: 'Lantern Launcher', flows: ['loopback'] },
  { id: 'script', name: 'Guild script' },
]

/** The grant type of a device (RFC 8628 section 3.4). */
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** What came back from an endpoint for programs. */
export interface Told {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

/** A device that waits for its player. */
export interface WaitingDevice {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri: string
  readonly verification_uri_complete: string
  readonly expires_in: number
  readonly interval: number
}

/** A house with native clients, and a program that talks to it without a browser. */
export interface Arcade extends House {
  /** A form by a program, which has no cookies. */
  tell(
    path: string,
    fields: Readonly<Record<string, string>> | string,
    more?: Readonly<Record<string, string>>,
  ): Promise<Told>
  device(client?: string): Promise<WaitingDevice>
  /** Asks for the session of a device. */
  poll(device: WaitingDevice, client?: string): Promise<Told>
  /** Asks for the session of a code, as the launcher unless `more` says otherwise. */
  redeem(code: string, more?: Readonly<Record<string, string>>): Promise<Told>
  /** A browser in which somebody is signed in. */
  signedIn(person?: string): Promise<Browser>
  /** Live sessions of a person, and of everybody. */
  sessionsOf(person: string): Promise<number>
  total(): Promise<number>
  /** The error of an answer, with its status. */
  said(told: Told): string
}

/** Opens a house with native clients; close it in the end. */
export async function openArcade(settings: Partial<GatewayInput> = {}): Promise<Arcade> {
  const house = await openHouse({ nativeClients: CLIENTS, ...settings })
  const { store, gateway } = house.bench
  const tell: Arcade['tell'] = async (path, fields, more = {}) => {
    const body = typeof fields === 'string' ? fields : new URLSearchParams(fields).toString()
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(body.length),
      'user-agent': 'LanternTV/1.0',
      ...more,
    }
    const answer = await house.bench.request(path, { method: 'POST', headers, body }, '198.51.100.9')
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, body: text === '' ? {} : JSON.parse(text) }
  }
  return {
    ...house,
    tell,
    async device(client = 'lantern-tv') {
      const told = await tell('/auth/device/code', { client_id: client })
      if (told.status !== 200) throw new Error(`no device code: ${told.status} ${JSON.stringify(told.body)}`)
      return told.body as unknown as WaitingDevice
    },
    poll: (device, client = 'lantern-tv') =>
      tell('/auth/token', { grant_type: DEVICE_GRANT, client_id: client, device_code: device.device_code }),
    redeem(code, more = {}) {
      const grant = { grant_type: 'authorization_code', client_id: 'launcher', redirect_uri: REDIRECT }
      return tell('/auth/token', { ...grant, code_verifier: VERIFIER, code, ...more })
    },
    async signedIn(person = 'ada') {
      const browser = house.browser()
      await browser.signIn('guild', person)
      return browser
    },
    async sessionsOf(person) {
      const [user] = (await store.directory.search(person, { after: null, limit: 1 })).items
      return user === undefined ? 0 : (await store.sessions.list(user, gateway.runtime.now())).length
    },
    total: async () => (await store.sessions.count(gateway.runtime.now(), 0)).total,
    said: ({ status, body }) => `${status} ${body['error']}`,
  }
}
