import { type Answer, redirect } from '../../core/answer.ts'
import type { Notice } from '../../pages/admin/parts.ts'
import { isSealed, sealOf } from './seal.ts'
import type { Visit } from './visit.ts'

/** What a page says after each deed. */
const SAID = {
  session: 'admin.done-session',
  gone: 'admin.done-gone',
  token: 'admin.done-token',
  kick: 'admin.done-kick',
  suspend: 'admin.done-suspend',
  ban: 'admin.done-ban',
  restore: 'admin.done-restore',
  give: 'admin.done-give',
  take: 'admin.done-take',
} as const

/** Something that was done. */
export type Done = keyof typeof SAID

function isDone(name: string): name is Done {
  return Object.hasOwn(SAID, name)
}

/**
 * The answer after a form: the page again, by GET, which then says what was done.
 *
 * ATTACK: what it says is sealed: a link of somebody else's making must not claim that a ban took place.
 *
 * @param about - what the page is about: the id of a person, or the name of a list
 */
export async function redirectDone(
  visit: Visit,
  url: string,
  about: string,
  done: Done,
  count: number,
): Promise<Answer> {
  const seal = await sealOf(visit, ['done', about, done, String(count)])
  return redirect(303, `${url}?${new URLSearchParams({ done, count: String(count), seal })}`)
}

/** What was done just now, as the address says and proves; null when it says nothing. */
export async function doneNotice(visit: Visit, about: string): Promise<Notice | null> {
  const [done, count, seal] = ['done', 'count', 'seal'].map((name) => visit.query.get(name) ?? '')
  if (done === undefined || count === undefined || seal === undefined || !isDone(done)) return null
  if (!(await isSealed(visit, ['done', about, done, count], seal))) return null
  return { kind: 'done', key: SAID[done], values: { count } }
}
