import { deviceLabel } from '../../core/device-label.ts'
import type { Session } from '../../core/person.ts'
import type { Page, Paged } from '../../ports/page.ts'
import type { ListedSession, SessionFilter } from '../../ports/store.ts'
import type { Call } from './call.ts'

/** Sessions looked at in one call, however few of them fit: as many as people whose names are looked through. */
const MOST_LOOKED_AT = 2_000
const AT_ONCE = 200

function fits({ session, userName }: ListedSession, part: string): boolean {
  const { address, country, userAgent, client, character }: Session = session
  const words = [userName, address, country, userAgent, deviceLabel(userAgent), client, character?.name, session.sid]
  return words.some((word) => word?.toLowerCase().includes(part) === true)
}

/**
 * Sessions in whose address, country, device, client, character or name of the person a text stands, in the order of the
 * store. An index of them is not kept: a call looks at no more than 2,000 sessions, and `next` goes on from there, also
 * where nothing was found.
 *
 * @param text - not empty; case does not count
 */
export async function findSessions(
  { gateway: { store, runtime } }: Call,
  filter: SessionFilter,
  text: string,
  { after, limit }: Page,
): Promise<Paged<ListedSession>> {
  const [now, part] = [runtime.now(), text.toLowerCase()]
  const found: ListedSession[] = []
  let from = after
  for (let looked = 0; looked < MOST_LOOKED_AT; looked += AT_ONCE) {
    const page = await store.sessions.listAll(filter, { after: from, limit: AT_ONCE }, now)
    for (const [at, one] of page.items.entries()) {
      if (fits(one, part)) found.push(one)
      if (found.length < limit) continue
      // WHY: where a page ends only the store knows how to say: it is asked for just so many once more.
      const isLast = at + 1 === page.items.length
      const end = isLast ? page : await store.sessions.listAll(filter, { after: from, limit: at + 1 }, now)
      return { items: found, next: end.next }
    }
    from = page.next
    if (from === null) break
  }
  return { items: found, next: from }
}
