import { generateKeyPair, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import type { RealOp } from '../adapters/oauth/support/real-op.ts'
import type { Deployment } from '../support/deployment.ts'
import { formsOf } from '../support/forms.ts'
import { ask } from '../support/http.ts'
import { Visitor } from '../support/visitor.ts'

const PROGRAM = { accept: 'application/json' }

/** A gateway that is the client of a real provider, which posts its logout tokens there. */
export interface LogoutPlace {
  readonly deployment: Deployment
  readonly op: RealOp
}

/** A part of a token, read. */
function read(part = ''): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
}

function written(part: Readonly<Record<string, unknown>>): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

/** What somebody makes of a logout token who has not the provider's key: each still says what it said. */
async function forgeries(token: string): Promise<Readonly<Record<string, string>>> {
  const [head, body, signature] = token.split('.')
  const fresh = { ...read(body), jti: crypto.randomUUID() }
  const { privateKey } = await generateKeyPair('RS256')
  const foreign = await new SignJWT(fresh).setProtectedHeader({ ...read(head), alg: 'RS256' }).sign(privateKey)
  return {
    'with another jti under the old signature': `${head}.${written(fresh)}.${signature}`,
    'unsigned (alg none)': `${written({ ...read(head), alg: 'none' })}.${written(fresh)}.`,
    'signed by a key of its own, under the name of the provider’s': foreign,
  }
}

/** A real sign-out at a real provider, to the end of the sessions here (OpenID Connect Back-Channel Logout 1.0). */
export function providerLogout(place: () => LogoutPlace): void {
  const at = (path: string) => `${place().deployment.gateway}${path}`

  const post = async (token: string): Promise<string> => {
    const answer = await ask(at('/auth/backchannel/guild'), {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
    })
    return `${answer.status} ${await answer.text()}`
  }

  /** Says yes on the provider's own page that asks whether to sign out there. */
  async function signOutThere(player: Visitor): Promise<void> {
    const page = await player.visit(`${place().op.url}/session/end`)
    const [form] = formsOf(await page.response.text())
    if (form === undefined) throw new Error(`no form at ${page.url} (${page.response.status})`)
    form.fields.set('logout', 'yes')
    const { response } = await player.visit(form.action, { method: 'POST', body: form.fields })
    expect(response.status).toBe(200)
  }

  /** The cookie of a new session here: of the provider's session that this browser has, or of a new one. */
  async function signedIn(player: Visitor, person: string): Promise<string> {
    player.forget(at('/'))
    expect((await player.signIn(at(''), 'guild', person)).url).toBe(at('/whoami'))
    return player.cookie(at('/')) ?? ''
  }

  const tell = async (path: string, fields: Record<string, string>) => {
    const answer = await ask(at(path), {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'lantern', ...fields }),
    })
    return (await answer.json()) as Readonly<Record<string, string>>
  }

  /** The token of a device that a player lets in. */
  async function letIn(player: Visitor): Promise<string> {
    const { device_code = '', verification_uri_complete = '' } = await tell('/auth/device/code', {})
    const page = await player.visit(verification_uri_complete)
    const form = formsOf(await page.response.text()).find(({ fields }) => fields.has('decision'))
    if (form === undefined) throw new Error(`nothing to decide at ${page.url} (${page.response.status})`)
    form.fields.set('decision', 'allow')
    const headers = { origin: at(''), 'sec-fetch-site': 'same-origin' }
    await player.visit(new URL(form.action, page.url).href, { method: 'POST', body: form.fields, headers })
    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
    return (await tell('/auth/token', { grant_type, device_code }))['access_token'] ?? ''
  }

  const statusFor = async (token: string) =>
    (await ask(at('/auth/session'), { headers: { ...PROGRAM, authorization: `Bearer ${token}` } })).status

  const statusOf = async (cookie: string) =>
    (await ask(at('/auth/session'), { headers: { ...PROGRAM, cookie } })).status

  test('signing out at the provider ends what began in that session of it, at once, and nothing else', async () => {
    const { op } = place()
    const [player, elsewhere] = [new Visitor(), new Visitor()]
    const first = await signedIn(player, 'nora')
    const second = await signedIn(player, 'nora')
    const other = await signedIn(elsewhere, 'nora')
    expect(second).not.toBe(first)
    const told = op.logoutAnswers.length
    await signOutThere(player)
    expect(op.logoutAnswers.slice(told)).toEqual(['200 {"ended":2}'])
    expect([await statusOf(first), await statusOf(second), await statusOf(other)]).toEqual([401, 401, 200])
  })

  test('signing out at the provider ends a device that was let in in that session of it, and no other', async () => {
    const { op } = place()
    const [player, elsewhere] = [new Visitor(), new Visitor()]
    await signedIn(player, 'quinn')
    await signedIn(elsewhere, 'quinn')
    const [device, other] = [await letIn(player), await letIn(elsewhere)]
    await player.visit(at('/auth/sign-out'), {
      method: 'POST',
      headers: { origin: at(''), 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams(),
    })
    expect([await statusFor(device), await statusFor(other)]).toEqual([200, 200])
    const told = op.logoutAnswers.length
    await signOutThere(player)
    expect(op.logoutAnswers.slice(told)).toEqual(['200 {"ended":1}'])
    expect([await statusFor(device), await statusFor(other)]).toEqual([401, 200])
  })

  test('one logout token at many doors at once is obeyed by one, and never again (section 2.6 rule 8)', async () => {
    const { op } = place()
    const player = new Visitor()
    const cookie = await signedIn(player, 'olga')
    op.logout.held = true
    try {
      await signOutThere(player)
    } finally {
      op.logout.held = false
    }
    const token = op.logoutTokens.at(-1) ?? ''
    expect(await statusOf(cookie)).toBe(200)
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(token)))
    expect(answers.filter((answer) => answer === '200 {"ended":1}')).toHaveLength(1)
    expect(answers.filter((answer) => answer.startsWith('400 {"error":"invalid_request"'))).toHaveLength(9)
    expect(await statusOf(cookie)).toBe(401)
    expect(await post(token)).toMatch(/^400 /)
  })

  test('a logout token that the provider did not sign ends nothing, nor does an ID token of its own', async () => {
    const { op } = place()
    const player = new Visitor()
    const before = op.issued.length
    const cookie = await signedIn(player, 'petra')
    op.logout.held = true
    try {
      await signOutThere(player)
    } finally {
      op.logout.held = false
    }
    const token = op.logoutTokens.at(-1) ?? ''
    for (const [how, forged] of Object.entries(await forgeries(token)))
      expect([how, await post(forged)]).toEqual([how, expect.stringMatching(/^400 /)])
    const idTokens = op.issued.slice(before).filter((issued) => issued.split('.').length === 3)
    expect(idTokens).toHaveLength(1)
    expect(await post(idTokens[0] ?? '')).toMatch(/^400 /)
    expect(await statusOf(cookie)).toBe(200)
    expect(await post(token)).toBe('200 {"ended":1}')
    expect(await statusOf(cookie)).toBe(401)
  })
}
