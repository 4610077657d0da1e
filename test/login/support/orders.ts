import type { Seen } from './browser.ts'
import type { House } from './house.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

let count = 0

/** A logout token of the guild: `sid` or `sub`, issued now unless the claims say otherwise. */
export function order({ bench, ops }: House, claims: Readonly<Record<string, unknown>>): Promise<string> {
  const iat = bench.clock.now
  const standard = { iss: ops.guild.url, aud: 'client', iat, exp: iat + 120, jti: `made-${++count}` }
  return ops.guild.sign({ ...standard, events: { [EVENT]: {} }, ...claims }, { typ: 'logout+jwt' })
}

/** The guild's server posts a logout token. */
export function post(house: House, token: string): Promise<Seen> {
  const body = new URLSearchParams({ logout_token: token }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': `${body.length}` }
  return house.browser().send('/auth/backchannel/guild', { method: 'POST', headers, body })
}

/** The guild ends sessions; how many of ours that ended. */
export async function guildEnds(house: House, claims: Readonly<Record<string, unknown>>): Promise<number> {
  const { status, html } = await post(house, await order(house, claims))
  if (status !== 200) throw new Error(`not obeyed: ${status} ${html}`)
  return (JSON.parse(html) as { readonly ended: number }).ended
}
