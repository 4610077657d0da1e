import type { Answer } from '../../core/answer.ts'
import { FAULTS } from '../../core/fault.ts'
import type { Notice } from '../../pages/admin/parts.ts'
import { adminSessions, type OwnedSession } from '../../pages/admin/sessions.ts'
import { refuse } from '../../pages/refuse.ts'
import type { OwnEndpoint } from '../../ports/front.ts'
import { mayAct } from '../operations/authority.ts'
import type { View } from '../operations/views.ts'
import { noticeOf } from './act.ts'
import { doneNotice, redirectDone } from './done.ts'
import { sessionEntry } from './person.ts'
import { numberOf, partsOf, textOf } from './read.ts'
import { adminPage, adminUrl, page, personUrl, refusedPage, run, type Visit } from './visit.ts'

/** Sessions on one page, so that it stays small. */
const SHOWN = 10
/** What the notices of this page are about. */
const ABOUT = 'sessions'

function ownedSession({ gateway, call }: Visit, session: View): OwnedSession {
  const id = textOf(session, 'user') ?? ''
  const end = mayAct(call, 'kick') ? `${textOf(session, 'sid') ?? ''}/${id}` : null
  const owner = { name: textOf(session, 'user_name'), url: personUrl(gateway, id) }
  return { ...sessionEntry(session, end), owner }
}

async function showSessions(visit: Visit, notice: Notice | null, status: number): Promise<Answer> {
  const { gateway, query } = visit
  const [after, world, text] = [query.get('after'), (query.get('world') ?? '').trim(), (query.get('text') ?? '').trim()]
  const listed = await run(visit, 'sessions.list', {
    world: world === '' ? null : world,
    text: text === '' ? null : text,
    after,
    limit: SHOWN,
  })
  if (!listed.ok) return refusedPage(visit, listed.fault)
  const counted = await run(visit, 'sessions.count', {})
  if (!counted.ok) return refusedPage(visit, counted.fault)
  const next = textOf(listed.value, 'next')
  const props = {
    areas: visit.areas,
    here: 'sessions',
    notice,
    status,
    counts: { active: numberOf(counted.value, 'active'), total: numberOf(counted.value, 'total') },
    url: adminUrl(gateway, '/sessions'),
    text,
    world,
    list: partsOf(listed.value, 'sessions').map((session) => ownedSession(visit, session)),
    firstUrl: after === null ? null : adminUrl(gateway, '/sessions', { text, world }),
    nextUrl: next === null ? null : adminUrl(gateway, '/sessions', { text, world, after: next }),
  } as const
  return page(visit, (frame) => adminSessions(frame, props))
}

/** `GET {prefix}/admin/sessions`: every live session, page by page. */
export const sessionsPage: OwnEndpoint = adminPage('sessions', async (visit) =>
  showSessions(visit, await doneNotice(visit, ABOUT), 200),
)

/** `POST {prefix}/admin/sessions`: ends the session whose button was pressed. */
export const endSession: OwnEndpoint = adminPage('end-session', async (visit) => {
  const [session = '', user = ''] = (visit.form.get('session') ?? '').split('/')
  if (user === '') return refuse(visit.ask, visit.gateway, 'bad-body', { subject: visit.person })
  const outcome = await run(visit, 'sessions.revoke', { session, user })
  if (outcome.ok) {
    const what = outcome.value['ended'] === true ? 'session' : 'gone'
    return redirectDone(visit, adminUrl(visit.gateway, '/sessions'), ABOUT, what, 1)
  }
  const notice = noticeOf(outcome.fault)
  if (notice === null) return refusedPage(visit, outcome.fault)
  return showSessions(visit, notice, FAULTS[outcome.fault.fault].status)
})
