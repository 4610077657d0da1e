import { base64url, digest } from '../../../../src/core/bytes.ts'
import { formsOf } from '../../../support/forms.ts'
import { ORIGIN } from '../../../support/gateway.ts'
import type { Browser, Seen } from '../../support/browser.ts'

/** What the launcher of these tests keeps, and where it listens. */
export const VERIFIER = base64url(new Uint8Array(32).fill(7))
export const REDIRECT = 'http://127.0.0.1:49152/callback'

type Fields = Readonly<Record<string, string | null>>

/** The path of an address of the house. */
export const pathOf = (url: string): string => url.replace(ORIGIN, '')

/** Presses the button of a page where something is decided. */
export function decide(browser: Browser, page: Seen, decision: string, origin?: string): Promise<Seen> {
  const form = formsOf(page.html).find(({ fields }) => fields.has('decision'))
  if (form === undefined) throw new Error(`nothing to decide on a page of ${page.status}`)
  return browser.post(form.action, { ...Object.fromEntries(form.fields), decision }, origin)
}

/** Lets a device in by the link it shows. */
export async function allowed(device: { readonly verification_uri_complete: string }, browser: Browser): Promise<void> {
  const done = await decide(browser, await browser.visit(pathOf(device.verification_uri_complete)), 'allow')
  if (!done.html.includes('Your device is connected')) throw new Error(`not let in: ${done.status}`)
}

/** What a launcher asks for; null leaves a field out. */
export async function query(more: Fields = {}): Promise<string> {
  const all = {
    response_type: 'code',
    client_id: 'launcher',
    redirect_uri: REDIRECT,
    code_challenge: await digest(VERIFIER),
    code_challenge_method: 'S256',
    state: 's t&1',
    ...more,
  }
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null)
  return new URLSearchParams(given).toString()
}

/** The page where a player decides about a launcher. */
export async function consentPage(browser: Browser, more: Fields = {}): Promise<Seen> {
  const away = await browser.visit(`/auth/authorize?${await query(more)}`)
  if (away.status !== 302) throw new Error(`no request: ${away.status} ${away.location} ${away.html.slice(0, 400)}`)
  return browser.visit(away.location ?? '')
}

/** Where a page moves on to by itself. */
export function onward(page: Seen): URL {
  const url = /http-equiv="refresh" content="0;url=([^"]*)"/.exec(page.html)?.[1]?.replaceAll('&amp;', '&')
  if (url === undefined) throw new Error(`a page of ${page.status} that stays`)
  return new URL(url)
}

/** The code that a launcher is called back with. */
export async function codeFor(browser: Browser, more: Fields = {}): Promise<string> {
  return onward(await decide(browser, await consentPage(browser, more), 'allow')).searchParams.get('code') ?? ''
}
