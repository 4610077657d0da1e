import { formsOf } from './forms.ts'
import { ask } from './http.ts'

/** Headers of a page visit, as Chromium sends them. */
const VISIT: Readonly<Record<string, string>> = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
  'upgrade-insecure-requests': '1',
}

/** One step of a visit: where it went and what came back. */
export interface Step {
  readonly url: string
  readonly status: number
  readonly location: string | null
}

/**
 * A browser without a screen: cookies per host as browsers keep them (shared across ports), redirects by hand, forms by
 * reading the page. For what only a real browser decides there is test/browser.
 */
export class Visitor {
  readonly #cookies = new Map<string, Map<string, string>>()
  readonly steps: Step[] = []

  /** Cookies of a URL's host, as a `Cookie` header; null without any. */
  cookie(url: string): string | null {
    const jar = this.#cookies.get(new URL(url).hostname)
    if (jar === undefined || jar.size === 0) return null
    return [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Forgets a cookie by a part of its name, or everything. */
  forget(url: string, part = ''): void {
    const jar = this.#cookies.get(new URL(url).hostname)
    for (const name of [...(jar?.keys() ?? [])]) if (name.includes(part)) jar?.delete(name)
  }

  #keep(url: string, response: Response): void {
    const host = new URL(url).hostname
    const jar = this.#cookies.get(host) ?? new Map<string, string>()
    this.#cookies.set(host, jar)
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';')
      const equals = pair.indexOf('=')
      const name = pair.slice(0, equals).trim()
      const gone = attributes.some((attribute) => attribute.trim().toLowerCase() === 'max-age=0')
      if (gone) jar.delete(name)
      else jar.set(name, pair.slice(equals + 1))
    }
  }

  /** One request with this visitor's cookies; redirects are not followed. */
  async send(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    const cookie = this.cookie(url)
    if (cookie !== null && !headers.has('cookie')) headers.set('cookie', cookie)
    const response = await ask(url, { ...init, headers })
    this.#keep(url, response)
    this.steps.push({ url, status: response.status, location: response.headers.get('location') })
    return response
  }

  /** A page visit that follows redirects, at most twenty. */
  async visit(url: string, init: RequestInit = {}): Promise<{ readonly url: string; readonly response: Response }> {
    let here = url
    let response = await this.send(here, {
      ...init,
      headers: { ...VISIT, ...(init.headers as Record<string, string>) },
    })
    for (let hops = 0; response.status >= 300 && response.status < 400; hops++) {
      if (hops === 20)
        throw new Error(
          `too many redirects: ${this.steps
            .slice(-5)
            .map((step) => step.url)
            .join(' -> ')}`,
        )
      await response.body?.cancel()
      here = new URL(response.headers.get('location') ?? '', here).href
      response = await this.send(here, { headers: VISIT })
    }
    return { url: here, response }
  }

  /** Presses the button of the form on a page whose HTML names `label`. */
  async press(page: { readonly url: string; readonly html: string }, label: string) {
    const form = formsOf(page.html).find((candidate) => candidate.html.includes(label))
    if (form === undefined) throw new Error(`no form with "${label}" at ${page.url}`)
    const origin = new URL(page.url).origin
    return this.visit(new URL(form.action, page.url).href, {
      method: 'POST',
      body: form.fields,
      headers: { origin, 'sec-fetch-site': 'same-origin' },
    })
  }

  /** Signs in at a provider of the demo as the person with this label, from a page that wanted it. */
  async signIn(gateway: string, provider: string, label: string, returnTo = '/whoami') {
    return this.approve(gateway, label, `${gateway}/auth/start/${provider}?return_to=${encodeURIComponent(returnTo)}`)
  }

  /** Says yes on every page of a provider as the person with this label; `start` leads there. */
  async approve(gateway: string, label: string, start: string) {
    let page = await this.visit(start)
    for (let step = 0; step < 6; step++) {
      if (new URL(page.url).origin === gateway) return page
      page = await this.#answer(page, label)
    }
    throw new Error(`the provider goes on at ${page.url}`)
  }

  /** Sends the form of a provider's page that is this person's: a button, a login, a consent, or one that posts itself. */
  async #answer(page: { readonly url: string; readonly response: Response }, label: string) {
    const forms = formsOf(await page.response.text())
    const form = forms.find(({ html }) => html.includes(label)) ?? forms[0]
    if (form === undefined) throw new Error(`the provider stopped at ${page.url} (${page.response.status})`)
    if (form.fields.has('login')) {
      form.fields.set('login', label)
      form.fields.set('password', 'any')
    }
    const action = new URL(form.action, page.url)
    const { origin } = new URL(page.url)
    const site = action.origin === origin ? 'same-origin' : 'cross-site'
    const headers = { origin, 'sec-fetch-site': site }
    return this.visit(action.href, { method: 'POST', body: form.fields, headers })
  }

  /** Sends a form of the gateway's own pages and follows a page that moves on by itself, up to the provider. */
  async submit(gateway: string, path: string) {
    const headers = { ...VISIT, origin: gateway, 'sec-fetch-site': 'same-origin' }
    const answer = await this.send(`${gateway}${path}`, { method: 'POST', headers, body: new URLSearchParams() })
    const html = await answer.text()
    const onward = /http-equiv="refresh" content="0;url=([^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? null
    return { answer, html, onward }
  }
}
