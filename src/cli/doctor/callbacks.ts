import { type DoctorNote, note } from './notes.ts'
import type { Reach, Reached } from './reach.ts'

/**
 * What a provider says to a callback address: `refused`, `accepted` (it answers to that address), `silent` (it complains
 * about nothing, which proves nothing by itself), `unclear` (it could not be asked, or complains of something else).
 */
type Opinion = 'refused' | 'accepted' | 'silent' | 'unclear'

const COMPLAINT = /redirect_uri|redirect uri|callback url/i

/**
 * Words that stand in no answer but a complaint, for answers that otherwise look like success.
 *
 * @see Google `redirect_uri_mismatch`, Twitch `redirect_mismatch`, Slack `bad_redirect_uri`, Microsoft AADSTS50011
 */
const PLAIN_COMPLAINT =
  /redirect_uri_mismatch|redirect_mismatch|bad_redirect_uri|invalid_redirect_uri|redirect_uri did not match|AADSTS50011/i

/** Google puts its complaint into `authError` of the address it redirects to: base64url of a record with the words in it. */
function decodedError(location: URL): string {
  const coded = location.searchParams.get('authError') ?? ''
  try {
    return atob(coded.replaceAll('-', '+').replaceAll('_', '/'))
  } catch {
    return ''
  }
}

function opinionOf(reached: Reached, asked: string, callback: string): Opinion {
  if (reached.kind !== 'answered' || reached.status >= 500 || reached.status === 429) return 'unclear'
  if (reached.status >= 400) return COMPLAINT.test(reached.text) ? 'refused' : 'unclear'
  const location = reached.location === null ? null : URL.parse(reached.location, asked)
  if (location === null) return PLAIN_COMPLAINT.test(reached.text) ? 'refused' : 'silent'
  if (PLAIN_COMPLAINT.test(`${location.href} ${decodedError(location)}`)) return 'refused'
  // WHY: a provider must not redirect to an address it does not know, whatever it has to say (RFC 6749 section 4.1.2.1).
  return `${location.origin}${location.pathname}` === callback ? 'accepted' : 'silent'
}

async function opinion(authorization: string, callback: string, reach: Reach): Promise<Opinion> {
  const url = new URL(authorization)
  if (!url.searchParams.has('redirect_uri')) return 'unclear'
  url.searchParams.set('redirect_uri', callback)
  return opinionOf(await reach.ask(url.href, { headers: { accept: 'text/html' } }), url.href, callback)
}

/** An address of the same origin that nobody registers. */
function stranger(callback: string): string {
  return `${new URL(callback).origin}/postern-doctor/never-registered`
}

/** Whether a callback is registered; null when that cannot be told. */
async function isRegistered(authorization: string, callback: string, reach: Reach): Promise<boolean | null> {
  const told = await opinion(authorization, callback, reach)
  if (told === 'refused') return false
  if (told !== 'silent') return told === 'accepted' ? true : null
  // WHY: many providers show their login page first and judge the address after it; only one that refuses a stranger
  // right away has accepted this one by its silence.
  return (await opinion(authorization, stranger(callback), reach)) === 'refused' ? true : null
}

function otherScheme(url: string): string {
  return url.startsWith('https:') ? url.replace(/^https:/, 'http:') : url.replace(/^http:/, 'https:')
}

/**
 * Whether the provider knows the callback of this deployment, on evidence alone.
 *
 * @param authorization - the address a sign-in would start at
 */
export async function examineCallback(
  area: string,
  authorization: string,
  callback: string,
  reach: Reach,
): Promise<DoctorNote> {
  if (!reach.mayAsk(authorization))
    return note(area, 'skipped', `whether ${callback} is registered was not asked: add --online`)
  const registered = await isRegistered(authorization, callback, reach)
  if (registered === true) return note(area, 'ok', `${callback} is registered`)
  const compare = `whether ${callback} is registered cannot be told from outside: compare it in the console`
  if (registered === null) return note(area, 'warning', compare)
  const other = otherScheme(callback)
  const told =
    (await isRegistered(authorization, other, reach)) === true
      ? `${other} is registered, but the origin makes it ${callback}: register that one, exactly`
      : `the callback is not registered: enter ${callback}, exactly, in the console of the provider`
  return note(area, 'error', told)
}
