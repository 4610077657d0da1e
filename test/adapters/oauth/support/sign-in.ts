import type { Provider, ProviderFinish, ProviderStart } from '../../../../src/ports/provider.ts'

/** Where the providers of these tests send people back to; nothing listens there, the form is read instead. */
export const REDIRECT_URI = 'http://localhost:8787/auth/callback/test'

function secretWord(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
}

/** The values of one sign-in, as the login room makes them. */
export function freshStart(wish: Partial<ProviderStart> = {}): ProviderStart {
  return {
    state: secretWord(),
    nonce: secretWord(),
    codeVerifier: secretWord(),
    redirectUri: REDIRECT_URI,
    loginHint: null,
    prompt: null,
    ...wish,
  }
}

/** The callback's values for a start and the parameters that came back. */
export function finishOf(
  start: ProviderStart,
  parameters: URLSearchParams,
  extra: string | null = null,
): ProviderFinish {
  const { state, nonce, codeVerifier, redirectUri } = start
  return { parameters, state, nonce, codeVerifier, redirectUri, extra }
}

function plainText(html: string): string {
  return html
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

/** The forms of a page: action and fields. */
export function formsOf(html: string): { action: string; fields: URLSearchParams; html: string }[] {
  return [...html.matchAll(/<form[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)].map(
    ([, action = '', inner = '']) => {
      const fields = new URLSearchParams()
      for (const [tag] of inner.matchAll(/<input[^>]*>/g)) {
        const name = /name="([^"]*)"/.exec(tag)?.[1]
        if (name !== undefined) fields.set(plainText(name), plainText(/value="([^"]*)"/.exec(tag)?.[1] ?? ''))
      }
      return { action: plainText(action), fields, html: inner }
    },
  )
}

/** What the browser brings back from a page of `emulate` after pressing the button of `person`. */
export async function pressButton(url: string, person: string): Promise<URLSearchParams> {
  const page = await fetch(url)
  const form = formsOf(await page.text()).find((candidate) => candidate.html.includes(person))
  if (form === undefined) throw new Error(`no button for ${person} at ${url} (${page.status})`)
  const answer = await fetch(new URL(form.action, url), { method: 'POST', body: form.fields, redirect: 'manual' })
  const location = answer.headers.get('location')
  if (location !== null) return new URL(location).searchParams
  const posted = formsOf(await answer.text())[0]
  if (posted === undefined) throw new Error('neither a redirect nor a form')
  return posted.fields
}

/** A whole sign-in at an `emulate` service. */
export async function signInAt(provider: Provider, person: string, wish: Partial<ProviderStart> = {}) {
  const start = freshStart(wish)
  const url = await provider.start(start)
  if (!url.ok) throw new Error(`start: ${JSON.stringify(url.fault)}`)
  const parameters = await pressButton(url.value, person)
  const extra = parameters.get('user')
  parameters.delete('user')
  return provider.finish(finishOf(start, parameters, extra))
}
