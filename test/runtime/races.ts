import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import type { Demo } from '../support/demo.ts'
import { formsOf } from '../support/forms.ts'
import { guestOf } from '../support/guest.ts'
import { ask } from '../support/http.ts'
import { Visitor } from '../support/visitor.ts'

const PROGRAM = { accept: 'application/json' }
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
type Told = Readonly<Record<string, unknown>>

/** What two do at one moment has one outcome, and everybody is told the one that happened. */
export function races(place: () => Demo): void {
  const at = (path: string) => `${place().gateway}${path}`
  const ours = () => ({ origin: place().gateway, 'sec-fetch-site': 'same-origin' })
  const people: Record<'ada' | 'noor', Visitor> = { ada: new Visitor(), noor: new Visitor() }

  beforeAll(async () => {
    await people.ada.signIn(place().gateway, 'google', 'ada@players.example')
    await people.noor.signIn(place().gateway, 'discord', 'noor')
  }, 60_000)

  async function operate(operation: string, input: Told): Promise<{ readonly status: number; readonly told: Told }> {
    const secrets = readFileSync(place().ports['DEMO_SECRETS'] ?? '', 'utf8')
    const [, key = ''] = /POSTERN_OPERATOR_KEY="?([^"\n]+)/.exec(secrets) ?? []
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const body = JSON.stringify(input)
    const answer = await ask(at(`/auth/operator/v1/${operation}`), { method: 'POST', headers, body })
    return { status: answer.status, told: (await answer.json()) as Told }
  }

  async function sessionOf(who: Visitor) {
    const answer = await who.send(at('/auth/session'), { headers: PROGRAM })
    return (await answer.json()) as { readonly is_admin: boolean; readonly user: { id: string; guest: boolean } }
  }

  async function identitiesOf(who: Visitor): Promise<readonly string[]> {
    const answer = await who.send(at('/auth/account'), { headers: PROGRAM })
    const { identities } = (await answer.json()) as { readonly identities: readonly { readonly provider: string }[] }
    return identities.map(({ provider }) => provider).sort()
  }

  async function tell(path: string, fields: Readonly<Record<string, string>>): Promise<Told> {
    const body = new URLSearchParams({ client_id: 'arena-launcher', ...fields })
    return (await (await ask(at(path), { method: 'POST', body })).json()) as Told
  }

  /** The form on which somebody decides about a device. */
  async function opened(who: Visitor, address: unknown) {
    const page = await who.visit(String(address))
    const form = formsOf(await page.response.text()).find(({ fields }) => fields.has('decision'))
    if (form === undefined) throw new Error(`nothing to decide at ${page.url} (${page.response.status})`)
    return (decision: 'allow' | 'refuse') => {
      const body = new URLSearchParams(form.fields)
      body.set('decision', decision)
      return who.visit(new URL(form.action, page.url).href, { method: 'POST', body, headers: ours() })
    }
  }

  /** The provider's form that comes back to the gateway as this person; nothing is sent. */
  async function atProvider(who: Visitor, page: { readonly url: string; readonly response: Response }, label: string) {
    const form = formsOf(await page.response.text()).find(({ html }) => html.includes(label))
    if (form === undefined) throw new Error(`nobody is ${label} at ${page.url}`)
    const action = new URL(form.action, page.url)
    const headers = { origin: new URL(page.url).origin, 'sec-fetch-site': 'same-origin' }
    return () => who.visit(action.href, { method: 'POST', body: form.fields, headers })
  }

  test('a device code that two people allow at one moment lets one of them in', async () => {
    const { device_code = '', verification_uri_complete } = await tell('/auth/device/code', {})
    const first = await opened(people.ada, verification_uri_complete)
    const second = await opened(people.noor, verification_uri_complete)
    const said = await Promise.all([first('allow'), second('allow')])
    const [one, other] = said.map(({ response }) => response.status === 200)
    expect(one).not.toBe(other)
    const { access_token } = await tell('/auth/token', { grant_type: DEVICE, device_code: String(device_code) })
    const headers = { ...PROGRAM, authorization: `Bearer ${access_token}` }
    const { user } = (await (await ask(at('/auth/session'), { headers })).json()) as { user: { id: string } }
    expect(user.id).toBe((await sessionOf(one === true ? people.ada : people.noor)).user.id)
  })

  test('a device code that is allowed and refused at one moment does what was told to whoever came first', async () => {
    for (let round = 0; round < 4; round++) {
      const { device_code = '', verification_uri_complete } = await tell('/auth/device/code', {})
      const [allow, refuse] = [
        await opened(people.ada, verification_uri_complete),
        await opened(people.noor, verification_uri_complete),
      ]
      const order = round % 2 === 0 ? [allow('allow'), refuse('refuse')] : [refuse('refuse'), allow('allow')].reverse()
      const [allowed, refused] = await Promise.all(order)
      expect([allowed?.response.status === 200, refused?.response.status === 200].filter(Boolean)).toHaveLength(1)
      const told = await tell('/auth/token', { grant_type: DEVICE, device_code: String(device_code) })
      if (allowed?.response.status === 200) expect(told).toHaveProperty('access_token')
      else expect(told).toMatchObject({ error: 'access_denied' })
    }
  })

  test('a device code that ten programs ask for at one moment gives one token', async () => {
    const { device_code = '', verification_uri_complete } = await tell('/auth/device/code', {})
    await (await opened(people.ada, verification_uri_complete))('allow')
    const fields = { grant_type: DEVICE, device_code: String(device_code) }
    const told = await Promise.all(Array.from({ length: 10 }, () => tell('/auth/token', fields)))
    expect(told.filter(({ access_token }) => access_token !== undefined)).toHaveLength(1)
  })

  test('ten tabs of one browser that sign in at one moment end where each wanted to be', async () => {
    const tabs = new Visitor()
    const forms = []
    for (let tab = 0; tab < 10; tab++) {
      const start = at(`/auth/start/google?return_to=${encodeURIComponent(`/whoami?tab=${tab}`)}`)
      forms.push(await atProvider(tabs, await tabs.visit(start), 'ada@players.example'))
    }
    const landed = await Promise.all(forms.map((send) => send()))
    expect(landed.map(({ url }) => url)).toEqual(landed.map((_, tab) => at(`/whoami?tab=${tab}`)))
    expect((await sessionOf(tabs)).user.guest).toBe(false)
  })

  test('Apple’s answer that is posted twice at one moment signs in once, and no tab is lost', async () => {
    const who = new Visitor()
    const page = await who.visit(at('/auth/start/apple?return_to=%2Fwhoami'))
    const chosen = formsOf(await page.response.text()).find(({ html }) => html.includes('pip@players.example'))
    const answered = await who.send(new URL(chosen?.action ?? '', page.url).href, {
      method: 'POST',
      body: chosen?.fields ?? null,
    })
    const [form] = formsOf(await answered.text())
    if (form === undefined) throw new Error('Apple posts nothing')
    const headers = { origin: new URL(page.url).origin, 'sec-fetch-site': 'cross-site' }
    const post = () => who.visit(form.action, { method: 'POST', body: form.fields, headers })
    const landed = await Promise.all([post(), post()])
    expect(landed.map(({ url }) => url)).toContain(at('/whoami'))
    for (const { response } of landed) expect(response.status).toBeLessThan(500)
    const { user } = await sessionOf(who)
    const { told } = await operate('users.show', { user: user.id })
    expect(told).toMatchObject({ id: user.id })
  })

  test('a guest who becomes an account in two tabs at one moment stays one person, with what was told', async () => {
    const guest = await guestOf(place().gateway)
    const { user } = await sessionOf(guest)
    const forms = []
    for (const [provider, label] of [
      ['discord', 'gruni'],
      ['slack', 'tess'],
    ] as const)
      forms.push(await atProvider(guest, await guest.visit(at(`/auth/start/${provider}?return_to=%2Fwhoami`)), label))
    const landed = await Promise.all(forms.map((send) => send()))
    expect(landed.map(({ response }) => response.status).sort()).toEqual([200, 400])
    expect((await sessionOf(guest)).user).toMatchObject({ id: user.id, guest: false })
    expect(await identitiesOf(guest)).toHaveLength(1)
  })

  test('two tabs that link at one moment link both', async () => {
    const forms = []
    for (const [provider, label] of [
      ['github', 'max-marek'],
      ['microsoft', 'players.example'],
    ] as const) {
      const { onward } = await people.ada.submit(place().gateway, `/auth/link/${provider}`)
      forms.push(await atProvider(people.ada, await people.ada.visit(onward ?? ''), label))
    }
    const landed = await Promise.all(forms.map((send) => send()))
    expect(landed.map(({ url }) => url)).toEqual([at('/auth/account?saved=1'), at('/auth/account?saved=1')])
    expect(await identitiesOf(people.ada)).toEqual(['github', 'google', 'microsoft'])
  })

  test('a ban and its end at one moment: the account is as the record says in the end', async () => {
    const { user } = await sessionOf(people.noor)
    for (let round = 0; round < 5; round++) {
      const both = [
        operate('users.ban', { user: user.id, reason: `round ${round}` }),
        operate('users.unban', { user: user.id }),
      ]
      const answers = await Promise.all(round % 2 === 0 ? both : both.reverse())
      for (const { status } of answers) expect(status).toBe(200)
      const { standing } = (await operate('users.show', { user: user.id })).told as { standing: { kind: string } }
      const { told } = await operate('audit.list', { subject: user.id, limit: 100 })
      const records = told['records'] as readonly { event: string; sequence: number; detail: { standing?: string } }[]
      const last = records.filter(({ event }) => event === 'standing-changed').at(-1)
      expect(standing.kind).toBe(last?.detail.standing)
    }
    await operate('users.unban', { user: user.id })
  })

  test('an invitation that two people take at one moment makes one administrator', async () => {
    await people.noor.signIn(place().gateway, 'discord', 'noor')
    const { told } = await operate('admin.invite', {})
    const take = (who: Visitor) =>
      who.send(at('/auth/account/invite'), {
        method: 'POST',
        headers: { ...PROGRAM, ...ours(), 'content-type': 'application/json' },
        body: JSON.stringify({ code: told['code'] }),
      })
    const answers = await Promise.all([take(people.ada), take(people.noor), take(people.ada), take(people.noor)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400])
    const admins = [(await sessionOf(people.ada)).is_admin, (await sessionOf(people.noor)).is_admin]
    expect(admins.filter(Boolean)).toHaveLength(1)
  })
}
