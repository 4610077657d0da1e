import { createHash, randomBytes } from 'node:crypto'

/** What an authorization request carries beyond the client. */
export interface Walk {
  readonly base: string
  readonly authorize: string
  readonly clientId: string
  readonly redirectUri: string
  readonly scope: string
  readonly extra?: Readonly<Record<string, string>>
}

/** A PKCE pair. */
export function pkce(): { readonly verifier: string; readonly challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** The parameters of an authorization request. */
export function authorizationOf(walk: Walk): URLSearchParams {
  return new URLSearchParams({
    client_id: walk.clientId,
    redirect_uri: walk.redirectUri,
    response_type: 'code',
    scope: walk.scope,
    state: 'the-state',
    ...walk.extra,
  })
}

interface Form {
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
}

function attribute(tag: string, name: string): string {
  return (new RegExp(`${name}="([^"]*)"`).exec(tag)?.[1] ?? '').replaceAll('&amp;', '&')
}

/** The forms of a page, each with its hidden fields and the text it shows. */
function formsOf(html: string): readonly (Form & { readonly text: string })[] {
  return [...html.matchAll(/<form[^>]*>[\s\S]*?<\/form>/g)].map(([form]) => ({
    action: attribute(form, 'action'),
    fields: Object.fromEntries(
      [...form.matchAll(/<input[^>]*>/g)].map(([tag]) => [attribute(tag, 'name'), attribute(tag, 'value')]),
    ),
    text: form.replaceAll(/<[^>]+>/g, ' '),
  }))
}

/** Opens the authorization page and presses the button that shows `label`, as a browser does. */
export async function press(walk: Walk, label: string): Promise<Response> {
  const page = await fetch(`${walk.base}${walk.authorize}?${authorizationOf(walk)}`)
  const form = formsOf(await page.text()).find(({ text }) => text.includes(label))
  if (form === undefined) throw new Error(`no button "${label}" on ${walk.base}${walk.authorize} (${page.status})`)
  const body = new URLSearchParams(form.fields)
  return fetch(new URL(form.action, walk.base), { method: 'POST', body, redirect: 'manual' })
}

/** The parameters that a redirect carries back. */
export function carriedBack(response: Response): URLSearchParams {
  return new URL(response.headers.get('location') ?? 'about:blank').searchParams
}

/** The fields of a page that posts itself back (Apple). */
export async function postedBack(response: Response): Promise<Readonly<Record<string, string>>> {
  return formsOf(await response.text())[0]?.fields ?? {}
}

/** Sends a token request with the client in the body. */
export function redeem(
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const body = new URLSearchParams({ grant_type: 'authorization_code', ...form })
  return fetch(url, { method: 'POST', body, headers: { accept: 'application/json', ...headers } })
}
