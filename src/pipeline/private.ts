import type { Ask } from '../core/ask.ts'
import type { Subject } from '../core/person.ts'

/** The line that is added to an answer for one person. */
export const PRIVATE: readonly [string, string] = ['cache-control', 'private']

/** Whether the answer to this request is for one person: somebody was let through, and caches keep such answers. */
export function isPersonal(ask: Pick<Ask, 'method'>, subject: Subject | null): boolean {
  return subject !== null && (ask.method === 'GET' || ask.method === 'HEAD')
}

/**
 * Whether a service has said itself what shared caches may do with its answer. Freshness alone does not say it.
 *
 * ATTACK: a shared cache in front of the gateway would hand a stored answer to whoever asks for its path. RFC 9111
 * section 3.5 forbids that for requests with `Authorization`, and ours come with a cookie.
 *
 * @param cacheControl - all its lines joined by commas; null when there is none
 * @see docs/adr/0027
 */
export function saysWhoMayKeep(cacheControl: string | null): boolean {
  if (cacheControl === null) return false
  const known = SAID.get(cacheControl)
  if (known !== undefined) return known
  const says = readsWhoMayKeep(cacheControl)
  if (SAID.size < MOST_SAID && cacheControl.length <= LONGEST_SAID) SAID.set(cacheControl, says)
  return says
}

/** What was read before; services say the same few things again and again. */
const SAID = new Map<string, boolean>()
const MOST_SAID = 256
const LONGEST_SAID = 128

function readsWhoMayKeep(cacheControl: string): boolean {
  const directives = cacheControl
    .toLowerCase()
    .replaceAll(/"[^"]*"/g, '')
    .split(',')
  return directives.some((directive) => {
    const name = directive.trim()
    // WHY: `private="set-cookie"` lets the rest of the answer be kept.
    return name === 'public' || name === 'private' || name === 'no-store' || /^s-maxage\s*=/.test(name)
  })
}
