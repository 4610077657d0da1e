import type { HostileOp } from '../../adapters/oauth/support/hostile-op.ts'
import { formsOf } from '../../support/forms.ts'
import { ORIGIN, type Workbench } from '../../support/gateway.ts'

const VISIT: Readonly<Record<string, string>> = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
}

/** What came back, with its body read. */
export interface Seen {
  readonly status: number
  readonly location: string | null
  readonly headers: Headers
  readonly html: string
}

/** One attempt that waits at its provider. */
export interface Waiting {
  readonly provider: string
  readonly state: string
  readonly nonce: string
  readonly parameters: URLSearchParams
}

/** A browser of this process: a jar, page visits, forms. */
export class Browser {
  readonly jar = new Map<string, string>()
  /** What the browser says about itself beside the usual. */
  headers: Record<string, string> = {}
  readonly #bench: Workbench
  readonly #ops: Readonly<Record<string, HostileOp>>

  constructor(bench: Workbench, ops: Readonly<Record<string, HostileOp>>) {
    this.#bench = bench
    this.#ops = ops
  }

  /** The `Cookie` header. */
  get cookie(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Another browser with the same cookies. */
  copy(): Browser {
    const copy = new Browser(this.#bench, this.#ops)
    for (const [name, value] of this.jar) copy.jar.set(name, value)
    return copy
  }

  /** One request with this jar; nothing is followed. */
  async send(path: string, init: RequestInit = {}): Promise<Seen> {
    const headers = new Headers({ ...this.headers, ...(init.headers as Record<string, string>) })
    if (this.jar.size > 0 && !headers.has('cookie')) headers.set('cookie', this.cookie)
    const answer = await this.#bench.request(path, { ...init, headers })
    for (const line of answer.headers.getSetCookie()) this.#keep(line)
    const html = await answer.text()
    return { status: answer.status, location: answer.headers.get('location'), headers: answer.headers, html }
  }

  #keep(line: string): void {
    const [pair = ''] = line.split(';')
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals)
    if (/; Max-Age=0/i.test(line)) this.jar.delete(name)
    else this.jar.set(name, pair.slice(equals + 1))
  }

  /** A page visit: by a typed address unless `site` says otherwise. */
  visit(path: string, site = 'none'): Promise<Seen> {
    return this.send(path, { headers: { ...VISIT, 'sec-fetch-site': site } })
  }

  /** A form of a page of this site. */
  post(path: string, fields: Readonly<Record<string, string>> = {}, origin = ORIGIN): Promise<Seen> {
    const body = new URLSearchParams(fields).toString()
    const site = origin === ORIGIN ? 'same-origin' : 'cross-site'
    const type = 'application/x-www-form-urlencoded'
    const headers = {
      ...VISIT,
      origin,
      'sec-fetch-site': site,
      'content-type': type,
      'content-length': `${body.length}`,
    }
    return this.send(path, { method: 'POST', headers, body })
  }

  /** Presses the button of the form on a page that goes to an address with this part. */
  press(page: Seen, part: string): Promise<Seen> {
    const form = formsOf(page.html).find(({ action }) => action.includes(part))
    if (form === undefined) throw new Error(`no form to ${part} on a page of ${page.status}`)
    return this.post(form.action, Object.fromEntries(form.fields))
  }

  /** Starts a sign-in and stops at the provider. */
  async start(provider: string, query = 'return_to=%2Fplay%2F1'): Promise<Waiting> {
    return this.waitingAt(provider, await this.visit(`/auth/start/${provider}?${query}`))
  }

  /** The attempt that an answer leads to: a redirect to the provider, or the page that moves on. */
  waitingAt(provider: string, answer: Seen): Waiting {
    const onward = /http-equiv="refresh" content="0;url=([^"]*)"/.exec(answer.html)?.[1]?.replaceAll('&amp;', '&')
    const url = answer.location ?? onward
    if (url === undefined || url === null || !url.startsWith(`${this.#ops[provider]?.url}/authorize`))
      throw new Error(`not on the way to ${provider}: ${answer.status} ${url} ${answer.html.slice(0, 2000)}`)
    const parameters = new URL(url).searchParams
    return { provider, state: parameters.get('state') ?? '', nonce: parameters.get('nonce') ?? '', parameters }
  }

  /** A code for which the provider vouches for a person. */
  codeFor(waiting: Waiting, person: string, claims: Readonly<Record<string, unknown>> = {}): string {
    const { now } = this.#bench.clock
    const standard = { sub: person, name: person, email: `${person}@guild.example`, nonce: waiting.nonce }
    return btoa(JSON.stringify({ ...standard, iat: now, exp: now + 300, ...claims }))
  }

  /** Comes back from the provider as this person. */
  comeBack(waiting: Waiting, person: string, claims: Readonly<Record<string, unknown>> = {}): Promise<Seen> {
    const query = new URLSearchParams({ code: this.codeFor(waiting, person, claims), state: waiting.state })
    return this.visit(`/auth/callback/${waiting.provider}?${query}`, 'cross-site')
  }

  /** A whole sign-in. */
  async signIn(provider: string, person: string, query?: string, claims: Readonly<Record<string, unknown>> = {}) {
    return this.comeBack(await this.start(provider, query), person, claims)
  }

  /** The session as a game page sees it; null when there is none. */
  async session(): Promise<SessionView | null> {
    const answer = await this.send('/auth/session', { headers: { accept: 'application/json' } })
    return answer.status === 200 ? (JSON.parse(answer.html) as SessionView) : null
  }

  /** The own identities as the account shows them to programs. */
  async identities(): Promise<readonly IdentityView[]> {
    const answer = await this.send('/auth/account', { headers: { accept: 'application/json' } })
    return (JSON.parse(answer.html) as { readonly identities: readonly IdentityView[] }).identities
  }
}

/** What `GET /auth/session` says, as far as tests ask. */
export interface SessionView {
  readonly sid: string
  readonly user: { readonly id: string; readonly name: string | null; readonly guest: boolean }
  readonly roles: readonly string[]
  readonly provider: string
  readonly primary_identity: { readonly provider: string } | null
}

/** One identity of `GET /auth/account`. */
export interface IdentityView {
  readonly identity: string
  readonly provider: string
  readonly name: string | null
  readonly email: string | null
  readonly since: string
  readonly primary: boolean
}
